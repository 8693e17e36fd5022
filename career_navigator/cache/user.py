"""The per-user cache: user data in Redis for a few seconds, never older than the last write.

Writers disable the user's cache entry before the write and delete it afterwards. A reader that finds no entry stores a
marker, reads MongoDB, and replaces the marker with the value only if the marker is still there. A concurrent write
removes the marker. So the next response of any process contains the change.

While Redis is unavailable, readers use MongoDB, and a write cannot delete an entry that Redis may still have. The
writing process deletes it later. Until then, other processes may read a stale value, for at most the TTL.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bson import ObjectId

from career_navigator.cache.client import execute

# Seconds.
TTL = 10
# Seconds. This is longer than any write, which has a database deadline of 4 s.
DISABLED_TTL = 10
_DISABLED = b"-"
# Prefix of cached values, which distinguishes them from markers and `_DISABLED`.
_VALUE_PREFIX = b"="

_COMPARE_AND_SET = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""

# Keys that could not be deleted because Redis was unavailable.
_undeleted: set[str] = set()


@dataclass(frozen=True, slots=True)
class UserCache:
    """A cache with one value per user.

    `prefix` is the key prefix. Change it whenever the format of the value changes.
    """

    prefix: str

    def get(self, *, user_id: ObjectId, load: Callable[[], bytes | None]) -> bytes | None:
        """Return the cached value, or load it from MongoDB with `load` and cache it unless it is None."""
        value, marker = self._read(user_id)
        if value is not None:
            return value
        loaded = load()
        if loaded is not None and marker is not None:
            execute(("EVAL", _COMPARE_AND_SET, 1, self._build_key(user_id), marker, _VALUE_PREFIX + loaded, TTL))
        return loaded

    @contextmanager
    def invalidate(self, *, user_id: ObjectId) -> Iterator[None]:
        """Disable the user's cache entry during the block, and delete the entry afterwards."""
        key = self._build_key(user_id)
        if execute(("SET", key, _DISABLED, "EX", DISABLED_TTL)) is None:
            _undeleted.add(key)
        try:
            yield
        finally:
            if not _delete(key):
                _undeleted.add(key)

    def _read(self, user_id: ObjectId) -> tuple[bytes | None, bytes | None]:
        """Return the cached value and None, or None and the marker that was stored.

        Both are None if the entry is disabled, another reader has a marker, or Redis is unavailable.
        """
        key = self._build_key(user_id)
        if key in _undeleted and not _delete(key):
            return None, None
        replies = execute(("GET", key))
        if replies is None:
            return None, None
        entry: bytes | None = replies[0]
        if entry is not None:
            return (entry.removeprefix(_VALUE_PREFIX), None) if entry.startswith(_VALUE_PREFIX) else (None, None)
        marker = secrets.token_hex(8).encode()
        replies = execute(("SET", key, marker, "NX", "EX", TTL))
        return None, marker if replies is not None and replies[0] is not None else None

    def _build_key(self, user_id: ObjectId) -> str:
        return f"{self.prefix}:{user_id}"


def _delete(key: str) -> bool:
    if execute(("DEL", key)) is None:
        return False
    _undeleted.discard(key)
    return True
