"""The life of a collection run: started, its searches followed, closed, found again when it was lost."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings

from career_navigator.db.connection import database
from ingestion.collected_roles import Lease, LeaseLostError, build_open_search_query
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectedRole, CollectionRunDocument, Search
from market.membership import register_role
from market.roles import normalize_role

# A search that was lost this often is closed as lost: something about it kills its worker.
MAX_ATTEMPTS = 5
MAX_REJECTED_SAMPLES = 20
MAX_SAMPLE_CHARACTERS = 300
_OPEN_RUN = {"$in": OPEN_RUN_STATUSES}


class UnusableRequestError(ValueError):
    """A collection that cannot be started as asked. `reason` is stable: `no_roles`, `no_places`, `limits` or
    `nothing_to_repeat`."""

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
    """Record a run with one search a role and place. Raises `UnusableRequestError`.

    Raises MongoEngine's NotUniqueError where `requested_by` has a run with that `idempotency_key`.

    With `fresh_within_days`, searches collected that recently are skipped, whatever they found. With `only`, the other
    roles and places are skipped; `spent_before` are credits by role that count in its limit. A run whose searches are
    all skipped is finished at once.
    """
    roles, places = _distinct(roles), _distinct(places)
    if not roles:
        raise UnusableRequestError("no_roles", "at least one role is needed")
    if not places:
        raise UnusableRequestError("no_places", "at least one place is needed")
    if max_age_days < 0 or per_role_limit < 1:
        raise UnusableRequestError("limits", "max_age_days must be at least 0 and per_role_limit at least 1")
    fresh = find_fresh_searches(roles=roles, places=places, within_days=fresh_within_days, now=now)

    def skip(role: str, place: str) -> dict[str, str]:
        if (normalize_role(role), place) in fresh:
            return {"status": "skipped", "error": f"collected within {fresh_within_days} days"}
        if only is not None and (role, place) not in only:
            return {"status": "skipped", "error": "did not fail in the run that this one repeats"}
        return {}

    # First, since a run that a crash leaves behind is taken up again from its searches on.
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
            Search(role=role, place=place, spent_before=(spent_before or {}).get(role, 0), **skip(role, place))
            for role in roles
            for place in places
        ],
    ).save()
    close_if_done(run_id=run.id, now=now)
    return run.reload()


def find_fresh_searches(
    *, roles: Sequence[str], places: Sequence[str], within_days: int | None, now: datetime
) -> set[tuple[str, str]]:
    """The (normalized) roles, each with the place, that were collected that recently, whatever that found."""
    if within_days is None:
        return set()
    fresh = CollectedRole.objects(
        role__in=[normalize_role(role) for role in roles],
        place__in=places,
        collected_at__gt=now - timedelta(days=within_days),
    )
    return {(each.role, each.place) for each in fresh}


def find_open_run(*, roles: Sequence[str], places: Sequence[str], **fields: Any) -> CollectionRunDocument | None:
    """Return the newest open run for the same roles and places with these fields, so that no page is paid for twice."""
    runs = CollectionRunDocument.objects(status__in=OPEN_RUN_STATUSES, roles=list(roles), places=list(places), **fields)
    found: CollectionRunDocument | None = runs.order_by("-id").first()
    return found


def list_open_searches(*, run: CollectionRunDocument, role: str) -> list[int]:
    """Positions of the run's searches for a role that are not over."""
    return [
        index
        for index, search in enumerate(run.searches)
        if search.role == role and search.status in OPEN_SEARCH_STATUSES
    ]


def list_open_roles(*, run: CollectionRunDocument) -> list[str]:
    """Roles of the run that still have an open search, in order."""
    return list(dict.fromkeys(search.role for search in run.searches if search.status in OPEN_SEARCH_STATUSES))


def is_being_collected(*, run_id: ObjectId) -> bool:
    """Return whether a search of the run is queued or running; one that waits for the rate limit is neither."""
    searching = {"$elemMatch": {"status": {"$in": ["queued", "running"]}}}
    run = {"_id": run_id, "status": _OPEN_RUN, "searches": searching}
    return database().collection_runs.find_one(run, {"_id": 1}) is not None


def update_search(
    *,
    run_id: ObjectId,
    index: int,
    now: datetime,
    lease_token: str | None = None,
    values: dict[str, Any] | None = None,
    counts: dict[str, int] | None = None,
    refused: Sequence[dict[str, Any]] = (),
    page: int | None = None,
) -> None:
    """Write one step of an open search and add its counts to the run's, in one update. Raises `LeaseLostError`.

    `lease_token` has to be the one that the search carries, and `page`, where it is given, the one that it is at.
    """
    change: dict[str, Any] = {"$set": {"heartbeat_at": now, "status": "running"}, "$min": {"started_at": now}}
    increments: dict[str, int] = {}
    for name, value in (values or {}).items():
        change["$set"][f"searches.{index}.{name}"] = value
    for name, count in (counts or {}).items():
        increments[name] = increments[f"searches.{index}.{name}"] = count
    for refusal in refused:
        reason = f"refused.{refusal['reason']}"
        increments[reason] = increments.get(reason, 0) + 1
    if refused:
        increments[f"searches.{index}.refused"] = len(refused)
        change["$push"] = {"refused_samples": {"$each": list(refused), "$slice": MAX_REJECTED_SAMPLES}}
    if increments:
        change["$inc"] = increments
    at_page = {} if page is None else {f"searches.{index}.page": page}
    held = build_open_search_query(run_id, index, lease_token) | at_page
    if not database().collection_runs.update_one(held, change).matched_count:
        raise LeaseLostError(f"search {index} of run {run_id} is over or has another worker")


def begin_search(
    *, run: CollectionRunDocument, index: int, lease_token: str, now: datetime, values: dict[str, Any]
) -> bool:
    """Write the limit of a search; False when another search of the run got its own since `run` was read."""
    change = {f"searches.{index}.{name}": value for name, value in values.items()}
    begun = database().collection_runs.update_one(
        build_open_search_query(run.id, index, lease_token) | {"revision": run.revision},
        {
            "$set": {"heartbeat_at": now, "status": "running"} | change,
            "$min": {"started_at": now},
            "$inc": {"revision": 1},
        },
    )
    return bool(begun.matched_count)


def close_if_done(*, run_id: ObjectId, now: datetime) -> None:
    """End the run when none of its searches is open: failed when one failed, lost when one was lost."""
    runs = database().collection_runs
    run = runs.find_one({"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}}, {"searches": 1})
    if run is None or any(search["status"] in OPEN_SEARCH_STATUSES for search in run["searches"]):
        return
    statuses = {search["status"] for search in run["searches"]}
    status = next((worst for worst in ("failed", "lost", "cancelled") if worst in statuses), "finished")
    errors = dict.fromkeys(
        search["error"] for search in run["searches"] if search["status"] in {"failed", "lost"} and search.get("error")
    )
    change: dict[str, Any] = {"status": status, "finished_at": now}
    if errors:
        change["error"] = "; ".join(errors)
    runs.update_one({"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}}, {"$set": change})


def cancel_run(*, run_id: ObjectId, now: datetime) -> bool:
    """Ask a run to stop: what waits is closed at once, what is being collected ends after its page.

    False where the run is over already.
    """
    runs = database().collection_runs
    asked = runs.update_one(
        {"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}},
        {"$set": {"cancel_requested": True, "searches.$[idle].status": "cancelled"}},
        array_filters=[{"idle.status": {"$in": ["queued", "waiting"]}}],
    )
    close_if_done(run_id=run_id, now=now)
    return bool(asked.matched_count)


def stop_run(*, run_id: ObjectId, error: str, now: datetime, lease: Lease | None = None) -> None:
    """End a run at once: every search that is not over fails with this error.

    With the lease of the worker that wants it: raises `LeaseLostError` when that is lost.
    """
    held = build_open_search_query(run_id, lease.index, lease.token) if lease else {"_id": run_id, "status": _OPEN_RUN}
    stopped = database().collection_runs.update_one(
        held,
        {"$set": {"searches.$[open].status": "failed", "searches.$[open].error": error}},
        array_filters=[{"open.status": {"$in": OPEN_SEARCH_STATUSES}}],
    )
    if lease and not stopped.matched_count:
        raise LeaseLostError(f"search {lease.index} of run {run_id} is over or has another worker")
    close_if_done(run_id=run_id, now=now)


def find_interrupted(*, now: datetime) -> list[tuple[CollectionRunDocument, list[str]]]:
    """Open runs nobody works on, with the roles to take up again; of several callers at once one gets a run.

    A search whose rate-limit wait is over is taken up; so is any whose run gave no sign of life for a lease. One that
    was lost too often is closed as lost, which may close its run.
    """
    silent_since = now - timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
    found = []
    for run in CollectionRunDocument.objects(status__in=OPEN_RUN_STATUSES).order_by("created_at", "id"):
        silent = run.heartbeat_at <= silent_since
        roles: list[str] = []
        changes: dict[str, Any] = {}
        for index, search in enumerate(run.searches):
            if search.status not in OPEN_SEARCH_STATUSES:
                continue
            if search.status == "waiting" and search.resume_at:
                if search.resume_at <= now:
                    roles.append(search.role)
                    # Otherwise each look queued it again until its task begins.
                    changes |= {f"searches.{index}.status": "queued", f"searches.{index}.resume_at": None}
            elif silent and search.attempts >= MAX_ATTEMPTS:
                lost = describe_lost_outcome(search=search)
                changes |= {f"searches.{index}.{name}": value for name, value in lost.items()}
            elif silent:
                roles.append(search.role)
        if (roles or changes) and _resume(run, changes, now) and roles:
            found.append((run, list(dict.fromkeys(roles))))
        close_if_done(run_id=run.id, now=now)
    return found


def describe_lost_outcome(*, search: Search) -> dict[str, Any]:
    """What is written of a search that was lost too often."""
    return {"status": "lost", "error": f"{search.role}, {search.place}: lost {search.attempts} times"}


def _resume(run: CollectionRunDocument, changes: dict[str, Any], now: datetime) -> bool:
    """Give the run a sign of life with these changes, unless anybody else has since it was read."""
    taken = database().collection_runs.update_one(
        {"_id": run.id, "status": _OPEN_RUN, "heartbeat_at": run.heartbeat_at},
        {"$set": {"heartbeat_at": now} | changes},
    )
    return bool(taken.matched_count)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names with a word in them, each once; spellings that mean the same role or place count as one."""
    return list({key: name.strip() for name in reversed(names) if (key := normalize_role(name))}.values())[::-1]


def build_rejection(reason: str, message: str, job_id: Any) -> dict[str, Any]:
    """Return what a run keeps of a posting that was rejected."""
    return {"reason": reason, "message": message[:MAX_SAMPLE_CHARACTERS], "job_id": str(job_id or "")}
