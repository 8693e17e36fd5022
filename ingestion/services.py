"""Services for collection and retention, used by the API, the admin, tasks and commands."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId

from accounts.selectors import get_career_goals, get_target_roles
from career_navigator.api.exceptions import SERVER_UNAVAILABLE
from ingestion.boards import start_repeated_board_run
from ingestion.collection import Clock, collect_role
from ingestion.documents import OPEN_RUN_STATUSES, REPEATABLE_SEARCH_STATUSES, CollectionRunDocument
from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES
from ingestion.runs import UnusableRequestError, find_open_run, list_open_roles, start_run
from ingestion.sources.theirstack.client import TheirStackClient
from market.refresh import refresh_stats
from market.services import delete_expired_postings

logger = logging.getLogger(__name__)

DEFAULT_MAX_AGE_DAYS = 14
DEFAULT_JOBS_PER_ROLE = 5
DEFAULT_FRESHNESS_DAYS = 30


class UnknownUserError(LookupError):
    """No user has this id."""


def collect_jobs_for_roles(
    *,
    roles: Sequence[str],
    locations: Sequence[str],
    max_age_days: int = DEFAULT_MAX_AGE_DAYS,
    per_role_limit: int = 100,
    trigger: str = "command",
    client: TheirStackClient,
    clock: Clock,
    on_progress: Callable[[CollectionRunDocument], None] | None = None,
) -> CollectionRunDocument:
    """Collect roles in places within this process, and return the run after it has ended.

    `max_age_days` limits the age of the jobs, `per_role_limit` the jobs fetched per role over all places. See
    `summarize_run` for the stats per role. Raises `UnusableRequestError`.
    """
    run = start_run(
        trigger=trigger,
        roles=roles,
        places=locations,
        max_age_days=max_age_days,
        per_role_limit=per_role_limit,
        now=clock(),
    )
    return run_inline(run=run, client=client, clock=clock, on_progress=on_progress)


def collect_jobs_for_all_users(
    *,
    max_age_days: int = DEFAULT_MAX_AGE_DAYS,
    jobs_per_role: int = DEFAULT_JOBS_PER_ROLE,
    locations: Sequence[str] | None = None,
    data_freshness_days: int = DEFAULT_FRESHNESS_DAYS,
    trigger: str = "command",
    now: datetime,
) -> CollectionRunDocument:
    """Start a run for the target roles of all users, or for the default roles if no user has any.

    Roles collected within `data_freshness_days` are skipped. The run is only recorded: the caller queues it or runs it
    inline. If the schedule triggers it and an identical run is open, that run is returned instead.
    """
    roles, places = get_target_roles() or DEFAULT_ROLES, locations or DEFAULT_PLACES
    if trigger == "schedule" and (
        # The earlier run may come from an earlier delivery of the same task.
        run := find_open_run(trigger=trigger, requested_by=None, roles=roles, places=places)
    ):
        return run
    return start_run(
        trigger=trigger,
        roles=roles,
        places=places,
        max_age_days=max_age_days,
        per_role_limit=jobs_per_role,
        fresh_within_days=data_freshness_days,
        now=now,
    )


def collect_jobs_for_user(
    *,
    user_id: str,
    max_age_days: int = DEFAULT_MAX_AGE_DAYS,
    jobs_per_role: int = DEFAULT_JOBS_PER_ROLE,
    locations: Sequence[str] | None = None,
    roles: Sequence[str] | None = None,
    data_freshness_days: int | None = None,
    trigger: str = "user",
    now: datetime,
) -> CollectionRunDocument:
    """Start a run for one user's target roles, in `locations`, the user's own location or else the default places.

    `roles` restricts the run to some of the target roles. Roles collected within `data_freshness_days` are skipped. If
    the user triggers it and an identical run of that user is open, that run is returned instead.

    Raises:
        UnknownUserError: No user has this id.
        UnusableRequestError: The user has no target roles.
    """
    goals = get_career_goals(user_id=user_id)
    if goals is None:
        raise UnknownUserError(f"there is no user {user_id!r}")
    chosen = [role for role in goals.roles if roles is None or role in roles]
    places = locations or ([goals.location] if goals.location else DEFAULT_PLACES)
    if trigger == "user" and (run := find_open_run(trigger=trigger, requested_by=user_id, roles=chosen, places=places)):
        return run
    return start_run(
        trigger=trigger,
        roles=chosen,
        places=places,
        max_age_days=max_age_days,
        per_role_limit=jobs_per_role,
        fresh_within_days=data_freshness_days,
        requested_by=user_id,
        now=now,
    )


def run_inline(
    *,
    run: CollectionRunDocument,
    client: TheirStackClient,
    clock: Clock,
    on_progress: Callable[[CollectionRunDocument], None] | None = None,
) -> CollectionRunDocument:
    """Collect a run's open searches in this process, one role after another, then refresh the daily stats.

    Returns the reloaded run.
    """
    try:
        for role in list_open_roles(run=run):
            collect_role(run_id=run.id, role=role, client=client, clock=clock)
            run.reload()
            if on_progress:
                on_progress(run)
    except BaseException:
        # Refresh the stats of what was already collected: there may be no worker to do it later.
        try:
            refresh_stats(now=clock())
        except SERVER_UNAVAILABLE as error:
            logger.warning("cannot refresh the daily stats now, leaving it to the next refresh: %s", error)
        raise
    refresh_stats(now=clock())
    return run


def prune_postings(*, days_to_keep: int, now: datetime, on_day: Callable[[], object] | None = None) -> int:
    """Delete postings from before the last `days_to_keep` days, one whole day at a time. Return how many were deleted.

    The daily stats of those days are closed and stay.
    """
    deleted = 0
    for _, count in delete_expired_postings(days_to_keep=days_to_keep, now=now):
        deleted += count
        if on_day:
            on_day()
    refresh_stats(now=now)
    return deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """The searches to repeat from a run, and the maximum credits that this costs.

    `spent_before` maps each role to the credits of its other searches, which count towards the role's limit.
    """

    searches: list[tuple[str, str]]
    spent_before: dict[str, int]
    cost: int


def plan_repetition(*, run: CollectionRunDocument) -> Repetition:
    """Return the searches of the run to repeat. Each is repeated from its beginning.

    Raises `UnusableRequestError` with the reason `nothing_to_repeat`.
    """
    failed = [search for search in run.searches if search.status in REPEATABLE_SEARCH_STATUSES]
    if run.status in OPEN_RUN_STATUSES or not failed:
        raise UnusableRequestError(
            "nothing_to_repeat", "the run is still open, or all of its searches were collected or skipped"
        )
    spent = dict.fromkeys((search.role for search in failed), 0)
    for search in run.searches:
        if search.role in spent and search.status not in REPEATABLE_SEARCH_STATUSES:
            spent[search.role] += search.credits
    return Repetition(
        searches=[(search.role, search.place) for search in failed],
        spent_before=spent,
        cost=0 if run.source else sum(max(0, run.per_role_limit - credits) for credits in spent.values()),
    )


def repeat_run(*, run_id: ObjectId, requested_by: str | None, now: datetime) -> CollectionRunDocument:
    """Start a new run for the searches that a run did not collect, within the remaining limits of that run.

    Raises `UnusableRequestError` with the reason `nothing_to_repeat`, or DoesNotExist.
    """
    run = CollectionRunDocument.objects.get(id=run_id)
    repetition = plan_repetition(run=run)
    if run.source:
        keys = [key for key, _ in repetition.searches]
        return start_repeated_board_run(source=run.source, keys=keys, requested_by=requested_by, now=now)
    return start_run(
        trigger="admin",
        roles=list(dict.fromkeys(role for role, _ in repetition.searches)),
        places=list(dict.fromkeys(place for _, place in repetition.searches)),
        only=repetition.searches,
        spent_before=repetition.spent_before,
        max_age_days=run.max_age_days,
        per_role_limit=run.per_role_limit,
        requested_by=requested_by,
        now=now,
    )


def erase_requester(user_id: ObjectId) -> None:
    """Remove an erased user from the runs they requested. The runs stay as a record of what was collected and paid."""
    CollectionRunDocument.objects(requested_by=str(user_id)).update(unset__requested_by=True, unset__wanted=True)
