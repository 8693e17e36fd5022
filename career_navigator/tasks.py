"""Celery tasks of the shared modules: missed tasks and staff invitations."""

import logging
from smtplib import SMTPException

from celery import shared_task
from django.utils import timezone

from career_navigator.admin_site.invitations import send_invitation
from career_navigator.background import STARTED_BY_HEADER, UNAVAILABLE_ERRORS, Task, find_missed_tasks
from career_navigator.celery import app, enqueue
from career_navigator.documents import OPEN_TASK_RUN_STATUSES, TaskRunDocument

logger = logging.getLogger(__name__)


@shared_task(base=Task, title="Run missed tasks", icon="event_repeat")
def run_missed_tasks() -> str | None:
    """Queue the daily and weekly tasks that did not run when they were due. A task that is queued twice runs once."""
    missed = find_missed_tasks(app=app, now=timezone.now())
    for task in missed:
        logger.warning("%s did not run when it was due and is queued now", task.name)
        enqueue(task)
    return f"queued {', '.join(task.name for task in missed)}" if missed else None


# An unavailable server is usually back within minutes. Each attempt creates a new link.
@shared_task(autoretry_for=(SMTPException, OSError, *UNAVAILABLE_ERRORS), retry_backoff=10, max_retries=5)
def send_staff_invitation(user_id: str) -> None:
    """Send a staff account's invitation.

    Not idempotent: a second run sends a second message. Both links work until one of them is used.
    """
    send_invitation(user_id=user_id)


# Accepted for one release, since earlier releases may have queued it. The data migration keeps the ids of the records.
@shared_task
def run_chore(run_id: str) -> None:
    """Queue the task of a run that an earlier release recorded and queued."""
    run = TaskRunDocument.objects(id=run_id, status__in=OPEN_TASK_RUN_STATUSES).first()
    if run is not None:
        enqueue(run.task, task_id=run.task_id, headers={STARTED_BY_HEADER: run.started_by})
