"""Keep the daily stats in sync with the postings.

Days whose postings change are marked dirty (see `market.stats_rows`). A mark is removed only after the stats rows, the
rendered responses and the version are all in place, so a crash at any point leaves the day marked.
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
from market.copy_groups import repair_copy_groups
from market.daily_stats import COUNTED_FIELDS, PostingCounts, count_by_scope, pack_postings
from market.documents import MARKET_SCOPE
from market.membership import (
    canonicalize_registered_roles,
    finish_registrations,
    list_backfilled_roles,
    list_registered_roles,
    repair_roles,
)
from market.samples import pack_employers
from market.selectors import RENDERED_AT_KEY, VERSION_KEY, get_responses_key, get_version_prefix, render_responses
from market.stats_rows import (
    CommittedState,
    build_role_writes,
    clean_up_rows,
    commit_rows,
    mark_dirty,
    read_state,
    withhold_rows,
)

logger = logging.getLogger(__name__)

_LOCK_KEY = "market:figures:refresh"
# The longest time in seconds that a killed refresh can block the next one. A thread extends the lock of a live refresh.
_LOCK_TTL = 15.0
# Seconds. Rebuilding a year of a million postings takes a minute, and several refreshes may be waiting.
_LOCK_WAIT_TIMEOUT = 900
# A batch of 10 days needs few round trips and, at 2,500 postings per day, little memory.
_DAYS_PER_BATCH = 10
# A batch of writes takes seconds. A writer that started longer ago than this and did not finish was killed.
_WRITE_TIMEOUT = timedelta(minutes=10)
_RESPONSES_TTL = 2 * 24 * 3600
# Long enough for a reader that has just read the old version to read its responses.
_OLD_RESPONSES_TTL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSummary:
    """The number of days recomputed, and whether the responses were rendered again."""

    days: int = 0
    rendered: bool = False


class RefreshRunningError(RuntimeError):
    """Raised when another refresh is running and the caller did not want to wait."""


@dataclass(slots=True, kw_only=True)
class StatsCheck:
    """Result of comparing daily stats with postings.

    `days` is the number of days compared, `differing` the days with wrong stats or roles, which are now marked dirty,
    and `postings` the number of postings whose roles or groups of copies were corrected.
    """

    days: int = 0
    postings: int = 0
    differing: list[date] = field(default_factory=list)


def refresh_stats(*, now: datetime, wait: bool = True) -> RefreshSummary:
    """Recompute every dirty day, render the responses of all windows, and publish both.

    Does nothing if no day is dirty and today's responses are in place. Only one refresh runs at a time.

    Raises:
        RefreshRunningError: If another refresh is running and `wait` is False. The days stay dirty.
    """
    with _hold_lock(wait=wait) as lock:
        if lock is None:
            raise RefreshRunningError("another refresh is running")
        state = read_state()
        marks = list(database().dirty_days.find().sort("_id", 1))
        if not marks and _are_responses_current(now=now, version=state.version):
            return RefreshSummary()
        days = [mark["_id"] for mark in marks]
        try:
            _publish_days(days, state, lock, now)
        except RedisError:
            # If the lock was lost, another refresh may have removed the marks, and the older rows written here may have
            # replaced its rows.
            mark_dirty(days=days)
            raise
        finished = [mark for mark in marks if not _is_being_written(mark, now)]
        if finished:
            # The token keeps a mark that was renewed in the meantime.
            database().dirty_days.bulk_write(
                [DeleteOne({"_id": mark["_id"], "token": mark["token"]}) for mark in finished], ordered=False
            )
        return RefreshSummary(days=len(days), rendered=True)


def _publish_days(days: Sequence[datetime], state: CommittedState, lock: Lock, now: datetime) -> None:
    """Write the rows of the days, render the responses, and make both visible.

    Raises:
        LockError: If the lock was lost.
    """
    backfilled, writer = list_backfilled_roles(), uuid.uuid4().hex
    for start in range(0, len(days), _DAYS_PER_BATCH):
        _recompute_days(days[start : start + _DAYS_PER_BATCH], now, writer, state)
        lock.reacquire()
    version, responses = render_responses(now=now)
    # Some postings of a role whose registration is in progress were read before they got the role. Registration
    # marks their days dirty again when it completes.
    withhold_rows(roles=set(list_registered_roles()) - set(backfilled), days=days, writer=writer)
    lock.reacquire()
    # Commit rows before publishing the version, so that readers of the new version see rows at least as new.
    if not commit_rows(writer=writer, state=state, version=version.decode()):
        raise LockNotOwnedError("Another refresh has published since this one started", lock_name=_LOCK_KEY)
    publish_responses(version=version, responses=responses, now=now)
    clean_up_rows(writer=writer, days=days, state=state)


def _are_responses_current(*, now: datetime, version: str | None) -> bool:
    """Return whether Redis has today's responses of the latest committed version.

    A restarted Redis may have restored an older version and its responses.
    """
    current = redis_client().get(VERSION_KEY)
    return (
        isinstance(current, bytes)
        and current.decode() == version
        and current.startswith(get_version_prefix(now))
        and bool(redis_client().exists(get_responses_key(current)))
    )


def publish_responses(*, version: bytes, responses: dict[str, bytes], now: datetime) -> None:
    """Store rendered responses, by their number of days, and make their version the current one."""
    redis = redis_client()
    previous = redis.get(VERSION_KEY)
    pipeline = redis.pipeline(transaction=True)
    pipeline.hset(get_responses_key(version), mapping=responses)  # type: ignore[arg-type]
    pipeline.expire(get_responses_key(version), _RESPONSES_TTL)
    pipeline.set(VERSION_KEY, version)
    pipeline.set(RENDERED_AT_KEY, now.timestamp())
    if isinstance(previous, bytes):
        pipeline.expire(get_responses_key(previous), _OLD_RESPONSES_TTL)
    pipeline.execute()


@contextmanager
def _hold_lock(*, wait: bool = True, client: "Redis | None" = None) -> Iterator[Lock | None]:
    """Hold the lock for writing rows, so that older counts cannot overwrite newer ones.

    Yields None if the lock is taken and `wait` is False.
    """
    lock = (client or redis_client()).lock(
        _LOCK_KEY, timeout=_LOCK_TTL, blocking=wait, blocking_timeout=_LOCK_WAIT_TIMEOUT, thread_local=False
    )
    if not lock.acquire():
        if wait:
            raise LockError("Timed out waiting for other refreshes", lock_name=_LOCK_KEY)
        yield None
        return
    ended = threading.Event()
    extender = threading.Thread(target=_extend_lock, args=(lock, ended), name="stats-lock", daemon=True)
    extender.start()
    try:
        yield lock
    finally:
        ended.set()
        extender.join()
        lock.release()


def _extend_lock(lock: Lock, ended: threading.Event) -> None:
    """Extend the lock until `ended` is set. The holder notices a lost lock at its next `reacquire`."""
    while not ended.wait(_LOCK_TTL / 4):
        try:
            lock.reacquire()
        except LockError:
            return
        except RedisError as error:
            logger.warning("could not extend the lock on the daily stats: %s", error)


def _is_being_written(mark: dict[str, Any], now: datetime) -> bool:
    return any(now - began_at <= _WRITE_TIMEOUT for began_at in mark.get("writers", {}).values())


def compute_role(*, role: str, now: datetime) -> list[dict[str, Any]]:
    """Compute the rows of a normalized role without stored rows, oldest day first.

    This reads the role's postings through their index, while a refresh reads all postings of a day. The rows are also
    stored, unless a refresh is running or Redis is unavailable; a later refresh then stores them. Closed days have no
    postings and are left out.
    """
    try:
        with _hold_lock(wait=False, client=fail_fast_redis()) as lock:
            rows = _build_role_rows(role, now)
            if lock is not None and rows:
                state, writer = read_state(), uuid.uuid4().hex
                database().market_figures.bulk_write(
                    list(build_role_writes(rows=rows, days=(), writer=writer, state=state)), ordered=False
                )
                lock.reacquire()
                if commit_rows(writer=writer, state=state):
                    clean_up_rows(writer=writer, days=[row["day"] for row in rows], state=state)
            return rows
    except RedisError as error:
        logger.warning("computed the rows of %s but could not store them: %s", role, error)
        return _build_role_rows(role, now)


def _build_role_rows(role: str, now: datetime) -> list[dict[str, Any]]:
    days = database().job_postings.distinct("day", {"roles": role})
    closed = set(database().market_figures.distinct("day", {"day": {"$in": days}, "sealed": True}))
    query = {"roles": role, "day": {"$in": sorted(set(days) - closed)}, "hidden": {"$ne": True}}
    postings = database().job_postings.find(query, dict.fromkeys((*COUNTED_FIELDS, "day"), 1) | {"_id": 0})
    # Truncate to milliseconds, the precision of stored times, so that computed and stored rows are equal.
    computed_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    rows = []
    for day, day_postings in groupby(postings.sort("day", 1), key=itemgetter("day")):
        counts = PostingCounts()
        for posting in day_postings:
            counts.add_to_role(posting)
        rows.append(_build_row(role, day, counts) | {"computed_at": computed_at})
    return rows


def check_stats(*, on_day: Callable[[], object] | None = None) -> StatsCheck:
    """Compare the stats of every open day, and the roles and groups of copies of its postings, with the postings.

    Wrong roles and groups are corrected immediately. A day that differs is marked dirty, so that the next refresh
    recomputes it. Days that are already dirty are skipped. `on_day` is called after each day.
    """
    check = StatsCheck()
    stats, postings = database().market_figures, database().job_postings
    canonicalize_registered_roles(now=timezone.now())
    finish_registrations(now=timezone.now())
    regrouped, regrouped_days = repair_copy_groups(now=timezone.now())
    check.postings += regrouped
    check.differing += [day.date() for day in sorted(regrouped_days)]
    backfilled = list_backfilled_roles()
    days = set(postings.distinct("day")) | set(stats.distinct("day"))
    for day in sorted(days - set(database().dirty_days.distinct("_id")) - find_closed_days(days)):
        check.days += 1
        repaired = repair_roles(day=day, registered=backfilled, now=timezone.now())
        if repaired:
            check.postings += repaired
            check.differing.append(day.date())
        elif _has_stale_rows(day):
            with _hold_lock():
                # Compare again while no refresh can remove marks: a posting may have changed between the two reads.
                if _has_stale_rows(day) and not database().dirty_days.find_one({"_id": day}):
                    check.differing.append(day.date())
                    mark_dirty(days=[day])
        if on_day:
            on_day()
    return check


def _has_stale_rows(day: datetime) -> bool:
    rows = database().market_figures.find({"day": day, "postings": {"$exists": True}})
    stored = {row["scope"]: _remove_metadata(row) for row in rows}
    return stored != {
        scope: _remove_metadata(_build_row(scope, day, counts)) for scope, counts in _count_days([day])[day].items()
    }


def close_day(*, day: datetime, now: datetime) -> int:
    """Make a day's stats final and delete its postings. Return the number of postings deleted.

    No posting is stored for a closed day.
    """
    with _hold_lock():
        if not find_closed_days([day]):
            # The empty market row closes a day that has only hidden postings.
            _store_closed_day(day, {MARKET_SCOPE: PostingCounts()} | _count_days([day])[day], now)
        return database().job_postings.delete_many({"day": day}).deleted_count


def find_closed_days(days: Collection[datetime]) -> set[datetime]:
    """Return the closed days among the given ones. Sealing the market's row, the last write, closes a day."""
    if not days:
        return set()
    query = {"scope": MARKET_SCOPE, "day": {"$in": list(days)}, "sealed": True}
    return set(database().market_figures.distinct("day", query))


def _recompute_days(days: Sequence[datetime], now: datetime, writer: str, state: CommittedState) -> None:
    closed = find_closed_days(days)
    if closed:
        # Delete postings that were stored while their day was being closed.
        database().job_postings.delete_many({"day": {"$in": list(closed)}})
    writes: list[Any] = []
    rows: list[dict[str, Any]] = []
    counts_by_day = _count_days([day for day in days if day not in closed])
    for day, scopes in counts_by_day.items():
        if MARKET_SCOPE not in scopes:
            writes.append(DeleteOne({"scope": MARKET_SCOPE, "day": day}))
        for scope, counts in scopes.items():
            row = _build_row(scope, day, counts) | {"computed_at": now}
            if scope == MARKET_SCOPE:
                writes.append(ReplaceOne({"scope": scope, "day": day}, row, upsert=True))
            else:
                rows.append(row)
    writes.extend(build_role_writes(rows=rows, days=list(counts_by_day), writer=writer, state=state))
    if writes:
        database().market_figures.bulk_write(writes, ordered=False)


def _count_days(days: Sequence[datetime]) -> dict[datetime, dict[str, PostingCounts]]:
    """Count each day's visible postings by scope. A day without postings has no scopes."""
    projection = dict.fromkeys((*COUNTED_FIELDS, "day"), 1) | {"_id": 0}
    by_day: dict[datetime, dict[str, PostingCounts]] = {day: {} for day in days}
    postings = database().job_postings.find({"day": {"$in": list(days)}, "hidden": {"$ne": True}}, projection)
    for day, rows in groupby(postings.sort("day", 1), key=itemgetter("day")):
        by_day[day] = count_by_scope(rows, market=MARKET_SCOPE)
    return by_day


def _store_closed_day(day: datetime, scopes: dict[str, PostingCounts], now: datetime) -> None:
    """Replace a day's rows with sealed ones, the market's last, so that a crash leaves the day open."""
    writes: list[Any] = [DeleteMany({"day": day, "scope": {"$nin": list(scopes)}})]
    for scope, counts in sorted(scopes.items(), key=lambda scope_counts: scope_counts[0] == MARKET_SCOPE):
        row = _build_row(scope, day, counts) | {"computed_at": now, "sealed": True}
        writes.append(ReplaceOne({"scope": scope, "day": day}, row, upsert=True))
    database().market_figures.bulk_write(writes)


def _build_row(scope: str, day: datetime, counts: PostingCounts) -> dict[str, Any]:
    row: dict[str, Any] = {
        "scope": scope,
        "day": day,
        "postings": counts.postings,
        "remote": counts.remote,
        "on_site": counts.on_site,
        "jobs": counts.jobs,
        **pack_employers(counts.employers),
    }
    for kind, count_by_name in (
        ("skill", counts.skills),
        ("technology", counts.technologies),
        ("place", counts.places),
    ):
        names = sorted(count_by_name)
        row[f"{kind}_names"] = names
        row[f"{kind}_counts"] = [count_by_name[name] for name in names]
    salaries = sorted(counts.salaries)
    row["salary_places"] = [place for place, _, _ in salaries]
    row["salary_minimums"] = [low for _, low, _ in salaries]
    row["salary_maximums"] = [high for _, _, high in salaries]
    if scope != MARKET_SCOPE:
        row |= pack_postings(postings=counts.skill_sets, names=row["skill_names"], counts=row["skill_counts"])
    return row


# The fields of a row that do not come from counting postings.
_METADATA_FIELDS = frozenset({"_id", "computed_at", "sealed", "writer", "before"})


def _remove_metadata(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _METADATA_FIELDS}
