"""The records of task runs. Who runs a task that is due, one conditional write decides, in MongoDB."""

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

# A run that lost its worker so often is not run again.
MAX_LOST_WORKERS = 5
MAX_ERROR_LENGTH = 500
# Redis delivers what a lost worker held after an hour, the `visibility_timeout`.
REDELIVERY_TIMEOUT = timedelta(hours=1)
# How often a run's progress is written, and a cancellation noticed.
PROGRESS_INTERVAL = 0.5


class RunIsOpen(Exception):
    """The task has an open run, which is in `run`; it is not started a second time."""

    reason = "run_is_open"

    def __init__(self, run: TaskRunDocument) -> None:
        super().__init__(f"{run.task} has an open run, {run.id}")
        self.run = run


class TaskCancelled(Ignore):
    """Staff have cancelled the run; its end is recorded, and Celery drops the task."""

    reason = "task_cancelled"


class Progress:
    """Records how far a run is, and ends it where staff have cancelled it. Several threads may share one.

    Without a recorded run it does nothing.
    """

    def __init__(self, *, task_id: str | None) -> None:
        self._task_id = task_id
        self._done = self._total = 0
        self._next_write = 0.0
        self._is_cancelled = False

    def begin(self, total: int) -> None:
        """Say how many steps there are; 0 where nobody knows. Raises TaskCancelled."""
        self._total = total
        self._write()

    def advance(self, steps: int = 1) -> None:
        """Count steps that are done. Raises TaskCancelled."""
        self._done += steps
        self._write()

    def _write(self) -> None:
        if self._task_id is None:
            return
        now = monotonic()
        if not self._is_cancelled and now >= self._next_write:
            self._next_write = now + PROGRESS_INTERVAL
            found = TaskRunDocument.objects(task_id=self._task_id, status__in=OPEN_TASK_RUN_STATUSES).modify(
                set__progress_done=self._done, set__progress_total=self._total, new=True
            )
            # Never taken back: another thread may have ended the run since, which is not found then.
            self._is_cancelled = self._is_cancelled or (found is not None and bool(found.cancel_requested))
        if self._is_cancelled:
            of_all = f" of {self._total:,}" if self._total else ""
            finish_run(
                task_id=self._task_id,
                status="cancelled",
                result=f"cancelled after {self._done:,}{of_all} steps",
                now=timezone.now(),
            )
            raise TaskCancelled


def request_run(*, task: str, started_by: str, now: datetime) -> TaskRunDocument:
    """Record that a member of staff starts a task; the Celery task gets the id in `task_id`.

    Raises RunIsOpen where a run of the task is open, anyone who started it.
    """
    _give_up(TaskRunDocument.objects(task=task, due_at=None, status="running", lease_ends_at__lte=now), now=now)
    if (run := find_open_run(task=task, now=now)) is not None:
        raise RunIsOpen(run)
    requested = TaskRunDocument(
        task=task, open_task=task, started_by=started_by, status="queued", task_id=uuid.uuid4().hex, created_at=now
    )
    try:
        saved: TaskRunDocument = requested.save()
    except NotUniqueError as error:
        # Somebody else started it since.
        raise RunIsOpen(TaskRunDocument.objects.get(open_task=task)) from error
    return saved


def find_open_run(*, task: str, now: datetime) -> TaskRunDocument | None:
    """Return the run of the task that is queued, or running with its worker alive."""
    return next((run for run in list_open_runs(now=now) if run.task == task), None)


def list_open_runs(*, now: datetime) -> list[TaskRunDocument]:
    """Return the runs that are queued, or running with their workers alive, the oldest first."""
    alive = Q(status="queued") | Q(status="running", lease_ends_at__gt=now)
    return list(TaskRunDocument.objects(alive).order_by("created_at", "id"))


def find_last_runs() -> dict[str, TaskRunDocument]:
    """Return the newest run of each task that has any, by the task's name."""
    # Reads the index on `task` and `created_at` once for each task.
    newest = TaskRunDocument.objects.aggregate(
        [
            {"$sort": {"task": 1, "created_at": -1}},
            {"$group": {"_id": "$task", "run": {"$first": "$_id"}}},
        ]
    )
    return {run.task: run for run in TaskRunDocument.objects(id__in=[row["run"] for row in newest])}


def cancel_run(*, run: TaskRunDocument, now: datetime) -> bool:
    """Cancel a run: one that waits at once, one that runs at its next step; False where it is over.

    A run that has lost its worker ends at once, too.
    """
    lost = Q(status="running", lease_ends_at__lte=now)
    ended = TaskRunDocument.objects(Q(id=run.id) & (Q(status="queued") | lost)).update_one(
        set__status="cancelled",
        set__result="cancelled before it began" if run.status == "queued" else "cancelled after it lost its worker",
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )
    return bool(ended or TaskRunDocument.objects(id=run.id, status="running").update_one(set__cancel_requested=True))


def begin_run(*, task: str, task_id: str, lease: timedelta, now: datetime) -> bool:
    """Record that a Celery task begins, for no due time; False where it is over, and was delivered again.

    What staff have started is skipped where the schedule's run of the task is at work.
    """
    runs = TaskRunDocument.objects(task_id=task_id)
    if runs(status="queued").first() is not None and (other := _find_running(task=task, but=task_id, now=now)):
        finish_run(task_id=task_id, status="skipped", result=_describe_skip(other), now=now)
        return False
    begun = {"status": "running", "started_at": now, "lease_ends_at": now + lease}
    if runs(status__in=OPEN_TASK_RUN_STATUSES).update_one(**{f"set__{name}": value for name, value in begun.items()}):
        return True
    if runs.first() is not None:
        return False
    TaskRunDocument(task=task, task_id=task_id, created_at=now, **begun).save()
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
        TaskRunDocument.objects(Q(task=task, due_at=due_at, status="running") & free).update_one(
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


def skip_due_run(*, task: str, due_at: datetime, task_id: str, now: datetime) -> bool:
    """Skip a due time where a run that staff started is at work; return whether it was skipped."""
    other = _find_running(task=task, but=task_id, now=now)
    if other is None or other.due_at is not None:
        return False
    with contextlib.suppress(NotUniqueError):  # it was run, or skipped, before
        skipped = TaskRunDocument(task=task, due_at=due_at, status="skipped", created_at=now, finished_at=now)
        skipped.result = _describe_skip(other)
        skipped.save()
    return True


def _find_running(*, task: str, but: str, now: datetime) -> TaskRunDocument | None:
    running = TaskRunDocument.objects(task=task, status="running", lease_ends_at__gt=now, task_id__ne=but)
    found: TaskRunDocument | None = running.order_by("id").first()
    return found


def _describe_skip(other: TaskRunDocument) -> str:
    began_at = other.started_at or other.created_at
    return f"the run that {other.started_by or 'the schedule'} started at {began_at:%H:%M} UTC was at work"


def finish_run(*, task_id: str, status: str, result: str = "", error: str = "", now: datetime, **only: object) -> None:
    """Record how a run ended, unless another Celery task has taken it over; `only` where it has these values too."""
    TaskRunDocument.objects(task_id=task_id, status__in=OPEN_TASK_RUN_STATUSES, **only).update_one(
        set__status=status,
        set__result=result,
        set__error=error[:MAX_ERROR_LENGTH],
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )


def delete_quiet_runs(*, task: str, but: str) -> None:
    """Delete the runs of a task, for no due time, that found nothing to do, except that of one Celery task."""
    quiet = TaskRunDocument.objects(task=task, due_at=None, started_by=None, status="finished", result="")
    quiet.filter(task_id__ne=but).delete()


def is_missed(*, task: str, due_at: datetime, now: datetime) -> bool:
    """Whether a due time was not run, or its run lost its worker.

    The first due time of a task without any record is recorded as skipped, and not missed.
    """
    if TaskRunDocument.objects(task=task).first() is None:
        with contextlib.suppress(NotUniqueError):  # it has just begun
            skipped = TaskRunDocument(task=task, due_at=due_at, status="skipped", created_at=now, finished_at=now)
            skipped.result = "it was due before the first start; nothing is made up for then"
            skipped.save()
        return False
    # A changed schedule may be due earlier than what it was last run for.
    done = Q(status__ne="running") | Q(lease_ends_at__gt=now)
    return TaskRunDocument.objects(Q(task=task, due_at__gte=due_at) & done).first() is None


def give_up_lost_runs(*, now: datetime) -> None:
    """Fail the runs that lost their worker too often, and those for no due time whose task did not come again."""
    lost = TaskRunDocument.objects(
        status="running", due_at__ne=None, lease_ends_at__lte=now, attempts__gte=MAX_LOST_WORKERS
    )
    for run in lost.order_by("id"):
        logger.error("%s of %s lost its worker %d times and is given up", run.task, run.due_at, run.attempts)
        finish_run(task_id=run.task_id, status="failed", error=f"lost its worker {run.attempts} times", now=now)
    _give_up(
        TaskRunDocument.objects(status="running", due_at=None, lease_ends_at__lte=now - REDELIVERY_TIMEOUT), now=now
    )


def _give_up(runs: QuerySet, *, now: datetime) -> None:
    runs.update(
        set__status="failed",
        set__error="lost its worker",
        set__finished_at=now,
        unset__lease_ends_at=1,
        unset__open_task=1,
    )
