"""The records of task runs. Who runs a task that is due, one conditional write decides, in MongoDB."""

import contextlib
import logging
import uuid
from datetime import datetime, timedelta

from mongoengine import NotUniqueError, Q

from career_navigator.documents import OPEN_TASK_RUN_STATUSES, TaskRun

logger = logging.getLogger(__name__)

# A run that lost its worker so often is not run again.
MAX_LOST_WORKERS = 5
MAX_ERROR_LENGTH = 500
# Redis delivers what a lost worker held after an hour, the `visibility_timeout`.
REDELIVERY_TIMEOUT = timedelta(hours=1)


def request_run(*, task: str, started_by: str, now: datetime) -> TaskRun:
    """Record that a member of staff starts a task; the Celery task gets the id in `task_id`."""
    run: TaskRun = TaskRun(
        task=task, started_by=started_by, status="queued", task_id=uuid.uuid4().hex, created_at=now
    ).save()
    return run


def begin_run(*, task: str, task_id: str, lease: timedelta, now: datetime) -> bool:
    """Record that a Celery task begins, for no due time; False where it is over, and was delivered again."""
    runs = TaskRun.objects(task_id=task_id)
    begun = {"status": "running", "started_at": now, "lease_ends_at": now + lease}
    if runs(status__in=OPEN_TASK_RUN_STATUSES).update_one(**{f"set__{name}": value for name, value in begun.items()}):
        return True
    if runs.first() is not None:
        return False
    TaskRun(task=task, task_id=task_id, created_at=now, **begun).save()
    return True


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


def finish_run(*, task_id: str, status: str, result: str = "", error: str = "", now: datetime, **only: object) -> None:
    """Record how a run ended, unless another Celery task has taken it over; `only` where it has these values too."""
    TaskRun.objects(task_id=task_id, status__in=OPEN_TASK_RUN_STATUSES, **only).update_one(
        set__status=status,
        set__result=result,
        set__error=error[:MAX_ERROR_LENGTH],
        set__finished_at=now,
        unset__lease_ends_at=1,
    )


def delete_quiet_runs(*, task: str, but: str) -> None:
    """Delete the runs of a task, for no due time, that found nothing to do, except that of one Celery task."""
    quiet = TaskRun.objects(task=task, due_at=None, started_by=None, status="finished", result="")
    quiet.filter(task_id__ne=but).delete()


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
    """Fail the runs that lost their worker too often, and those for no due time whose task did not come again."""
    lost = TaskRun.objects(status="running", due_at__ne=None, lease_ends_at__lte=now, attempts__gte=MAX_LOST_WORKERS)
    for run in lost.order_by("id"):
        logger.error("%s of %s lost its worker %d times and is given up", run.task, run.due_at, run.attempts)
        finish_run(task_id=run.task_id, status="failed", error=f"lost its worker {run.attempts} times", now=now)
    TaskRun.objects(status="running", due_at=None, lease_ends_at__lte=now - REDELIVERY_TIMEOUT).update(
        set__status="failed", set__error="lost its worker", set__finished_at=now, unset__lease_ends_at=1
    )
