"""What Celery runs for accounts."""

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
    """Erase the accounts whose erasure broke off."""
    erased = services.finish_erasures(now=timezone.now())
    return f"erased {erased} accounts" if erased else None


# A server that is unavailable is usually back within minutes, for as long as somebody waits; each try makes a new link.
@shared_task(autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=10, max_retries=5)
def send_reset_message(email: str) -> None:
    """Send the message for a forgotten password, where an account has the address.

    Takes the address and not an id: a request that looked the account up would tell by its time whether it is there.
    Run twice, it sends two messages, and both links work until one is used.
    """
    credentials.send_reset_message(email=email, now=timezone.now())


@shared_task(autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=10, max_retries=5)
def send_confirmation_message(user_id: str) -> None:
    """Send the message that confirms the user's address.

    Run twice, it sends two messages; the first link that is used voids the other.
    """
    credentials.send_confirmation_message(user_id=ObjectId(user_id), now=timezone.now())
