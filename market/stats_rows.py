"""The stored daily stats: which days may be behind their postings, and rows of roles that become visible together.

Whatever writes postings marks their days dirty before and after the write. A mark made only before could be removed
by a refresh that read the postings too early; the second one restores it. The first one also names its writer, who may
be killed before the second: such a mark stays until the writer is surely gone.

A writer replaces a role's rows one by one, and MongoDB has transactions on a replica set only. So a replaced row notes
its `writer`, and `before`, what it was. Readers take such a row as it was until the writer is among the `committed`,
which is one write. A writer that died or was overtaken is never committed, and what it wrote is never seen.
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
# The writer of rows that are not to be seen: they are of roles whose postings are not all there.
WITHHELD = "withheld"
# So many that they come at once; a batch ends at 16 MB anyway.
_BATCH = 10_000


def mark_dirty(*, days: Collection[datetime]) -> None:
    """Mark days (UTC midnights) whose postings have changed. To change postings, use `dirty_days`."""
    _mark(days, {})


@contextmanager
def dirty_days(*, days: Collection[datetime], now: datetime) -> Iterator[None]:
    """Mark the days before and after the block, and after a failing one too: it may have written some."""
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


@dataclass(frozen=True, slots=True)
class CommittedState:
    """The version of the rendered answers; how often rows were committed, and by whom who may not have tidied up."""

    version: str | None = None
    commits: int = 0
    committed: tuple[str, ...] = ()


def read_state() -> CommittedState:
    row = database().stats_state.find_one(_STATE)
    return CommittedState(row.get("version"), row["commits"], tuple(row["committed"])) if row else CommittedState()


def find_visible(*, query: Mapping[str, Any], fields: Collection[str]) -> list[Row]:
    """Return the rows of roles that the query finds, with these fields, as one commit left them; by scope and day.

    The fields must include `postings`, which every row has.
    """
    projection = dict.fromkeys((*fields, "writer", *(f"before.{name}" for name in fields)), 1) | {"_id": 0}
    while True:
        state = read_state()
        found = database().market_figures.find(query, projection).sort([("scope", 1), ("day", 1)])
        rows = [row for each in found.batch_size(_BATCH) if (row := _get_committed(each, state))]
        # Another turn needs another commit: one that takes some milliseconds, seconds after the one before.
        if read_state().commits == state.commits:
            return rows


def _get_committed(row: Row, state: CommittedState) -> Row | None:
    """The row as it was last committed; None where there was none."""
    before, writer = row.pop("before", None), row.pop("writer", None)
    visible = row if writer is None or writer in state.committed else before
    return visible if visible and "postings" in visible else None


def build_role_writes(
    *, rows: Sequence[Row], days: Sequence[datetime], writer: str, state: CommittedState
) -> Iterator[UpdateOne | UpdateMany]:
    """The writes that make `rows` those of all roles on the days, once the writer is committed."""
    committed = {"$in": [{"$ifNull": ["$writer", None]}, [None, *state.committed]]}
    replaced = {"$unsetField": {"field": "before", "input": "$$ROOT"}}
    mark = {"writer": writer, "before": {"$cond": [committed, replaced, "$before"]}}
    scopes: dict[datetime, list[str]] = {day: [MARKET_SCOPE] for day in days}
    for row in rows:
        key = {"scope": row["scope"], "day": row["day"]}
        scopes.setdefault(row["day"], [MARKET_SCOPE]).append(row["scope"])
        yield UpdateOne(key, [{"$replaceWith": {"$mergeObjects": [{"$literal": row}, mark]}}], upsert=True)
    for day in days:
        # Roles that have no posting left on the day.
        vanished = {"day": day, "scope": {"$nin": scopes[day]}}
        yield UpdateMany(vanished, [{"$replaceWith": {"scope": "$scope", "day": "$day"} | mark}])


def withhold(*, roles: Collection[str], days: Sequence[datetime], writer: str) -> None:
    """Keep a writer's rows of these roles from being seen when it commits."""
    if roles:
        mine = {"day": {"$in": list(days)}, "scope": {"$in": sorted(roles)}, "writer": writer}
        database().market_figures.update_many(mine, {"$set": {"writer": WITHHELD}})


def commit(*, writer: str, state: CommittedState, version: str | None = None) -> bool:
    """Let a writer's rows be seen, under a version where one is given; in one write.

    False where another version has been committed since `state` was read: then nothing changes.
    """
    change: dict[str, Any] = {"$addToSet": {"committed": writer}, "$inc": {"commits": 1}}
    if version is not None:
        change["$set"] = {"version": version}
    try:
        result = database().stats_state.update_one({"_id": _STATE, "version": state.version}, change, upsert=True)
    except DuplicateKeyError:
        return False
    return bool(result.matched_count or result.upserted_id)


def tidy_up(*, writer: str, days: Sequence[datetime], state: CommittedState) -> None:
    """Forget what the rows of a committed writer were before, and those of writers that died before they did so."""
    tidied: list[dict[str, Any]] = [{"day": {"$in": list(days)}, "writer": writer}]
    tidied += [{"writer": each} for each in state.committed]
    for rows in tidied:
        database().market_figures.bulk_write(
            [
                DeleteMany(rows | {"postings": {"$exists": False}}),
                UpdateMany(rows, {"$unset": {"writer": "", "before": ""}}),
            ]
        )
    database().stats_state.update_one({"_id": _STATE}, {"$pull": {"committed": {"$in": [writer, *state.committed]}}})
