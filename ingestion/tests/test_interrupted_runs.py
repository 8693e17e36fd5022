"""Runs that workers share, abandon, stop or cancel: what was collected and paid for."""

import threading
from datetime import timedelta
from functools import partial

import pytest

from ingestion import collection, runs
from ingestion.collected_roles import acquire_lease
from ingestion.collection import collect_role
from ingestion.documents import CollectedRole, CollectionRunDocument
from ingestion.runs import cancel_run, find_interrupted, list_open_roles, stop_run
from ingestion.services import run_inline
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.refresh import check_stats
from tests.collection import Killed, begin_run, job

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture
def fake_theirstack(settings, serve_jobs) -> FakeTheirStack:
    settings.THEIR_STACK_MAX_RETRIES = 1
    return serve_jobs(job(n, days_old=n % 10) for n in range(1, 31))


def get_stored_ids(mongo) -> set[str]:
    return set(mongo.job_postings.distinct("job_id"))


def test_runs_of_the_same_role_never_overlap(clock, mongo, settings, fake_theirstack):
    settings.MAX_JOBS_PER_SEARCH = 10
    fake_theirstack.script_faults([{"delay_seconds": 0.3, "next": 3}])
    runs = [begin_run(clock), begin_run(clock)]

    def work(run):
        with build_client() as client:
            run_inline(run=run, client=client, clock=clock)

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert fake_theirstack.credits_used == 30
    assert sorted(run.reload().searches[0].status for run in runs) == ["finished", "skipped"]


def test_the_same_task_twice_collects_once(theirstack_client, clock, fake_theirstack):
    run = begin_run(clock)

    for _ in range(2):
        collect_role(run_id=run.id, role="Backend Developer", client=theirstack_client, clock=clock)

    assert fake_theirstack.credits_used == 30
    assert run.reload().status == "finished"


def test_a_task_that_read_its_run_before_another_finished_it_fetches_nothing(
    theirstack_client, clock, monkeypatch, fake_theirstack
):
    run = begin_run(clock, limit=20)

    def acquire_after_another_has_finished(**search):
        monkeypatch.setattr(collection, "acquire_lease", acquire_lease)
        collect_role(run_id=run.id, role="Backend Developer", client=theirstack_client, clock=clock)
        return acquire_lease(**search)

    monkeypatch.setattr(collection, "acquire_lease", acquire_after_another_has_finished)

    collect_role(run_id=run.id, role="Backend Developer", client=theirstack_client, clock=clock)

    assert fake_theirstack.credits_used == 20
    assert run.reload().searches[0].status == "finished"
    assert CollectedRole.objects.get().claim is None


@pytest.mark.parametrize(
    ("stop", "status", "pages"),
    [(partial(stop_run, error="bad_key: rejected"), "failed", 0), (cancel_run, "cancelled", 1)],
)
def test_a_run_that_is_stopped_or_cancelled_ends_after_its_page(
    theirstack_client, clock, monkeypatch, settings, fake_theirstack, stop, status, pages
):
    settings.MAX_JOBS_PER_SEARCH = 10
    run = begin_run(clock, roles=("Backend Developer", "Data Scientist"))
    search_jobs = theirstack_client.search_jobs

    def stop_meanwhile(payload, **options):
        stop(run_id=run.id, now=clock())
        return search_jobs(payload, **options)

    monkeypatch.setattr(theirstack_client, "search_jobs", stop_meanwhile)

    run_inline(run=run, client=theirstack_client, clock=clock)

    assert fake_theirstack.credits_used == 10
    assert (run.reload().status, run.pages) == (status, pages)
    assert list_open_roles(run=run) == []


def test_a_lost_worker_costs_one_page(theirstack_client, clock, mongo, monkeypatch, settings, fake_theirstack):
    settings.MAX_JOBS_PER_SEARCH = 10
    run = begin_run(clock)
    search_jobs = theirstack_client.search_jobs

    def die_on_the_second_page(payload, **options):
        response = search_jobs(payload, **options)
        if payload["page"] == 1:
            monkeypatch.setattr(theirstack_client, "search_jobs", search_jobs)
            raise Killed
        return response

    monkeypatch.setattr(theirstack_client, "search_jobs", die_on_the_second_page)
    with pytest.raises(Killed):
        run_inline(run=run, client=theirstack_client, clock=clock)

    assert find_interrupted(now=clock()) == []
    clock.ahead = timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)
    ((found, _),) = find_interrupted(now=clock())
    run_inline(run=found, client=theirstack_client, clock=clock)

    assert found.reload().status == "finished"
    assert len(get_stored_ids(mongo)) == 30
    assert fake_theirstack.credits_used == 40
    assert check_stats().differing == []


def test_a_crash_at_the_start_leaves_no_run_with_unregistered_roles(clock, monkeypatch):
    def die(**role):
        raise Killed

    monkeypatch.setattr(runs, "register_role", die)

    with pytest.raises(Killed):
        begin_run(clock)

    assert CollectionRunDocument.objects.count() == 0


def test_closes_a_search_as_lost_after_repeated_crashes(theirstack_client, clock, monkeypatch, settings):
    run = begin_run(clock)

    def die(payload, **options):
        raise Killed

    monkeypatch.setattr(theirstack_client, "search_jobs", die)
    for _ in range(6):
        for found, _ in find_interrupted(now=clock()) or [(run, [])]:
            if found.reload().status in {"queued", "running"}:
                with pytest.raises(Killed):
                    run_inline(run=found, client=theirstack_client, clock=clock)
        clock.ahead += timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)

    find_interrupted(now=clock())

    assert run.reload().status == "lost"
    assert "lost its worker 5 times" in run.error
