"""A number for each skill name, for figures that hold names by the million."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=65_536)
def skill_key(name: str) -> int:
    """64 bits that depend on the canonical name alone: the same in every process, for good.

    Of 100,000 names two share a key with a chance of one in three billion.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
