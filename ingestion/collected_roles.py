"""What is remembered of a role in a place: which worker has the lease on it, and how far it was collected."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.db.connection import database
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectedRole, CollectionRunDocument, Search
from ingestion.source import get_max_page_size
from market.posting import Posting
from market.roles import normalize_role


class LeaseLostError(Exception):
    """Another worker has acquired the lease on a search, or the search has ended: nothing more is written to it."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """A worker's hold on a role and place for one search of a run.

    Every write of the search carries `token`. `until` is when the lease expires unless it is renewed.
    """

    run_id: ObjectId
    index: int
    role: str
    place: str
    token: str
    until: datetime


def acquire_lease(*, run: CollectionRunDocument, index: int, now: datetime, task_id: str | None = None) -> Lease | None:
    """Acquire the lease on a search's role and place; None while another worker has it or once the search is over.

    A Celery task that is delivered again takes over at once what it held before. Should its predecessor live, the
    predecessor's token is good for nothing from then on.
    """
    search = run.searches[index]
    available: list[dict[str, Any]] = [{"claim": None}, {"claimed_until": {"$lte": now}}]
    if task_id:
        available.append({"claimed_by_run": str(run.id), "claimed_by_task": task_id})
    lease = Lease(
        run_id=run.id,
        index=index,
        role=normalize_role(search.role),
        place=search.place,
        token=uuid.uuid4().hex,
        until=_get_lease_end(now),
    )
    holder = {
        "claim": lease.token,
        "claimed_by_run": str(run.id),
        "claimed_by_task": task_id,
        "claimed_until": lease.until,
    }
    try:
        # Condition and write are one, so of any number of workers one wins; the others stumble over the unique key.
        database().collected_roles.find_one_and_update(
            _role_key(search) | {"$or": available},
            {"$set": holder},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        return None
    return lease if _hand_over(lease, now) else None


def find_other_holder(*, run: CollectionRunDocument, index: int) -> str | None:
    """The run that holds the lease on the search's role and place, unless it is this one."""
    held = database().collected_roles.find_one(_role_key(run.searches[index]), {"claimed_by_run": 1})
    holder = held.get("claimed_by_run") if held else None
    return None if holder == str(run.id) else holder


def renew_lease(*, lease: Lease, now: datetime) -> None:
    """Hold the lease for its full time from now on. Raises `LeaseLostError`."""
    # First, so that no lease outlives the silence after which its run is taken up again.
    database().collection_runs.update_one(
        build_open_search_query(lease.run_id, lease.index, lease.token), {"$set": {"heartbeat_at": now}}
    )
    until = _get_lease_end(now)
    renewed = database().collected_roles.update_one(_match_leased_role(lease), {"$set": {"claimed_until": until}})
    if not renewed.matched_count:
        raise LeaseLostError(f"another worker has the lease on {lease.role}, {lease.place}")
    lease.until = until


def release_lease(*, lease: Lease, collected: dict[str, Any] | None = None) -> bool:
    """Release the lease, with what is now known of the role when it was collected; False when it was lost before."""
    released = dict.fromkeys(("claim", "claimed_by_run", "claimed_by_task", "claimed_until"), "")
    change: dict[str, Any] = {"$unset": released}
    if collected:
        change["$set"] = collected
    return bool(database().collected_roles.update_one(_match_leased_role(lease), change).matched_count)


def plan_first_page(run: CollectionRunDocument, index: int, now: datetime) -> dict[str, Any]:
    """The limit of a search that begins, its paging, and from when on it searches."""
    search = run.searches[index]
    same_role = [other for other in run.searches if other.role == search.role]
    # A search that goes on elsewhere may cost its whole limit yet.
    taken = sum((other.limit or 0) if other.status in OPEN_SEARCH_STATUSES else other.credits for other in same_role)
    left = max(0, run.per_role_limit - search.spent_before - taken)
    places_left = sum(1 for other in same_role if other.limit is None and other.status in OPEN_SEARCH_STATUSES)
    limit = math.ceil(left / max(1, places_left))
    values: dict[str, Any] = {"limit": limit, "page_started_at": now, **plan_paging(limit)}
    known = _get_collected_role(run=run, index=index)
    # What was discovered up to the last run was paid for then, unless this run reaches further back.
    if known.discovered_until and known.posted_since and known.posted_since <= _posted_since(run, now):
        values |= {"discovered_since": known.discovered_until, "excluded_ids": known.boundary_ids}
    return values


def plan_paging(limit: int) -> dict[str, int]:
    """A page size that the plan allows and that splits `limit` evenly, since every unused row is paid for."""
    largest = min(settings.MAX_JOBS_PER_SEARCH, get_max_page_size())
    pages = max(1, math.ceil(limit / largest))
    return {"page_size": math.ceil(limit / pages), "page": 0}


def find_newest(search: Any, postings: Sequence[Posting]) -> dict[str, Any]:
    """The newest discovery time so far and the ids discovered right then."""
    times = [posting.discovered_at for posting in postings if posting.discovered_at]
    newest = max(filter(None, (search.newest_discovered_at, *times)), default=None)
    if newest is None:
        return {}
    ids = {int(p.job_id) for p in postings if p.discovered_at == newest and p.job_id and p.job_id.isdecimal()}
    if newest == search.newest_discovered_at:
        ids |= set(search.newest_ids)
    return {"newest_discovered_at": newest, "newest_ids": sorted(ids)}


def learn_from_search(run: CollectionRunDocument, index: int, now: datetime) -> dict[str, Any]:
    """What the exhausted search teaches of its role and place."""
    search, known = run.searches[index], _get_collected_role(run=run, index=index)
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


def build_open_search_query(run_id: ObjectId, index: int, lease_token: str | None) -> dict[str, Any]:
    return {
        "_id": run_id,
        "status": {"$in": OPEN_RUN_STATUSES},
        f"searches.{index}.status": {"$in": OPEN_SEARCH_STATUSES},
        f"searches.{index}.lease_token": lease_token,
    }


def _get_collected_role(*, run: CollectionRunDocument, index: int) -> CollectedRole:
    """What is remembered of the search's role and place."""
    search = run.searches[index]
    return CollectedRole.objects.get(role=normalize_role(search.role), place=search.place)


def _posted_since(run: CollectionRunDocument, now: datetime) -> datetime:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=run.max_age_days)


def _hand_over(lease: Lease, now: datetime) -> bool:
    """Put the lease's token into its search in place of the predecessor's; False, and released, where that is over."""
    runs, field = database().collection_runs, f"searches.{lease.index}"
    open_search = {
        "_id": lease.run_id,
        "status": {"$in": OPEN_RUN_STATUSES},
        f"{field}.status": {"$in": OPEN_SEARCH_STATUSES},
    }
    while (run := runs.find_one(open_search, {"searches.lease_token": 1})) is not None:
        # In this order: a worker that is stopped anywhere in here must not put its token in place of a successor's.
        if database().collected_roles.find_one(_match_leased_role(lease), {"_id": 1}) is None:
            return False
        seen = run["searches"][lease.index].get("lease_token")
        handed = runs.update_one(
            open_search | {f"{field}.lease_token": seen},
            {"$set": {f"{field}.lease_token": lease.token, "heartbeat_at": now}},
        )
        if handed.matched_count:
            return True
    release_lease(lease=lease)
    return False


def _match_leased_role(lease: Lease) -> dict[str, Any]:
    return {"role": lease.role, "place": lease.place, "claim": lease.token}


def _role_key(search: Search) -> dict[str, Any]:
    return {"role": normalize_role(search.role), "place": search.place}


def _get_lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
