"""Recovery from `kill -9` during a run: the database ends up exactly as after an undisturbed run."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from pymongo.database import Database

from ingestion.documents import OPEN_RUN_STATUSES, CollectionRunDocument
from ingestion.runs import find_interrupted
from ingestion.services import run_inline
from ingestion.source import count_spent_credits
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.errors import TheirStackRetryableError
from ingestion.sources.theirstack.fake.job_sources import build_jobs
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from ingestion.tasks import queue_run, resume_runs
from market.refresh import check_stats, refresh_stats
from tests.collection import start
from tests.other_servers import NO_REDIS, redis_at
from tests.processes import Installation, empty_database, kill, running_installation, wait_until

ROLES = ("Software Engineer", "DevOps Engineer", "Backend Developer")
PAGE = 10
LEASE_SECONDS = 5
TODAY = datetime.now(UTC).date()
# Fields that depend on the time of a run or on the order of its roles.
# `copy_group` is compared instead of `copy_of`, because ids of documents differ between runs.
_INCIDENTAL = {"_id", "copy_of", "scraped_at", "updated_at", "computed_at", "search_keywords", "search_location"}

_COUNTS = ("status", "pages", "credits", "collected", "updated", "unchanged", "filtered")


@pytest.fixture(scope="module")
def fake_theirstack() -> Iterator[FakeTheirStack]:
    with FakeTheirStack(jobs=build_jobs(count=400, seed=3, today=TODAY, days=60)) as server:
        yield server


@pytest.fixture(scope="module")
def installation(servers, fake_theirstack, tmp_path_factory) -> Iterator[Installation]:
    settings = {"MAX_JOBS_PER_SEARCH": str(PAGE), "COLLECTION_LEASE_SECONDS": str(LEASE_SECONDS)}
    directory = tmp_path_factory.mktemp("var")
    with (
        override_settings(MAX_JOBS_PER_SEARCH=PAGE),
        running_installation(
            servers=servers, fake_theirstack=fake_theirstack, directory=directory, **settings
        ) as installation,
    ):
        yield installation


@pytest.fixture
def database(installation, fake_theirstack) -> "Database[dict[str, Any]]":
    """Return the installation's database without collected data."""
    fake_theirstack.reset()
    return empty_database()


def begin() -> CollectionRunDocument:
    return start(*ROLES, max_age_days=60, per_role_limit=1_000)


def contents(database) -> dict[str, Any]:
    """Return the collected postings and stats, without fields that depend on time."""

    def rows(collection, *key):
        return {
            tuple(row.get(name) for name in key): {k: v for k, v in row.items() if k not in _INCIDENTAL}
            for row in database[collection].find()
        }

    return {
        "postings": rows("job_postings", "source", "job_id"),
        "figures": rows("market_figures", "scope", "day"),
        # A killed writer's marker remains for minutes, because the writer could still be alive. The stats are correct.
        "dirty": list(database.dirty_days.find({"writers": {"$in": [None, {}]}})),
        "open": list(database.collection_runs.find({"status": {"$in": OPEN_RUN_STATUSES}})),
        "runs": [{name: run[name] for name in _COUNTS} for run in database.collection_runs.find()],
        "claims": list(database.collected_roles.find({"claim": {"$exists": True}})),
    }


@pytest.fixture(scope="module")
def undisturbed(installation) -> dict[str, Any]:
    """Return the outcome of a run without faults."""
    database = empty_database()
    with build_client() as client:
        run = run_inline(run=begin(), client=client, clock=timezone.now)
    expected = contents(database)
    assert (run.status, len(run.searches)) == ("finished", len(ROLES))
    assert run.pages >= 8
    assert len(expected["postings"]) > 60
    return expected


def collect_disturbed(installation, fake_theirstack, database, disturb) -> dict[str, Any]:
    """Collect with a worker, call `disturb` during the third page, and wait until the run ends."""
    fake_theirstack.script_faults([{"delay_seconds": 0.2, "next": 200}])
    installation.ensure_worker()
    run = begin()
    queue_run(run=run)
    # The fake TheirStack counts a page when it sends the response. The worker stores the page afterwards.
    wait_until(lambda: len(fake_theirstack.requests) >= 3, seconds=90, what="three pages were asked for")
    disturb()
    try:
        wait_until(lambda: is_over(run), seconds=90, every=0.5, what="the run is over")
    except AssertionError as error:
        error.add_note(installation.read_log())
        raise
    refresh_stats(now=timezone.now())
    assert run.reload().status == "finished", run.error
    assert check_stats().differing == []
    return contents(database)


def is_over(run: CollectionRunDocument) -> bool:
    """Resume interrupted runs, as beat does once per minute, and return whether the run is over."""
    resume_runs.delay()
    return run.reload().status not in OPEN_RUN_STATUSES


def test_a_killed_worker_loses_no_posting(installation, fake_theirstack, undisturbed, database):
    def disturb():
        installation.kill_workers()
        installation.ensure_worker()

    assert collect_disturbed(installation, fake_theirstack, database, disturb) == undisturbed


def test_a_redelivered_task_continues_a_run_of_a_killed_process(installation, fake_theirstack, undisturbed, database):
    """The redelivered task continues immediately. Nothing else resumes the run."""
    fake_theirstack.script_faults([{"delay_seconds": 0.2, "next": 200}])
    installation.ensure_worker()
    run = begin()
    queue_run(run=run)
    wait_until(lambda: len(fake_theirstack.requests) >= 3, seconds=90, what="three pages were asked for")

    installation.kill_task_processes()

    wait_until(
        lambda: run.reload().status not in OPEN_RUN_STATUSES,
        seconds=90,
        every=0.5,
        what="the run is over",
    )
    refresh_stats(now=timezone.now())
    assert contents(database) == undisturbed
    assert fake_theirstack.credits_used <= run.credits + PAGE
    assert count_spent_credits(now=timezone.now()) >= fake_theirstack.credits_used


def test_a_frozen_worker_does_not_overwrite_its_successor(installation, fake_theirstack, undisturbed, database):
    def disturb():
        stopped = installation.workers()
        for worker in stopped:
            os.killpg(worker.pid, signal.SIGSTOP)
        installation.start_worker()
        asked = len(fake_theirstack.requests)
        # The first request is the page that the frozen worker had requested.
        wait_until(
            lambda: resume_runs.delay() and len(fake_theirstack.requests) > asked + 1,
            seconds=90,
            every=0.5,
            what="another worker has taken over",
        )
        for worker in stopped:
            os.killpg(worker.pid, signal.SIGCONT)

    try:
        assert collect_disturbed(installation, fake_theirstack, database, disturb) == undisturbed
    finally:
        installation.kill_workers()
    assert count_spent_credits(now=timezone.now()) >= fake_theirstack.credits_used


def test_a_killed_mongodb_loses_no_posting(installation, servers, fake_theirstack, undisturbed, database):
    def disturb():
        kill(servers.mongodb)
        servers.start_mongodb()

    assert collect_disturbed(installation, fake_theirstack, database, disturb) == undisturbed


def test_a_killed_redis_loses_no_posting(installation, servers, fake_theirstack, undisturbed, database):
    def disturb():
        kill(servers.valkey)
        servers.start_valkey()

    assert collect_disturbed(installation, fake_theirstack, database, disturb) == undisturbed


def test_all_processes_killed_together(installation, servers, fake_theirstack, undisturbed, database):
    def disturb():
        installation.kill_workers()
        kill(servers.mongodb)
        kill(servers.valkey)
        servers.start_mongodb()
        servers.start_valkey()
        installation.ensure_worker()

    assert collect_disturbed(installation, fake_theirstack, database, disturb) == undisturbed


def test_a_redis_that_stays_unavailable_fails_no_run(undisturbed, database, settings, installation):
    settings.THEIR_STACK_MAX_RETRIES = 0
    run = begin()

    with redis_at(NO_REDIS), build_client() as client, pytest.raises(TheirStackRetryableError):
        run_inline(run=run, client=client, clock=timezone.now)
    assert run.reload().status == "running"
    later = timezone.now() + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS)
    ((found, roles),) = find_interrupted(now=later)
    with redis_at(installation.redis_url), build_client() as client:
        run_inline(run=found, client=client, clock=lambda: later)

    assert roles == list(ROLES)
    assert contents(database) == undisturbed
