"""Celery tasks of ingestion. Each takes ids, calls one function, and may safely run twice."""

import logging
from datetime import datetime
from typing import Any

from bson import ObjectId
from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from career_navigator.background import RETRY_WHILE_UNAVAILABLE, ScheduledTask, Task, TaskFailed
from career_navigator.celery import enqueue
from career_navigator.db.connection import redis_client
from ingestion import boards, services, webhooks
from ingestion.board_collection import collect_board as collect_board_of_run
from ingestion.collection import collect_role as collect_role_of_run
from ingestion.documents import CollectionRunDocument
from ingestion.runs import UnusableRequestError, find_interrupted, is_being_collected, list_open_roles, stop_run
from ingestion.source import check_source, is_theirstack_on
from ingestion.sources.registry import list_enabled_sources
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.errors import TheirStackClientError, TheirStackConfigurationError
from market.services import count_expired_postings
from market.tasks import check_daily_stats, queue_refresh, refresh_daily_stats

logger = logging.getLogger(__name__)

# The daily collection looks further back than a manual one, so that a missed day loses no postings.
DAILY_MAX_AGE_DAYS = 30
# Workers that start within this time check TheirStack only once.
_CHECKED_KEY = "ingestion:connectivity-checked"
_CHECKED_SECONDS = 60


def queue_run(*, run: CollectionRunDocument) -> bool:
    """Queue one task per role of a run. Return False if the broker is unavailable.

    `resume_runs` later queues whatever could not be queued now.
    """
    task = collect_board if run.source else collect_role
    is_queued = all(enqueue(task, str(run.id), role) for role in list_open_roles(run=run))
    if not is_queued:
        logger.warning("cannot queue run %s now, leaving it to resume_runs: the broker is unavailable", run.id)
    return is_queued


@shared_task(
    base=ScheduledTask,
    title="Collect users' roles",
    icon="cloud_download",
    permissions=("ingestion.trigger_collection",),
)
def collect_daily() -> str:
    """Start the daily run for the users' target roles that are not fresh, unless TheirStack is switched off."""
    if not is_theirstack_on():
        return "TheirStack is not in SOURCES"
    run = services.collect_jobs_for_all_users(max_age_days=DAILY_MAX_AGE_DAYS, trigger="schedule", now=timezone.now())
    queue_run(run=run)
    return f"started run {run.id} with {len(list_open_roles(run=run))} roles to collect"


@shared_task(**RETRY_WHILE_UNAVAILABLE)
def collect_for_user(user_id: str, roles: list[str]) -> None:
    """Start a run for roles that a user has just added as target roles, unless they are fresh."""
    try:
        run = services.collect_jobs_for_user(
            user_id=user_id,
            roles=roles,
            max_age_days=DAILY_MAX_AGE_DAYS,
            data_freshness_days=services.DEFAULT_FRESHNESS_DAYS,
            now=timezone.now(),
        )
    except (services.UnknownUserError, UnusableRequestError) as error:
        # While the task waited, the user was deleted or removed the role.
        logger.info("collecting nothing for user %s: %s", user_id, error)
        return
    queue_run(run=run)


@shared_task(bind=True, **RETRY_WHILE_UNAVAILABLE)
def collect_role(self: Task, run_id: str, role: str) -> None:
    """Collect one role of a run. A retry takes over its own lease, so it continues as soon as MongoDB is back."""
    try:
        client = build_client()
    except TheirStackConfigurationError as error:
        stop_run(run_id=ObjectId(run_id), error=f"{error.reason}: {error}", now=timezone.now())
        return
    with client:
        collect_role_of_run(
            run_id=ObjectId(run_id), role=role, client=client, clock=timezone.now, task_id=self.request.id
        )
    # Refresh once per run. Until then the days are marked dirty, so the scheduled refresh covers them after a crash.
    if not is_being_collected(run_id=ObjectId(run_id)):
        queue_refresh()


@shared_task(
    base=ScheduledTask,
    title="Collect boards",
    icon="public",
    permissions=("ingestion.trigger_collection",),
)
def collect_boards() -> str | None:
    """Start runs for the boards that are due, of all sources in SOURCES. Return None if there are none."""
    now, runs = timezone.now(), []
    for source in list_enabled_sources():
        boards.add_feeds(source=source, now=now)
        due = boards.list_due_boards(source=source, now=now)
        runs += boards.start_board_runs(source=source, names=due, trigger="schedule", now=now)
    for run in runs:
        queue_run(run=run)
    return f"started {len(runs)} runs with {sum(len(run.searches) for run in runs)} boards" if runs else None


@shared_task(bind=True, **RETRY_WHILE_UNAVAILABLE)
def collect_board(self: Task, run_id: str, key: str) -> None:
    """Collect one board of a run."""
    collect_board_of_run(run_id=ObjectId(run_id), key=key, clock=timezone.now, task_id=self.request.id)
    if not is_being_collected(run_id=ObjectId(run_id)):
        queue_refresh()


@shared_task(base=Task, title="Resume collection runs", icon="restart_alt")
def resume_runs() -> str | None:
    """Queue searches that waited for the rate limit or lost their worker. Close those lost too often."""
    interrupted = find_interrupted(now=timezone.now())
    for run, roles in interrupted:
        for role in roles:
            logger.warning("resuming run %s: %s", run.id, role)
            enqueue(collect_board if run.source else collect_role, str(run.id), role)
    return f"queued {sum(len(roles) for _, roles in interrupted)} roles" if interrupted else None


def describe_pruning(now: datetime) -> list[str]:
    """Describe what a clean-up would delete now."""
    days = settings.JOB_DATA_RETENTION_DAYS
    expired = count_expired_postings(days_to_keep=days, now=now)
    if not expired.postings:
        return [f"No posting is older than {days} days, so nothing would be deleted."]
    return [
        f"{expired.postings:,} postings on {expired.days:,} days will be deleted: all from before "
        f"{expired.first_kept}, since JOB_DATA_RETENTION_DAYS is {days}.",
        "The daily stats of these days will stay.",
    ]


@shared_task(base=ScheduledTask, title="Clean up", icon="mop", bind=True, consequences=staticmethod(describe_pruning))
def clean_up(self: Task) -> str:
    """Delete postings past retention. The daily stats of their days stay."""
    progress, now = self.get_progress(), timezone.now()
    progress.begin(count_expired_postings(days_to_keep=settings.JOB_DATA_RETENTION_DAYS, now=now).days)
    deleted = services.prune_postings(days_to_keep=settings.JOB_DATA_RETENTION_DAYS, now=now, on_day=progress.advance)
    return f"deleted {deleted:,} postings older than {settings.JOB_DATA_RETENTION_DAYS} days"


@shared_task(base=Task, title="Check TheirStack", icon="wifi", **RETRY_WHILE_UNAVAILABLE)
def check_theirstack() -> str:
    """Fetch TheirStack's credit balance, which is free, and lift a halt if there are credits again.

    Failures are recorded and logged.
    """
    try:
        with build_client() as client:
            balance = check_source(client=client, now=timezone.now())
    except TheirStackClientError as error:
        logger.error("cannot use TheirStack: %s: %s", error.reason, error)
        raise TaskFailed(f"{error.reason}: {error}") from error
    return f"TheirStack is reachable; {balance.remaining:,} credits are left"


@shared_task(**RETRY_WHILE_UNAVAILABLE)
def receive_webhook_event(event: str | dict[str, Any]) -> None:
    """Store the job of a webhook event. `event` is the JSON text of the request's body.

    Earlier releases queued the event as an object, which is accepted too.
    """
    parsed = webhooks.parse_event(event) if isinstance(event, str) else event
    webhooks.receive_event(event=parsed, now=timezone.now())
    queue_refresh()


@worker_ready.connect
def _on_worker_ready(**_: Any) -> None:
    """Resume interrupted runs and check the connection when workers start, once for all that start together."""
    try:
        if redis_client().set(_CHECKED_KEY, b"1", nx=True, ex=_CHECKED_SECONDS):
            checks = [check_theirstack] if is_theirstack_on() else []
            for task in (*checks, resume_runs, refresh_daily_stats, collect_boards):
                enqueue(task)
    except RedisError as error:
        # The schedule resumes runs and refreshes the daily stats in any case.
        logger.warning("skipping the checks on startup: %s", error)


# Task names that earlier releases queued. They are accepted for one release.
@shared_task(name="ingestion.tasks.refresh_figures")
def _refresh_figures() -> None:
    refresh_daily_stats()


@shared_task(name="ingestion.tasks.check_figures")
def _check_figures() -> None:
    check_daily_stats()
