"""Keeping the daily stats equal to the postings.

Days whose postings change are marked dirty (see `market.stats_rows`). A mark goes only when rows, answers and version
are all in place, so a crash anywhere leaves the day marked.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.utils import timezone
from pymongo import DeleteMany, DeleteOne, ReplaceOne
from redis import Redis
from redis.exceptions import LockError, LockNotOwnedError, RedisError
from redis.lock import Lock

from career_navigator.cache.client import fail_fast_redis
from career_navigator.db.connection import database, redis_client
from market.daily_stats import COUNTED_FIELDS, PostingCounts, count_by_scope, pack_postings
from market.documents import MARKET_SCOPE
from market.membership import finish_registrations, list_backfilled_roles, list_registered_roles, repair_roles
from market.selectors import RENDERED_AT_KEY, VERSION_KEY, get_responses_key, get_version_prefix, render_responses
from market.stats_rows import CommittedState, build_role_writes, commit, mark_dirty, read_state, tidy_up, withhold

logger = logging.getLogger(__name__)

_LOCK_KEY = "market:figures:refresh"
# The longest a killed refresh can block the next one. A thread extends it for as long as the holder lives.
_LOCK_TTL = 15.0
# Rebuilding a year of a million postings takes a minute, and several may wait in line.
_LOCK_WAIT_TIMEOUT = 900
# Days recomputed at a time: few round trips, and at 2,500 postings a day still little memory.
_DAYS_PER_BATCH = 10
# A writer who began longer ago and did not end was killed: a batch takes seconds.
_WRITE_TIMEOUT = timedelta(minutes=10)
# Answers outlive the day they were rendered for by this much, then Redis drops them.
_RESPONSES_TTL = 2 * 24 * 3600
# A reader that has just read the old version still finds its answers.
_OLD_RESPONSES_TTL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSummary:
    """`days` were recomputed; `rendered` tells whether the answers were made again."""

    days: int = 0
    rendered: bool = False


class RefreshRunningError(RuntimeError):
    """Another refresh is at work, and this one was not to wait for it."""


@dataclass(slots=True, kw_only=True)
class StatsCheck:
    """Days compared with their postings, and those where rows, or roles of postings, differed (they are marked dirty).

    `postings` had other roles than the rule gives them, and have the right ones now.
    """

    days: int = 0
    postings: int = 0
    differing: list[date] = field(default_factory=list)


def refresh_stats(*, now: datetime, wait: bool = True) -> RefreshSummary:
    """Recompute every dirty day, render all windows, and let the new rows and answers count.

    Does nothing when no day is dirty and today's answers are in place. One refresh runs at a time; without `wait` this
    one raises `RefreshRunningError` where another runs, and the days stay dirty.
    """
    with _lock(wait=wait) as lock:
        if lock is None:
            raise RefreshRunningError("another refresh is at work")
        state = read_state()
        marks = list(database().dirty_days.find().sort("_id", 1))
        if not marks and _are_responses_current(now=now, version=state.version):
            return RefreshSummary()
        days = [mark["_id"] for mark in marks]
        try:
            _publish(days, state, lock, now)
        except RedisError:
            # Without the lock another refresh may have removed marks, and these older rows replaced its own.
            mark_dirty(days=days)
            raise
        written = [mark for mark in marks if not _is_being_written(mark, now)]
        if written:
            # A mark that was renewed meanwhile stays.
            database().dirty_days.bulk_write(
                [DeleteOne({"_id": mark["_id"], "token": mark["token"]}) for mark in written], ordered=False
            )
        return RefreshSummary(days=len(days), rendered=True)


def _publish(days: Sequence[datetime], state: CommittedState, lock: Lock, now: datetime) -> None:
    """Write the rows of the days and render the answers, then let both be seen. Raises LockError without the lock."""
    backfilled, writer = list_backfilled_roles(), uuid.uuid4().hex
    for start in range(0, len(days), _DAYS_PER_BATCH):
        _recompute(days[start : start + _DAYS_PER_BATCH], now, writer, state)
        lock.reacquire()
    version, answers = render_responses(now=now)
    # Their postings were read in part before they were given the role. Their days are marked again by who gives it.
    withhold(roles=set(list_registered_roles()) - set(backfilled), days=days, writer=writer)
    lock.reacquire()
    # Rows first: a reader of the new version in Redis reads rows that are at least as new.
    if not commit(writer=writer, state=state, version=version.decode()):
        raise LockNotOwnedError("Another refresh has published since this one began", lock_name=_LOCK_KEY)
    publish_responses(version=version, answers=answers, now=now)
    tidy_up(writer=writer, days=days, state=state)


def _are_responses_current(*, now: datetime, version: str | None) -> bool:
    """Whether Redis has today's answers, and they are those of the version committed last.

    Redis may come back as it was a moment ago, with answers of then.
    """
    current = redis_client().get(VERSION_KEY)
    return (
        isinstance(current, bytes)
        and current.decode() == version
        and current.startswith(get_version_prefix(now))
        and bool(redis_client().exists(get_responses_key(current)))
    )


def publish_responses(*, version: bytes, answers: dict[str, bytes], now: datetime) -> None:
    """Let a new version of the answers count."""
    redis = redis_client()
    previous = redis.get(VERSION_KEY)
    pipeline = redis.pipeline(transaction=True)
    pipeline.hset(get_responses_key(version), mapping=answers)  # type: ignore[arg-type]
    pipeline.expire(get_responses_key(version), _RESPONSES_TTL)
    pipeline.set(VERSION_KEY, version)
    pipeline.set(RENDERED_AT_KEY, now.timestamp())
    if isinstance(previous, bytes):
        pipeline.expire(get_responses_key(previous), _OLD_RESPONSES_TTL)
    pipeline.execute()


@contextmanager
def _lock(*, wait: bool = True, client: "Redis | None" = None) -> Iterator[Lock | None]:
    """Hold the lock to write rows: what one writer has counted must not overwrite what another counted later.

    None where another holds it and this one does not `wait`.
    """
    lock = (client or redis_client()).lock(
        _LOCK_KEY, timeout=_LOCK_TTL, blocking=wait, blocking_timeout=_LOCK_WAIT_TIMEOUT, thread_local=False
    )
    if not lock.acquire():
        if wait:
            raise LockError("Other refreshes held the lock for too long", lock_name=_LOCK_KEY)
        yield None
        return
    ended = threading.Event()
    extender = threading.Thread(target=_extend, args=(lock, ended), name="stats-lock", daemon=True)
    extender.start()
    try:
        yield lock
    finally:
        ended.set()
        extender.join()
        lock.release()


def _extend(lock: Lock, ended: threading.Event) -> None:
    """Keep the lock until `ended`; one that was lost stays lost, as its holder sees when it asks for it again."""
    while not ended.wait(_LOCK_TTL / 4):
        try:
            lock.reacquire()
        except LockError:
            return
        except RedisError as error:
            logger.warning("the lock on the daily stats was not extended: %s", error)


def _is_being_written(mark: dict[str, Any], now: datetime) -> bool:
    return any(now - began_at <= _WRITE_TIMEOUT for began_at in mark.get("writers", {}).values())


def compute_role(*, role: str, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of a (normalized) role that has none stored, computed from its postings, oldest day first.

    Its few postings are read through their index, where a refresh reads all postings of their days. The rows are
    stored too, unless a refresh is at work, which stores them itself or leaves it to the next one, or Redis is
    unavailable. Closed days have none.
    """
    try:
        with _lock(wait=False, client=fail_fast_redis()) as lock:
            rows = _role_rows(role, now)
            if lock is not None and rows:
                state, writer = read_state(), uuid.uuid4().hex
                database().market_figures.bulk_write(
                    list(build_role_writes(rows=rows, days=(), writer=writer, state=state)), ordered=False
                )
                lock.reacquire()
                if commit(writer=writer, state=state):
                    tidy_up(writer=writer, days=[row["day"] for row in rows], state=state)
            return rows
    except RedisError as error:
        logger.warning("the rows of %s were computed and not stored: %s", role, error)
        return _role_rows(role, now)


def _role_rows(role: str, now: datetime) -> list[dict[str, Any]]:
    days = database().job_postings.distinct("day", {"roles": role})
    final = set(database().market_figures.distinct("day", {"day": {"$in": days}, "sealed": True}))
    wanted = {"roles": role, "day": {"$in": sorted(set(days) - final)}, "hidden": {"$ne": True}}
    postings = database().job_postings.find(wanted, dict.fromkeys((*COUNTED_FIELDS, "day"), 1) | {"_id": 0})
    # MongoDB keeps milliseconds, and what is read back is to be the same.
    as_stored = now.replace(microsecond=now.microsecond // 1000 * 1000)
    rows = []
    for day, of_day in groupby(postings.sort("day", 1), key=itemgetter("day")):
        counted = PostingCounts()
        for posting in of_day:
            counted.add_to_role(posting)
        rows.append(_row(role, day, counted) | {"computed_at": as_stored})
    return rows


def check_stats(*, on_day: Callable[[], object] | None = None) -> StatsCheck:
    """Compare every open day's rows, and the roles of its postings, with what the postings say.

    Roles are mended at once; a day that differs is marked dirty, so that the next refresh mends its rows. Days that
    are dirty already are passed over. `on_day` is called after each day.
    """
    check = StatsCheck()
    stats, postings = database().market_figures, database().job_postings
    finish_registrations(now=timezone.now())
    backfilled = list_backfilled_roles()
    days = set(postings.distinct("day")) | set(stats.distinct("day"))
    for day in sorted(days - set(database().dirty_days.distinct("_id")) - find_closed_days(days)):
        check.days += 1
        mended = repair_roles(day=day, registered=backfilled, now=timezone.now())
        if mended:
            check.postings += mended
            check.differing.append(day.date())
        elif _differs(day):
            with _lock():
                # Now that no refresh removes marks: did a posting only change between the two reads?
                if _differs(day) and not database().dirty_days.find_one({"_id": day}):
                    check.differing.append(day.date())
                    mark_dirty(days=[day])
        if on_day:
            on_day()
    return check


def _differs(day: datetime) -> bool:
    rows = database().market_figures.find({"day": day, "postings": {"$exists": True}})
    stored = {row["scope"]: _comparable(row) for row in rows}
    return stored != {scope: _comparable(_row(scope, day, each)) for scope, each in _count([day])[day].items()}


def close_day(*, day: datetime, now: datetime) -> int:
    """Make a day's stats final and delete its postings. Returns how many were deleted.

    Once a day is closed nothing more is stored under the day.
    """
    with _lock():
        if not find_closed_days([day]):
            # A day of hidden postings alone is closed all the same.
            _store_closed_day(day, {MARKET_SCOPE: PostingCounts()} | _count([day])[day], now)
        return database().job_postings.delete_many({"day": day}).deleted_count


def find_closed_days(days: Collection[datetime]) -> set[datetime]:
    """Return those of the days whose stats are final: the market's row, which is written last, says so."""
    if not days:
        return set()
    query = {"scope": MARKET_SCOPE, "day": {"$in": list(days)}, "sealed": True}
    return set(database().market_figures.distinct("day", query))


def _recompute(days: Sequence[datetime], now: datetime, writer: str, state: CommittedState) -> None:
    closed = find_closed_days(days)
    if closed:
        # Postings that slipped in while their day was being closed.
        database().job_postings.delete_many({"day": {"$in": list(closed)}})
    writes: list[Any] = []
    rows: list[dict[str, Any]] = []
    counted = _count([day for day in days if day not in closed])
    for day, scopes in counted.items():
        if MARKET_SCOPE not in scopes:
            writes.append(DeleteOne({"scope": MARKET_SCOPE, "day": day}))
        for scope, stats in scopes.items():
            row = _row(scope, day, stats) | {"computed_at": now}
            if scope == MARKET_SCOPE:
                writes.append(ReplaceOne({"scope": scope, "day": day}, row, upsert=True))
            else:
                rows.append(row)
    writes.extend(build_role_writes(rows=rows, days=list(counted), writer=writer, state=state))
    if writes:
        database().market_figures.bulk_write(writes, ordered=False)


def _count(days: Sequence[datetime]) -> dict[datetime, dict[str, PostingCounts]]:
    """Figures of each day by scope; a day without postings has none."""
    wanted = dict.fromkeys((*COUNTED_FIELDS, "day"), 1) | {"_id": 0}
    by_day: dict[datetime, dict[str, PostingCounts]] = {day: {} for day in days}
    postings = database().job_postings.find({"day": {"$in": list(days)}, "hidden": {"$ne": True}}, wanted)
    for day, rows in groupby(postings.sort("day", 1), key=itemgetter("day")):
        by_day[day] = count_by_scope(rows, market=MARKET_SCOPE)
    return by_day


def _store_closed_day(day: datetime, scopes: dict[str, PostingCounts], now: datetime) -> None:
    """Replace a day's rows by final ones, in order: what a crash cut short lacks the market's row."""
    writes: list[Any] = [DeleteMany({"day": day, "scope": {"$nin": list(scopes)}})]
    for scope, counted in sorted(scopes.items(), key=lambda each: each[0] == MARKET_SCOPE):
        row = _row(scope, day, counted) | {"computed_at": now, "sealed": True}
        writes.append(ReplaceOne({"scope": scope, "day": day}, row, upsert=True))
    database().market_figures.bulk_write(writes)


def _row(scope: str, day: datetime, counted: PostingCounts) -> dict[str, Any]:
    row: dict[str, Any] = {
        "scope": scope,
        "day": day,
        "postings": counted.postings,
        "remote": counted.remote,
        "on_site": counted.on_site,
    }
    for kind, counts in (
        ("skill", counted.skills),
        ("technology", counted.technologies),
        ("place", counted.places),
    ):
        names = sorted(counts)
        row[f"{kind}_names"] = names
        row[f"{kind}_counts"] = [counts[name] for name in names]
    salaries = sorted(counted.salaries)
    row["salary_places"] = [place for place, _, _ in salaries]
    row["salary_minimums"] = [low for _, low, _ in salaries]
    row["salary_maximums"] = [high for _, _, high in salaries]
    if scope != MARKET_SCOPE:
        row |= pack_postings(postings=counted.skill_sets, names=row["skill_names"], counts=row["skill_counts"])
    return row


# What a row has besides what is counted.
_NOT_COMPARED = frozenset({"_id", "computed_at", "sealed", "writer", "before"})


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _NOT_COMPARED}
