"""The collection state of each role in a place: the lease that a worker holds on it, and how far it was collected."""

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
from market.role_selectors import canonicalize_role


class LeaseLostError(Exception):
    """The lease on a search belongs to another worker, or the search has ended. The worker must stop writing to it."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """A worker's exclusive right to collect a role in a place, for one search of a run.

    Every write to the search carries `token`. The lease expires at `until` unless it is renewed.
    """

    run_id: ObjectId
    index: int
    role: str
    place: str
    token: str
    until: datetime


def acquire_lease(*, run: CollectionRunDocument, index: int, now: datetime, task_id: str | None = None) -> Lease | None:
    """Acquire the lease on a search's role and place. Return None if another worker holds it or the search is over.

    A Celery task that is delivered again immediately takes over the lease of its earlier delivery. If the earlier
    worker is still alive, its token is invalid from then on.
    """
    search = run.searches[index]
    available: list[dict[str, Any]] = [{"claim": None}, {"claimed_until": {"$lte": now}}]
    if task_id:
        available.append({"claimed_by_run": str(run.id), "claimed_by_task": task_id})
    lease = Lease(
        run_id=run.id,
        index=index,
        role=canonicalize_role(search.role),
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
        # The condition is part of the write, so exactly one worker wins. The others violate the unique index.
        database().collected_roles.find_one_and_update(
            _build_role_query(search) | {"$or": available},
            {"$set": holder},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        return None
    return lease if _store_token(lease, now) else None


def find_other_holder(*, run: CollectionRunDocument, index: int) -> str | None:
    """Return the id of the run that holds the lease on the search's role and place, unless it is `run` itself."""
    role = database().collected_roles.find_one(_build_role_query(run.searches[index]), {"claimed_by_run": 1})
    holder = role.get("claimed_by_run") if role else None
    return None if holder == str(run.id) else holder


def renew_lease(*, lease: Lease, now: datetime) -> None:
    """Extend the lease to its full duration from `now`. Raises `LeaseLostError`."""
    # The heartbeat is written first. In the other order, a crash in between would leave a valid lease on a run that is
    # already stale, and so would block the worker that resumes it.
    database().collection_runs.update_one(
        build_open_search_query(lease.run_id, lease.index, lease.token), {"$set": {"heartbeat_at": now}}
    )
    until = _get_lease_end(now)
    renewed = database().collected_roles.update_one(_match_leased_role(lease), {"$set": {"claimed_until": until}})
    if not renewed.matched_count:
        raise LeaseLostError(f"another worker has the lease on {lease.role}, {lease.place}")
    lease.until = until


def release_lease(*, lease: Lease, collected: dict[str, Any] | None = None) -> bool:
    """Release the lease and store the role's new collection state, if given. Return False if the lease was lost."""
    released = dict.fromkeys(("claim", "claimed_by_run", "claimed_by_task", "claimed_until"), "")
    change: dict[str, Any] = {"$unset": released}
    if collected:
        change["$set"] = collected
    return bool(database().collected_roles.update_one(_match_leased_role(lease), change).matched_count)


def plan_first_page(run: CollectionRunDocument, index: int, now: datetime) -> dict[str, Any]:
    """Return the limit, the paging and the start time of a search that begins."""
    search = run.searches[index]
    same_role = [other for other in run.searches if other.role == search.role]
    # A search that is still open in another place may still spend its whole limit.
    taken = sum((other.limit or 0) if other.status in OPEN_SEARCH_STATUSES else other.credits for other in same_role)
    left = max(0, run.per_role_limit - search.spent_before - taken)
    places_left = sum(1 for other in same_role if other.limit is None and other.status in OPEN_SEARCH_STATUSES)
    limit = math.ceil(left / max(1, places_left))
    values: dict[str, Any] = {"limit": limit, "page_started_at": now, **plan_paging(limit)}
    stored = _get_collected_role(run=run, index=index)
    # Postings up to `discovered_until` were already paid for, unless this run reaches further back.
    if stored.discovered_until and stored.posted_since and stored.posted_since <= _get_posted_since(run, now):
        values |= {"discovered_since": stored.discovered_until, "excluded_ids": stored.boundary_ids}
    return values


def plan_paging(limit: int) -> dict[str, int]:
    """Return a page size that the plan allows and that splits `limit` evenly, since surplus rows are charged too."""
    largest = min(settings.MAX_JOBS_PER_SEARCH, get_max_page_size())
    pages = max(1, math.ceil(limit / largest))
    return {"page_size": math.ceil(limit / pages), "page": 0}


def find_newest(search: Any, postings: Sequence[Posting]) -> dict[str, Any]:
    """Return the newest discovery time so far, and the ids of the postings discovered at exactly that time."""
    times = [posting.discovered_at for posting in postings if posting.discovered_at]
    newest = max(filter(None, (search.newest_discovered_at, *times)), default=None)
    if newest is None:
        return {}
    ids = {int(p.job_id) for p in postings if p.discovered_at == newest and p.job_id and p.job_id.isdecimal()}
    if newest == search.newest_discovered_at:
        ids |= set(search.newest_ids)
    return {"newest_discovered_at": newest, "newest_ids": sorted(ids)}


def build_collected_state(run: CollectionRunDocument, index: int, now: datetime) -> dict[str, Any]:
    """Return the new collection state of a role and place after its search is exhausted."""
    search, stored = run.searches[index], _get_collected_role(run=run, index=index)
    since = _get_posted_since(run, now)
    state: dict[str, Any] = {
        "collected_at": now,
        "posted_since": min(since, stored.posted_since) if stored.posted_since else since,
    }
    newest = search.newest_discovered_at
    if newest and (stored.discovered_until is None or newest > stored.discovered_until):
        state |= {"discovered_until": newest, "boundary_ids": search.newest_ids}
    elif newest and newest == stored.discovered_until:
        state["boundary_ids"] = sorted({*stored.boundary_ids, *search.newest_ids})
    return state


def build_open_search_query(run_id: ObjectId, index: int, lease_token: str | None) -> dict[str, Any]:
    """Return the query for an open search of a run that carries this lease token."""
    return {
        "_id": run_id,
        "status": {"$in": OPEN_RUN_STATUSES},
        f"searches.{index}.status": {"$in": OPEN_SEARCH_STATUSES},
        f"searches.{index}.lease_token": lease_token,
    }


def _get_collected_role(*, run: CollectionRunDocument, index: int) -> CollectedRole:
    """Return the stored state of the search's role and place."""
    search = run.searches[index]
    return CollectedRole.objects.get(role=canonicalize_role(search.role), place=search.place)


def _get_posted_since(run: CollectionRunDocument, now: datetime) -> datetime:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=run.max_age_days)


def _store_token(lease: Lease, now: datetime) -> bool:
    """Store the lease's token in its search. If the search is over, release the lease and return False."""
    runs, field = database().collection_runs, f"searches.{lease.index}"
    open_search = {
        "_id": lease.run_id,
        "status": {"$in": OPEN_RUN_STATUSES},
        f"{field}.status": {"$in": OPEN_SEARCH_STATUSES},
    }
    while (run := runs.find_one(open_search, {"searches.lease_token": 1})) is not None:
        # The lease is checked first: a worker that stalls in this loop must not overwrite its successor's token.
        if database().collected_roles.find_one(_match_leased_role(lease), {"_id": 1}) is None:
            return False
        previous = run["searches"][lease.index].get("lease_token")
        stored = runs.update_one(
            open_search | {f"{field}.lease_token": previous},
            {"$set": {f"{field}.lease_token": lease.token, "heartbeat_at": now}},
        )
        if stored.matched_count:
            return True
    release_lease(lease=lease)
    return False


def _match_leased_role(lease: Lease) -> dict[str, Any]:
    return {"role": lease.role, "place": lease.place, "claim": lease.token}


def _build_role_query(search: Search) -> dict[str, Any]:
    return {"role": canonicalize_role(search.role), "place": search.place}


def _get_lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)


def canonicalize_collected_roles(*, now: datetime) -> int:
    """Store the collection states under the canonical names of their roles. Return the number of states changed.

    This is a data migration. If a role and place have several states, keep the one collected last. The next collection
    asks again for what only the others had collected.
    """
    states, changed = database().collected_roles, 0
    for row in list(states.find().sort([("collected_at", -1), ("_id", 1)])):
        key = canonicalize_role(row["role"])
        if key == row["role"]:
            continue
        changed += 1
        kept = states.find_one({"role": key, "place": row["place"]}, {"collected_at": 1})
        if not key or (kept and _is_collected_later(kept, row)):
            states.delete_one({"_id": row["_id"]})
            continue
        if kept:
            states.delete_one({"_id": kept["_id"]})
        states.update_one({"_id": row["_id"]}, {"$set": {"role": key}})
    return changed


def _is_collected_later(state: dict[str, Any], other: dict[str, Any]) -> bool:
    never = datetime.min.replace(tzinfo=UTC)
    return bool((state.get("collected_at") or never) >= (other.get("collected_at") or never))
