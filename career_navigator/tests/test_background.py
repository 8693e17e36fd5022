"""Tasks that a time is due for run once each time, also when servers are unavailable, and others are retried."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
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
    """The time by which tasks are due."""

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
def ran() -> list[str]:
    """What each run of the task was called with."""
    return []


def make_app(*, schedule: crontab, zone: str = "UTC", broker: str = NO_REDIS, ran: list[str] | None = None) -> Celery:
    """An application with two tasks: one of the schedule, which fails with what its argument says, and one retried."""
    app = Celery(set_as_current=False, task_cls=Task, broker=broker)
    app.conf.update(timezone=zone, task_time_limit=30 * 60, task_publish_retry=False)
    app.conf.broker_transport_options = {"max_retries": 0, "socket_connect_timeout": 1}
    schedule.app = app
    app.conf.beat_schedule = {"something": {"task": "something", "schedule": schedule}}

    @app.task(base=ScheduledTask, name="something", shared=False)
    def something(failure: Callable[[], Exception] | None = None) -> None:
        if ran is not None:
            ran.append("ran")
        if failure:
            raise failure()

    @app.task(name="retried", shared=False, **RETRY_WHILE_UNAVAILABLE)
    def retried() -> None:
        raise AutoReconnect("gone")

    app.finalize()
    return app


@contextlib.contextmanager
def as_a_worker_runs(task: Task, *, retries: int = 0) -> Iterator[None]:
    task.push_request(id="one", called_directly=False, retries=retries, args=[], kwargs={}, is_eager=False)
    try:
        yield
    finally:
        task.pop_request()


@pytest.fixture
def task(mongo, clock, ran: list[str]) -> ScheduledTask:
    """A task that is due at two each day."""
    return make_app(schedule=crontab(minute="0", hour="2"), broker=settings.REDIS_URL, ran=ran).tasks["something"]


def missed(task: ScheduledTask, *, at: datetime) -> bool:
    return find_missed_tasks(app=task.app, now=at) == [task]


class TestWhenATaskIsDue:
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
    def test_it_is_the_last_time_of_its_crontab(self, expression, now, expected):
        app = make_app(schedule=crontab.from_string(expression))

        due_at = get_last_due_at(task=app.tasks["something"], now=datetime.fromisoformat(now).replace(tzinfo=UTC))

        assert due_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)

    @pytest.mark.parametrize("hour", [0, 1, 2, 3])
    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe"])
    @pytest.mark.parametrize("first", [date(2026, 3, 6), date(2026, 3, 26), date(2026, 10, 2), date(2026, 10, 22)])
    def test_it_is_due_once_a_day_where_clocks_change(self, hour, zone, first):
        app = make_app(schedule=crontab(minute="30", hour=str(hour)), zone=zone)
        task = app.tasks["something"]
        start = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)

        seen = {get_last_due_at(task=task, now=start + HOUR * n) for n in range(24 * 12)}

        # The day on which it was due last before the first look, and twelve more.
        days = [each.astimezone(ZoneInfo(zone)).date() for each in sorted(seen)]
        assert len(days) == len(set(days)) == (days[-1] - days[0]).days + 1 in (12, 13)
        hours = {each.astimezone(ZoneInfo(zone)).hour for each in seen}
        assert hours <= {hour, hour + 1}


class TestAScheduledTask:
    def test_runs_once_however_often_it_is_queued(self, task, ran):
        results = [task.apply().state for _ in range(3)]

        assert results == ["SUCCESS", "IGNORED", "IGNORED"]
        assert ran == ["ran"]
        (run,) = TaskRunDocument.objects
        assert (run.task, run.due_at, run.status, run.attempts) == ("something", TWO, "finished", 1)
        assert (run.started_at, run.finished_at, run.lease_ends_at) == (TWO, TWO, None)

    def test_runs_for_the_next_time_again(self, task, clock, ran):
        task.apply()
        clock.time += DAY

        task.apply()

        assert len(ran) == 2
        assert [run.due_at for run in TaskRunDocument.objects.order_by("due_at")] == [TWO, TWO + DAY]

    def test_takes_the_time_from_a_beat_whose_clock_is_ahead(self, task, clock, ran):
        TaskRunFactory(due_at=TWO - DAY)
        clock.time = TWO - timedelta(seconds=5)

        task.apply()

        assert ran == ["ran"]
        assert TaskRunDocument.objects(due_at=TWO, status="finished").count() == 1

    def test_is_not_recorded_when_called_as_a_function(self, task, ran):
        task()
        task()

        assert len(ran) == 2
        assert TaskRunDocument.objects.count() == 0

    def test_records_why_it_failed_and_is_not_run_again(self, task, ran):
        task.apply(args=[lambda: ValueError("not found")])
        task.apply()

        assert ran == ["ran"]
        (run,) = TaskRunDocument.objects
        assert (run.status, run.error) == ("failed", "ValueError('not found')")
        assert not missed(task, at=TWO + HOUR)

    def test_stays_open_where_a_server_was_unavailable_to_the_end(self, task):
        task.max_retries = 0

        task.apply(args=[lambda: AutoReconnect("gone")])

        assert TaskRunDocument.objects.get().status == "running"
        assert not missed(task, at=TWO + LEASE - MINUTE)
        assert missed(task, at=TWO + LEASE)

    def test_is_not_taken_for_one_that_loses_its_worker_because_it_was_retried(self, task):
        task.apply(args=[lambda: AutoReconnect("gone")])

        assert missed(task, at=TWO + LEASE)
        assert TaskRunDocument.objects.get().status == "running"

    def test_is_retried_while_mongodb_cannot_record_it(self, task, redis, settings, ran):
        settings.MONGODB_TIMEOUT_SECONDS = 0.1

        with mongodb_at(NO_MONGODB), as_a_worker_runs(task, retries=2), pytest.raises(Retry) as raised:
            task.before_start("one", [], {})

        assert ran == []
        assert 0 <= raised.value.when <= 40
        assert take_queued(redis) == [("something", [])]


class TestALease:
    def acquire(self, task_id: str, *, at: datetime) -> bool:
        return task_runs.acquire_run(task="something", due_at=TWO, task_id=task_id, lease=LEASE, now=at)

    def test_is_taken_over_by_the_same_celery_task_at_once(self, mongo):
        assert self.acquire("one", at=TWO)
        assert not self.acquire("two", at=TWO + MINUTE)
        assert self.acquire("one", at=TWO + MINUTE)
        assert TaskRunDocument.objects.get().attempts == 2

    def test_is_taken_over_by_one_other_when_it_has_ended(self, mongo):
        self.acquire("one", at=TWO)

        acquired = [self.acquire(task_id, at=TWO + LEASE) for task_id in ("two", "three")]
        task_runs.finish_run(task_id="one", status="failed", now=TWO + LEASE)

        assert acquired == [True, False]
        assert TaskRunDocument.objects.get().status == "running"

    def test_is_not_acquired_after_the_end(self, mongo):
        self.acquire("one", at=TWO)
        task_runs.finish_run(task_id="one", status="finished", now=TWO)

        assert not self.acquire("one", at=TWO + LEASE)

    def test_is_given_up_after_too_many_lost_workers(self, task, caplog):
        for number in range(task_runs.MAX_LOST_WORKERS):
            assert self.acquire(str(number), at=TWO + number * LEASE)
        later = TWO + task_runs.MAX_LOST_WORKERS * LEASE

        assert not self.acquire("one more", at=later)
        assert not missed(task, at=later)
        (run,) = TaskRunDocument.objects
        assert (run.status, run.error) == ("failed", "lost its worker 5 times")
        assert "is abandoned" in caplog.text

    def test_belongs_to_a_due_time_alone(self, mongo):
        for _ in range(2):
            TaskRunFactory()
        TaskRunFactory(due_at=TWO)

        with pytest.raises(NotUniqueError):
            TaskRunFactory(due_at=TWO)


class TestAMissedTask:
    def test_is_none_of_before_the_first_start(self, task):
        assert not missed(task, at=TWO + HOUR)
        run = TaskRunDocument.objects.get()
        assert (run.status, run.result) == ("skipped", "it was due before the first start of the service")
        assert not missed(task, at=TWO + DAY - MINUTE)
        assert missed(task, at=TWO + DAY)

    def test_is_none_that_ran_before_the_first_check(self, task):
        task.apply()

        assert not missed(task, at=TWO + MINUTE)
        assert TaskRunDocument.objects.get().status == "finished"

    def test_is_run_once_and_for_the_last_time_alone(self, task, clock, ran):
        task.apply()
        clock.time = TWO + 3 * DAY + HOUR

        assert missed(task, at=clock.time)
        task.apply()
        assert not missed(task, at=clock.time)
        assert len(ran) == 2
        assert TaskRunDocument.objects(due_at=TWO + 3 * DAY).get().status == "finished"

    def test_is_none_that_runs_at_the_moment(self, task):
        task_runs.acquire_run(task="something", due_at=TWO, task_id="one", lease=LEASE, now=TWO)

        assert not missed(task, at=TWO + LEASE - MINUTE)
        assert missed(task, at=TWO + LEASE)

    def test_is_none_where_the_schedule_was_set_to_an_earlier_hour(self, task):
        task.apply()
        task.app.conf.beat_schedule["something"]["schedule"] = crontab(minute="0", hour="1", app=task.app)

        assert not missed(task, at=TWO + HOUR)
        assert missed(task, at=TWO + DAY - HOUR)


class TestARetry:
    def test_follows_a_bulk_write_that_the_majority_did_not_confirm(self, task):
        unconfirmed = BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]})

        with as_a_worker_runs(task), pytest.raises(Retry):
            task.run(lambda: unconfirmed)

    def test_that_cannot_be_queued_leaves_the_task_in_the_queue(self):
        task = make_app(schedule=crontab(), broker=NO_REDIS).tasks["retried"]

        with as_a_worker_runs(task), pytest.raises(Reject) as raised:
            task.run()

        assert raised.value.requeue

    def test_comes_later_each_time_and_within_an_hour_and_a_half_at_most(self, redis, monkeypatch):
        monkeypatch.setattr("random.randrange", lambda stop: stop - 1)
        task = make_app(schedule=crontab(), broker=settings.REDIS_URL).tasks["retried"]
        waits = []
        for retries in range(task.max_retries):
            with as_a_worker_runs(task, retries=retries), pytest.raises(Retry) as raised:
                task.run()
            waits.append(raised.value.when)

        with as_a_worker_runs(task, retries=task.max_retries), pytest.raises(AutoReconnect):
            task.run()

        assert len(take_queued(redis)) == len(waits)
        assert waits == sorted(waits)
        assert waits[0] == 10
        assert 3600 <= sum(waits) <= 5400


class TestEnqueue:
    def test_returns_false_soon_while_the_broker_is_unavailable(self, redis, caplog):
        with queue_at(NO_REDIS):
            assert not enqueue("ingestion.tasks.resume_runs")
        assert "ingestion.tasks.resume_runs was not queued" in caplog.text

        assert enqueue("ingestion.tasks.resume_runs")
        assert take_queued(redis) == [("ingestion.tasks.resume_runs", [])]


class TestArgumentsOfATask:
    @pytest.mark.parametrize(
        "argument",
        ["text", 1, 2.5, True, None, ["a", "b"]],
    )
    def test_are_queued_where_they_are_flat(self, task, redis, argument):
        task.delay(argument)

        assert take_queued(redis) == [("something", [argument])]

    @pytest.mark.parametrize("argument", [{"a": 1}, [["a"]], [{}], object(), b"bytes"])
    def test_are_rejected_where_they_are_not(self, task, redis, argument):
        with pytest.raises(ValueError, match="something cannot be queued"):
            task.delay(argument)
        with pytest.raises(ValueError, match="something cannot be queued"):
            task.apply_async(kwargs={"failure": argument})

        assert take_queued(redis) == []
