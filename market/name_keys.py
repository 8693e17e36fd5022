"""Compute the 64-bit keys by which stats rows refer to skills and employers. Pure."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=131_072)
def compute_name_key(name: str) -> int:
    """Return a 64-bit key of a canonical skill name or a company key, stable across processes and releases.

    The chance that any two of 100,000 names share a key is below one in three billion.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
