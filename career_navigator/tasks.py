"""What Celery runs for the staff."""

from bson import ObjectId
from celery import shared_task
from django.utils import timezone

from career_navigator.staff.chores import do_chore


@shared_task
def run_chore(run_id: str) -> None:
    """Do a chore that staff asked for."""
    do_chore(run_id=ObjectId(run_id), clock=timezone.now)
