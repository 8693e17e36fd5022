"""Boards and their health: which boards are due, how a run is started for them, and the outcome of a collection."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import mongoengine

from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from ingestion.documents import OPEN_RUN_STATUSES, Board, CollectionRunDocument, Search
from ingestion.runs import UnusableRequestError
from ingestion.sources.base import BoardAddress, BoardSource, InvalidBoardName
from ingestion.sources.registry import get_board_source
from market.jobs.services import close_postings

# A run is stored as one document, which every step of the run rewrites.
MAX_BOARDS_PER_RUN = 50
# Consecutive failures after which retries of a board are delayed, longer after each further failure.
_FAILURES_BEFORE_DELAY = 3
_FIRST_RETRY_DELAY, _MAX_RETRY_DELAY = timedelta(hours=6), timedelta(hours=24)
# A board counts as gone after two 404 responses that are at least this far apart.
GONE_CONFIRMATION = timedelta(hours=6)
# A board that is gone is requested again after this time.
_GONE_RETRY_DELAY = timedelta(days=7)
_MAX_RECENT_COUNTS = 5


def build_key(*, source: str, name: str) -> str:
    """Return the key of a board, such as "greenhouse/acme"."""
    return f"{source}/{name}"


def find_board(key: str) -> Board:
    """Return the board with this key. Raises `Board.DoesNotExist`."""
    source, _, name = key.partition("/")
    board: Board = Board.objects.get(source=source, name=name)
    return board


def get_address(board: Board) -> BoardAddress:
    """Return the board's address, which a source needs to fetch the board."""
    return BoardAddress(name=board.name, company=board.company or "", host=board.host or "")


def seed_boards(*, entries: Iterable[dict[str, Any]], now: datetime) -> SeedSummary:
    """Insert or update the boards of the seed file, and leave boards that a curator edited unchanged.

    Raises:
        InvalidEntry: An entry is not a valid board. Nothing has been written.
    """
    contents = []
    for entry in entries:
        try:
            document = Board(**entry)
            document.validate(clean=True)
            get_address(document).check()
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist, InvalidBoardName) as error:
            raise InvalidEntry(f"{entry.get('name')}: {error}") from error
        contents.append({name: getattr(document, name) for name in Board.SEEDED_FIELDS})
    summary = seed_entries(document=Board, key=("source", "name"), entries=contents, now=now)
    # `evidence` is not a seeded field, because a collection that changes it must not count as an edit.
    database().boards.update_many({"evidence": None}, {"$set": {"evidence": "unverified"}})
    return summary


def close_held_postings(*, board: Board, now: datetime) -> int:
    """Close the held postings of a board after staff have confirmed that they are closed. Return how many were open."""
    closed = close_postings(source=board.source, job_ids=board.held_ids, now=now)
    database().boards.update_one(
        {"_id": board.id},
        {"$pull": {"open_ids": {"$in": list(board.held_ids)}}, "$unset": {"held_ids": "", "held_reason": ""}},
    )
    return closed


def add_feeds(*, source: BoardSource, now: datetime) -> None:
    """Store the feeds that a source consists of, unless they are already stored."""
    for name in source.list_boards():
        query = {"source": source.name, "name": name}
        fields = {"evidence": "confirmed", "failures": 0, "updated_at": now}
        database().boards.update_one(query, {"$setOnInsert": fields}, upsert=True)


def list_boards(*, source: BoardSource) -> list[str]:
    """Return the names of all boards of the source."""
    return list(database().boards.distinct("name", {"source": source.name}))


def list_due_boards(*, source: BoardSource, now: datetime) -> list[str]:
    """Return the names of the source's boards that may be collected now, least recently collected first."""
    pause = timedelta(hours=source.politeness.hours_between_collections)
    boards = database().boards.find(
        {
            "source": source.name,
            "hidden": {"$ne": True},
            "$and": [
                {"$or": [{"collected_at": None}, {"collected_at": {"$lte": now - pause}}]},
                {"$or": [{"retry_at": None}, {"retry_at": {"$lte": now}}]},
            ],
        },
        {"name": 1},
    )
    return [board["name"] for board in boards.sort([("collected_at", 1), ("_id", 1)])]


def start_board_runs(
    *,
    source: BoardSource,
    names: Sequence[str],
    trigger: str,
    requested_by: str | None = None,
    now: datetime,
) -> list[CollectionRunDocument]:
    """Record runs that collect the given boards of a source. Boards in an open run are left out."""
    open_runs = CollectionRunDocument.objects(status__in=OPEN_RUN_STATUSES, source=source.name)
    open_keys = {search.role for run in open_runs for search in run.searches}
    keys = [key for name in dict.fromkeys(names) if (key := build_key(source=source.name, name=name)) not in open_keys]
    return [
        CollectionRunDocument(
            trigger=trigger,
            source=source.name,
            requested_by=requested_by,
            roles=chunk,
            created_at=now,
            heartbeat_at=now,
            searches=[Search(role=key, place="") for key in chunk],
        ).save()
        for start in range(0, len(keys), MAX_BOARDS_PER_RUN)
        if (chunk := keys[start : start + MAX_BOARDS_PER_RUN])
    ]


def start_repeated_board_run(
    *, source: str, keys: Sequence[str], requested_by: str | None, now: datetime
) -> CollectionRunDocument:
    """Record a run that collects the boards with these keys again.

    Raises:
        UnusableRequestError: All of these boards are already being collected. The reason is `nothing_to_repeat`.
    """
    names = [key.partition("/")[2] for key in keys]
    runs = start_board_runs(
        source=get_board_source(source), names=names, trigger="admin", requested_by=requested_by, now=now
    )
    if not runs:
        raise UnusableRequestError("nothing_to_repeat", "the boards are being collected already")
    return runs[0]


def record_success(*, board: Board, values: dict[str, Any], count: int, now: datetime) -> None:
    """Store the success of a collection that found `count` postings. `values` contains further fields to set."""
    changes = {
        "collected_at": now,
        "failures": 0,
        "postings": count,
        "recent_counts": [count, *board.recent_counts][:_MAX_RECENT_COUNTS],
        **({"yielded_at": now} if count else {"empty_since": board.empty_since or now}),
    } | values
    unset = dict.fromkeys(("last_error", "retry_at", "missing_since", "gone_at"), "")
    if count:
        unset["empty_since"] = ""
    unset |= {name: "" for name, value in changes.items() if value in (None, "")}
    stored = {name: value for name, value in changes.items() if name not in unset}
    database().boards.update_one({"_id": board.id}, {"$set": stored, "$unset": unset})


def record_failure(*, board: Board, error: str, not_found: bool, now: datetime) -> bool:
    """Record that a board could not be collected. Return True if this failure marks the board as gone.

    From the third consecutive failure on, retries are delayed by 6, 12, then 24 hours. Two 404 responses at least six
    hours apart mark a board as gone. It is then requested once per week.
    """
    failures = board.failures + 1
    delay_count = max(0, failures - _FAILURES_BEFORE_DELAY + 1)
    delay = min(_FIRST_RETRY_DELAY * 2 ** min(delay_count - 1, 8), _MAX_RETRY_DELAY) if delay_count else timedelta()
    missing_since = (board.missing_since or now) if not_found else None
    is_gone = bool(missing_since and now - missing_since >= GONE_CONFIRMATION)
    changes: dict[str, Any] = {"failures": failures, "last_error": error[:500], "retry_at": now + delay}
    unset = {} if missing_since else {"missing_since": ""}
    if missing_since:
        changes |= {"missing_since": missing_since, "retry_at": now + max(delay, GONE_CONFIRMATION)}
    if is_gone:
        changes |= {"gone_at": board.gone_at or now, "retry_at": now + _GONE_RETRY_DELAY}
    update: dict[str, Any] = {"$set": changes} | ({"$unset": unset} if unset else {})
    database().boards.update_one({"_id": board.id}, update)
    return is_gone and board.gone_at is None
