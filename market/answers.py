"""Answers rendered ahead: every window's, kept in Redis under a version that each refresh of the figures replaces.

The version begins with the UTC day it was rendered for, since at midnight every window moves on.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import orjson

from career_navigator.cache.client import execute, read
from career_navigator.db.connection import redis_client
from market.documents import MARKET_SCOPE
from market.selectors import day_start, load_records
from market.trends import LONGEST_WINDOW_DAYS, trending_answers

VERSION_KEY = "market:figures:version"
# When the answers were last rendered, in seconds since 1970.
RENDERED_AT_KEY = "market:figures:rendered-at"
# Answers outlive the day they were rendered for by this much, then Redis drops them.
_KEPT_SECONDS = 2 * 24 * 3600
# A reader that has just read the old version still finds its answers.
_OLD_KEPT_SECONDS = 60


def read_answer(*, days: int, now: datetime) -> tuple[bytes, bytes] | None:
    """The version and the JSON of a window of `days`, as last rendered; None when today's is not in Redis."""
    version = read_stats_version()
    if version is None or not version.startswith(_version_prefix(now)):
        return None
    replies = execute(("HGET", _answers_key(version), str(days)))
    return (version, replies[0]) if replies and isinstance(replies[0], bytes) else None


def read_stats_version() -> bytes | None:
    """Return the version of the daily stats, which each refresh replaces; None before the first and without Redis."""
    return read(VERSION_KEY)


def render_answer(*, days: int, now: datetime) -> bytes:
    """The JSON of one window straight from the stored figures, for when Redis has none."""
    return next(_rendered(now, [days]))[1]


def answers_are_current(*, now: datetime, version: str | None) -> bool:
    """Whether Redis has today's answers, and they are those of the version committed last.

    Redis may come back as it was a moment ago, with answers of then.
    """
    current = redis_client().get(VERSION_KEY)
    return (
        isinstance(current, bytes)
        and current.decode() == version
        and current.startswith(_version_prefix(now))
        and bool(redis_client().exists(_answers_key(current)))
    )


def render_answers(*, now: datetime) -> tuple[bytes, dict[str, bytes]]:
    """Render every window from the stored rows; a new version and the answers by their days."""
    version = _version_prefix(now) + uuid.uuid4().hex.encode()
    return version, {str(days): answer for days, answer in _rendered(now, range(1, LONGEST_WINDOW_DAYS + 1))}


def publish_answers(*, version: bytes, answers: dict[str, bytes], now: datetime) -> None:
    """Let a new version of the answers count."""
    redis = redis_client()
    previous = redis.get(VERSION_KEY)
    pipeline = redis.pipeline(transaction=True)
    pipeline.hset(_answers_key(version), mapping=answers)  # type: ignore[arg-type]
    pipeline.expire(_answers_key(version), _KEPT_SECONDS)
    pipeline.set(VERSION_KEY, version)
    pipeline.set(RENDERED_AT_KEY, now.timestamp())
    if isinstance(previous, bytes):
        pipeline.expire(_answers_key(previous), _OLD_KEPT_SECONDS)
    pipeline.execute()


def _rendered(now: datetime, windows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    windows = list(windows)
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=2 * max(windows) - 1)
    records = load_records(scope=MARKET_SCOPE, first_day=day_start(first), last_day=day_start(today))
    generated_at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for days, answer in trending_answers(records, today=today, windows=windows, generated_at=generated_at):
        yield days, orjson.dumps(answer)


def _version_prefix(now: datetime) -> bytes:
    return f"{now.astimezone(UTC).date().isoformat()}:".encode()


def _answers_key(version: bytes) -> bytes:
    return b"market:figures:answers:" + version
