"""What is stored of one user, as requests read it: in Redis for a few seconds, and never older than the last write.

Whoever writes holds the copy back before the write and drops it afterwards. A reader that finds nothing leaves a mark
of its own, reads MongoDB, and stores the copy only where its mark still stands: a write in between has taken it away.
So a change shows in the next answer, whichever process gives it.

While Redis is away MongoDB is read. A write then cannot drop what Redis may still hold when it is back: this process
remembers to, and others are behind by the few seconds at most that a copy is kept.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bson import ObjectId

from career_navigator.quick_redis import ask

KEPT_SECONDS = 10
# Longer than any write takes, which the database is given 4 s for.
HELD_BACK_SECONDS = 10
_HELD_BACK = b"-"
# Before what is stored, which a mark and what is held back begin otherwise.
_STORED = b"="

_STORE_WHERE_MARKED = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""

_undropped: set[str] = set()


@dataclass(frozen=True, slots=True)
class PersonalCopies:
    """One kind of copies, each user's under `name`, which is to change with the form of what is stored."""

    name: str

    def get(self, *, user_id: ObjectId, load: Callable[[], bytes | None]) -> bytes | None:
        """The user's copy, or else what `load` reads from MongoDB; None, which it may return, is not kept."""
        copy, mark = self._read(user_id)
        if copy is not None:
            return copy
        loaded = load()
        if loaded is not None and mark is not None:
            ask(("EVAL", _STORE_WHERE_MARKED, 1, self._key(user_id), mark, _STORED + loaded, KEPT_SECONDS))
        return loaded

    @contextmanager
    def held_back(self, *, user_id: ObjectId) -> Iterator[None]:
        """No copy of the user's is stored or read during the block, and none from before it afterwards."""
        key = self._key(user_id)
        if ask(("SET", key, _HELD_BACK, "EX", HELD_BACK_SECONDS)) is None:
            _undropped.add(key)
        try:
            yield
        finally:
            if not _drop(key):
                _undropped.add(key)

    def _read(self, user_id: ObjectId) -> tuple[bytes | None, bytes | None]:
        """The copy, or else the mark to store one with; neither when it is held back or Redis is away."""
        key = self._key(user_id)
        if key in _undropped and not _drop(key):
            return None, None
        answers = ask(("GET", key))
        if answers is None:
            return None, None
        found: bytes | None = answers[0]
        if found is not None:
            return (found.removeprefix(_STORED), None) if found.startswith(_STORED) else (None, None)
        mark = secrets.token_hex(8).encode()
        answers = ask(("SET", key, mark, "NX", "EX", KEPT_SECONDS))
        return None, mark if answers is not None and answers[0] is not None else None

    def _key(self, user_id: ObjectId) -> str:
        return f"{self.name}:{user_id}"


def _drop(key: str) -> bool:
    if ask(("DEL", key)) is None:
        return False
    _undropped.discard(key)
    return True
