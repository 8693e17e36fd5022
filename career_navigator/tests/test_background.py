"""Scheduled tasks run once per due time, even if servers are unavailable, and other tasks are retried."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.exceptions import Reject, Retry
from celery.schedules import crontab
from django.conf import settings
from mongoengine import NotUniqueError
from pymongo.errors import AutoReconnect, BulkWriteError

from career_navigator import background, task_runs
from career_navigator.background import RETRY_WHILE_UNAVAILABLE, ScheduledTask, Task, find_missed_tasks, get_last_due_at
from career_navigator.celery import enqueue
from career_navigator.documents import TaskRunDocument
from tests.factories import TaskRunFactory
from tests.other_servers import NO_MONGODB, NO_REDIS, mongodb_at, queue_at
from tests.queued import take_queued

LEASE = timedelta(minutes=31)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# A Wednesday.
TWO = datetime(2026, 11, 18, 2, tzinfo=UTC)


class Clock:
    """Fake clock that determines when tasks are due."""

    def __init__(self) -> None:
        self.time = TWO

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(background, "timezone", clock)
    return clock


@pytest.fixture
def calls() -> list[str]:
    """Return the list in which the task records its calls."""
    return []


def make_app(*, schedule: crontab, zone: str = "UTC", broker: str = NO_REDIS, calls: list[str] | None = None) -> Any:
    """Create an application with a scheduled task, which raises what its argument returns, and a retried task."""
    app: Any = Celery(set_as_current=False, task_cls=Task, broker=broker)
    app.conf.update(timezone=zone, task_time_limit=30 * 60, task_publish_retry=False)
    app.conf.broker_transport_options = {"max_retries": 0, "socket_connect_timeout": 1}
    schedule.app = app
    app.conf.beat_schedule = {"something": {"task": "something", "schedule": schedule}}

    @app.task(base=ScheduledTask, name="something", shared=False)
    def something(failure: Callable[[], Exception] | None = None) -> None:
        if calls is not None:
            calls.append("ran")
        if failure:
            raise failure()

    @app.task(name="retried", shared=False, **RETRY_WHILE_UNAVAILABLE)
    def retried_task() -> None:
        raise AutoReconnect("gone")

    app.finalize()
    return app


@contextlib.contextmanager
def worker_request(task: Any, *, retries: int = 0) -> Iterator[None]:
    task.push_request(id="one", called_directly=False, retries=retries, args=[], kwargs={}, is_eager=False)
    try:
        yield
    finally:
        task.pop_request()


@pytest.fixture
def task(mongo, clock, calls: list[str]) -> ScheduledTask:
    """Return a task that is due at 02:00 every day."""
    return make_app(schedule=crontab(minute="0", hour="2"), broker=settings.REDIS_URL, calls=calls).tasks["something"]


def is_missed(task: ScheduledTask, *, at: datetime) -> bool:
    return find_missed_tasks(app=task.app, now=at) == [task]


class TestDueTime:
    @pytest.mark.parametrize(
        ("expression", "now", "expected"),
        [
            ("0 2 * * *", "2026-11-18 01:59:59", "2026-11-17 02:00"),
            ("0 2 * * *", "2026-11-18 02:00:00", "2026-11-18 02:00"),
            ("0 0 * * *", "2026-11-18 23:59:59", "2026-11-18 00:00"),
            ("0 3 * * sun", "2026-11-18 02:00:00", "2026-11-15 03:00"),
            ("0 5 1 1 *", "2026-11-18 02:00:00", "2026-01-01 05:00"),
            ("0 5 29 2 *", "2026-11-18 02:00:00", "2024-02-29 05:00"),
            ("*/20 * * * *", "2026-11-18 02:19:00", "2026-11-18 02:00"),
            ("* * * * *", "2026-11-18 02:19:30", "2026-11-18 02:19"),
        ],
    )
    def test_is_the_last_time_of_the_crontab(self, expression, now, expected):
        app = make_app(schedule=crontab.from_string(expression))

        due_at = get_last_due_at(task=app.tasks["something"], now=datetime.fromisoformat(now).replace(tzinfo=UTC))

        assert due_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)

    @pytest.mark.parametrize("hour", [0, 1, 2, 3])
    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe"])
    @pytest.mark.parametrize("first", [date(2026, 3, 6), date(2026, 3, 26), date(2026, 10, 2), date(2026, 10, 22)])
    def test_is_once_per_day_when_clocks_change(self, hour, zone, first):
        app = make_app(schedule=crontab(minute="30", hour=str(hour)), zone=zone)
        task = app.tasks["something"]
        start = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)

        seen = {get_last_due_at(task=task, now=start + HOUR * n) for n in range(24 * 12)}

        # The last due day before the first check, and twelve more.
        days = [each.astimezone(ZoneInfo(zone)).date() for each in sorted(filter(None, seen))]
        assert len(days) == len(set(days)) == (days[-1] - days[0]).days + 1 in (12, 13)
        hours = {each.astimezone(ZoneInfo(zone)).hour for each in filter(None, seen)}
        assert hours <= {hour, hour + 1}


class TestScheduledTask:
    def test_runs_once_if_queued_several_times(self, task, calls):
        results = [task.apply().state for _ in range(3)]

        assert results == ["SUCCESS", "IGNORED", "IGNORED"]
        assert calls == ["ran"]
        (run,) = TaskRunDocument.objects
        assert (run.task, run.due_at, run.status, run.attempts) == ("something", TWO, "finished", 1)
        assert (run.started_at, run.finished_at, run.lease_ends_at) == (TWO, TWO, None)

    def test_runs_again_for_the_next_due_time(self, task, clock, calls):
        task.apply()
        clock.time += DAY

        task.apply()

        assert len(calls) == 2
        assert [run.due_at for run in TaskRunDocument.objects.order_by("due_at")] == [TWO, TWO + DAY]

    def test_tolerates_a_beat_whose_clock_is_ahead(self, task, clock, calls):
        TaskRunFactory(due_at=TWO - DAY)
        clock.time = TWO - timedelta(seconds=5)

        task.apply()

        assert calls == ["ran"]
        assert TaskRunDocument.objects(due_at=TWO, status="finished").count() == 1

    def test_is_not_recorded_when_called_as_a_function(self, task, calls):
        task()
        task()

        assert len(calls) == 2
        assert TaskRunDocument.objects.count() == 0

    def test_records_a_failure_and_does_not_run_again(self, task, calls):
        task.apply(args=[lambda: ValueError("not found")])
        task.apply()

        assert calls == ["ran"]
        (run,) = TaskRunDocument.objects
        assert (run.status, run.error) == ("failed", "ValueError('not found')")
        assert not is_missed(task, at=TWO + HOUR)

    def test_stays_open_if_a_server_is_unavailable_until_the_last_retry(self, task):
        task.max_retries = 0

        task.apply(args=[lambda: AutoReconnect("gone")])

        assert TaskRunDocument.objects.get().status == "running"
        assert not is_missed(task, at=TWO + LEASE - MINUTE)
        assert is_missed(task, at=TWO + LEASE)

    def test_retries_do_not_count_as_lost_workers(self, task):
        task.apply(args=[lambda: AutoReconnect("gone")])

        assert is_missed(task, at=TWO + LEASE)
        assert TaskRunDocument.objects.get().status == "running"

    def test_is_retried_while_mongodb_cannot_record_it(self, task, redis, settings, calls):
        settings.MONGODB_TIMEOUT_SECONDS = 0.1

        with mongodb_at(NO_MONGODB), worker_request(task, retries=2), pytest.raises(Retry) as raised:
            task.before_start("one", [], {})

        assert calls == []
        assert raised.value.when in range(41)
        assert take_queued(redis) == [("something", [])]


class TestLease:
    def acquire(self, task_id: str, *, at: datetime) -> bool:
        return task_runs.acquire_run(task="something", due_at=TWO, task_id=task_id, lease=LEASE, now=at)

    def test_same_celery_task_takes_over_immediately(self, mongo):
        assert self.acquire("one", at=TWO)
        assert not self.acquire("two", at=TWO + MINUTE)
        assert self.acquire("one", at=TWO + MINUTE)
        assert TaskRunDocument.objects.get().attempts == 2

    def test_one_other_task_takes_over_an_expired_lease(self, mongo):
        self.acquire("one", at=TWO)

        acquired = [self.acquire(task_id, at=TWO + LEASE) for task_id in ("two", "three")]
        task_runs.finish_run(task_id="one", status="failed", now=TWO + LEASE)

        assert acquired == [True, False]
        assert TaskRunDocument.objects.get().status == "running"

    def test_cannot_be_acquired_after_the_run_has_ended(self, mongo):
        self.acquire("one", at=TWO)
        task_runs.finish_run(task_id="one", status="finished", now=TWO)

        assert not self.acquire("one", at=TWO + LEASE)

    def test_run_is_abandoned_after_too_many_lost_workers(self, task, caplog):
        for number in range(task_runs.MAX_LOST_WORKERS):
            assert self.acquire(str(number), at=TWO + number * LEASE)
        later = TWO + task_runs.MAX_LOST_WORKERS * LEASE

        assert not self.acquire("one more", at=later)
        assert not is_missed(task, at=later)
        (run,) = TaskRunDocument.objects
        assert (run.status, run.error) == ("failed", "lost its worker 5 times")
        assert "is abandoned" in caplog.text

    def test_applies_to_a_single_due_time(self, mongo):
        for _ in range(2):
            TaskRunFactory()
        TaskRunFactory(due_at=TWO)

        with pytest.raises(NotUniqueError):
            TaskRunFactory(due_at=TWO)


class TestMissedTask:
    def test_task_due_before_the_first_start_is_not_missed(self, task):
        assert not is_missed(task, at=TWO + HOUR)
        run = TaskRunDocument.objects.get()
        assert (run.status, run.result) == ("skipped", "it was due before the first start of the service")
        assert not is_missed(task, at=TWO + DAY - MINUTE)
        assert is_missed(task, at=TWO + DAY)

    def test_task_that_ran_before_the_first_check_is_not_missed(self, task):
        task.apply()

        assert not is_missed(task, at=TWO + MINUTE)
        assert TaskRunDocument.objects.get().status == "finished"

    def test_runs_once_and_only_for_the_last_due_time(self, task, clock, calls):
        task.apply()
        clock.time = TWO + 3 * DAY + HOUR

        assert is_missed(task, at=clock.time)
        task.apply()
        assert not is_missed(task, at=clock.time)
        assert len(calls) == 2
        assert TaskRunDocument.objects(due_at=TWO + 3 * DAY).get().status == "finished"

    def test_running_task_is_not_missed(self, task):
        task_runs.acquire_run(task="something", due_at=TWO, task_id="one", lease=LEASE, now=TWO)

        assert not is_missed(task, at=TWO + LEASE - MINUTE)
        assert is_missed(task, at=TWO + LEASE)

    def test_schedule_moved_to_an_earlier_hour_is_not_missed(self, task):
        task.apply()
        task.app.conf.beat_schedule["something"]["schedule"] = crontab(minute="0", hour="1", app=task.app)

        assert not is_missed(task, at=TWO + HOUR)
        assert is_missed(task, at=TWO + DAY - HOUR)


class TestRetry:
    def test_retries_a_bulk_write_that_the_majority_did_not_confirm(self, task):
        unconfirmed = BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]})

        with worker_request(task), pytest.raises(Retry):
            task.run(lambda: unconfirmed)

    def test_retry_that_cannot_be_queued_requeues_the_message(self):
        task = make_app(schedule=crontab(), broker=NO_REDIS).tasks["retried"]

        with worker_request(task), pytest.raises(Reject) as raised:
            task.run()

        assert vars(raised.value)["requeue"]

    def test_backs_off_and_ends_within_90_minutes(self, redis, monkeypatch):
        monkeypatch.setattr("random.randrange", lambda stop: stop - 1)
        task = make_app(schedule=crontab(), broker=settings.REDIS_URL).tasks["retried"]
        waits: list[Any] = []
        for retries in range(task.max_retries):
            with worker_request(task, retries=retries), pytest.raises(Retry) as raised:
                task.run()
            waits.append(raised.value.when)

        with worker_request(task, retries=task.max_retries), pytest.raises(AutoReconnect):
            task.run()

        assert len(take_queued(redis)) == len(waits)
        assert waits == sorted(waits)
        assert waits[0] == 10
        assert 3600 <= sum(waits) <= 5400


class TestEnqueue:
    def test_returns_false_quickly_while_the_broker_is_unavailable(self, redis, caplog):
        with queue_at(NO_REDIS):
            assert not enqueue("ingestion.tasks.resume_runs")
        assert "ingestion.tasks.resume_runs was not queued" in caplog.text

        assert enqueue("ingestion.tasks.resume_runs")
        assert take_queued(redis) == [("ingestion.tasks.resume_runs", [])]


class TestTaskArguments:
    @pytest.mark.parametrize(
        "argument",
        ["text", 1, 2.5, True, None, ["a", "b"]],
    )
    def test_flat_arguments_are_queued(self, task, redis, argument):
        task.delay(argument)

        assert take_queued(redis) == [("something", [argument])]

    @pytest.mark.parametrize("argument", [{"a": 1}, [["a"]], [{}], object(), b"bytes"])
    def test_nested_arguments_are_rejected(self, task, redis, argument):
        with pytest.raises(ValueError, match="something cannot be queued"):
            task.delay(argument)
        with pytest.raises(ValueError, match="something cannot be queued"):
            task.apply_async(kwargs={"failure": argument})

        assert take_queued(redis) == []
