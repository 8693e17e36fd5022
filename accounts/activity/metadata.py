"""What a client may tell of an act: bounded, and nothing that MongoDB would not keep as it is."""

import math
from typing import Any

import orjson

MOST_BYTES = 10_000
DEEPEST = 6
_LARGEST_INTEGER = 2**63 - 1


class MetadataRefused(ValueError):
    """Metadata that is not stored. `reason`: too_large, too_deep, bad_key, bad_number."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_metadata(metadata: dict[str, Any]) -> None:
    """Raise MetadataRefused for what is too large, nested too deep, or not kept by MongoDB as it is."""
    _check(metadata, 1)
    if len(orjson.dumps(metadata)) > MOST_BYTES:
        raise MetadataRefused("too_large", f"must have no more than {MOST_BYTES} bytes as JSON.")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise MetadataRefused("too_deep", f"must not be nested deeper than {DEEPEST} levels.")
    if isinstance(value, dict):
        for key, each in value.items():
            if key.startswith("$") or "." in key or "\0" in key:
                raise MetadataRefused(
                    "bad_key", f'must have no key that begins with "$" or holds "." or NUL: {key[:50]!r}'
                )
            _check(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise MetadataRefused("bad_number", "must have no number that is infinite.")
    elif isinstance(value, int) and not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
        raise MetadataRefused("bad_number", f"must have no whole number beyond {_LARGEST_INTEGER}.")
