"""What Celery runs for saved searches."""

from datetime import date
from smtplib import SMTPException

from bson import ObjectId
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.searches import services
from accounts.searches.selectors import get_local_day, list_due_searches
from career_navigator.background import UNAVAILABLE_ERRORS, ScheduledTask
from career_navigator.celery import enqueue


@shared_task(base=ScheduledTask, title="Mail saved searches", icon="mail")
def queue_digests() -> str:
    """Queue the digests of saved searches that are due, one task per search."""
    day = get_local_day(timezone.now())
    due = list(list_due_searches(day=day))
    for search_id in due:
        if not enqueue(send_digest, str(search_id), day.isoformat()):
            raise OperationalError("the digests were not queued")
    return f"queued {len(due)} digests"


# A server that is unavailable is usually back within the hour; no posting is marked as mailed until all answer.
@shared_task(
    autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=60, retry_backoff_max=1800, max_retries=8
)
def send_digest(search_id: str, day: str) -> None:
    """Send a search's digest of a day, such as "2026-11-16"."""
    services.send_digest(search_id=ObjectId(search_id), day=date.fromisoformat(day), now=timezone.now())
