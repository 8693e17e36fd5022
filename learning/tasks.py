"""What Celery runs for learning."""

import logging
from typing import Any

from celery import Celery, shared_task
from celery.schedules import crontab
from django.utils import timezone

from career_navigator.background import ScheduledTask
from career_navigator.celery import app
from learning import links

logger = logging.getLogger(__name__)


@app.on_after_finalize.connect
def _set_schedule(sender: Celery, **_: Any) -> None:
    sender.conf.beat_schedule["check the links of resources on Monday"] = {
        "task": "learning.tasks.check_links",
        "schedule": crontab(minute="0", hour="5", day_of_week="mon"),
    }


@shared_task(base=ScheduledTask)
def check_links() -> None:
    """Ask every resource's address; a network that is down is logged, and the next week tries again."""
    try:
        report = links.check_links(now=timezone.now())
    except links.NetworkDown as error:
        logger.error("links were not checked: %s", error)
        return
    logger.info(
        "checked %d links: %d broken, %d of them newly; %d answer again",
        report.checked,
        len(report.broken),
        len(report.newly_broken),
        len(report.repaired),
    )
