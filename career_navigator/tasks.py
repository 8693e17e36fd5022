"""What Celery runs for the staff, and for the schedule."""

import logging

from bson import ObjectId
from celery import shared_task
from django.utils import timezone

from career_navigator.background import RETRY_WHILE_UNAVAILABLE, find_missed_tasks
from career_navigator.celery import app
from career_navigator.queueing import enqueue
from career_navigator.staff.chores import do_chore

logger = logging.getLogger(__name__)


@shared_task(**RETRY_WHILE_UNAVAILABLE)
def run_chore(run_id: str) -> None:
    """Do a chore that staff asked for."""
    do_chore(run_id=ObjectId(run_id), clock=timezone.now)


@shared_task
def run_missed_tasks() -> None:
    """Queue the daily and weekly tasks that did not run when they were due; queued twice, they run once."""
    for task in find_missed_tasks(app=app, now=timezone.now()):
        logger.warning("%s did not run when it was due, and is run now", task.name)
        enqueue(task)
