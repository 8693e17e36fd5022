"""The life cycle of a collection run: start, progress of its searches, closing, and recovery after a lost worker."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings

from career_navigator.db.connection import database
from ingestion.collected_roles import Lease, LeaseLostError, build_open_search_query
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectedRole, CollectionRunDocument, Search
from market.membership import register_role
from market.role_selectors import canonicalize_role

# Maximum attempts at one page. A search that reaches it is closed as lost, because its page probably kills the worker.
MAX_ATTEMPTS = 5
MAX_REJECTED_SAMPLES = 20
MAX_SAMPLE_CHARACTERS = 300
_OPEN_RUN = {"$in": OPEN_RUN_STATUSES}


class UnusableRequestError(ValueError):
    """A collection that cannot be started as requested.

    `reason` is stable: `no_roles`, `no_places`, `limits` or `nothing_to_repeat`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def start_run(
    *,
    trigger: str,
    roles: Sequence[str],
    places: Sequence[str],
    max_age_days: int,
    per_role_limit: int,
    fresh_within_days: int | None = None,
    only: Collection[tuple[str, str]] | None = None,
    spent_before: Mapping[str, int] | None = None,
    requested_by: str | None = None,
    wanted: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    now: datetime,
) -> CollectionRunDocument:
    """Record a run with one search per role and place.

    Searches collected within `fresh_within_days` are skipped, even if they found nothing. `only` restricts the run to
    these pairs of role and place. `spent_before` maps roles to credits that already count towards their limit. If all
    searches are skipped, the run is finished immediately.

    Raises:
        UnusableRequestError: Roles or places are missing, or a limit is out of range.
        NotUniqueError: `requested_by` already has a run with this `idempotency_key`.
    """
    roles, places = _deduplicate(roles), _deduplicate(places)
    if not roles:
        raise UnusableRequestError("no_roles", "at least one role is required")
    if not places:
        raise UnusableRequestError("no_places", "at least one place is required")
    if max_age_days < 0 or per_role_limit < 1:
        raise UnusableRequestError("limits", "max_age_days must be at least 0 and per_role_limit at least 1")
    fresh = find_fresh_searches(roles=roles, places=places, within_days=fresh_within_days, now=now)

    def get_skip_reason(role: str, place: str) -> dict[str, str]:
        if (canonicalize_role(role), place) in fresh:
            return {"status": "skipped", "error": f"collected within {fresh_within_days} days"}
        if only is not None and (role, place) not in only:
            return {"status": "skipped", "error": "did not fail in the run that is being repeated"}
        return {}

    # Register the roles before the run is saved. A run that is resumed after a crash does not register them again.
    for role in roles:
        register_role(role=role, now=now)
    run = CollectionRunDocument(
        trigger=trigger,
        requested_by=requested_by,
        wanted=dict(wanted or {}),
        idempotency_key=idempotency_key,
        roles=roles,
        places=places,
        max_age_days=max_age_days,
        per_role_limit=per_role_limit,
        created_at=now,
        heartbeat_at=now,
        searches=[
            Search(
                role=role,
                place=place,
                spent_before=(spent_before or {}).get(role, 0),
                **get_skip_reason(role, place),
            )
            for role in roles
            for place in places
        ],
    ).save()
    close_if_done(run_id=run.id, now=now)
    return run.reload()


def find_fresh_searches(
    *, roles: Sequence[str], places: Sequence[str], within_days: int | None, now: datetime
) -> set[tuple[str, str]]:
    """Return the pairs of normalized role and place that were collected within `within_days`, even without results."""
    if within_days is None:
        return set()
    fresh = CollectedRole.objects(
        role__in=[canonicalize_role(role) for role in roles],
        place__in=places,
        collected_at__gt=now - timedelta(days=within_days),
    )
    return {(collected.role, collected.place) for collected in fresh}


def find_open_run(*, roles: Sequence[str], places: Sequence[str], **fields: Any) -> CollectionRunDocument | None:
    """Return the newest open run with the same roles, places and fields, so that no page is paid for twice."""
    runs = CollectionRunDocument.objects(status__in=OPEN_RUN_STATUSES, roles=list(roles), places=list(places), **fields)
    found: CollectionRunDocument | None = runs.order_by("-id").first()
    return found


def list_open_searches(*, run: CollectionRunDocument, role: str) -> list[int]:
    """Return the indexes of the run's open searches for a role."""
    return [
        index
        for index, search in enumerate(run.searches)
        if search.role == role and search.status in OPEN_SEARCH_STATUSES
    ]


def list_open_roles(*, run: CollectionRunDocument) -> list[str]:
    """Return the roles of the run that still have an open search, in order."""
    return list(dict.fromkeys(search.role for search in run.searches if search.status in OPEN_SEARCH_STATUSES))


def is_being_collected(*, run_id: ObjectId) -> bool:
    """Return whether any search of the run is queued or running. Waiting for the rate limit does not count."""
    active_search = {"$elemMatch": {"status": {"$in": ["queued", "running"]}}}
    query = {"_id": run_id, "status": _OPEN_RUN, "searches": active_search}
    return database().collection_runs.find_one(query, {"_id": 1}) is not None


def update_search(
    *,
    run_id: ObjectId,
    index: int,
    now: datetime,
    lease_token: str | None = None,
    values: dict[str, Any] | None = None,
    counts: dict[str, int] | None = None,
    rejections: Sequence[dict[str, Any]] = (),
    page: int | None = None,
) -> None:
    """Write one step of an open search and add its counts to the run, in one update.

    Raises `LeaseLostError` unless the search is open, carries `lease_token` and, if given, is at `page`.
    """
    change: dict[str, Any] = {"$set": {"heartbeat_at": now, "status": "running"}, "$min": {"started_at": now}}
    increments: dict[str, int] = {}
    for name, value in (values or {}).items():
        change["$set"][f"searches.{index}.{name}"] = value
    for name, count in (counts or {}).items():
        increments[name] = increments[f"searches.{index}.{name}"] = count
    for rejection in rejections:
        counter = f"refused.{rejection['reason']}"
        increments[counter] = increments.get(counter, 0) + 1
    if rejections:
        increments[f"searches.{index}.refused"] = len(rejections)
        change["$push"] = {"refused_samples": {"$each": list(rejections), "$slice": MAX_REJECTED_SAMPLES}}
    if increments:
        change["$inc"] = increments
    at_page = {} if page is None else {f"searches.{index}.page": page}
    query = build_open_search_query(run_id, index, lease_token) | at_page
    if not database().collection_runs.update_one(query, change).matched_count:
        raise LeaseLostError(f"search {index} of run {run_id} is over or belongs to another worker")


def begin_search(
    *, run: CollectionRunDocument, index: int, lease_token: str, now: datetime, values: dict[str, Any]
) -> bool:
    """Write the limit of a search. Return False if another search of the run got its limit since `run` was read."""
    change = {f"searches.{index}.{name}": value for name, value in values.items()}
    result = database().collection_runs.update_one(
        build_open_search_query(run.id, index, lease_token) | {"revision": run.revision},
        {
            "$set": {"heartbeat_at": now, "status": "running"} | change,
            "$min": {"started_at": now},
            "$inc": {"revision": 1},
        },
    )
    return bool(result.matched_count)


def close_if_done(*, run_id: ObjectId, now: datetime) -> None:
    """Close the run if none of its searches is open. The run gets the worst status of its searches.

    A run of boards fails only if all of its boards fail, because a large run always contains some boards that have
    moved or closed. The boards themselves record their failures.
    """
    runs = database().collection_runs
    run = runs.find_one({"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}}, {"searches": 1, "source": 1})
    if run is None or any(search["status"] in OPEN_SEARCH_STATUSES for search in run["searches"]):
        return
    statuses = {search["status"] for search in run["searches"]}
    if run.get("source") and "finished" in statuses:
        statuses -= {"failed", "lost"}
    status = next((worst for worst in ("failed", "lost", "cancelled") if worst in statuses), "finished")
    errors = dict.fromkeys(
        search["error"] for search in run["searches"] if search["status"] in {"failed", "lost"} and search.get("error")
    )
    change: dict[str, Any] = {"status": status, "finished_at": now}
    if errors:
        change["error"] = "; ".join(errors)
    runs.update_one({"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}}, {"$set": change})


def cancel_run(*, run_id: ObjectId, now: datetime) -> bool:
    """Cancel a run. Idle searches are closed immediately. A running search stops after its current page.

    Returns False if the run is already over.
    """
    runs = database().collection_runs
    result = runs.update_one(
        {"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}},
        {"$set": {"cancel_requested": True, "searches.$[idle].status": "cancelled"}},
        array_filters=[{"idle.status": {"$in": ["queued", "waiting"]}}],
    )
    close_if_done(run_id=run_id, now=now)
    return bool(result.matched_count)


def stop_run(*, run_id: ObjectId, error: str, now: datetime, lease: Lease | None = None) -> None:
    """End a run immediately. Every open search fails with this error.

    If a worker's `lease` is given and no longer valid, raises `LeaseLostError` and leaves the run as it is.
    """
    query = build_open_search_query(run_id, lease.index, lease.token) if lease else {"_id": run_id, "status": _OPEN_RUN}
    result = database().collection_runs.update_one(
        query,
        {"$set": {"searches.$[open].status": "failed", "searches.$[open].error": error}},
        array_filters=[{"open.status": {"$in": OPEN_SEARCH_STATUSES}}],
    )
    if lease and not result.matched_count:
        raise LeaseLostError(f"search {lease.index} of run {run_id} is over or belongs to another worker")
    close_if_done(run_id=run_id, now=now)


def find_interrupted(*, now: datetime) -> list[tuple[CollectionRunDocument, list[str]]]:
    """Return open runs that have no worker, each with the roles to resume. Concurrent callers never get the same run.

    A search is resumed once its rate-limit wait is over, or if its run has had no heartbeat for the duration of a
    lease. Searches that reached `MAX_ATTEMPTS` are closed as lost, which may close the run.
    """
    stale_since = now - timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
    found = []
    for run in CollectionRunDocument.objects(status__in=OPEN_RUN_STATUSES).order_by("created_at", "id"):
        is_stale = run.heartbeat_at <= stale_since
        roles: list[str] = []
        changes: dict[str, Any] = {}
        for index, search in enumerate(run.searches):
            if search.status not in OPEN_SEARCH_STATUSES:
                continue
            if search.status == "waiting" and search.resume_at:
                if search.resume_at <= now:
                    roles.append(search.role)
                    # Without this change, every check would queue the role again until its task begins.
                    changes |= {f"searches.{index}.status": "queued", f"searches.{index}.resume_at": None}
            elif is_stale and search.attempts >= MAX_ATTEMPTS:
                outcome = describe_lost_outcome(search=search)
                changes |= {f"searches.{index}.{name}": value for name, value in outcome.items()}
            elif is_stale:
                roles.append(search.role)
        if (roles or changes) and _resume(run, changes, now) and roles:
            found.append((run, list(dict.fromkeys(roles))))
        close_if_done(run_id=run.id, now=now)
    return found


def describe_lost_outcome(*, search: Search) -> dict[str, Any]:
    """Return the fields to store for a search that reached `MAX_ATTEMPTS`."""
    return {"status": "lost", "error": f"{search.role}, {search.place}: lost its worker {search.attempts} times"}


def _resume(run: CollectionRunDocument, changes: dict[str, Any], now: datetime) -> bool:
    """Write these changes and a heartbeat, unless the run has had another heartbeat since it was read."""
    result = database().collection_runs.update_one(
        {"_id": run.id, "status": _OPEN_RUN, "heartbeat_at": run.heartbeat_at},
        {"$set": {"heartbeat_at": now} | changes},
    )
    return bool(result.matched_count)


def _deduplicate(names: Sequence[str]) -> list[str]:
    """Return the non-blank names in order, without duplicates. Names with the same normalized form are duplicates."""
    return list({key: name.strip() for name in reversed(names) if (key := canonicalize_role(name))}.values())[::-1]


def build_rejection(reason: str, message: str, job_id: Any) -> dict[str, Any]:
    """Return a rejected job in the form that a run stores."""
    return {"reason": reason, "message": message[:MAX_SAMPLE_CHARACTERS], "job_id": str(job_id or "")}
