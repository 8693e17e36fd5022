"""Collection of one role of a run: fetch its pages from TheirStack and store the postings in the market.

The run records each page, so a lost worker costs at most one page. Writes carry the lease's token as a fencing token.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from tenacity import AttemptManager, RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from career_navigator.api.exceptions import is_server_unavailable
from ingestion.collected_roles import (
    Lease,
    LeaseLostError,
    acquire_lease,
    build_collected_state,
    find_newest,
    find_other_holder,
    plan_first_page,
    plan_paging,
    release_lease,
    renew_lease,
)
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectionRunDocument, Search
from ingestion.request_pacing import PacingUnavailable
from ingestion.role_searches import belongs_to_search, build_search_payload
from ingestion.runs import (
    MAX_ATTEMPTS,
    begin_search,
    build_rejection,
    close_if_done,
    describe_lost_outcome,
    list_open_searches,
    stop_run,
    update_search,
)
from ingestion.source import (
    BudgetSpentError,
    CollectionHaltedError,
    Reservation,
    halt_collection,
    require_running_source,
    reserve_credits,
    settle_credits,
    store_max_page_size,
)
from ingestion.sources.theirstack.client import FREE_PLAN_PAGE_SIZE, TheirStackClient
from ingestion.sources.theirstack.errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackOutOfCreditsError,
    TheirStackPlanLimitError,
    TheirStackRetryableError,
)
from ingestion.sources.theirstack.transform import transform_job
from market.jobs.selectors import count_stored_since
from market.posting import Posting, PostingRejected
from market.role_selectors import get_role_table
from market.services import StoreOutcome, store_postings

logger = logging.getLogger(__name__)

# Storing a fetched page is given up when only this share of the lease is left.
STORING_MARGIN = 0.05
STORING_TIMEOUT_SECONDS = 2.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of results. `jobs` counts all jobs returned, each of which costs a credit."""

    jobs: int
    postings: list[Posting]
    filtered: int
    rejections: list[dict[str, Any]]
    ids: list[str]


def collect_role(
    *, run_id: ObjectId, role: str, client: TheirStackClient, clock: Clock, task_id: str | None = None
) -> None:
    """Collect every open search of a run's role. Errors that end a search are recorded on the run.

    The days of the stored postings are marked dirty, and the caller refreshes the daily stats, once for several roles.

    Concurrent and repeated calls are safe: only one caller holds the lease on a search, and a closed search stays
    closed. If a database is unavailable, its error is raised. The search is then resumed when its lease expires, or
    earlier if Celery delivers the task `task_id` again.
    """
    run = CollectionRunDocument.objects.get(id=run_id)
    for index in list_open_searches(run=run, role=role):
        _collect_search(run, index, client, clock, task_id)
    close_if_done(run_id=run_id, now=clock())


def _collect_search(
    run: CollectionRunDocument, index: int, client: TheirStackClient, clock: Clock, task_id: str | None
) -> None:
    lease = acquire_lease(run=run, index=index, now=clock(), task_id=task_id)
    try:
        if lease is None:
            _skip_when_leased_elsewhere(run, index, clock())
            return
        collected = _collect_pages(run, client, clock, lease)
        # The role's new state is stored before the search is closed: a crash in between must not cost the pages again.
        if not release_lease(lease=lease, collected=collected) and collected:
            raise LeaseLostError(f"another worker has the lease on {lease.role}, {lease.place}")
        if collected:
            _update(lease, clock(), {"status": "finished"})
    except LeaseLostError as error:
        logger.warning("run %s stops collecting %s: %s", run.id, run.searches[index].role, error)
        if lease:
            release_lease(lease=lease)


def _skip_when_leased_elsewhere(run: CollectionRunDocument, index: int, now: datetime) -> None:
    holder = find_other_holder(run=run, index=index)
    if not holder:
        return
    run.reload()
    if _is_open(run, index):
        values = {"status": "skipped", "error": f"run {holder} is collecting it"}
        token = run.searches[index].lease_token
        update_search(run_id=run.id, index=index, now=now, lease_token=token, values=values)


def _collect_pages(
    run: CollectionRunDocument, client: TheirStackClient, clock: Clock, lease: Lease
) -> dict[str, Any] | None:
    """Collect the search and record how it ended. Return the role's new collected state, or None if it failed."""
    try:
        return _fetch_pages(run, client, clock, lease)
    except TheirStackRetryableError as error:
        if error.reason == PacingUnavailable.reason:
            # Redis is unavailable, not TheirStack. The search is resumed later. No request was sent, so the attempt
            # does not count towards `MAX_ATTEMPTS`, which detects pages that kill their worker.
            _update(lease, clock(), {"attempts": max(0, run.searches[lease.index].attempts - 1)})
            release_lease(lease=lease)
            raise
        if error.reason in {"timeout", "network"} and clock() >= lease.until:
            # This process was suspended meanwhile, so the error does not mean that TheirStack failed.
            raise LeaseLostError(f"its lease expired: {error}") from error
        if error.retry_after_seconds is None:
            _fail(run, lease, error, clock())
        else:
            now = clock()
            resume_at = now + timedelta(seconds=error.retry_after_seconds)
            values = {"status": "waiting", "resume_at": resume_at, "error": f"{error.reason}: {error}", "attempts": 0}
            _update(lease, now, values)
    except TheirStackOutOfCreditsError as error:
        # The lease is renewed first: a worker whose lease expired may have stale information about the credits.
        renew_lease(lease=lease, now=clock())
        halt_collection(reason=error.reason, now=clock())
        stop_run(run_id=run.id, error=f"{error.reason}: {error}", now=clock(), lease=lease)
    except (TheirStackAuthenticationError, BudgetSpentError, CollectionHaltedError) as error:
        stop_run(run_id=run.id, error=f"{error.reason}: {error}", now=clock(), lease=lease)
    except TheirStackClientError as error:
        _fail(run, lease, error, clock())
    return None


def _fetch_pages(
    run: CollectionRunDocument, client: TheirStackClient, clock: Clock, lease: Lease
) -> dict[str, Any] | None:
    """Fetch and store pages until the search is over. Return the role's new collected state if it is exhausted."""
    _begin(run, lease, clock)
    while True:
        run.reload()
        search, now = run.searches[lease.index], clock()
        if not _is_open(run, lease.index):
            # Another worker stopped the run, so the outcome of further pages could not be recorded.
            return None
        if search.exhausted:
            return build_collected_state(run, lease.index, now)
        if run.cancel_requested:
            _update(lease, now, {"status": "cancelled"})
            return None
        if search.limit == 0:
            _update(lease, now, {"status": "skipped", "error": "the role's limit was reached in other places"})
            return None
        require_running_source()
        renew_lease(lease=lease, now=now)
        try:
            page = _fetch_next_page(run, client, clock, lease)
        except TheirStackPlanLimitError as error:
            if search.page_size <= FREE_PLAN_PAGE_SIZE:
                if search.page == 0:
                    raise
                # The free plan also limits the number of pages per search.
                reached = {"exhausted": True, "error": f"the plan does not allow page {search.page}: {error}"}
                _update(lease, now, reached)
                continue
            logger.warning("TheirStack: %s; continuing with pages of %d", error, FREE_PLAN_PAGE_SIZE)
            store_max_page_size(size=FREE_PLAN_PAGE_SIZE)
            _update(lease, now, plan_paging(search.limit))
            continue
        _store_page(run, page, clock, lease)


def _update(lease: Lease, now: datetime, values: dict[str, Any]) -> None:
    update_search(run_id=lease.run_id, index=lease.index, now=now, lease_token=lease.token, values=values)


def _is_open(run: CollectionRunDocument, index: int) -> bool:
    return run.status in OPEN_RUN_STATUSES and run.searches[index].status in OPEN_SEARCH_STATUSES


def _begin(run: CollectionRunDocument, lease: Lease, clock: Clock) -> None:
    """Count an attempt at the search. On the first attempt, also store its limit and start time."""
    while True:
        run.reload()
        search, now = run.searches[lease.index], clock()
        if search.attempts >= MAX_ATTEMPTS:
            _update(lease, now, describe_lost_outcome(search=search))
            return
        attempt = {"status": "running", "attempts": search.attempts + 1, "resume_at": None, "error": None}
        if search.limit is not None:
            _update(lease, now, attempt)
            return
        values = attempt | plan_first_page(run, lease.index, now)
        if begin_search(run=run, index=lease.index, lease_token=lease.token, now=now, values=values):
            return
        run.reload()
        if run.searches[lease.index].lease_token != lease.token or not _is_open(run, lease.index):
            raise LeaseLostError(f"search {lease.index} of run {run.id} is over or belongs to another worker")


def _fetch_next_page(run: CollectionRunDocument, client: TheirStackClient, clock: Clock, lease: Lease) -> _Page:
    """Fetch the search's next page. Credits stay reserved for requests that may be charged without a response."""
    search = run.searches[lease.index]
    before = search.page * search.page_size
    # A smaller last page needs an offset, since its start is not a multiple of its own size.
    rows = min(search.page_size, search.limit - before)
    payload = build_search_payload(
        role=search.role,
        place=search.place,
        max_age_days=run.max_age_days,
        limit=rows,
        page=search.page if rows == search.page_size else 0,
        offset=0 if rows == search.page_size else before,
        table=get_role_table(),
        discovered_since=search.discovered_since,
        known_job_ids=search.excluded_ids,
    )
    reservations: list[Reservation] = []

    def release_unused(lost_attempts: int) -> None:
        for reservation in reservations[lost_attempts:]:
            settle_credits(reservation=reservation, used=0)

    def prepare_attempt(lost_attempts: int) -> None:
        if clock() >= lease.until:
            # This process was suspended, so its successor may already have requested this page.
            try:
                renew_lease(lease=lease, now=clock())
            except LeaseLostError:
                release_unused(lost_attempts)
                raise
        if len(reservations) == lost_attempts:
            budget = settings.THEIR_STACK_CREDIT_BUDGET
            reservations.append(reserve_credits(credits=rows, budget=budget, now=clock()))

    try:
        jobs = client.search_jobs(payload, before_sending=prepare_attempt).jobs
    except TheirStackClientError as error:
        release_unused(len(reservations) if error.lost_attempts is None else error.lost_attempts)
        raise
    for attempt in _wait_for_servers(lease, clock):
        with attempt:
            settle_credits(reservation=reservations[-1], used=len(jobs))
    return _parse_page(jobs, search.role)


def _parse_page(jobs: Sequence[Any], role: str) -> _Page:
    postings, rejections = [], []
    for job in jobs:
        try:
            postings.append(transform_job(job))
        except PostingRejected as error:
            job_id = job.get("id") if isinstance(job, Mapping) else None
            rejections.append(build_rejection(error.reason, str(error), job_id))
    table = get_role_table()
    kept = [each for each in postings if belongs_to_search(role=role, title=each.title, table=table)]
    ids = [str(job.get("id") or job.get("job_id")) for job in jobs if isinstance(job, Mapping)]
    filtered = len(postings) - len(kept)
    return _Page(jobs=len(jobs), postings=kept, filtered=filtered, rejections=rejections, ids=ids)


def _store_page(run: CollectionRunDocument, page: _Page, clock: Clock, lease: Lease) -> None:
    """Store a page, record its outcome, and mark the search as exhausted after its last page."""
    search = run.searches[lease.index]
    for attempt in _wait_for_servers(lease, clock):
        with attempt:
            # A worker without a valid lease must not store: its successor would count these postings as unchanged.
            renew_lease(lease=lease, now=clock())
            outcome = store_postings(postings=page.postings, role=search.role, place=search.place, now=clock())
            if search.attempts > 1 or attempt.retry_state.attempt_number > 1:
                outcome = _recount(search, page, outcome)
    too_old = [build_rejection(reason, "its day is past retention", None) for reason in outcome.refused.elements()]
    rejections = [*page.rejections, *too_old]
    # A repeated page means that the source ignores the paging.
    repeats = bool(page.ids) and page.ids == search.last_page_ids
    last = page.jobs < search.page_size or (search.page + 1) * search.page_size >= search.limit or repeats
    # Attempts are counted per page, and the first attempt at the next page begins now.
    values: dict[str, Any] = {"page": search.page + 1, "last_page_ids": page.ids, "attempts": 1}
    values |= find_newest(search, page.postings)
    if repeats:
        values["error"] = f"page {search.page} repeats the previous page; stopped there"
    if last:
        values["exhausted"] = True
    counts = {
        "pages": 1,
        "credits": page.jobs,
        "collected": outcome.collected,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "filtered": page.filtered,
    }
    for attempt in _wait_for_servers(lease, clock):
        with attempt:
            _record_page(run, lease, clock(), page=search.page, values=values, counts=counts, rejections=rejections)
    logger.info(
        "collected %s in %s, page %d: %d jobs, %d new, %d updated, %d unchanged, %d filtered, %d rejected",
        *(search.role, search.place, search.page, page.jobs, outcome.collected, outcome.updated),
        *(outcome.unchanged, page.filtered, len(rejections)),
    )


def _record_page(
    run: CollectionRunDocument,
    lease: Lease,
    now: datetime,
    *,
    page: int,
    values: dict[str, Any],
    counts: dict[str, int],
    rejections: Sequence[dict[str, Any]],
) -> None:
    """Record the outcome of a page. Idempotent. Raises `LeaseLostError`."""
    try:
        update_search(
            run_id=run.id,
            index=lease.index,
            now=now,
            lease_token=lease.token,
            values=values | {"page_started_at": now},
            counts=counts,
            rejections=rejections,
            page=page,
        )
    except LeaseLostError:
        run.reload()
        search = run.searches[lease.index]
        # If the token is ours and the page has advanced, an earlier try succeeded and its response was lost.
        if search.lease_token != lease.token or search.page != page + 1:
            raise


def _recount(search: Search, page: _Page, outcome: StoreOutcome) -> StoreOutcome:
    """Count what all attempts at a page stored, since earlier attempts may not have been recorded."""
    if search.page_started_at is None:
        return outcome
    collected, updated = count_stored_since(
        postings=page.postings, role=search.role, place=search.place, since=search.page_started_at
    )
    collected, updated = max(collected, outcome.collected), max(updated, outcome.updated)
    unchanged = len(page.postings) - outcome.refused.total() - collected - updated
    return StoreOutcome(collected=collected, updated=updated, unchanged=max(0, unchanged), refused=outcome.refused)


def _wait_for_servers(lease: Lease, clock: Clock) -> Iterator[AttemptManager]:
    """Yield attempts to write a page that was already paid for, until shortly before the lease ends."""
    give_up_at = lease.until - timedelta(seconds=settings.COLLECTION_LEASE_SECONDS * STORING_MARGIN)

    def is_over(state: RetryCallState) -> bool:
        return clock() + timedelta(seconds=state.upcoming_sleep) >= give_up_at

    def log(state: RetryCallState) -> None:
        error = type(state.outcome.exception()).__name__ if state.outcome else ""
        logger.warning("cannot store a page of %s, %s yet, retrying: %s", lease.role, lease.place, error)

    yield from Retrying(
        retry=retry_if_exception(is_server_unavailable),
        wait=wait_random_exponential(multiplier=0.1, max=STORING_TIMEOUT_SECONDS),
        stop=is_over,
        before_sleep=log,
        reraise=True,
    )


def _fail(run: CollectionRunDocument, lease: Lease, error: TheirStackClientError, now: datetime) -> None:
    _update(lease, now, {"status": "failed", "error": f"{error.reason}: {error}"})
    logger.error("collecting %s failed: %s: %s", run.searches[lease.index].role, error.reason, error)
