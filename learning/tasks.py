"""What Celery runs for learning."""

import logging

from celery import shared_task
from django.utils import timezone

from career_navigator.background import ScheduledTask
from learning import links

logger = logging.getLogger(__name__)


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
