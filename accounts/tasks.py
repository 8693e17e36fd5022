"""Celery tasks for accounts."""

from smtplib import SMTPException

from bson import ObjectId
from celery import shared_task
from django.utils import timezone

from accounts import credentials, services
from accounts.resumes import tasks as resume_tasks  # noqa: F401 - Celery finds the tasks of an app through this module
from accounts.searches import tasks as search_tasks  # noqa: F401 - the same
from career_navigator.background import UNAVAILABLE_ERRORS, Task


@shared_task(base=Task, title="Finish erasures", icon="person_remove")
def finish_erasures() -> str | None:
    """Complete interrupted account erasures."""
    erased = services.finish_erasures(now=timezone.now())
    return f"erased {erased} accounts" if erased else None


# An unavailable server usually recovers within minutes, which is as long as users wait for the message. Each attempt
# creates a new link.
@shared_task(autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=10, max_retries=5)
def send_reset_message(email: str) -> None:
    """Send a password reset message if an account has this address.

    The argument is the address and not an id, because looking up the account in the request would reveal by the
    response time whether the account exists. If the task runs twice, two messages are sent, and both links work until
    one of them is used.
    """
    credentials.send_reset_message(email=email, now=timezone.now())


@shared_task(autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=10, max_retries=5)
def send_confirmation_message(user_id: str) -> None:
    """Send a message with a link that confirms the user's address.

    If the task runs twice, two messages are sent, and using one link invalidates the other.
    """
    credentials.send_confirmation_message(user_id=ObjectId(user_id), now=timezone.now())
