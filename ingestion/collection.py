"""Collecting one role of a run: page by page from TheirStack into the market.

After each page the run holds what came of it and which page is next, so a lost worker costs one page.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings

from ingestion.credits import BudgetSpentError, reserve_credits, settle_credits
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectionRun
from ingestion.request_pacing import PacingUnavailable
from ingestion.role_searches import belongs_to_search, search_payload
from ingestion.runs import (
    claim_search,
    claimed_by_other_run,
    close_if_done,
    collected_role,
    open_searches,
    release_claim,
    renew_claim,
    stop_run,
    update_search,
)
from ingestion.source import (
    CollectionHaltedError,
    halt_collection,
    largest_page,
    learn_largest_page,
    refuse_when_halted,
)
from ingestion.theirstack import FREE_PLAN_PAGE_SIZE, TheirStackClient
from ingestion.theirstack_errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackOutOfCreditsError,
    TheirStackPlanLimitError,
    TheirStackRetryableError,
)
from ingestion.theirstack_jobs import posting_from_job
from market.posting import Posting, RefusedPosting
from market.refresh import refresh_figures
from market.services import store_postings

logger = logging.getLogger(__name__)

LONGEST_SAMPLE_CHARACTERS = 300

Clock = Callable[[], datetime]


class _ClaimLost(Exception):
    """The lease lapsed and another run took the role over."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of answers, sorted out. `jobs` counts all that were returned, and so paid for."""

    jobs: int
    postings: list[Posting]
    filtered: int
    refused: list[dict[str, Any]]
    ids: list[str]


def collect_role(*, run_id: ObjectId, role: str, client: TheirStackClient, clock: Clock) -> None:
    """Collect every open search of a run's role. What stops it is recorded on the run.

    Harmless when called twice, at once or again: a search is held by one caller at a time, and one that is over stays
    so. Databases that are away raise; the search is taken up again when its lease lapses.
    """
    run = CollectionRun.objects.get(id=run_id)
    for index in open_searches(run=run, role=role):
        _collect_search(run, index, client, clock)
    # Once for all places: every window's answer is rendered anew.
    refresh_figures(now=clock())
    close_if_done(run_id=run_id, now=clock())


def _collect_search(run: CollectionRun, index: int, client: TheirStackClient, clock: Clock) -> None:
    token = claim_search(run=run, index=index, now=clock())
    if token is None:
        holder = claimed_by_other_run(run=run, index=index)
        if holder:
            values = {"status": "skipped", "error": f"run {holder} is collecting it"}
            update_search(run_id=run.id, index=index, now=clock(), values=values)
        return
    # Whoever held the claim until now may have ended the search.
    run.reload()
    if not _is_open(run, index):
        release_claim(run=run, index=index, token=token)
        return
    try:
        collected = _fetch_pages(run, index, client, clock, token)
    except _ClaimLost:
        logger.warning("run %s lost its claim on %s", run.id, run.searches[index].role)
        return
    except TheirStackRetryableError as error:
        if error.reason == PacingUnavailable.reason:
            # Redis is away, not TheirStack: nothing was asked, and the search is taken up again later.
            raise
        _pause_or_fail(run, index, error, clock())
    except TheirStackAuthenticationError as error:
        stop_run(run_id=run.id, error=f"{error.reason}: {error}", now=clock())
    except TheirStackOutOfCreditsError as error:
        halt_collection(reason=error.reason, now=clock())
        stop_run(run_id=run.id, error=f"{error.reason}: {error}", now=clock())
    except (BudgetSpentError, CollectionHaltedError) as error:
        stop_run(run_id=run.id, error=f"{error.reason}: {error}", now=clock())
    except TheirStackClientError as error:
        _fail(run, index, error, clock())
    else:
        # What the role was collected for comes first: a search that ended without it would be paid for again.
        release_claim(run=run, index=index, token=token, collected=collected)
        if collected:
            update_search(run_id=run.id, index=index, now=clock(), values={"status": "finished"})
        return
    release_claim(run=run, index=index, token=token)


def _fetch_pages(
    run: CollectionRun, index: int, client: TheirStackClient, clock: Clock, token: str
) -> dict[str, Any] | None:
    """Fetch and store until the search is over; what is then known of the role, None when nothing was searched."""
    _begin(run, index, clock())
    while True:
        run.reload()
        search, now = run.searches[index], clock()
        if not _is_open(run, index):
            # Another worker stopped the run: what came of further pages would be recorded nowhere.
            return None
        if search.exhausted:
            return _collected(run, index, now)
        if run.cancel_requested:
            update_search(run_id=run.id, index=index, now=now, values={"status": "cancelled"})
            return None
        if search.limit == 0:
            values = {"status": "skipped", "error": "the role's limit was reached in other places"}
            update_search(run_id=run.id, index=index, now=now, values=values)
            return None
        refuse_when_halted()
        if not renew_claim(run=run, index=index, token=token, now=now):
            raise _ClaimLost
        try:
            page = _fetch(run, index, client, now)
        except TheirStackPlanLimitError as error:
            if search.page_size <= FREE_PLAN_PAGE_SIZE:
                if search.page == 0:
                    raise
                # The free plan also bounds how many pages a search may have.
                reached = {"exhausted": True, "error": f"the plan allows no page {search.page}: {error}"}
                update_search(run_id=run.id, index=index, now=now, values=reached)
                continue
            logger.warning("TheirStack: %s; pages of %d from now on", error, FREE_PLAN_PAGE_SIZE)
            learn_largest_page(size=FREE_PLAN_PAGE_SIZE)
            update_search(run_id=run.id, index=index, now=now, values=_paging(search.limit))
            continue
        _store_page(run, index, page, clock())


def _is_open(run: CollectionRun, index: int) -> bool:
    return run.status in OPEN_RUN_STATUSES and run.searches[index].status in OPEN_SEARCH_STATUSES


def _begin(run: CollectionRun, index: int, now: datetime) -> None:
    """Settle, once, how much is fetched and from when on; count the attempt."""
    search = run.searches[index]
    values: dict[str, Any] = {"status": "running", "attempts": search.attempts + 1, "resume_at": None, "error": None}
    if search.limit is None:
        same_role = [other for other in run.searches if other.role == search.role]
        left = max(0, run.per_role_limit - sum(other.credits for other in same_role))
        places_left = sum(1 for other in same_role if other.limit is None and other.status != "skipped")
        limit = math.ceil(left / max(1, places_left))
        values |= {"limit": limit, **_paging(limit)}
        known = collected_role(run=run, index=index)
        # What was discovered up to the last run was paid for then, unless this run reaches further back.
        if known.discovered_until and known.posted_since and known.posted_since <= _posted_since(run, now):
            values |= {"discovered_since": known.discovered_until, "excluded_ids": known.boundary_ids}
    update_search(run_id=run.id, index=index, now=now, values=values)


def _paging(limit: int) -> dict[str, int]:
    """A page size that the plan allows and that splits `limit` evenly, since every unused row is paid for."""
    largest = min(settings.MAX_JOBS_PER_SEARCH, largest_page())
    pages = max(1, math.ceil(limit / largest))
    return {"page_size": math.ceil(limit / pages), "page": 0}


def _fetch(run: CollectionRun, index: int, client: TheirStackClient, now: datetime) -> _Page:
    search = run.searches[index]
    payload = search_payload(
        role=search.role,
        place=search.place,
        max_age_days=run.max_age_days,
        limit=search.page_size,
        page=search.page,
        discovered_since=search.discovered_since,
        known_job_ids=search.excluded_ids,
    )
    reserve_credits(credits=search.page_size, budget=settings.THEIR_STACK_CREDIT_BUDGET, now=now)
    used = 0
    try:
        jobs = client.search_jobs(payload).jobs
        used = len(jobs)
    finally:
        settle_credits(reserved=search.page_size, used=used, now=now)
    return _sort_out(jobs, search.role)


def _sort_out(jobs: Sequence[Any], role: str) -> _Page:
    postings, refused, filtered = [], [], 0
    for job in jobs:
        try:
            posting = posting_from_job(job)
        except RefusedPosting as error:
            refused.append(_sample(error.reason, str(error), job.get("id") if isinstance(job, Mapping) else None))
            continue
        if belongs_to_search(role=role, title=posting.title):
            postings.append(posting)
        else:
            filtered += 1
    ids = [str(job.get("id") or job.get("job_id")) for job in jobs if isinstance(job, Mapping)]
    return _Page(jobs=len(jobs), postings=postings, filtered=filtered, refused=refused, ids=ids)


def _store_page(run: CollectionRun, index: int, page: _Page, now: datetime) -> None:
    """Store a page and record it, and whether it was the search's last."""
    search = run.searches[index]
    outcome = store_postings(postings=page.postings, role=search.role, place=search.place, now=now)
    refused = page.refused + [
        _sample(reason, "its day is past retention", None) for reason in outcome.refused.elements()
    ]
    # A page that comes a second time means that the source does not move on.
    repeats = bool(page.ids) and page.ids == search.last_page_ids
    last = page.jobs < search.page_size or (search.page + 1) * search.page_size >= search.limit or repeats
    # Attempts are those at one page, and the next one's first begins.
    values: dict[str, Any] = {"page": search.page + 1, "last_page_ids": page.ids, "attempts": 1}
    values |= _newest(search, page.postings)
    if repeats:
        values["error"] = f"page {search.page} came twice; stopped there"
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
    update_search(run_id=run.id, index=index, now=now, values=values, counts=counts, refused=refused)
    logger.info(
        "collected %s in %s, page %d: %d jobs, %d new, %d updated, %d unchanged, %d filtered, %d refused",
        *(search.role, search.place, search.page, page.jobs, outcome.collected, outcome.updated),
        *(outcome.unchanged, page.filtered, len(refused)),
    )


def _newest(search: Any, postings: Sequence[Posting]) -> dict[str, Any]:
    """The newest discovery time so far and the ids discovered right then."""
    times = [posting.discovered_at for posting in postings if posting.discovered_at]
    newest = max(filter(None, (search.newest_discovered_at, *times)), default=None)
    if newest is None:
        return {}
    ids = {int(p.job_id) for p in postings if p.discovered_at == newest and p.job_id and p.job_id.isdecimal()}
    if newest == search.newest_discovered_at:
        ids |= set(search.newest_ids)
    return {"newest_discovered_at": newest, "newest_ids": sorted(ids)}


def _collected(run: CollectionRun, index: int, now: datetime) -> dict[str, Any]:
    """What the exhausted search teaches of its role and place."""
    search, known = run.searches[index], collected_role(run=run, index=index)
    since = _posted_since(run, now)
    learnt: dict[str, Any] = {
        "collected_at": now,
        "posted_since": min(since, known.posted_since) if known.posted_since else since,
    }
    newest = search.newest_discovered_at
    if newest and (known.discovered_until is None or newest > known.discovered_until):
        learnt |= {"discovered_until": newest, "boundary_ids": search.newest_ids}
    elif newest and newest == known.discovered_until:
        learnt["boundary_ids"] = sorted({*known.boundary_ids, *search.newest_ids})
    return learnt


def _posted_since(run: CollectionRun, now: datetime) -> datetime:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=run.max_age_days)


def _pause_or_fail(run: CollectionRun, index: int, error: TheirStackRetryableError, now: datetime) -> None:
    if error.retry_after_seconds is None:
        _fail(run, index, error, now)
        return
    resume_at = now + timedelta(seconds=error.retry_after_seconds)
    values = {"status": "waiting", "resume_at": resume_at, "error": f"{error.reason}: {error}", "attempts": 0}
    update_search(run_id=run.id, index=index, now=now, values=values)


def _fail(run: CollectionRun, index: int, error: TheirStackClientError, now: datetime) -> None:
    logger.error("collecting %s failed: %s: %s", run.searches[index].role, error.reason, error)
    values = {"status": "failed", "error": f"{error.reason}: {error}"}
    update_search(run_id=run.id, index=index, now=now, values=values)


def _sample(reason: str, message: str, job_id: Any) -> dict[str, Any]:
    return {"reason": reason, "message": message[:LONGEST_SAMPLE_CHARACTERS], "job_id": str(job_id or "")}
