"""The life of a collection run: started, its searches claimed and followed, closed, found again when it was lost."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.connection import database
from ingestion.documents import (
    OPEN_RUN_STATUSES,
    OPEN_SEARCH_STATUSES,
    CollectedRole,
    CollectionRun,
    Search,
)
from market.roles import normalize_role
from market.services import know_role

# A search that was lost this often is closed as lost: something about it kills its worker.
MOST_ATTEMPTS = 5
MOST_REFUSED_SAMPLES = 20


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
    requested_by: str | None = None,
    wanted: Mapping[str, Any] | None = None,
    now: datetime,
) -> CollectionRun:
    """Record a run with one search a role and place. Raises `UnusableRequestError`.

    With `fresh_within_days`, searches collected that recently are skipped, whatever they found. A run whose searches
    are all skipped is finished at once.
    """
    roles, places = _distinct(roles), _distinct(places)
    if not roles:
        raise UnusableRequestError("no_roles", "at least one role is needed")
    if not places:
        raise UnusableRequestError("no_places", "at least one place is needed")
    if max_age_days < 0 or per_role_limit < 1:
        raise UnusableRequestError("limits", "max_age_days must be at least 0 and per_role_limit at least 1")
    fresh = fresh_searches(roles=roles, places=places, within_days=fresh_within_days, now=now)
    # First, since a run that a crash leaves behind is taken up again from its searches on.
    for role in roles:
        know_role(role=role, now=now)
    run = CollectionRun(
        trigger=trigger,
        requested_by=requested_by,
        wanted=dict(wanted or {}),
        roles=roles,
        places=places,
        max_age_days=max_age_days,
        per_role_limit=per_role_limit,
        created_at=now,
        heartbeat_at=now,
        searches=[
            Search(role=role, place=place, status="skipped", error=f"collected within {fresh_within_days} days")
            if (normalize_role(role), place) in fresh
            else Search(role=role, place=place)
            for role in roles
            for place in places
        ],
    ).save()
    close_if_done(run_id=run.id, now=now)
    return run.reload()


def fresh_searches(
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


def open_searches(*, run: CollectionRun, role: str) -> list[int]:
    """Positions of the run's searches for a role that are not over."""
    return [
        index
        for index, search in enumerate(run.searches)
        if search.role == role and search.status in OPEN_SEARCH_STATUSES
    ]


def open_roles(*, run: CollectionRun) -> list[str]:
    """Roles of the run that still have an open search, in order."""
    return list(dict.fromkeys(search.role for search in run.searches if search.status in OPEN_SEARCH_STATUSES))


def claim_search(*, run: CollectionRun, index: int, now: datetime) -> str | None:
    """Take a role and place for this run until the lease lapses; the claim's token, or None when another has it."""
    token, search = uuid.uuid4().hex, run.searches[index]
    try:
        # Condition and write are one, so of any number of workers one wins; the others stumble over the unique key.
        database().collected_roles.find_one_and_update(
            _role_key(search) | {"$or": [{"claim": None}, {"claimed_until": {"$lte": now}}]},
            {"$set": {"claim": token, "claimed_by_run": str(run.id), "claimed_until": _lease_end(now)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        return None
    return token


def claimed_by_other_run(*, run: CollectionRun, index: int) -> str | None:
    """The run that holds the search's role and place, unless it is this one."""
    held = database().collected_roles.find_one(_role_key(run.searches[index]), {"claimed_by_run": 1})
    holder = held.get("claimed_by_run") if held else None
    return None if holder == str(run.id) else holder


def renew_claim(*, run: CollectionRun, index: int, token: str, now: datetime) -> bool:
    """Hold the claim for another lease; False when it was lost to another run."""
    renewed = database().collected_roles.update_one(
        _role_key(run.searches[index]) | {"claim": token}, {"$set": {"claimed_until": _lease_end(now)}}
    )
    return bool(renewed.matched_count)


def release_claim(*, run: CollectionRun, index: int, token: str, collected: dict[str, Any] | None = None) -> None:
    """Let the role and place go, with what is now known of it when it was collected."""
    change: dict[str, Any] = {"$unset": {"claim": "", "claimed_by_run": "", "claimed_until": ""}}
    if collected:
        change["$set"] = collected
    database().collected_roles.update_one(_role_key(run.searches[index]) | {"claim": token}, change)


def collected_role(*, run: CollectionRun, index: int) -> CollectedRole:
    """What is remembered of the search's role and place."""
    search = run.searches[index]
    return CollectedRole.objects.get(role=normalize_role(search.role), place=search.place)


def update_search(
    *,
    run_id: ObjectId,
    index: int,
    now: datetime,
    values: dict[str, Any] | None = None,
    counts: dict[str, int] | None = None,
    refused: Sequence[dict[str, Any]] = (),
) -> None:
    """Write one step of a search and add its counts to the run's, in one update."""
    change: dict[str, Any] = {"$set": {"heartbeat_at": now, "status": "running"}, "$inc": {}}
    for name, value in (values or {}).items():
        change["$set"][f"searches.{index}.{name}"] = value
    for name, count in (counts or {}).items():
        change["$inc"][name] = count
        change["$inc"][f"searches.{index}.{name}"] = count
    for refusal in refused:
        reason = f"refused.{refusal['reason']}"
        change["$inc"][reason] = change["$inc"].get(reason, 0) + 1
    if refused:
        change["$inc"][f"searches.{index}.refused"] = len(refused)
        change["$push"] = {"refused_samples": {"$each": list(refused), "$slice": MOST_REFUSED_SAMPLES}}
    if not change["$inc"]:
        del change["$inc"]
    database().collection_runs.update_one({"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}}, change)
    database().collection_runs.update_one({"_id": run_id, "started_at": None}, {"$set": {"started_at": now}})


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


def stop_run(*, run_id: ObjectId, error: str, now: datetime) -> None:
    """End a run at once: every search that is not over fails with this error."""
    database().collection_runs.update_one(
        {"_id": run_id, "status": {"$in": OPEN_RUN_STATUSES}},
        {"$set": {"searches.$[open].status": "failed", "searches.$[open].error": error}},
        array_filters=[{"open.status": {"$in": OPEN_SEARCH_STATUSES}}],
    )
    close_if_done(run_id=run_id, now=now)


def find_interrupted(*, now: datetime) -> list[tuple[CollectionRun, list[str]]]:
    """Open runs nobody works on, with the roles to take up again.

    A search whose rate-limit wait is over is taken up; so is any whose run gave no sign of life for a lease. One that
    was lost too often is closed as lost, which may close its run.
    """
    silent_since = now - timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
    found = []
    for run in CollectionRun.objects(status__in=OPEN_RUN_STATUSES).order_by("created_at", "id"):
        silent = run.heartbeat_at <= silent_since
        roles: list[str] = []
        for index, search in enumerate(run.searches):
            if search.status not in OPEN_SEARCH_STATUSES:
                continue
            if search.status == "waiting" and search.resume_at:
                if search.resume_at <= now:
                    roles.append(search.role)
            elif silent and search.attempts >= MOST_ATTEMPTS:
                error = f"{search.role}, {search.place}: lost {search.attempts} times"
                update_search(run_id=run.id, index=index, now=now, values={"status": "lost", "error": error})
            elif silent:
                roles.append(search.role)
        close_if_done(run_id=run.id, now=now)
        if roles:
            # The sign of life keeps the next look from queueing the same again.
            CollectionRun.objects(id=run.id).update_one(set__heartbeat_at=now)
            found.append((run, list(dict.fromkeys(roles))))
    return found


def _distinct(names: Sequence[str]) -> list[str]:
    """The names with a word in them, each once; spellings that mean the same role or place count as one."""
    return list({key: name.strip() for name in reversed(names) if (key := normalize_role(name))}.values())[::-1]


def _role_key(search: Search) -> dict[str, Any]:
    return {"role": normalize_role(search.role), "place": search.place}


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
