"""Keeping the daily figures equal to the postings.

Whatever writes postings marks their days dirty before and after the write. A mark made only before could be taken
away by a refresh that read the postings too early; the second one brings it back. The first one also names its writer,
who may be killed before the second: such a mark stays until the writer is surely gone. A mark goes only when figures,
answers and version are all in place, so a crash anywhere leaves the day marked.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from pymongo import DeleteMany, DeleteOne, ReplaceOne, UpdateOne
from redis.exceptions import RedisError
from redis.lock import Lock

from career_navigator.connection import database, redis_client
from market.answers import answers_are_current, render_answers
from market.documents import MARKET_SCOPE
from market.figures import FIGURE_FIELDS, Figures, count_by_scope
from market.packed_postings import pack_postings

_LOCK_KEY = "market:figures:refresh"
# For so long a killed refresh holds up the next. Renewed after every few days recomputed, which take a second.
_LOCK_SECONDS = 120
# Rebuilding a year of a million postings takes a minute, and several may wait in line.
_PATIENCE_SECONDS = 900
# Days recomputed at a time: few round trips, and at 2,500 postings a day still little memory.
_DAYS_AT_ONCE = 10
# A writer who began longer ago and did not end was killed: a batch takes seconds.
_LONGEST_WRITE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSummary:
    """`days` were recomputed; `rendered` tells whether the answers were made anew."""

    days: int = 0
    rendered: bool = False


@dataclass(slots=True, kw_only=True)
class FigureCheck:
    """Days compared with their postings, and those whose figures differed (they are marked dirty)."""

    days: int = 0
    differing: list[date] = field(default_factory=list)


def mark_dirty(*, days: Collection[datetime]) -> None:
    """Mark days (UTC midnights) whose postings have changed. Who is about to change some uses `marked_dirty`."""
    _mark(days, {})


@contextmanager
def marked_dirty(*, days: Collection[datetime], now: datetime) -> Iterator[None]:
    """The days are marked before and after the block, and after a failing one too: it may have written some."""
    writer = f"writers.{uuid.uuid4().hex}"
    _mark(days, {"$set": {writer: now}})
    try:
        yield
    finally:
        _mark(days, {"$unset": {writer: ""}})


def _mark(days: Collection[datetime], change: dict[str, dict[str, Any]]) -> None:
    if days:
        change = change | {"$set": {"token": uuid.uuid4().hex} | change.get("$set", {})}
        database().dirty_days.bulk_write([UpdateOne({"_id": day}, change, upsert=True) for day in days], ordered=False)


def refresh_figures(*, now: datetime) -> RefreshSummary:
    """Recompute every dirty day, render all windows, and let the new answers count.

    Does nothing when no day is dirty and today's answers are in place. One refresh runs at a time.
    """
    with _lock() as lock:
        marks = list(database().dirty_days.find().sort("_id", 1))
        if not marks and answers_are_current(now=now):
            return RefreshSummary()
        days = [mark["_id"] for mark in marks]
        try:
            for start in range(0, len(days), _DAYS_AT_ONCE):
                _recompute(days[start : start + _DAYS_AT_ONCE], now)
                lock.reacquire()
            render_answers(now=now)
            lock.reacquire()
        except RedisError:
            # Without the lock another refresh may have taken marks away, and these older figures replaced its own.
            mark_dirty(days=days)
            raise
        settled = [mark for mark in marks if not _is_being_written(mark, now)]
        if settled:
            # A mark that was renewed meanwhile stays.
            database().dirty_days.bulk_write(
                [DeleteOne({"_id": mark["_id"], "token": mark["token"]}) for mark in settled], ordered=False
            )
        return RefreshSummary(days=len(days), rendered=True)


def _lock() -> Lock:
    """Held by whoever writes figures: what one has counted must not overwrite what another counted later."""
    return redis_client().lock(_LOCK_KEY, timeout=_LOCK_SECONDS, blocking_timeout=_PATIENCE_SECONDS)


def _is_being_written(mark: dict[str, Any], now: datetime) -> bool:
    return any(now - began_at <= _LONGEST_WRITE for began_at in mark.get("writers", {}).values())


def refresh_role(*, role: str, now: datetime) -> None:
    """Compute the figures of one (normalized) role from its postings, where its days may be figured.

    For a role that has just become known: its few postings are read through their index, where a refresh reads all
    postings of their days. The days are dirty afterwards, so that a refresh has the last word.
    """
    days = database().job_postings.distinct("day", {"roles": role})
    with marked_dirty(days=days, now=now):
        final = set(database().market_figures.distinct("day", {"day": {"$in": days}, "sealed": True}))
        wanted = {"roles": role, "day": {"$in": sorted(set(days) - final)}, "hidden": {"$ne": True}}
        postings = database().job_postings.find(wanted, dict.fromkeys((*FIGURE_FIELDS, "day"), 1) | {"_id": 0})
        writes = []
        for day, rows in groupby(postings.sort("day", 1), key=itemgetter("day")):
            counted = Figures()
            for posting in rows:
                counted.add_of_role(posting)
            row = _row(role, day, counted) | {"computed_at": now}
            writes.append(ReplaceOne({"scope": role, "day": day}, row, upsert=True))
        if writes:
            database().market_figures.bulk_write(writes, ordered=False)


def check_figures(*, on_day: Callable[[], object] | None = None) -> FigureCheck:
    """Compare every unsealed day's figures with its postings; `on_day` is called after each.

    A day that differs is marked dirty, so that the next refresh mends it. Days that are dirty already are passed over.
    """
    check = FigureCheck()
    figures, postings = database().market_figures, database().job_postings
    days = set(postings.distinct("day")) | set(figures.distinct("day"))
    for day in sorted(days - set(database().dirty_days.distinct("_id")) - _sealed(days)):
        check.days += 1
        if _differs(day):
            with _lock():
                # Now that no refresh takes marks away: did a posting only change between the two reads?
                if _differs(day) and not database().dirty_days.find_one({"_id": day}):
                    check.differing.append(day.date())
                    mark_dirty(days=[day])
        if on_day:
            on_day()
    return check


def _differs(day: datetime) -> bool:
    stored = {row["scope"]: _comparable(row) for row in database().market_figures.find({"day": day})}
    return stored != {scope: _comparable(_row(scope, day, each)) for scope, each in _count([day])[day].items()}


def seal_day(*, day: datetime, now: datetime) -> int:
    """Make a day's figures final and delete its postings. Returns how many were deleted.

    From the seal on nothing more is stored under the day.
    """
    with _lock():
        if not _sealed([day]):
            # A day of hidden postings alone has its seal all the same.
            _replace_figures({day: {MARKET_SCOPE: Figures()} | _count([day])[day]}, now, sealed=True)
        return database().job_postings.delete_many({"day": day}).deleted_count


def _sealed(days: Collection[datetime]) -> set[datetime]:
    """Those of the days whose figures are final: the market's row, which is written last, says so."""
    query = {"scope": MARKET_SCOPE, "day": {"$in": list(days)}, "sealed": True}
    return set(database().market_figures.distinct("day", query))


def _recompute(days: Sequence[datetime], now: datetime) -> None:
    sealed = _sealed(days)
    if sealed:
        # Postings that slipped in while their day was being sealed.
        database().job_postings.delete_many({"day": {"$in": list(sealed)}})
    _replace_figures(_count([day for day in days if day not in sealed]), now)


def _count(days: Sequence[datetime]) -> dict[datetime, dict[str, Figures]]:
    """Figures of each day by scope; a day without postings has none."""
    wanted = dict.fromkeys((*FIGURE_FIELDS, "day"), 1) | {"_id": 0}
    by_day: dict[datetime, dict[str, Figures]] = {day: {} for day in days}
    postings = database().job_postings.find({"day": {"$in": list(days)}, "hidden": {"$ne": True}}, wanted)
    for day, rows in groupby(postings.sort("day", 1), key=itemgetter("day")):
        by_day[day] = count_by_scope(rows, market=MARKET_SCOPE)
    return by_day


def _replace_figures(by_day: dict[datetime, dict[str, Figures]], now: datetime, *, sealed: bool = False) -> None:
    writes: list[Any] = []
    for day, scopes in by_day.items():
        # Roles that have no posting left on the day.
        writes.append(DeleteMany({"day": day, "scope": {"$nin": list(scopes)}}))
        for scope, counted in sorted(scopes.items(), key=lambda each: each[0] == MARKET_SCOPE):
            row = _row(scope, day, counted) | {"computed_at": now} | ({"sealed": True} if sealed else {})
            writes.append(ReplaceOne({"scope": scope, "day": day}, row, upsert=True))
    if writes:
        # In order, a seal: one that a crash cut short lacks the market's row and is begun anew.
        # Acknowledged as safely as the removal of the marks: written weaker, they could be lost in a crash or failover
        # that the removal survives.
        database().market_figures.bulk_write(writes, ordered=sealed)


def _row(scope: str, day: datetime, counted: Figures) -> dict[str, Any]:
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


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"_id", "computed_at", "sealed"}}
