"""Base classes of Celery tasks: recorded runs, retries while servers are unavailable, and scheduled tasks."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import celery
import mongoengine
import pymongo.errors
from celery.exceptions import Ignore, Reject
from celery.schedules import crontab
from celery.utils.time import get_exponential_backoff_interval
from django.utils import timezone

from career_navigator.api.exceptions import SERVER_UNAVAILABLE, is_server_unavailable
from career_navigator.task_runs import (
    Progress,
    acquire_run,
    begin_run,
    delete_quiet_runs,
    finish_run,
    give_up_lost_runs,
    is_missed,
    skip_due_run,
)

logger = logging.getLogger(__name__)

# MongoEngine's OperationError hides its cause, and BulkWriteError can mean that the majority did not confirm a write.
# Such errors with another cause are only reported after the last retry.
UNAVAILABLE_ERRORS = (*SERVER_UNAVAILABLE, mongoengine.OperationError, pymongo.errors.BulkWriteError)
# 13 retries take at most 80 minutes, and 40 on average, because each waits a random part of its backoff.
RETRY_WHILE_UNAVAILABLE: dict[str, Any] = {
    "autoretry_for": UNAVAILABLE_ERRORS,
    "dont_autoretry_for": (mongoengine.NotUniqueError,),
    "retry_backoff": 10,
    "retry_backoff_max": 600,
    "retry_jitter": True,
    "max_retries": 13,
}
# Maximum lag of a worker's clock behind the clock of the beat process.
CLOCK_TOLERANCE = timedelta(minutes=1)
# Covers schedules that are due once a year, or on 29 February.
MAX_LOOK_BACK_DAYS = 2048

# Message headers of tasks that beat and staff have started.
SCHEDULED_HEADER = "scheduled"
STARTED_BY_HEADER = "started_by"


class TaskFailed(Exception):
    """A task failed for an anticipated reason. The message is shown to the staff who started it."""


class Task(celery.Task[Any, Any]):
    """Base class of all tasks. Arguments must be strings, numbers, booleans, None, or lists of these.

    Staff with one of the `permissions` can start tasks that have a `title`. Such a task takes no arguments and is
    idempotent. It returns a sentence about what it did, or None if there was nothing to do. A long task reports its
    steps to `get_progress`, which also lets staff cancel it.

    A `TaskRun` records each run that beat or staff have started. Of beat's runs that had nothing to do, only the last
    record is kept.
    """

    title = ""
    icon = "build"
    permissions: tuple[str, ...] = ("career_navigator.run_task",)
    # Takes the time and returns sentences about what the task destroys. If set, staff must confirm the start.
    consequences: Callable[[datetime], list[str]] | None = None
    throws = (TaskFailed,)
    # Django's templates call callable variables, so a page that lists tasks would run them.
    do_not_call_in_templates = True

    @property
    def explanation(self) -> str:
        """The description for staff: the first paragraph of the task's docstring."""
        return " ".join((self.__doc__ or "").split("\n\n")[0].split())

    def apply_async(self, args: Any = None, kwargs: Any = None, *rest: Any, **options: Any) -> Any:
        """Queue the task. Raises ValueError for a nested argument.

        A worker pickles the arguments for its child process. Pickling a deeply nested argument would crash the worker,
        and since the message returns to the queue, it would crash every other worker as well.
        """
        # A retry sends the arguments of a message that was already checked.
        if not options.get("retries"):
            for argument in (*(args or ()), *(kwargs or {}).values()):
                if not _is_flat(argument):
                    raise ValueError(
                        f"{self.name} cannot be queued with an argument of type {type(argument).__name__}. Arguments "
                        "must be strings, numbers, booleans, None, or lists of these."
                    )
        return super().apply_async(args, kwargs, *rest, **options)

    def get_progress(self) -> Progress:
        """Return the progress recorder of the current run. Call this from the task's own thread."""
        return Progress(task_id=self.request.id if self._is_recorded() else None)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        try:
            has_begun = self._record_start(task_id, timezone.now())
        except UNAVAILABLE_ERRORS as error:
            if not getattr(self, "autoretry_for", ()):
                logger.warning("a run of %s is not recorded: %s", self.name, error)
                return
            wait = get_exponential_backoff_interval(
                factor=RETRY_WHILE_UNAVAILABLE["retry_backoff"],
                retries=self.request.retries,
                maximum=RETRY_WHILE_UNAVAILABLE["retry_backoff_max"],
                full_jitter=RETRY_WHILE_UNAVAILABLE["retry_jitter"],
            )
            raise self.retry(exc=error, countdown=wait) from error
        if not has_begun:
            raise Ignore

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        result = retval if isinstance(retval, str) else ""
        if result:
            logger.info("%s: %s", self.name, result)
        self._record_end(task_id, status="finished", result=result)

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        if isinstance(exc, TaskFailed):
            self._record_end(task_id, status="failed", error=str(exc))
            return
        # If a server is unavailable, leave a run with a due time open, so that it runs again when its lease ends.
        conditions = {"due_at": None} if is_server_unavailable(exc) else {}
        # Staff only see the result, not the error.
        self._record_end(task_id, status="failed", result="failed, see the log", error=repr(exc), **conditions)

    @property
    def _lease(self) -> timedelta:
        """Duration of the lease, which is the time limit of the task. A longer run has lost its worker."""
        return timedelta(seconds=self.time_limit or self.app.conf.task_time_limit) + CLOCK_TOLERANCE

    def _is_recorded(self) -> bool:
        return bool(self._get_header(STARTED_BY_HEADER) or self._get_header(SCHEDULED_HEADER))

    def _get_header(self, name: str) -> Any:
        return (self.request.headers or {}).get(name)

    def _record_start(self, task_id: str, now: datetime) -> bool:
        """Record the start of the run. Returns False if it has already ended or another worker runs it."""
        if not self._is_recorded():
            return True
        return begin_run(task=self.name, task_id=task_id, lease=self._lease, now=now)

    def _record_end(self, task_id: str, **ending: Any) -> None:
        if not self._is_recorded():
            return
        try:
            finish_run(task_id=task_id, now=timezone.now(), **ending)
            if ending == {"status": "finished", "result": ""}:
                delete_quiet_runs(task=self.name, but=task_id)
        except UNAVAILABLE_ERRORS as error:
            logger.warning("the end of a run of %s is not recorded: %s", self.name, error)

    def retry(self, *args: Any, **kwargs: Any) -> Any:
        """Raise Retry. If the retry cannot be queued, requeue the message, which Celery would drop otherwise."""
        try:
            return super().retry(*args, **kwargs)
        except Reject as rejected:
            raise Reject(rejected.args[0], requeue=True) from rejected


def _is_flat(argument: Any) -> bool:
    values = argument if isinstance(argument, list | tuple) else [argument]
    return all(value is None or isinstance(value, str | int | float) for value in values)


class ScheduledTask(Task):
    """Base class for tasks that run exactly once per due time, for schedules that are daily or less frequent.

    The due times come from the crontab in `beat_schedule`. A `TaskRun` records each due time, and a second message for
    the same due time is ignored. `run_missed_tasks` queues tasks whose due time was missed. Calling the task as a
    function is not recorded.
    """

    autoretry_for = UNAVAILABLE_ERRORS
    dont_autoretry_for = RETRY_WHILE_UNAVAILABLE["dont_autoretry_for"]
    retry_backoff = RETRY_WHILE_UNAVAILABLE["retry_backoff"]
    retry_backoff_max = RETRY_WHILE_UNAVAILABLE["retry_backoff_max"]
    retry_jitter = RETRY_WHILE_UNAVAILABLE["retry_jitter"]
    max_retries = RETRY_WHILE_UNAVAILABLE["max_retries"]

    def _is_recorded(self) -> bool:
        return True

    def _record_start(self, task_id: str, now: datetime) -> bool:
        due_at = get_last_due_at(task=self, now=now + CLOCK_TOLERANCE)
        if due_at is None or self._get_header(STARTED_BY_HEADER):
            return super()._record_start(task_id, now)
        if skip_due_run(task=self.name, due_at=due_at, task_id=task_id, now=now):
            return False
        acquired = acquire_run(
            task=self.name,
            due_at=due_at,
            task_id=task_id,
            lease=self._lease,
            is_retry=self.request.retries > 0,
            now=now,
        )
        if not acquired:
            logger.info("%s has already run for %s", self.name, due_at)
        return acquired


def find_missed_tasks(*, app: celery.Celery, now: datetime) -> list[ScheduledTask]:
    """Return the tasks that did not run for their last due time, or whose run lost its worker.

    A task without any record is not missed, because the task or the database is new.
    """
    give_up_lost_runs(now=now)
    return [
        task
        for task in _list_scheduled_tasks(app)
        if (due_at := get_last_due_at(task=task, now=now)) is not None
        and is_missed(task=task.name, due_at=due_at, now=now)
    ]


def get_last_due_at(*, task: "celery.Task[Any, Any]", now: datetime) -> datetime | None:
    """Return when the task was last due, in UTC.

    Returns None for a task without a schedule, or if it was not due within MAX_LOOK_BACK_DAYS.
    """
    entries = (entry for entry in task.app.conf.beat_schedule.values() if entry["task"] == task.name)
    times = [_get_last_time(entry["schedule"], now=now) for entry in entries]
    return max((time for time in times if time is not None), default=None)


def list_next_times(schedule: crontab, *, count: int, now: datetime) -> list[datetime]:
    """Return the next `count` times at which a crontab is due, in UTC."""
    times: list[datetime] = []
    due_at = now
    while len(times) < count:
        start, delta, _ = schedule.remaining_delta(due_at)
        due_at = (start + delta).astimezone(UTC)
        times.append(due_at)
    return times


def _list_scheduled_tasks(app: celery.Celery) -> list[ScheduledTask]:
    names = sorted({entry["task"] for entry in app.conf.beat_schedule.values()})
    return [task for name in names if isinstance(task := app.tasks.get(name), ScheduledTask)]


def _get_last_time(schedule: crontab, *, now: datetime) -> datetime | None:
    days = 1
    while days <= MAX_LOOK_BACK_DAYS:
        if times := list(_list_times(schedule, days=days, now=now)):
            return times[-1]
        days *= 2
    return None


def _list_times(schedule: crontab, *, days: int, now: datetime) -> Iterator[datetime]:
    """Yield the times at which a crontab was due since midnight `days` days ago, in UTC.

    All processes start at midnight so that they agree when clocks are set back. Only the first occurrence of a repeated
    hour counts.
    """
    zone: tzinfo = schedule.app.timezone
    midnight = datetime.combine(now.astimezone(zone).date() - timedelta(days=days), time.min, tzinfo=zone)
    due_at = midnight.astimezone(UTC)
    while True:
        start, delta, _ = schedule.remaining_delta(due_at)
        following = (start + delta).astimezone(UTC)
        if not due_at < following <= now:
            return
        yield (due_at := following)
