"""Workers that lose their lease, and several of them at one role: who goes on, who stops, and what is paid."""

from datetime import timedelta
from typing import Any

import pytest

from ingestion import collection, tasks
from ingestion.collection import collect_role
from ingestion.documents import CollectedRole, CollectionRunDocument, SourceState
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.runs import MAX_ATTEMPTS, cancel_run, find_interrupted
from ingestion.source import count_spent_credits
from ingestion.theirstack import build_client
from ingestion.theirstack_errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackOutOfCreditsError,
    TheirStackRetryableError,
)
from market.refresh import check_stats
from tests.collection import Killed, Stalled, begin, collect, in_threads, job

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROLE = "Backend Developer"
JOBS = 154


@pytest.fixture
def stand_in(settings, serve_jobs) -> FakeTheirStack:
    settings.MAX_JOBS_PER_SEARCH = 25
    settings.THEIR_STACK_RATE_LIMIT = 3000
    settings.THEIR_STACK_MAX_RETRIES = 0
    return serve_jobs(job(n, days_old=n % 10) for n in range(1, JOBS + 1))


def get_record(run: CollectionRunDocument) -> dict[str, Any]:
    """What a run says came of it."""
    run.reload()
    names = ("status", "error", "pages", "credits", "collected", "updated", "unchanged", "filtered")
    searches = [(each.status, each.limit, each.page, each.credits, each.collected) for each in run.searches]
    return {name: getattr(run, name) for name in names} | {"searches": searches}


@pytest.fixture
def undisturbed(theirstack_client, clock, mongo, stand_in) -> dict[str, Any]:
    """The record of a run that nothing happens to."""
    record = get_record(collect(theirstack_client, clock, limit=200))
    for name in ("job_postings", "collected_roles", "collection_runs", "credit_months"):
        mongo[name].delete_many({})
    stand_in.reset()
    assert (record["status"], record["collected"], record["pages"]) == ("finished", JOBS, 7)
    return record


def take_over(run, clock, settings, *, until_page=None) -> None:
    """Another worker finds the run silent and goes on with it, up to a page or to its end."""
    clock.ahead += timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)
    ((found, (role,)),) = find_interrupted(now=clock())
    with build_client() as other:
        if until_page is None:
            collect_role(run_id=found.id, role=role, client=other, clock=clock)
            return
        stops = Stalled(other, page=until_page, wakes_with=Killed)
        with pytest.raises(Killed):
            collect_role(run_id=found.id, role=role, client=stops, clock=clock)


WAKES_WITH = {
    "its page": None,
    "timeout": lambda: TheirStackRetryableError("timeout", "TheirStack did not respond in time (Timeout)."),
    "network": lambda: TheirStackRetryableError("network", "The connection to TheirStack failed."),
    "server_error": lambda: TheirStackRetryableError("server_error", "TheirStack returned status 500", status=500),
    "rate_limited": lambda: TheirStackRetryableError("rate_limited", "Wait", retry_after_seconds=60, status=429),
    "bad_key": lambda: TheirStackAuthenticationError("bad_key", "TheirStack returned status 401", status=401),
    "out_of_credits": lambda: TheirStackOutOfCreditsError(
        "out_of_credits", "TheirStack returned status 402", status=402
    ),
    "not_found": lambda: TheirStackClientError("not_found", "TheirStack returned status 404", status=404),
}


@pytest.mark.parametrize("wakes_with", WAKES_WITH)
def test_a_worker_that_wakes_after_its_lease_writes_nothing_over_its_successor(
    theirstack_client, clock, mongo, settings, stand_in, undisturbed, wakes_with
):
    run = begin(clock, limit=200)
    stalled = Stalled(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    # The successor is in the middle of the search when the other one wakes.
    stalled.meanwhile = lambda: take_over(run, clock, settings, until_page=4)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    search = run.reload().searches[0]
    assert (run.status, search.status, search.page) == ("running", "running", 4)
    assert SourceState.objects(halted_at__ne=None).first() is None
    take_over(run, clock, settings)
    assert get_record(run) == undisturbed
    assert mongo.job_postings.count_documents({}) == JOBS
    assert check_stats().differing == []


@pytest.mark.parametrize("wakes_with", WAKES_WITH)
def test_a_worker_that_wakes_after_its_successor_has_finished_changes_nothing(
    theirstack_client, clock, settings, undisturbed, wakes_with
):
    run = begin(clock, limit=200)
    stalled = Stalled(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert get_record(run) == undisturbed


@pytest.mark.parametrize("wakes_with", ["timeout", "network"])
def test_a_lease_that_ran_out_is_no_failure_of_the_source(theirstack_client, clock, settings, undisturbed, wakes_with):
    run = begin(clock, limit=200)
    stalled = Stalled(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert (run.reload().status, run.searches[0].status) == ("running", "running")
    assert CollectedRole.objects.get().claim is None
    take_over(run, clock, settings)
    assert get_record(run) == undisturbed


def test_a_page_that_comes_after_the_lease_is_kept_when_nobody_took_over(
    theirstack_client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    stalled = Stalled(theirstack_client, page=2)
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert get_record(run) == undisturbed
    assert stand_in.credits_used == JOBS


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 500}])
def test_a_source_that_fails_within_the_lease_fails_the_search(theirstack_client, clock, stand_in, fault):
    stand_in.script_faults([fault])

    run = collect(theirstack_client, clock, limit=200)

    assert run.status == "failed"


def test_a_stopped_worker_buys_nothing_after_its_lease_when_another_has_taken_over(
    theirstack_client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    search_jobs, asked = theirstack_client.search_jobs, []

    class StopsBeforeSending:
        def search_jobs(self, payload, *, before_sending):
            if payload["page"] != 2 or asked:
                return search_jobs(payload, before_sending=before_sending)
            asked.append(payload)
            take_over(run, clock, settings, until_page=4)
            bought = stand_in.credits_used
            try:
                return search_jobs(payload, before_sending=before_sending)
            finally:
                assert stand_in.credits_used == bought

    collect_role(run_id=run.id, role=ROLE, client=StopsBeforeSending(), clock=clock)

    take_over(run, clock, settings)
    assert get_record(run) == undisturbed


def test_a_worker_stopped_between_a_refusal_and_its_retry_gives_its_reservation_back(
    theirstack_client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    stand_in.script_faults([{"status": 500, "at": 3}])
    theirstack_client._transport._max_retries = 1
    theirstack_client._transport._sleep = lambda seconds: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    assert get_record(run) == undisturbed
    assert count_spent_credits(now=clock()) == stand_in.credits_used == JOBS


def test_a_run_that_is_cancelled_before_its_worker_begins_is_not_begun(theirstack_client, clock, monkeypatch, stand_in):
    run = begin(clock)
    acquire_lease = collection.acquire_lease

    def cancel_meanwhile(**search):
        lease = acquire_lease(**search)
        cancel_run(run_id=run.id, now=clock())
        return lease

    monkeypatch.setattr(collection, "acquire_lease", cancel_meanwhile)

    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    assert run.reload().status == "cancelled"
    assert stand_in.requests == []
    assert CollectedRole.objects.get().claim is None


class TestTheSameTaskAgain:
    def test_goes_on_at_once_where_its_predecessor_died(
        self, theirstack_client, clock, settings, stand_in, undisturbed
    ):
        run = begin(clock, limit=200)
        dies = Stalled(theirstack_client, page=2, wakes_with=Killed)
        with pytest.raises(Killed):
            collect_role(run_id=run.id, role=ROLE, client=dies, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-2")
        assert run.reload().searches[0].page == 2
        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-1")

        assert get_record(run) == undisturbed
        assert stand_in.credits_used == JOBS + 25

    def test_twice_at_once_collects_as_one_and_pays_for_one_page_more_at_most(
        self, theirstack_client, clock, stand_in, undisturbed
    ):
        run = begin(clock, limit=200)
        lives = Stalled(theirstack_client, page=2)

        def deliver_again():
            with build_client() as other:
                collect_role(run_id=run.id, role=ROLE, client=other, clock=clock, task_id="task-1")

        lives.meanwhile = deliver_again

        collect_role(run_id=run.id, role=ROLE, client=lives, clock=clock, task_id="task-1")

        assert get_record(run) == undisturbed
        assert stand_in.credits_used == JOBS + 25

    def test_in_threads_at_once_collects_as_one(self, clock, mongo, stand_in, undisturbed):
        stand_in.script_faults([{"delay_seconds": 0.05, "next": 100}])
        run = begin(clock, limit=200)

        def work():
            with build_client() as own:
                collect_role(run_id=run.id, role=ROLE, client=own, clock=clock, task_id="task-1")

        in_threads([work] * 3)

        assert run.reload().searches[0].status == "finished"
        record = get_record(run)
        assert (record["credits"], record["pages"], record["searches"]) == (
            undisturbed["credits"],
            undisturbed["pages"],
            undisturbed["searches"],
        )
        assert mongo.job_postings.count_documents({}) == JOBS
        assert check_stats().differing == []

    def test_that_dies_at_one_page_again_and_again_is_closed_as_lost(self, theirstack_client, clock, stand_in):
        run = begin(clock, limit=200)
        for _ in range(MAX_ATTEMPTS):
            dies = Stalled(theirstack_client, page=0, wakes_with=Killed)
            with pytest.raises(Killed):
                collect_role(run_id=run.id, role=ROLE, client=dies, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-1")

        assert run.reload().status == "lost"
        assert f"lost its worker {MAX_ATTEMPTS} times" in run.error
        assert len(stand_in.requests) == MAX_ATTEMPTS

    def test_passes_its_id_on(self, clock, monkeypatch, stand_in):
        seen = []
        monkeypatch.setattr(tasks, "collect_role_of_run", lambda **options: seen.append(options["task_id"]))
        run = begin(clock)

        tasks.collect_role.apply(args=(str(run.id), ROLE), task_id="task-7")

        assert seen == ["task-7"]


def test_nothing_is_counted_as_an_attempt_while_redis_keeps_it_from_being_asked(
    theirstack_client, clock, monkeypatch, settings, stand_in
):
    run = begin(clock)

    def unavailable(payload, **options):
        raise TheirStackRetryableError("pacing_unavailable", "Redis, which stores the rate limit, is unavailable.")

    with monkeypatch.context() as patch:
        patch.setattr(theirstack_client, "search_jobs", unavailable)
        for _ in range(MAX_ATTEMPTS + 1):
            with pytest.raises(TheirStackRetryableError):
                collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    assert run.reload().status == "finished"


def test_a_finished_search_whose_lease_is_lost_at_its_end_is_finished_by_the_next_worker(
    theirstack_client, clock, monkeypatch, settings, stand_in, undisturbed
):
    """What the role was collected for must not be lost: it would be paid for again."""
    run = begin(clock, limit=200)
    release_lease = collection.release_lease

    def lose_it_first(*, lease, collected=None):
        monkeypatch.setattr(collection, "release_lease", release_lease)
        CollectedRole.objects.update(set__claim="of another run")
        return release_lease(lease=lease, collected=collected)

    monkeypatch.setattr(collection, "release_lease", lose_it_first)
    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)
    assert run.reload().searches[0].status == "running"

    take_over(run, clock, settings)

    assert get_record(run) == undisturbed
    assert CollectedRole.objects.get().discovered_until is not None
    assert stand_in.credits_used == JOBS
