"""Celery tasks of the learning app."""

import logging

from celery import shared_task
from django.utils import timezone

from career_navigator.background import ScheduledTask, Task, TaskFailed
from learning import services as links

logger = logging.getLogger(__name__)


@shared_task(
    base=ScheduledTask,
    title="Check links",
    icon="link",
    permissions=("learning.check_links", "career_navigator.run_task"),
    bind=True,
)
def check_links(self: Task) -> str:
    """Request the URL of every learning resource and mark broken links.

    The task fails if the network is down and runs again the following week. A cancelled task writes nothing.
    """
    progress = self.get_progress()
    try:
        report = links.check_links(now=timezone.now(), begin=progress.begin, advance=progress.advance)
    except links.NetworkDown as error:
        logger.error("link check failed: %s", error)
        raise TaskFailed(f"the network is down: {error}") from error
    return (
        f"checked {report.checked:,} links: {len(report.broken):,} broken ({len(report.newly_broken):,} new), "
        f"{len(report.repaired):,} repaired"
    )
