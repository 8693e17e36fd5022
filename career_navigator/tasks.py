"""What Celery runs for the staff, and for the schedule."""

import logging

from bson import ObjectId
from celery import Celery, shared_task
from celery.schedules import crontab
from django.utils import timezone

from career_navigator.background import RETRY_WHILE_UNAVAILABLE, find_missed_tasks
from career_navigator.celery import app
from career_navigator.staff.chores import do_chore

logger = logging.getLogger(__name__)

MISSED_CHECK_MINUTES = 5


@app.on_after_finalize.connect
def _set_schedule(sender: Celery, **_: object) -> None:
    sender.conf.beat_schedule["run what was missed"] = {
        "task": "career_navigator.tasks.run_missed_tasks",
        "schedule": crontab(minute=f"*/{MISSED_CHECK_MINUTES}"),
        # The next one does the same.
        "options": {"expires": MISSED_CHECK_MINUTES * 60},
    }


@shared_task(**RETRY_WHILE_UNAVAILABLE)
def run_chore(run_id: str) -> None:
    """Do a chore that staff asked for."""
    do_chore(run_id=ObjectId(run_id), clock=timezone.now)


@shared_task
def run_missed_tasks() -> None:
    """Queue the daily and weekly tasks that did not run when they were due; queued twice, they run once."""
    for task in find_missed_tasks(app=app, now=timezone.now()):
        logger.warning("%s did not run when it was due, and is run now", task.name)
        task.delay()
