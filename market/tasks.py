"""Refreshing and checking the daily stats."""

import logging

from celery import shared_task
from django.utils import timezone
from redis.exceptions import RedisError

from career_navigator.background import ScheduledTask
from career_navigator.connection import quick_redis_client, redis_client
from career_navigator.queueing import enqueue
from market import refresh

logger = logging.getLogger(__name__)

# Those who ask for a refresh within this time share it, and one that met another one tries again after it.
REFRESH_DELAY_SECONDS = 3
# Set while a refresh waits in the queue; a queue that lost it is not waited for any longer.
_REFRESH_QUEUED_KEY = "market:figures:refresh-queued"
_REFRESH_QUEUED_TTL = 60


@shared_task
def refresh_daily_stats() -> None:
    """Bring daily stats and rendered answers up to date; after UTC midnight the windows move by a day.

    Where another refresh is at work, no worker waits for it: one more is queued, which finds what that one left.
    """
    # Before the marks are read: a change of postings from now on queues another refresh.
    redis_client().delete(_REFRESH_QUEUED_KEY)
    try:
        refresh.refresh_figures(now=timezone.now(), wait=False)
    except refresh.RefreshRunningError:
        queue_refresh()


def queue_refresh() -> None:
    """Have the workers refresh within seconds, once for all who ask until then.

    With the queue unavailable that happens within a quarter of an hour.
    """
    redis = quick_redis_client()
    try:
        if redis.set(_REFRESH_QUEUED_KEY, b"1", nx=True, ex=_REFRESH_QUEUED_TTL) and not enqueue(
            refresh_daily_stats, countdown=REFRESH_DELAY_SECONDS
        ):
            redis.delete(_REFRESH_QUEUED_KEY)
    except RedisError as error:
        logger.warning("the daily stats wait for the next scheduled refresh: %s", error)


@shared_task(base=ScheduledTask)
def check_daily_stats() -> None:
    """Compare the daily stats with the postings they came from, report differences, and mend them."""
    check = refresh.check_figures()
    if check.differing:
        days = ", ".join(map(str, check.differing))
        logger.error("figures differed from their postings on %s; %d postings had wrong roles", days, check.postings)
        refresh.refresh_figures(now=timezone.now())
