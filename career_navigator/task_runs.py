"""Who runs a task that is due: one conditional write decides, in MongoDB."""

import contextlib
import logging
from datetime import datetime, timedelta

from mongoengine import NotUniqueError, Q

from career_navigator.documents import TaskRun

logger = logging.getLogger(__name__)

# A run that lost its worker so often is not run again.
MAX_LOST_WORKERS = 5
MAX_ERROR_LENGTH = 500


def acquire_run(
    *, task: str, due_at: datetime, task_id: str, lease: timedelta, is_retry: bool = False, now: datetime
) -> bool:
    """Acquire the run of a due time for a Celery task; False where another has run it, or holds its lease.

    The lease may be taken over when it has ended, and at any time by the same Celery task, delivered again. A retry is
    no further attempt: its worker was not lost.
    """
    counted = {"max__attempts": 1} if is_retry else {"inc__attempts": 1}
    free = Q(task_id=task_id) | Q(lease_ends_at__lte=now, attempts__lt=MAX_LOST_WORKERS)
    try:
        TaskRun.objects(Q(task=task, due_at=due_at, status="running") & free).update_one(
            upsert=True,
            set__task_id=task_id,
            set__started_at=now,
            set__lease_ends_at=now + lease,
            set_on_insert__created_at=now,
            **counted,
        )
    except NotUniqueError:
        return False
    return True


def finish_run(*, task_id: str, status: str, error: str = "", now: datetime) -> None:
    """Record how a run ended, unless another Celery task has taken it over."""
    TaskRun.objects(task_id=task_id, status="running").update_one(
        set__status=status, set__error=error[:MAX_ERROR_LENGTH], set__finished_at=now, unset__lease_ends_at=1
    )


def is_missed(*, task: str, due_at: datetime, now: datetime) -> bool:
    """Whether a due time was not run, or its run lost its worker.

    The first due time of a task without any record is recorded as skipped, and not missed.
    """
    if TaskRun.objects(task=task).first() is None:
        with contextlib.suppress(NotUniqueError):  # it has just begun
            TaskRun(task=task, due_at=due_at, status="skipped", created_at=now, finished_at=now).save()
        return False
    # A changed schedule may be due earlier than what it was last run for.
    done = Q(status__ne="running") | Q(lease_ends_at__gt=now)
    return TaskRun.objects(Q(task=task, due_at__gte=due_at) & done).first() is None


def give_up_lost_runs(*, now: datetime) -> None:
    """Fail the runs that lost their worker too often."""
    lost = TaskRun.objects(status="running", due_at__ne=None, lease_ends_at__lte=now, attempts__gte=MAX_LOST_WORKERS)
    for run in lost.order_by("id"):
        logger.error("%s of %s lost its worker %d times and is given up", run.task, run.due_at, run.attempts)
        finish_run(task_id=run.task_id, status="failed", error=f"lost its worker {run.attempts} times", now=now)
