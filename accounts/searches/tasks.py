"""Celery tasks for saved searches."""

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


@shared_task(base=ScheduledTask, title="Send saved-search digests", icon="mail")
def queue_digests() -> str:
    """Queue one task per saved search whose digest is due."""
    day = get_local_day(timezone.now())
    due = list(list_due_searches(day=day))
    for search_id in due:
        if not enqueue(send_digest, str(search_id), day.isoformat()):
            raise OperationalError("the digests could not be queued")
    return f"queued {len(due)} digests"


# An unavailable server usually recovers within an hour. No posting is reserved until all servers respond.
@shared_task(
    autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=60, retry_backoff_max=1800, max_retries=8
)
def send_digest(search_id: str, day: str) -> None:
    """Send the digest of a search for a day in ISO format, such as "2026-11-16"."""
    services.send_digest(search_id=ObjectId(search_id), day=date.fromisoformat(day), now=timezone.now())
