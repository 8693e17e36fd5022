"""What is stored of one user, as requests read it: in Redis for a few seconds, and never older than the last write.

Writers disable the user's entry before the write and delete it afterwards. A reader that finds no entry stores a mark
of its own, reads MongoDB, and replaces the mark by what it read only if it is still there: a write in between has
removed it. So a change is in the next response, whichever process sends it.

While Redis is unavailable MongoDB is read. A write then cannot delete what Redis may still hold when it returns: this
process remembers to, and others are behind by an entry's TTL at most.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bson import ObjectId

from career_navigator.cache.client import execute

TTL = 10
# Longer than any write takes, which the database is given 4 s for.
DISABLED_TTL = 10
_DISABLED = b"-"
# Before a cached value; a mark and `_DISABLED` begin otherwise.
_VALUE = b"="

_COMPARE_AND_SET = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""

_undeleted: set[str] = set()


@dataclass(frozen=True, slots=True)
class UserCache:
    """One kind of value for each user, under `prefix`, which has to change with the form of the value."""

    prefix: str

    def get(self, *, user_id: ObjectId, load: Callable[[], bytes | None]) -> bytes | None:
        """Return the user's value, or else what `load` reads from MongoDB; a None of `load` is not cached."""
        value, mark = self._read(user_id)
        if value is not None:
            return value
        loaded = load()
        if loaded is not None and mark is not None:
            execute(("EVAL", _COMPARE_AND_SET, 1, self._key(user_id), mark, _VALUE + loaded, TTL))
        return loaded

    @contextmanager
    def invalidate(self, *, user_id: ObjectId) -> Iterator[None]:
        """Disable the user's entry during the block, and delete it afterwards."""
        key = self._key(user_id)
        if execute(("SET", key, _DISABLED, "EX", DISABLED_TTL)) is None:
            _undeleted.add(key)
        try:
            yield
        finally:
            if not _delete(key):
                _undeleted.add(key)

    def _read(self, user_id: ObjectId) -> tuple[bytes | None, bytes | None]:
        """Return the value, or else the mark to store one with; neither if it is disabled or Redis unavailable."""
        key = self._key(user_id)
        if key in _undeleted and not _delete(key):
            return None, None
        replies = execute(("GET", key))
        if replies is None:
            return None, None
        found: bytes | None = replies[0]
        if found is not None:
            return (found.removeprefix(_VALUE), None) if found.startswith(_VALUE) else (None, None)
        mark = secrets.token_hex(8).encode()
        replies = execute(("SET", key, mark, "NX", "EX", TTL))
        return None, mark if replies is not None and replies[0] is not None else None

    def _key(self, user_id: ObjectId) -> str:
        return f"{self.prefix}:{user_id}"


def _delete(key: str) -> bool:
    if execute(("DEL", key)) is None:
        return False
    _undeleted.discard(key)
    return True
