"""Job fetching for a user: criteria, starting a run, waiting for its first page, and the stored jobs.

Used by the endpoints under /jobs/fetch_jobs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from bson import ObjectId
from django.conf import settings
from mongoengine import NotUniqueError

from career_navigator.api.permissions import CurrentUser
from career_navigator.api.serializers import validate_as
from career_navigator.db.connection import database
from career_navigator.documents import build_idempotency_key
from career_navigator.observability.middleware import with_fresh_deadline
from career_navigator.throttling import waiting_slot
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRunDocument
from ingestion.role_searches import DEFAULT_PLACES
from ingestion.runs import find_fresh_searches, start_run
from ingestion.source import BudgetSpentError, CollectionHaltedError, get_credits_left, require_running_source
from ingestion.suggestions import describe_unknown_places
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE, UNKNOWN, get_country_name, is_country_code
from market.geo.places import normalize_place
from market.jobs.filters import JobFilter, build_job_query
from market.jobs.selectors import QUERY_MILLISECONDS, Row, list_posting_ids, list_rows
from market.jobs.serializers import JobFilterSerializer
from market.role_selectors import canonicalize_role

# Both multiply the maximum cost of a request.
MAX_ROLES = 3
MAX_PLACES = 5

ONLY_REMOTE = "remote"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchCriteria:
    """Roles as the user wrote them, the places to search, and the filter that finds the matching stored postings."""

    roles: tuple[str, ...]
    places: tuple[str, ...]
    job_filter: JobFilter
    # One or more sentences about places that were not recognized.
    notice: str | None = None


def build_criteria(*, user: CurrentUser, overrides: Mapping[str, Any]) -> FetchCriteria:
    """Return the criteria of a request. Each part comes from `overrides` and defaults to the user's profile.

    `overrides` is the validated data of `FetchJobsSerializer`. At most `MAX_ROLES` roles and `MAX_PLACES` places are
    used, and the default places if there are none. `roles` is empty if neither the request nor the profile names one.
    """
    roles = _list_requested_roles(overrides) or user.target_roles
    locations, countries = overrides.get("preferred_locations") or [], overrides.get("countries") or []
    if not locations and not countries:
        locations = user.preferred_locations or [user.location or ""]
    labels = _deduplicate([*map(get_place_label, _join_states(locations)), *map(_get_country_label, countries)])
    labels = labels[:MAX_PLACES]
    preference = overrides.get("remote_preference") or user.remote_preference
    distinct: dict[str, str] = {}
    for role in roles:
        distinct.setdefault(canonicalize_role(role), role)
    selected = tuple(distinct.values())[:MAX_ROLES]
    if preference == ONLY_REMOTE:
        return _build_remote_criteria(selected, labels)
    notice = _join(describe_unknown_places(places=labels).values())
    labels = labels or list(DEFAULT_PLACES)
    return FetchCriteria(
        roles=selected,
        places=tuple(labels),
        job_filter=JobFilter(
            titles=selected,
            places=tuple(labels),
            hybrid=True if preference == "hybrid" else None,
            remote=False if preference == "onsite" else None,
        ),
        notice=notice,
    )


def get_place_label(location: str) -> str:
    """Return the label that postings use for a location, or "" if the location is unknown.

    Two letters that do not name a place are read as a country code: "CA" is Canada.
    """
    label, code = normalize_place(label=location), location.strip().upper()
    if parse_place_label(label).country_code is None and is_country_code(code):
        return _get_country_label(code)
    return "" if label == UNKNOWN else label


def _join_states(locations: Iterable[str]) -> list[str]:
    """Rejoin US cities and states that were split at a comma: "San Francisco", "CA" is one place, not also Canada."""
    joined: list[str] = []
    for location in locations:
        city, state = joined[-1] if joined else "", location.strip()
        place = parse_place_label(f"{city}, {state}")
        in_state = len(city) > 2 and len(state) == 2 and place.city and place.state_code == state
        if in_state and parse_place_label(city).country_code in (None, "US"):
            joined[-1] = f"{city}, {state}"
        else:
            joined.append(location)
    return joined


def _list_requested_roles(overrides: Mapping[str, Any]) -> list[str]:
    desired = overrides.get("desired_job_role") or {}
    return _deduplicate(
        [desired.get("first_role") or "", *(desired.get("target_roles") or ()), *(overrides.get("target_roles") or ())]
    )


def _build_remote_criteria(roles: tuple[str, ...], labels: Sequence[str]) -> FetchCriteria:
    """Build criteria for remote jobs, whose place is at most a country."""
    codes = _deduplicate(parse_place_label(label).country_code or "" for label in labels if label != REMOTE)
    places = [f"{REMOTE}, {_get_country_label(code)}" for code in codes] or [REMOTE]
    unknown = describe_unknown_places(places=labels, consequence="it was ignored").values()
    return FetchCriteria(
        roles=roles,
        places=tuple(places),
        job_filter=JobFilter(titles=roles, countries=tuple(codes), remote=True),
        notice=_join(unknown),
    )


def _join(sentences: Iterable[str]) -> str | None:
    return " ".join(each if each.endswith("?") else f"{each}." for each in sentences) or None


def _get_country_label(code: str) -> str:
    """Return the country's name, or its code if the name also means another place, as "Georgia" does."""
    name = get_country_name(code=code) or code
    return name if parse_place_label(name).country_code == code else code


def _deduplicate(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


# Roles collected within a day are served from storage. Later postings cost one credit each.
FRESH_DAYS = 1
# Matches the daily collection: a search that reaches further back than earlier ones pays again for every posting.
MAX_AGE_DAYS = 30
# Maximum credits that one request spends per role, over all its places.
JOBS_PER_ROLE = 20

# Each job is returned with its full text. POST /jobs/relevant_jobs pages through the rest.
MAX_RETURNED_JOBS = 50
MAX_COUNTED = 10_000

NO_CREDIT = "No new jobs were fetched because the credits are used up. The jobs below are those already stored."
_FAILED = "Fetching new jobs failed. The jobs below are those already stored."

_POLL_SECONDS = 0.2


def is_fresh(*, criteria: FetchCriteria, now: datetime) -> bool:
    """Return whether every role was collected in every place within `FRESH_DAYS`, even if no job was found."""
    fresh = find_fresh_searches(roles=criteria.roles, places=criteria.places, within_days=FRESH_DAYS, now=now)
    return all((canonicalize_role(role), place) in fresh for role in criteria.roles for place in criteria.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A run that fetches jobs for a user. `is_new` is False if an earlier, identical request started the run."""

    run: CollectionRunDocument
    is_new: bool


def start_fetch(*, criteria: FetchCriteria, user_id: ObjectId, now: datetime) -> Fetch:
    """Start a run for the criteria, or return the open run of an identical request.

    Roles that are fresh in a place are skipped. A new run is only recorded; the caller queues it.

    Raises:
        CollectionHaltedError: Collection is halted.
        BudgetSpentError: The month's budget has no credits left.
    """
    require_running_source()
    if get_credits_left(budget=settings.THEIR_STACK_CREDIT_BUDGET, now=now) == 0:
        raise BudgetSpentError("the month's budget has no credits left")
    key = build_idempotency_key(criteria.roles, criteria.places)
    while True:
        try:
            run = start_run(
                trigger="user",
                roles=criteria.roles,
                places=criteria.places,
                max_age_days=MAX_AGE_DAYS,
                per_role_limit=JOBS_PER_ROLE,
                fresh_within_days=FRESH_DAYS,
                requested_by=str(user_id),
                wanted=criteria.job_filter.as_body(),
                idempotency_key=key,
                now=now,
            )
        except NotUniqueError:
            stored = CollectionRunDocument.objects(requested_by=str(user_id), idempotency_key=key).first()
            if stored is not None and stored.status in OPEN_RUN_STATUSES:
                return Fetch(run=stored, is_new=False)
            # A run that is over releases the key.
            if stored is not None:
                CollectionRunDocument.objects(id=stored.pk).update_one(unset__idempotency_key=True)
        else:
            return Fetch(run=run, is_new=True)


def wait_for_first_page(*, run: CollectionRunDocument, seconds: float) -> CollectionRunDocument:
    """Wait until the run has stored its first page or is over, for at most `seconds`, and return the run.

    Polls two fields of the run five times per second. Returns without waiting if too many requests already wait.
    """
    with waiting_slot() as may_wait:
        until = monotonic() + seconds
        while may_wait and not with_fresh_deadline(lambda: _has_begun(run.pk)) and monotonic() < until:
            sleep(_POLL_SECONDS)
    return with_fresh_deadline(run.reload)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJobs:
    """The newest postings that meet the criteria, and their total number, counted up to `MAX_COUNTED`."""

    rows: list[Row]
    total: int


def find_stored_jobs(*, job_filter: JobFilter, now: datetime) -> StoredJobs:
    """Return the newest `MAX_RETURNED_JOBS` stored postings that match the filter, and their total number."""
    query = build_job_query(job_filter, now=now)
    rows = list_rows(list_posting_ids(query=query, limit=MAX_RETURNED_JOBS, offset=0))
    total = database().job_postings.count_documents(query, limit=MAX_COUNTED, maxTimeMS=QUERY_MILLISECONDS)
    return StoredJobs(rows=rows, total=total)


def get_filter(*, run: CollectionRunDocument) -> JobFilter:
    """Return the filter of the postings that the requesting user wants to see."""
    return validate_as(JobFilterSerializer, dict(run.wanted) or {"titles": list(run.roles)}).job_filter


def get_notice(*, run: CollectionRunDocument) -> str | None:
    """Return a notice for the user if the run failed, otherwise None. Staff see the exact error on the run's page."""
    if run.status in (*OPEN_RUN_STATUSES, "finished"):
        return None
    reason = (run.error or "").partition(":")[0]
    used_up = (BudgetSpentError.reason, CollectionHaltedError.reason, "out_of_credits")
    return NO_CREDIT if reason in used_up else _FAILED


def _has_begun(run_id: ObjectId) -> bool:
    run = database().collection_runs.find_one({"_id": run_id}, {"status": 1, "pages": 1})
    return run is None or run["pages"] > 0 or run["status"] not in OPEN_RUN_STATUSES
