"""A page that was paid for survives an outage of MongoDB: it is fetched and counted exactly once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from career_navigator.api.exceptions import SERVER_UNAVAILABLE
from career_navigator.db.connection import database
from ingestion import collection
from ingestion.collection import collect_role
from ingestion.documents import CollectionRunDocument
from ingestion.runs import find_interrupted
from ingestion.source import count_spent_credits
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.refresh import check_stats, refresh_stats
from tests.collection import begin_run, job
from tests.processes import Servers, empty_database, kill, running_installation

ROLE = "Backend Developer"
PAGE = 10
JOBS = 45
OUTAGE_SECONDS = 2.5


@pytest.fixture(scope="module")
def source(servers, tmp_path_factory) -> Iterator[FakeTheirStack]:
    jobs = [job(n, days_old=n % 10) for n in range(1, JOBS + 1)]
    with (
        FakeTheirStack(jobs=jobs) as server,
        override_settings(MAX_JOBS_PER_SEARCH=PAGE, MONGODB_TIMEOUT_SECONDS=1),
        running_installation(servers=servers, fake_theirstack=server, directory=tmp_path_factory.mktemp("var")),
    ):
        yield server


@pytest.fixture
def fake_theirstack(source) -> FakeTheirStack:
    """Return the source. Five changed and five unchanged postings are stored, and the rest is not collected yet."""
    empty_database()
    source.reset()
    collect()
    ids = [str(n) for n in range(1, 11)]
    database().job_postings.delete_many({"job_id": {"$nin": ids}})
    database().job_postings.update_many({"job_id": {"$in": ids[:5]}}, {"$set": {"content_hash": "of another text"}})
    for name in ("collected_roles", "collection_runs", "credit_months"):
        database()[name].delete_many({})
    source.reset()
    return source


def collect() -> CollectionRunDocument:
    run = begin_run(timezone.now, limit=100)
    with build_client() as client:
        collect_role(run_id=run.id, role=ROLE, client=client, clock=timezone.now)
    return run.reload()


def get_record(run: CollectionRunDocument) -> dict[str, Any]:
    names = ("status", "error", "pages", "credits", "collected", "updated", "unchanged", "filtered")
    return {name: getattr(run, name) for name in names}


EXPECTED = {
    "status": "finished",
    "error": None,
    "pages": 5,
    "credits": JOBS,
    "collected": JOBS - 10,
    "updated": 5,
    "unchanged": 5,
    "filtered": 0,
}


def test_a_run_without_an_outage_has_the_expected_counts(fake_theirstack):
    assert get_record(collect()) == EXPECTED


class Outage:
    """Kills MongoDB once and restarts it after some seconds."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._returned, self._test_over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.seconds = OUTAGE_SECONDS

    def __call__(self) -> None:
        if self._thread is None:
            kill(self._servers.mongodb)
            self._thread = threading.Thread(target=self._return)
            self._thread.start()

    def _return(self) -> None:
        time.sleep(self.seconds)
        self._servers.start_mongodb()
        self._returned.set()
        # The server ends with the thread that started it.
        self._test_over.wait()

    def end(self) -> None:
        """Restart MongoDB from this thread, so that it outlives the outage's thread."""
        if self._thread:
            self._returned.wait()
            kill(self._servers.mongodb)
            self._servers.start_mongodb()
            self._test_over.set()
            self._thread.join()


@pytest.fixture
def outage(servers) -> Iterator[Outage]:
    outage = Outage(servers)
    yield outage
    outage.end()


def run_before(monkeypatch, module, name, outage, *, call=3) -> None:
    """Call `outage` before the `call`th call of a function."""
    calls, function = [], getattr(module, name)

    def wrapped(*arguments, **options):
        calls.append(1)
        if len(calls) == call:
            outage()
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, wrapped)


def run_after(monkeypatch, module, name, outage, *, call=3) -> None:
    """Call `outage` when the `call`th call of a function has done its work, so that its result is lost."""
    calls, function = [], getattr(module, name)

    def wrapped(*arguments, **options):
        result = function(*arguments, **options)
        calls.append(1)
        if len(calls) == call:
            outage()
            database().command("ping")
        return result

    monkeypatch.setattr(module, name, wrapped)


def assert_collected_once(fake_theirstack: FakeTheirStack, run: CollectionRunDocument) -> None:
    assert get_record(run) == EXPECTED
    assert [request.payload["page"] for request in fake_theirstack.requests] == [0, 1, 2, 3, 4]
    assert fake_theirstack.credits_used == count_spent_credits(now=timezone.now()) == JOBS
    assert database().job_postings.count_documents({}) == JOBS
    refresh_stats(now=timezone.now())
    assert check_stats().differing == []


@pytest.mark.parametrize("step", ["settle_credits", "store_postings", "update_search"])
def test_survives_an_outage_before_a_step(fake_theirstack, outage, monkeypatch, step):
    run_before(monkeypatch, collection, step, outage)

    assert_collected_once(fake_theirstack, collect())


@pytest.mark.parametrize("step", ["store_postings", "update_search"])
def test_survives_an_outage_after_a_step(fake_theirstack, outage, monkeypatch, step):
    run_after(monkeypatch, collection, step, outage)

    assert_collected_once(fake_theirstack, collect())


def test_survives_a_frozen_mongodb(fake_theirstack, servers, monkeypatch):
    def freeze():
        os.kill(servers.mongodb.process.pid, signal.SIGSTOP)
        threading.Timer(OUTAGE_SECONDS, os.kill, [servers.mongodb.process.pid, signal.SIGCONT]).start()

    run_before(monkeypatch, collection, "store_postings", freeze)

    assert_collected_once(fake_theirstack, collect())


def test_gives_up_shortly_before_the_lease_ends(fake_theirstack, outage, monkeypatch, settings):
    settings.COLLECTION_LEASE_SECONDS = 4
    settings.THEIR_STACK_TIMEOUT = 2
    outage.seconds = 9
    run_before(monkeypatch, collection, "store_postings", outage)
    started = time.monotonic()

    with pytest.raises(SERVER_UNAVAILABLE):
        collect()

    assert time.monotonic() - started > 3


def test_counts_a_page_as_new_if_a_dead_worker_stored_but_did_not_record_it(fake_theirstack, monkeypatch, settings):
    class Killed(BaseException):
        pass

    def die():
        raise Killed

    run_before(monkeypatch, collection, "_record_page", die)
    with pytest.raises(Killed):
        collect()
    later = timezone.now() + timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)

    ((run, _),) = find_interrupted(now=later)
    with build_client() as client:
        collect_role(run_id=run.id, role=ROLE, client=client, clock=lambda: later)

    assert get_record(run.reload()) == EXPECTED
    assert fake_theirstack.credits_used == JOBS + PAGE
