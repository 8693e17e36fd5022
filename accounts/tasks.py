"""What Celery runs for accounts."""

from smtplib import SMTPException

from celery import shared_task
from django.utils import timezone

from accounts.credentials import send_reset_message as send_reset_message_to
from accounts.resumes import tasks as resume_tasks  # noqa: F401 - Celery finds the tasks of an app through this module
from accounts.searches import tasks as search_tasks  # noqa: F401 - the same


# A mail server that is away is usually back within minutes; the link is made anew each time.
@shared_task(autoretry_for=(SMTPException, OSError), retry_backoff=10, max_retries=5)
def send_reset_message(email: str) -> None:
    """Send the message for a forgotten password, where an account has the address.

    Takes the address and not an id: a request that looked the account up would tell by its time whether it is there.
    Run twice, it sends two messages, and both links work until one is used.
    """
    send_reset_message_to(email=email, now=timezone.now())
