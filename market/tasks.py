"""Celery tasks that refresh and check the daily stats and extract the skills of postings again."""

import logging

from celery import shared_task
from django.utils import timezone
from redis.exceptions import RedisError

from career_navigator.background import ScheduledTask, Task
from career_navigator.cache.client import fail_fast_redis
from career_navigator.celery import enqueue
from career_navigator.db.connection import database, redis_client
from market import refresh
from market.stored_skills import update_stored_skills

logger = logging.getLogger(__name__)

# Refreshes requested within this time are merged into one. Also the delay before a retry if another refresh is running.
REFRESH_DELAY_SECONDS = 3
# Set while a refresh is queued. It expires after a minute in case the broker loses the task.
_REFRESH_QUEUED_KEY = "market:figures:refresh-queued"
_REFRESH_QUEUED_TTL = 60


@shared_task(base=Task, title="Refresh daily stats", icon="refresh")
def refresh_daily_stats() -> str | None:
    """Recompute the days whose postings changed, and render the trending responses.

    If another refresh is running, the task does not wait for it. It queues another refresh for the remaining days.
    """
    # Delete the key before dirty days are read, so that a later change of postings queues another refresh.
    redis_client().delete(_REFRESH_QUEUED_KEY)
    try:
        summary = refresh.refresh_stats(now=timezone.now(), wait=False)
    except refresh.RefreshRunningError:
        queue_refresh()
        return None
    return f"recomputed {summary.days} days" if summary.rendered else None


def queue_refresh() -> None:
    """Queue a refresh of the daily stats, unless one is already queued.

    If the broker or Redis is unavailable, the scheduled refresh runs within 15 minutes.
    """
    redis = fail_fast_redis()
    try:
        if redis.set(_REFRESH_QUEUED_KEY, b"1", nx=True, ex=_REFRESH_QUEUED_TTL) and not enqueue(
            refresh_daily_stats, countdown=REFRESH_DELAY_SECONDS
        ):
            redis.delete(_REFRESH_QUEUED_KEY)
    except RedisError as error:
        logger.warning("could not queue a refresh; the next scheduled one will update the daily stats: %s", error)


@shared_task(base=ScheduledTask, title="Check daily stats", icon="fact_check", bind=True)
def check_daily_stats(self: Task) -> str:
    """Compare the daily stats of every open day with its postings, and report and repair differences."""
    progress = self.get_progress()
    progress.begin(0)
    check = refresh.check_stats(on_day=progress.advance)
    if not check.differing:
        return f"the daily stats of {check.days} days match their postings"
    days = ", ".join(map(str, check.differing))
    logger.error(
        "stats differed from their postings on %s; %d postings had wrong roles or groups of copies",
        days,
        check.postings,
    )
    refresh.refresh_stats(now=timezone.now())
    return f"repaired {len(check.differing)} of {check.days} days: {days}"


@shared_task(
    base=Task, title="Reread postings' skills", icon="psychology", permissions=("market.reread_skills",), bind=True
)
def reread_skills(self: Task) -> str:
    """Extract the skills of every stored posting again. Run this after editing aliases or slugs."""
    progress = self.get_progress()
    progress.begin(database().job_postings.estimated_document_count())
    read_count = changed_count = 0
    for batch in update_stored_skills(dry_run=False, now=timezone.now()):
        read_count += batch.seen
        changed_count += batch.changed
        progress.advance(batch.seen)
    days = refresh.refresh_stats(now=timezone.now()).days
    return f"read {read_count:,} postings; the skills of {changed_count:,} changed; recomputed {days:,} days"
