"""Collection of one board of a run in three steps: extract items, transform them to postings, and load the postings.

The run records the outcome. Leases, attempts and resuming work as for TheirStack searches (`ingestion.collection`).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from bson import ObjectId

from career_navigator.db.connection import redis_client
from ingestion.boards import find_board, get_address, record_failure, record_success
from ingestion.closing import ClosingDecision, decide_closings
from ingestion.collected_roles import Lease, LeaseLostError, acquire_lease, release_lease, renew_lease
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, Board, CollectionRunDocument
from ingestion.runs import (
    MAX_ATTEMPTS,
    build_rejection,
    close_if_done,
    describe_lost_outcome,
    list_open_searches,
    update_search,
)
from ingestion.sources.base import BoardAddress, BoardSource, InvalidBoardName, Kind, SourceResponse, UnexpectedResponse
from ingestion.sources.registry import build_base_url, get_board_source
from ingestion.sources.transport import (
    BoardNotFound,
    PoliteSession,
    RetryableSourceError,
    SourceError,
    Validators,
    build_user_agent,
)
from market.jobs.services import close_postings, list_stored_ids, reopen_postings
from market.posting import Posting, PostingRejected
from market.services import StoreOutcome, store_postings

logger = logging.getLogger(__name__)

_BATCH = 500
Clock = Callable[[], datetime]


@dataclass(slots=True, kw_only=True)
class _Listing:
    """The items of a board. `unidentified_count` counts items without a readable id."""

    items: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unidentified_count: int = 0
    not_modified: bool = False
    validators: Validators


@dataclass(slots=True, kw_only=True)
class _Transformed:
    """The postings of a listing, the rejected items, and the number of items that are not open postings."""

    postings: list[Posting] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    filtered: int = 0


def collect_board(*, run_id: ObjectId, key: str, clock: Clock, task_id: str | None = None) -> None:
    """Collect a board of a run. Errors that end its collection are recorded on the run and the board.

    Concurrent and repeated calls are safe, as for `ingestion.collection.collect_role`.
    """
    run = CollectionRunDocument.objects.get(id=run_id)
    for index in list_open_searches(run=run, role=key):
        lease = acquire_lease(run=run, index=index, now=clock(), task_id=task_id)
        if lease is None:
            continue
        try:
            _collect(run, lease, clock)
        except LeaseLostError as error:
            logger.warning("run %s stops collecting %s: %s", run.id, key, error)
        finally:
            release_lease(lease=lease)
    close_if_done(run_id=run_id, now=clock())


def _collect(run: CollectionRunDocument, lease: Lease, clock: Clock) -> None:
    run.reload()
    search, now = run.searches[lease.index], clock()
    if run.status not in OPEN_RUN_STATUSES or search.status not in OPEN_SEARCH_STATUSES:
        return
    if run.cancel_requested:
        _update(lease, now, {"status": "cancelled"})
        return
    if search.attempts >= MAX_ATTEMPTS:
        _update(lease, now, describe_lost_outcome(search=search))
        return
    _update(lease, now, {"attempts": search.attempts + 1, "resume_at": None, "error": None})
    try:
        board = find_board(search.role)
    except Board.DoesNotExist:
        _update(lease, now, {"status": "failed", "error": "the board was deleted"})
        return
    source, address = get_board_source(board.source), get_address(board)
    try:
        listing = extract(source=source, board=board, address=address)
    except RetryableSourceError as error:
        if error.retry_after_seconds is None:
            _fail(board, lease, error.reason, str(error), clock())
            return
        resume_at = clock() + timedelta(seconds=error.retry_after_seconds)
        waiting = {"status": "waiting", "resume_at": resume_at, "error": f"{error.reason}: {error}", "attempts": 0}
        _update(lease, clock(), waiting)
        return
    except BoardNotFound as error:
        _fail(board, lease, error.reason, str(error), clock(), not_found=True)
        return
    except (SourceError, UnexpectedResponse) as error:
        _fail(board, lease, error.reason, str(error), clock())
        return
    except InvalidBoardName as error:
        _fail(board, lease, "invalid_name", str(error), clock())
        return
    transformed = transform(source=source, listing=listing, address=address)
    renew_lease(lease=lease, now=clock())
    counts = load(source=source, board=board, listing=listing, transformed=transformed, now=clock())
    update_search(
        run_id=lease.run_id,
        index=lease.index,
        now=clock(),
        lease_token=lease.token,
        values={"status": "finished", "exhausted": True},
        counts=counts,
        rejections=transformed.rejections,
    )


def extract(*, source: BoardSource, board: Board, address: BoardAddress) -> _Listing:
    """Fetch the items of a board. For a feed, stop after the first page whose postings are all stored.

    Raises the errors of `ingestion.sources.transport`, `UnexpectedResponse` and `InvalidBoardName`.
    """
    base_url = build_base_url(source=source, address=address)
    stored = Validators(board.etag, board.last_modified, board.body_hash)
    validators = stored if source.is_conditional else Validators()
    session = PoliteSession(
        redis=redis_client(),
        requests_per_minute=source.politeness.requests_per_minute,
        user_agent=build_user_agent(),
        validators=validators,
        sleep=sleep,
    )
    listing = _Listing(validators=session.validators)

    def fetch(url: str) -> SourceResponse:
        response = session.get(url)
        if response.not_modified:
            raise _NotModified
        return response

    try:
        for page in source.extract(board=address, base_url=base_url, fetch=fetch):
            ids = _add_items(listing, page, source, address)
            if source.kind == Kind.FEED and ids and ids <= list_stored_ids(source=source.name, job_ids=ids):
                break
    except _NotModified:
        listing.not_modified = True
    finally:
        session.close()
    listing.validators = session.validators
    return listing


class _NotModified(Exception):
    """The board has not changed since the previous collection, so there is nothing to parse."""


def _add_items(listing: _Listing, page: list[Any], source: BoardSource, address: BoardAddress) -> set[str]:
    """Add the items of a page and return their ids."""
    ids = set()
    for item in page:
        job_id = source.identify(item, board=address) if isinstance(item, Mapping) else None
        if job_id is None:
            listing.unidentified_count += 1
            continue
        ids.add(job_id)
        listing.items.setdefault(job_id, item)
    return ids


def transform(*, source: BoardSource, listing: _Listing, address: BoardAddress) -> _Transformed:
    """Convert the items of a listing to postings."""
    transformed = _Transformed()
    for job_id, item in listing.items.items():
        try:
            posting = source.transform(item, board=address)
        except PostingRejected as error:
            transformed.rejections.append(build_rejection(error.reason, str(error), job_id))
            continue
        if posting is None:
            transformed.filtered += 1
        else:
            transformed.postings.append(posting)
    missing_id = build_rejection("no_id", "The item has no readable id.", None)
    transformed.rejections += [missing_id] * listing.unidentified_count
    return transformed


def load(
    *, source: BoardSource, board: Board, listing: _Listing, transformed: _Transformed, now: datetime
) -> dict[str, int]:
    """Store listed postings, reopen closed ones, close missing postings, and record the health of the board.

    Returns the counts for the run.
    """
    # A second empty listing must still be processed, because it confirms that the postings are closed.
    if listing.not_modified and board.postings:
        record_success(board=board, values={}, count=board.postings, now=now)
        return {"pages": 1, "unchanged": board.postings}
    outcome = StoreOutcome()
    for start in range(0, len(transformed.postings), _BATCH):
        stored = store_postings(postings=transformed.postings[start : start + _BATCH], now=now)
        outcome.collected += stored.collected
        outcome.updated += stored.updated
        outcome.unchanged += stored.unchanged
        outcome.refused += stored.refused
    transformed.rejections += [
        build_rejection(reason, "its day is past retention", None) for reason in outcome.refused.elements()
    ]
    open_ids = [posting.job_id for posting in transformed.postings if posting.job_id]
    reopen_postings(source=source.name, job_ids=open_ids)
    decision = ClosingDecision()
    if source.kind == Kind.BOARD:
        decision = decide_closings(
            open_ids=board.open_ids,
            listed_ids=listing.items,
            unidentified_count=listing.unidentified_count,
            recent_counts=board.recent_counts,
            empty_since=board.empty_since,
            returns_404=source.returns_404,
            now=now,
        )
    closed = close_postings(source=source.name, job_ids=decision.closed, now=now)
    validators = listing.validators
    values: dict[str, Any] = {
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "body_hash": validators.body_hash,
        "held_reason": decision.reason,
        "held_ids": sorted(decision.held_for_review),
        # Held postings stay open, so that the next listing can close them.
        "open_ids": sorted({*listing.items, *decision.held_for_review}) if source.kind == Kind.BOARD else [],
    }
    if board.evidence == "unverified" and source.has_company_names and _confirms_company(board, transformed.postings):
        values["evidence"] = "payload"
    record_success(board=board, values=values, count=len(listing.items) + listing.unidentified_count, now=now)
    return {
        "pages": 1,
        "collected": outcome.collected,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "filtered": transformed.filtered,
        "closed": closed,
    }


def _confirms_company(board: Board, postings: list[Posting]) -> bool:
    """Return whether all postings name the company that the board is listed under."""
    listed = "".join(filter(str.isalnum, (board.company or "").casefold()))
    named = {"".join(filter(str.isalnum, posting.company.casefold())) for posting in postings}
    return bool(listed) and named == {listed}


def _fail(board: Board, lease: Lease, reason: str, message: str, now: datetime, *, not_found: bool = False) -> None:
    """Record a failure on the board and the run. Close the board's postings if the board no longer exists."""
    if record_failure(board=board, error=f"{reason}: {message}", not_found=not_found, now=now):
        close_postings(source=board.source, job_ids=board.open_ids, now=now)
    logger.warning("cannot collect %s: %s: %s", board, reason, message)
    _update(lease, now, {"status": "failed", "error": f"{reason}: {message}"})


def _update(lease: Lease, now: datetime, values: dict[str, Any]) -> None:
    update_search(run_id=lease.run_id, index=lease.index, now=now, lease_token=lease.token, values=values)
