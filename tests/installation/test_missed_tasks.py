"""The daily collection runs once per day, even with several beats or a server that is unavailable when it is due."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler, Scheduler
from django.utils import timezone

from career_navigator.background import get_last_due_at
from career_navigator.celery import TASK_COUNTS_KEY, app
from career_navigator.db.connection import database, redis_client
from career_navigator.documents import TaskRunDocument
from career_navigator.tasks import run_missed_tasks
from ingestion.documents import CollectionRunDocument
from ingestion.tasks import collect_daily, collect_role
from tests.collection import start
from tests.factories import TaskRunFactory
from tests.other_servers import NO_REDIS, queue_at
from tests.processes import Installation, empty_database, kill, running_installation, wait_until

ENTRY = "collect the target roles of users"
SECONDS = 90


@pytest.fixture(scope="module")
def installation(servers, fake_theirstack, tmp_path_factory) -> Iterator[Installation]:
    with running_installation(
        servers=servers, fake_theirstack=fake_theirstack, directory=tmp_path_factory.mktemp("var")
    ) as installation:
        installation.start_worker(processes=2)
        installation.wait_for_worker()
        yield installation


@pytest.fixture(autouse=True)
def _overdue(installation) -> None:
    """Empty the database and record that the collection last ran two days ago and the other tasks just now."""
    wait_until(lambda: not redis_client().hlen("unacked"), seconds=SECONDS, what="the worker is idle")
    empty_database()
    database().task_runs.delete_many({})
    yesterday = timezone.now() - timedelta(days=1)
    for name in {entry["task"] for entry in app.conf.beat_schedule.values()}:
        due_at = timezone.now() if name != collect_daily.name else yesterday - timedelta(days=1)
        TaskRunFactory(task=name, due_at=due_at, created_at=yesterday)


def count(outcome: str, *, task: str = collect_daily.name) -> int:
    return int(redis_client().hget(TASK_COUNTS_KEY, f"{task}|{outcome}") or 0)


def wait_for_the_run(installation: Installation) -> None:
    """Wait until the collection has ended and its run is recorded and counted."""
    due_at = get_last_due_at(task=collect_daily, now=timezone.now())
    wait_until(
        lambda: TaskRunDocument.objects(task=collect_daily.name, due_at=due_at, status="finished") and count("success"),
        seconds=SECONDS,
        what=f"the daily collection is recorded\n{installation.read_log()}",
    )


def make_overdue(path: Path) -> Path:
    """Write a beat schedule in which only the collection became due while beat was down."""
    scheduler = PersistentScheduler(app, schedule_filename=str(path))
    last_run_at = scheduler.schedule[ENTRY].last_run_at
    assert last_run_at is not None
    scheduler.schedule[ENTRY].last_run_at = last_run_at - timedelta(days=2)
    scheduler.close()
    return path


def test_two_beats_that_start_late_run_the_collection_once(installation, tmp_path):
    for name in ("one", "two"):
        installation.start_beat(schedule=make_overdue(tmp_path / name))
    wait_for_the_run(installation)

    wait_until(lambda: count("ignored") == 1, seconds=SECONDS, what=f"the other\n{installation.read_log()}")

    # It is counted after the run has ended.
    wait_until(lambda: count("success"), seconds=SECONDS, what="its success is counted")
    assert count("success") == 1
    assert CollectionRunDocument.objects.count() == 1
    installation.stop_beats()


def test_runs_late_if_redis_was_unavailable_when_it_was_due(installation, caplog):
    entry = Scheduler(app, lazy=True).Entry(name=ENTRY, app=app, **app.conf.beat_schedule[ENTRY])
    with queue_at(NO_REDIS):
        Scheduler(app, lazy=True).apply_entry(entry)
    assert "Couldn't apply scheduled task" in caplog.text

    run_missed_tasks.delay()
    wait_for_the_run(installation)
    run_missed_tasks.delay()
    wait_until(lambda: not redis_client().hlen("unacked"), seconds=SECONDS, what="the worker is idle")

    assert (count("success"), count("ignored")) == (1, 0)
    assert CollectionRunDocument.objects.count() == 1


def test_runs_late_if_mongodb_was_unavailable_when_it_was_due(installation, servers):
    kill(servers.mongodb)
    collect_daily.delay()
    wait_until(lambda: count("retry"), seconds=SECONDS, what=f"it is retried\n{installation.read_log()}")

    servers.start_mongodb()
    wait_for_the_run(installation)

    # It is counted after the run has ended.
    wait_until(lambda: count("success"), seconds=SECONDS, what="its success is counted")
    assert count("success") == 1
    assert CollectionRunDocument.objects.count() == 1


def test_continues_with_a_role_as_soon_as_mongodb_is_available(installation, servers):
    run = start("Developer", max_age_days=30, per_role_limit=100)
    kill(servers.mongodb)
    collect_role.delay(str(run.id), "Developer")
    retried = f"it is retried\n{installation.read_log()}"
    wait_until(lambda: count("retry", task=collect_role.name), seconds=SECONDS, what=retried)

    servers.start_mongodb()

    # No beat is running, so nothing else resumes the run.
    wait_until(lambda: run.reload().status == "finished", seconds=SECONDS, what=installation.read_log())
