"""List the parsed values that are more likely wrong than right, to ask the owner about them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

# Over scored resumes, values below this confidence are right less than half of the time.
MIN_CONFIDENCE = 0.5
# The confidence of a skill says whether the owner has the skill, not whether the text was read right.
_FIELDS_WITHOUT_QUESTIONS = frozenset({"skills", "unread"})


def list_questions(parsed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the path, value and confidence of each uncertain value in `Resume.parsed`, in order."""
    fields = {name: value for name, value in parsed.items() if name not in _FIELDS_WITHOUT_QUESTIONS}
    return [
        {"field": path, "value": found["value"], "confidence": found["confidence"]}
        for path, found in _iterate_found(fields, "")
        if found["confidence"] < MIN_CONFIDENCE and isinstance(found["value"], str)
    ]


def is_certain_enough(found: Mapping[str, Any] | None) -> bool:
    """Return whether a value in `Resume.parsed` exists and may be used without asking."""
    return found is not None and found["confidence"] >= MIN_CONFIDENCE


def _iterate_found(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if value.keys() == {"value", "confidence"}:
            yield path, value
            return
        for name, part in value.items():
            yield from _iterate_found(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _iterate_found(part, f"{path}.{index}")
