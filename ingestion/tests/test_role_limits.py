"""The limit of a role over all its places while several tasks collect concurrently."""

import threading

import pytest

from ingestion import collection
from ingestion.collection import collect_role
from ingestion.runs import begin_search
from ingestion.services import run_inline
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from tests.collection import StalledClient, begin_run, job, run_in_threads

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROLE = "Backend Developer"


@pytest.fixture
def fake_theirstack(settings, serve_jobs) -> FakeTheirStack:
    """Serve two places that each have more jobs than the limit."""
    settings.MAX_JOBS_PER_SEARCH = 25
    settings.THEIR_STACK_RATE_LIMIT = 3000
    jobs = [job(n, days_old=n % 10) for n in range(1, 301)]
    jobs += [job(1000 + n, remote=True, country_code="IN", country_codes=["IN"]) for n in range(1, 301)]
    return serve_jobs(jobs)


def collect_concurrently(run, clock, *, tasks):
    def work():
        with build_client() as client:
            collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)

    run_in_threads([work] * tasks)


def begin_in_places(clock, places=("United States", "Remote")):
    return begin_run(clock, places=places, limit=200)


def test_the_places_of_a_run_share_the_limit(theirstack_client, clock, fake_theirstack):
    run = run_inline(run=begin_in_places(clock), client=theirstack_client, clock=clock)

    assert [search.limit for search in run.searches] == [100, 100]
    assert run.credits == fake_theirstack.credits_used == 200


def test_two_concurrent_tasks_respect_the_limit(clock, fake_theirstack):
    fake_theirstack.script_faults([{"delay_seconds": 0.05, "next": 100}])
    run = begin_in_places(clock)

    collect_concurrently(run, clock, tasks=2)

    assert [search.limit for search in run.reload().searches] == [100, 100]
    assert run.credits == fake_theirstack.credits_used == 200
    assert run.status == "finished"


def test_a_task_that_finds_the_first_place_leased_respects_the_limit(theirstack_client, clock, fake_theirstack):
    run = begin_in_places(clock)
    first = StalledClient(theirstack_client, page=1)

    def second_task():
        with build_client() as other:
            collect_role(run_id=run.id, role=ROLE, client=other, clock=clock)

    first.meanwhile = second_task

    collect_role(run_id=run.id, role=ROLE, client=first, clock=clock)

    assert [search.limit for search in run.reload().searches] == [100, 100]
    assert run.credits == fake_theirstack.credits_used == 200


def test_two_searches_that_begin_simultaneously_respect_the_limit(clock, monkeypatch, fake_theirstack):
    """Both tasks read the run before either writes a limit."""
    run = begin_in_places(clock)
    both_have_read = threading.Barrier(2)
    begun: set[int] = set()

    def begin_together(**options):
        if options["index"] not in begun:
            begun.add(options["index"])
            both_have_read.wait(timeout=20)
        return begin_search(**options)

    monkeypatch.setattr(collection, "begin_search", begin_together)

    collect_concurrently(run, clock, tasks=2)

    assert [search.limit for search in run.reload().searches] == [100, 100]
    assert run.credits == fake_theirstack.credits_used == 200


@pytest.mark.parametrize("count", [2, 3, 4])
def test_one_task_per_place_respects_the_limit(clock, fake_theirstack, count):
    fake_theirstack.script_faults([{"delay_seconds": 0.02, "next": 200}])
    run = begin_in_places(clock, places=["United States", "Remote", "India", "Germany"][:count])

    collect_concurrently(run, clock, tasks=count)

    assert sum(search.limit for search in run.reload().searches) <= 200
    assert run.credits == fake_theirstack.credits_used <= 200
    assert run.status == "finished"
