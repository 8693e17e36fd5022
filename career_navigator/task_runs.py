"""Records of task runs in MongoDB. A conditional write decides which worker runs a due task."""

import contextlib
import logging
import uuid
from datetime import datetime, timedelta
from time import monotonic

from celery.exceptions import Ignore
from django.utils import timezone
from mongoengine import NotUniqueError, Q, QuerySet

from career_navigator.documents import OPEN_TASK_RUN_STATUSES, TaskRunDocument

logger = logging.getLogger(__name__)

# Maximum number of lost workers before a run is abandoned.
MAX_LOST_WORKERS = 5
MAX_ERROR_LENGTH = 500
# Redis redelivers a lost worker's tasks after the `visibility_timeout`, one hour.
REDELIVERY_TIMEOUT = timedelta(hours=1)
# Seconds between writes of a run's progress, which also detect a cancellation.
PROGRESS_INTERVAL = 0.5


class RunIsOpen(Exception):
    """The task already has an open run, which is in `run`."""

    reason = "run_is_open"

    def __init__(self, run: TaskRunDocument) -> None:
        super().__init__(f"{run.task} has an open run, {run.id}")
        self.run = run


class TaskCancelled(Ignore):
    """Staff have cancelled the run. Its end is recorded, and Celery ignores the task."""

    reason = "task_cancelled"


class Progress:
    """Recorder of a run's progress, which also ends the run if staff have cancelled it.

    Several threads can share a recorder. It does nothing if the run is not recorded.
    """

    def __init__(self, *, task_id: str | None) -> None:
        self._task_id = task_id
        self._done = self._total = 0
        self._next_write = 0.0
        self._is_cancelled = False

    def begin(self, total: int) -> None:
        """Set the total number of steps, or 0 if it is unknown. Raises TaskCancelled."""
        self._total = total
        self._write()

    def advance(self, steps: int = 1) -> None:
        """Add completed steps. Raises TaskCancelled."""
        self._done += steps
        self._write()

    def _write(self) -> None:
        if self._task_id is None:
            return
        now = monotonic()
        if not self._is_cancelled and now >= self._next_write:
            self._next_write = now + PROGRESS_INTERVAL
            run = TaskRunDocument.objects(task_id=self._task_id, status__in=OPEN_TASK_RUN_STATUSES).modify(
                set__progress_done=self._done, set__progress_total=self._total, new=True
            )
            # Stays true once set. Another thread may have ended the run, so it is no longer found as running.
            self._is_cancelled = self._is_cancelled or (run is not None and bool(run.cancel_requested))
        if self._is_cancelled:
            total = f" of {self._total:,}" if self._total else ""
            finish_run(
                task_id=self._task_id,
                status="cancelled",
                result=f"cancelled after {self._done:,}{total} steps",
                now=timezone.now(),
            )
            raise TaskCancelled


def request_run(*, task: str, started_by: str, now: datetime) -> TaskRunDocument:
    """Record that a staff member starts a task. The caller must queue the Celery task with the run's `task_id`.

    Raises RunIsOpen if the task has an open run, even one that another staff member started.
    """
    _fail_lost(TaskRunDocument.objects(task=task, due_at=None, status="running", lease_ends_at__lte=now), now=now)
    if (run := find_open_run(task=task, now=now)) is not None:
        raise RunIsOpen(run)
    run = TaskRunDocument(
        task=task, open_task=task, started_by=started_by, status="queued", task_id=uuid.uuid4().hex, created_at=now
    )
    try:
        saved: TaskRunDocument = run.save()
    except NotUniqueError as error:
        # Another staff member has started the task in the meantime.
        raise RunIsOpen(TaskRunDocument.objects.get(open_task=task)) from error
    return saved


def find_open_run(*, task: str, now: datetime) -> TaskRunDocument | None:
    """Return the task's run that is queued, or running with a valid lease, or None."""
    return next((run for run in list_open_runs(now=now) if run.task == task), None)


def list_open_runs(*, now: datetime) -> list[TaskRunDocument]:
    """Return the runs that are queued, or running with a valid lease, oldest first."""
    is_open = Q(status="queued") | Q(status="running", lease_ends_at__gt=now)
    return list(TaskRunDocument.objects(is_open).order_by("created_at", "id"))


def find_last_runs() -> dict[str, TaskRunDocument]:
    """Return the newest run of each task, by task name."""
    # Reads one entry per task from the index on `task` and `created_at`.
    newest = TaskRunDocument.objects.aggregate(
        [
            {"$sort": {"task": 1, "created_at": -1}},
            {"$group": {"_id": "$task", "run": {"$first": "$_id"}}},
        ]
    )
    return {run.task: run for run in TaskRunDocument.objects(id__in=[row["run"] for row in newest])}


def cancel_run(*, run: TaskRunDocument, now: datetime) -> bool:
    """Cancel a run. Returns False if it has already ended.

    A queued run, or one that has lost its worker, ends immediately. A running one ends at its next step.
    """
    lost = Q(status="running", lease_ends_at__lte=now)
    ended = TaskRunDocument.objects(Q(id=run.id) & (Q(status="queued") | lost)).update_one(
        set__status="cancelled",
        set__result="cancelled before it started" if run.status == "queued" else "cancelled after it lost its worker",
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )
    return bool(ended or TaskRunDocument.objects(id=run.id, status="running").update_one(set__cancel_requested=True))


def begin_run(*, task: str, task_id: str, lease: timedelta, now: datetime) -> bool:
    """Record the start of a Celery task that has no due time.

    Returns False if the run has already ended and the task was redelivered, or if the run is skipped. A run that staff
    have started is skipped while a scheduled run of the task is in progress.
    """
    runs = TaskRunDocument.objects(task_id=task_id)
    if runs(status="queued").first() is not None and (other := _find_running(task=task, but=task_id, now=now)):
        finish_run(task_id=task_id, status="skipped", result=_describe_skip(other), now=now)
        return False
    start = {"status": "running", "started_at": now, "lease_ends_at": now + lease}
    if runs(status__in=OPEN_TASK_RUN_STATUSES).update_one(**{f"set__{name}": value for name, value in start.items()}):
        return True
    if runs.first() is not None:
        return False
    TaskRunDocument(task=task, task_id=task_id, created_at=now, **start).save()
    return True


def acquire_run(
    *, task: str, due_at: datetime, task_id: str, lease: timedelta, is_retry: bool = False, now: datetime
) -> bool:
    """Acquire the run of a due time for a Celery task.

    Returns False if the run has ended or another Celery task holds its lease. An expired lease can be taken over, and
    the same Celery task can always take over its lease when it is redelivered. A retry does not count as an attempt,
    because its worker was not lost.
    """
    attempts = {"max__attempts": 1} if is_retry else {"inc__attempts": 1}
    available = Q(task_id=task_id) | Q(lease_ends_at__lte=now, attempts__lt=MAX_LOST_WORKERS)
    try:
        TaskRunDocument.objects(Q(task=task, due_at=due_at, status="running") & available).update_one(
            upsert=True,
            set__task_id=task_id,
            set__started_at=now,
            set__lease_ends_at=now + lease,
            set_on_insert__created_at=now,
            **attempts,
        )
    except NotUniqueError:
        return False
    return True


def skip_due_run(*, task: str, due_at: datetime, task_id: str, now: datetime) -> bool:
    """Skip a due time while a run that staff started is in progress. Returns whether it was skipped."""
    other = _find_running(task=task, but=task_id, now=now)
    if other is None or other.due_at is not None:
        return False
    with contextlib.suppress(NotUniqueError):  # the due time has already run or was skipped
        skipped = TaskRunDocument(task=task, due_at=due_at, status="skipped", created_at=now, finished_at=now)
        skipped.result = _describe_skip(other)
        skipped.save()
    return True


def _find_running(*, task: str, but: str, now: datetime) -> TaskRunDocument | None:
    running = TaskRunDocument.objects(task=task, status="running", lease_ends_at__gt=now, task_id__ne=but)
    run: TaskRunDocument | None = running.order_by("id").first()
    return run


def _describe_skip(other: TaskRunDocument) -> str:
    started_at = other.started_at or other.created_at
    return f"the run that {other.started_by or 'the schedule'} started at {started_at:%H:%M} UTC was in progress"


def finish_run(
    *, task_id: str, status: str, result: str = "", error: str = "", now: datetime, **conditions: object
) -> None:
    """Record the end of a run, unless another Celery task has taken it over.

    `conditions` are further values that the run must have.
    """
    TaskRunDocument.objects(task_id=task_id, status__in=OPEN_TASK_RUN_STATUSES, **conditions).update_one(
        set__status=status,
        set__result=result,
        set__error=error[:MAX_ERROR_LENGTH],
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )


def delete_quiet_runs(*, task: str, but: str) -> None:
    """Delete a task's runs by the schedule that have no due time and had nothing to do, except the run `but`."""
    quiet = TaskRunDocument.objects(task=task, due_at=None, started_by=None, status="finished", result="")
    quiet.filter(task_id__ne=but).delete()


def is_missed(*, task: str, due_at: datetime, now: datetime) -> bool:
    """Return whether a due time did not run, or its run lost its worker.

    If the task has no records at all, the due time is recorded as skipped and does not count as missed.
    """
    if TaskRunDocument.objects(task=task).first() is None:
        with contextlib.suppress(NotUniqueError):  # a run has just started
            skipped = TaskRunDocument(task=task, due_at=due_at, status="skipped", created_at=now, finished_at=now)
            skipped.result = "it was due before the first start of the service"
            skipped.save()
        return False
    # After a change of the schedule, the last due time can be earlier than the one that last ran.
    done = Q(status__ne="running") | Q(lease_ends_at__gt=now)
    return TaskRunDocument.objects(Q(task=task, due_at__gte=due_at) & done).first() is None


def give_up_lost_runs(*, now: datetime) -> None:
    """Fail the runs that lost too many workers, and lost runs without a due time whose task was not redelivered."""
    lost = TaskRunDocument.objects(
        status="running", due_at__ne=None, lease_ends_at__lte=now, attempts__gte=MAX_LOST_WORKERS
    )
    for run in lost.order_by("id"):
        logger.error("%s of %s lost its worker %d times and is abandoned", run.task, run.due_at, run.attempts)
        finish_run(task_id=run.task_id, status="failed", error=f"lost its worker {run.attempts} times", now=now)
    _fail_lost(
        TaskRunDocument.objects(status="running", due_at=None, lease_ends_at__lte=now - REDELIVERY_TIMEOUT), now=now
    )


def _fail_lost(runs: QuerySet, *, now: datetime) -> None:
    runs.update(
        set__status="failed",
        set__error="lost its worker",
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )
