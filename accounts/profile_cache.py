"""Users' profiles as they are answered, in Redis for a few seconds, and never older than the last write.

Whoever writes a user holds the profile back before the write and drops it afterwards. A reader that finds nothing
leaves a mark of its own, reads MongoDB, and stores the profile only where its mark still stands: a write in between
has taken it away. So a change shows in the next answer, whichever process gives it.

While Redis is away profiles are read from MongoDB. A write then cannot drop what Redis may still hold when it is back:
this process remembers to, and others are behind by the few seconds at most that a profile is kept.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

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

_undropped: set[ObjectId] = set()


def read_profile(*, user_id: ObjectId) -> tuple[bytes | None, bytes | None]:
    """The stored profile, or else the mark to store it with; neither when it is held back or Redis is away."""
    if user_id in _undropped and not _drop(user_id):
        return None, None
    key = _key(user_id)
    answers = ask(("GET", key))
    if answers is None:
        return None, None
    found: bytes | None = answers[0]
    if found is not None:
        return (found.removeprefix(_STORED), None) if found.startswith(_STORED) else (None, None)
    mark = secrets.token_hex(8).encode()
    answers = ask(("SET", key, mark, "NX", "EX", KEPT_SECONDS))
    return None, mark if answers is not None and answers[0] is not None else None


def store_profile(*, user_id: ObjectId, stored: bytes, mark: bytes) -> None:
    """Store what was read from MongoDB after the mark was given out."""
    ask(("EVAL", _STORE_WHERE_MARKED, 1, _key(user_id), mark, _STORED + stored, KEPT_SECONDS))


@contextmanager
def held_back(*, user_id: ObjectId) -> Iterator[None]:
    """No profile of the user is stored or read during the block, and none from before it afterwards."""
    if ask(("SET", _key(user_id), _HELD_BACK, "EX", HELD_BACK_SECONDS)) is None:
        _undropped.add(user_id)
    try:
        yield
    finally:
        if not _drop(user_id):
            _undropped.add(user_id)


def _drop(user_id: ObjectId) -> bool:
    if ask(("DEL", _key(user_id))) is None:
        return False
    _undropped.discard(user_id)
    return True


def _key(user_id: ObjectId) -> str:
    # The number moves with the fields of a profile, so that none of an earlier release is read.
    return f"accounts:profile:3:{user_id}"
