"""What Celery runs for learning."""

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
    """Ask the URL of every learning resource and mark those that do not answer.

    While the network is down it fails, and the next week tries again. Cancelled, it marks nothing.
    """
    progress = self.get_progress()
    try:
        report = links.check_links(now=timezone.now(), begin=progress.begin, advance=progress.advance)
    except links.NetworkDown as error:
        logger.error("links were not checked: %s", error)
        raise TaskFailed(f"the network is down: {error}") from error
    return (
        f"checked {report.checked:,} links: {len(report.broken):,} broken, {len(report.newly_broken):,} of them newly; "
        f"{len(report.repaired):,} answer again"
    )
