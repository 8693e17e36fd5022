"""Tasks of the market: refreshing and checking the daily stats, reading postings again."""

import logging

from celery import shared_task
from django.utils import timezone
from redis.exceptions import RedisError

from career_navigator.background import ScheduledTask, Task
from career_navigator.cache.client import fail_fast_redis
from career_navigator.celery import enqueue
from career_navigator.db.connection import database, redis_client
from market import refresh
from market.posting_skills import reread_posting_skills

logger = logging.getLogger(__name__)

# Those who ask for a refresh within this time share it, and one that met another one tries again after it.
REFRESH_DELAY_SECONDS = 3
# Set while a refresh waits in the queue; a queue that lost it is not waited for any longer.
_REFRESH_QUEUED_KEY = "market:figures:refresh-queued"
_REFRESH_QUEUED_TTL = 60


@shared_task(base=Task, title="Refresh daily stats", icon="refresh")
def refresh_daily_stats() -> str | None:
    """Recompute the days whose postings changed, and render the answers of every window.

    Where another refresh is at work, no worker waits for it: one more is queued, which finds what that one left.
    """
    # Before the marks are read: a change of postings from now on queues another refresh.
    redis_client().delete(_REFRESH_QUEUED_KEY)
    try:
        summary = refresh.refresh_stats(now=timezone.now(), wait=False)
    except refresh.RefreshRunningError:
        queue_refresh()
        return None
    return f"recomputed {summary.days} days" if summary.rendered else None


def queue_refresh() -> None:
    """Have the workers refresh within seconds, once for all who ask until then.

    With the queue unavailable that happens within a quarter of an hour.
    """
    redis = fail_fast_redis()
    try:
        if redis.set(_REFRESH_QUEUED_KEY, b"1", nx=True, ex=_REFRESH_QUEUED_TTL) and not enqueue(
            refresh_daily_stats, countdown=REFRESH_DELAY_SECONDS
        ):
            redis.delete(_REFRESH_QUEUED_KEY)
    except RedisError as error:
        logger.warning("the daily stats wait for the next scheduled refresh: %s", error)


@shared_task(base=ScheduledTask, title="Check daily stats", icon="fact_check", bind=True)
def check_daily_stats(self: Task) -> str:
    """Compare the daily stats of every day with the postings they came from, report differences, and mend them."""
    progress = self.get_progress()
    progress.begin(0)
    check = refresh.check_stats(on_day=progress.advance)
    if not check.differing:
        return f"the daily stats of {check.days} days agree with their postings"
    days = ", ".join(map(str, check.differing))
    logger.error("stats differed from their postings on %s; %d postings had wrong roles", days, check.postings)
    refresh.refresh_stats(now=timezone.now())
    return f"mended {len(check.differing)} of {check.days} days: {days}"


@shared_task(
    base=Task, title="Reread postings' skills", icon="psychology", permissions=("market.reread_skills",), bind=True
)
def reread_skills(self: Task) -> str:
    """Read every stored posting by today's vocabulary, for when aliases or slugs were edited."""
    progress = self.get_progress()
    progress.begin(database().job_postings.estimated_document_count())
    seen = changed = 0
    for batch in reread_posting_skills(dry_run=False, now=timezone.now()):
        seen += batch.seen
        changed += batch.changed
        progress.advance(batch.seen)
    days = refresh.refresh_stats(now=timezone.now()).days
    return f"read {seen:,} postings: {changed:,} of them have other skills now; recomputed {days:,} days"
