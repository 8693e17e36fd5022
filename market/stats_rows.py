"""Mark days as dirty, and replace the stats rows of roles atomically.

Code that writes postings marks their days dirty before and after the write. A refresh that reads the postings too early
could remove the first mark, so the second mark restores it. The first mark also records its writer, which may be killed
before it sets the second mark. A mark with a writer stays until the writer finishes or times out.

A refresh replaces the rows of roles one by one, and MongoDB supports transactions only on replica sets. Each replaced
row therefore stores its `writer`, and its previous content in `before`. Readers use `before` until the writer is in
`committed`, which takes a single write. A writer that died or was overtaken is never committed, and its rows never
become visible.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import DeleteMany, UpdateMany, UpdateOne
from pymongo.errors import DuplicateKeyError

from career_navigator.db.connection import database
from market.documents import MARKET_SCOPE

Row = dict[str, Any]

_STATE = "market"
# A writer that is never committed. It hides the rows of roles whose registration is in progress.
WITHHELD = "withheld"
# Large enough to return all rows in one round trip. MongoDB limits a batch to 16 MB anyway.
_BATCH = 10_000


def mark_dirty(*, days: Collection[datetime]) -> None:
    """Mark days (UTC midnights) as dirty. Code that changes postings must use `dirty_days` instead."""
    _mark_days(days, {})


@contextmanager
def dirty_days(*, days: Collection[datetime], now: datetime) -> Iterator[None]:
    """Mark days dirty before and after the block, even if it fails, because it may have written postings."""
    writer = f"writers.{uuid.uuid4().hex}"
    _mark_days(days, {"$set": {writer: now}})
    try:
        yield
    finally:
        _mark_days(days, {"$unset": {writer: ""}})


def _mark_days(days: Collection[datetime], change: dict[str, dict[str, Any]]) -> None:
    if days:
        change = change | {"$set": {"token": uuid.uuid4().hex} | change.get("$set", {})}
        database().dirty_days.bulk_write([UpdateOne({"_id": day}, change, upsert=True) for day in days], ordered=False)


@dataclass(frozen=True, slots=True)
class CommittedState:
    """The state that decides which rows are visible (see `StatsState`)."""

    version: str | None = None
    commits: int = 0
    committed: tuple[str, ...] = ()


def read_state() -> CommittedState:
    """Read the current commit state."""
    row = database().stats_state.find_one(_STATE)
    return CommittedState(row.get("version"), row["commits"], tuple(row["committed"])) if row else CommittedState()


def find_visible_rows(*, query: Mapping[str, Any], fields: Collection[str]) -> list[Row]:
    """Return the visible rows of roles that match a query, as of a single commit, sorted by scope and day.

    `fields` must include `postings`, which every row has.
    """
    projection = dict.fromkeys((*fields, "writer", *(f"before.{name}" for name in fields)), 1) | {"_id": 0}
    while True:
        state = read_state()
        cursor = database().market_figures.find(query, projection).sort([("scope", 1), ("day", 1)])
        rows = [row for stored in cursor.batch_size(_BATCH) if (row := _get_committed(stored, state))]
        # Repeats only if there was a commit in the meantime. Commits take milliseconds and are seconds apart.
        if read_state().commits == state.commits:
            return rows


def _get_committed(row: Row, state: CommittedState) -> Row | None:
    """Return the last committed content of a row, or None if it has none."""
    before, writer = row.pop("before", None), row.pop("writer", None)
    visible = row if writer is None or writer in state.committed else before
    return visible if visible and "postings" in visible else None


def build_role_writes(
    *, rows: Sequence[Row], days: Sequence[datetime], writer: str, state: CommittedState
) -> Iterator[UpdateOne | UpdateMany]:
    """Yield the writes that replace all roles' rows of the days with `rows` once the writer is committed."""
    committed = {"$in": [{"$ifNull": ["$writer", None]}, [None, *state.committed]]}
    replaced = {"$unsetField": {"field": "before", "input": "$$ROOT"}}
    mark = {"writer": writer, "before": {"$cond": [committed, replaced, "$before"]}}
    scopes: dict[datetime, list[str]] = {day: [MARKET_SCOPE] for day in days}
    for row in rows:
        key = {"scope": row["scope"], "day": row["day"]}
        scopes.setdefault(row["day"], [MARKET_SCOPE]).append(row["scope"])
        yield UpdateOne(key, [{"$replaceWith": {"$mergeObjects": [{"$literal": row}, mark]}}], upsert=True)
    for day in days:
        # Rows of roles that no longer have postings on the day.
        obsolete = {"day": day, "scope": {"$nin": scopes[day]}}
        yield UpdateMany(obsolete, [{"$replaceWith": {"scope": "$scope", "day": "$day"} | mark}])


def withhold_rows(*, roles: Collection[str], days: Sequence[datetime], writer: str) -> None:
    """Exclude a writer's rows of these roles from its commit."""
    if roles:
        rows = {"day": {"$in": list(days)}, "scope": {"$in": sorted(roles)}, "writer": writer}
        database().market_figures.update_many(rows, {"$set": {"writer": WITHHELD}})


def commit_rows(*, writer: str, state: CommittedState, version: str | None = None) -> bool:
    """Make a writer's rows visible, and set the version if one is given, in a single write.

    Returns False and changes nothing if another version has been committed since `state` was read.
    """
    change: dict[str, Any] = {"$addToSet": {"committed": writer}, "$inc": {"commits": 1}}
    if version is not None:
        change["$set"] = {"version": version}
    try:
        result = database().stats_state.update_one({"_id": _STATE, "version": state.version}, change, upsert=True)
    except DuplicateKeyError:
        return False
    return bool(result.matched_count or result.upserted_id)


def clean_up_rows(*, writer: str, days: Sequence[datetime], state: CommittedState) -> None:
    """Remove `writer` and `before` from the rows of a committed writer.

    This includes the rows of committed writers that died before they could clean up.
    """
    queries: list[dict[str, Any]] = [{"day": {"$in": list(days)}, "writer": writer}]
    queries += [{"writer": other_writer} for other_writer in state.committed]
    for rows in queries:
        database().market_figures.bulk_write(
            [
                DeleteMany(rows | {"postings": {"$exists": False}}),
                UpdateMany(rows, {"$unset": {"writer": "", "before": ""}}),
            ]
        )
    database().stats_state.update_one({"_id": _STATE}, {"$pull": {"committed": {"$in": [writer, *state.committed]}}})
