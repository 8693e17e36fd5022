"""The base of all tasks: retries while servers are unavailable, and tasks that a time is due for."""

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

# MongoEngine hides what it wraps, and a bulk write what the majority did not confirm; those that fail for another cause
# are reported when the retries are over.
UNAVAILABLE_ERRORS = (*SERVER_UNAVAILABLE, mongoengine.OperationError, pymongo.errors.BulkWriteError)
# 13 retries take 80 minutes at most and 40 on average, as each waits for a random part of its backoff.
RETRY_WHILE_UNAVAILABLE: dict[str, Any] = {
    "autoretry_for": UNAVAILABLE_ERRORS,
    "dont_autoretry_for": (mongoengine.NotUniqueError,),
    "retry_backoff": 10,
    "retry_backoff_max": 600,
    "retry_jitter": True,
    "max_retries": 13,
}
# How far a worker's clock may be behind that of the beat which has sent the task.
CLOCK_TOLERANCE = timedelta(minutes=1)
# Once a year, and on 29 February of a leap year.
MAX_LOOK_BACK_DAYS = 2048

# The header of what beat sends; what staff start has another one.
SCHEDULED_HEADER = "scheduled"
STARTED_BY_HEADER = "started_by"


class TaskFailed(Exception):
    """A task that could not do its work for a reason it foresees; the message says why, for who started it."""


class Task(celery.Task):
    """The base of all tasks. Their arguments are flat: text, numbers, truth values, None, or lists of these.

    Staff are offered a task with a `title`; who may start it needs one of the `permissions`. Such a task takes no
    arguments and is harmless when run twice. It returns what it did in a sentence, or None where there was nothing to
    do. What takes long counts its steps in `get_progress`, where staff may cancel it.

    A `TaskRun` records each run that beat or staff have started. Of the runs of beat that found nothing to do, only the
    last is kept.
    """

    title = ""
    icon = "build"
    permissions: tuple[str, ...] = ("career_navigator.run_task",)
    # What it destroys and how much, as sentences by the time; then staff are asked before they start it.
    consequences: Callable[[datetime], list[str]] | None = None
    throws = (TaskFailed,)
    # Django's templates call what can be called, and a page that lists tasks must not run them.
    do_not_call_in_templates = True

    @property
    def explanation(self) -> str:
        """What the task does, for the staff: the first paragraph of its docstring."""
        return " ".join((self.__doc__ or "").split("\n\n")[0].split())

    def apply_async(self, args: Any = None, kwargs: Any = None, *rest: Any, **options: Any) -> Any:
        """Queue the task. Raises ValueError for an argument that is not flat.

        A worker pickles the arguments for its child. Too deeply nested ones end the worker, and the message, which
        goes back into the queue, ends each worker that starts.
        """
        # A retry sends what has come over the queue.
        if not options.get("retries"):
            for argument in (*(args or ()), *(kwargs or {}).values()):
                if not _is_flat(argument):
                    raise ValueError(
                        f"{self.name} cannot be queued with an argument of type {type(argument).__name__}; accepted "
                        "are text, numbers, truth values, None, and lists of these"
                    )
        return super().apply_async(args, kwargs, *rest, **options)

    def get_progress(self) -> Progress:
        """Return what records how far the present run is; call it from the task's own thread."""
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
        # What ran out of retries for a due time is run again when its lease ends.
        only = {"due_at": None} if is_server_unavailable(exc) else {}
        # The staff are shown the result alone.
        self._record_end(task_id, status="failed", result="broke off; see the log", error=repr(exc), **only)

    @property
    def _lease(self) -> timedelta:
        """No task runs longer than its time limit, so what holds the lease for longer is gone."""
        return timedelta(seconds=self.time_limit or self.app.conf.task_time_limit) + CLOCK_TOLERANCE

    def _is_recorded(self) -> bool:
        return bool(self._get_header(STARTED_BY_HEADER) or self._get_header(SCHEDULED_HEADER))

    def _get_header(self, name: str) -> Any:
        return (self.request.headers or {}).get(name)

    def _record_start(self, task_id: str, now: datetime) -> bool:
        """Record that the run begins; False where it is over, or another has it."""
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
        """Raise Retry, or have the queue deliver the task again where the retry cannot be queued: Celery drops it."""
        try:
            return super().retry(*args, **kwargs)
        except Reject as rejected:
            raise Reject(rejected.args[0], requeue=True) from rejected


def _is_flat(argument: Any) -> bool:
    values = argument if isinstance(argument, list | tuple) else [argument]
    return all(value is None or isinstance(value, str | int | float) for value in values)


class ScheduledTask(Task):
    """A task that runs once each time it is due, however often it is queued; for what is due daily or less often.

    When it is due is read from `beat_schedule`, where its schedule is a crontab. A `TaskRun` records each due time; a
    second message for the same one is ignored. One that was missed is queued by `run_missed_tasks`. A call of the task
    as a function is not recorded.
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
            logger.info("%s was already run for %s", self.name, due_at)
        return acquired


def find_missed_tasks(*, app: celery.Celery, now: datetime) -> list[ScheduledTask]:
    """Return the tasks whose last due time was not run, or whose run was lost.

    A task without any record was not due before: it is new, or the database is.
    """
    give_up_lost_runs(now=now)
    return [
        task
        for task in _list_scheduled_tasks(app)
        if (due_at := get_last_due_at(task=task, now=now)) is not None
        and is_missed(task=task.name, due_at=due_at, now=now)
    ]


def get_last_due_at(*, task: celery.Task, now: datetime) -> datetime | None:
    """Return when the task was last due, in UTC; None for a task without a crontab, or never due in recent years."""
    entries = (each for each in task.app.conf.beat_schedule.values() if each["task"] == task.name)
    times = [_get_last_time(entry["schedule"], now=now) for entry in entries]
    return max((each for each in times if each is not None), default=None)


def list_next_times(schedule: crontab, *, count: int, now: datetime) -> list[datetime]:
    """Return when a crontab is due next, in UTC."""
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
    """Yield when a crontab was due since a midnight so many days ago, in UTC.

    Every process counts from a midnight, so that all agree also where clocks are put back: an hour that comes twice
    counts the first time.
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
