"""Workers that lose their lease, and concurrent workers at the same role: which one continues, and what is paid."""

from datetime import timedelta
from typing import Any

import pytest

from ingestion import collection, tasks
from ingestion.collected_roles import acquire_lease, release_lease
from ingestion.collection import collect_role
from ingestion.documents import CollectedRole, CollectionRunDocument, SourceState
from ingestion.runs import MAX_ATTEMPTS, cancel_run, find_interrupted
from ingestion.source import count_spent_credits
from ingestion.sources.theirstack.client import TheirStackClient, build_client
from ingestion.sources.theirstack.errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackOutOfCreditsError,
    TheirStackRetryableError,
)
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.refresh import check_stats
from tests.collection import Killed, StalledClient, begin_run, collect, job, run_in_threads

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROLE = "Backend Developer"
JOBS = 154


@pytest.fixture
def fake_theirstack(settings, serve_jobs) -> FakeTheirStack:
    settings.MAX_JOBS_PER_SEARCH = 25
    settings.THEIR_STACK_RATE_LIMIT = 3000
    settings.THEIR_STACK_MAX_RETRIES = 0
    return serve_jobs(job(n, days_old=n % 10) for n in range(1, JOBS + 1))


def get_record(run: CollectionRunDocument) -> dict[str, Any]:
    """Return the outcome that a run records."""
    run.reload()
    names = ("status", "error", "pages", "credits", "collected", "updated", "unchanged", "filtered")
    searches = [(each.status, each.limit, each.page, each.credits, each.collected) for each in run.searches]
    return {name: getattr(run, name) for name in names} | {"searches": searches}


@pytest.fixture
def expected_record(theirstack_client, clock, mongo, fake_theirstack) -> dict[str, Any]:
    """Return the record of a run without any fault."""
    record = get_record(collect(theirstack_client, clock, limit=200))
    for name in ("job_postings", "collected_roles", "collection_runs", "credit_months"):
        mongo[name].delete_many({})
    fake_theirstack.reset()
    assert (record["status"], record["collected"], record["pages"]) == ("finished", JOBS, 7)
    return record


def take_over(run, clock, settings, *, until_page=None) -> None:
    """Let another worker resume the stale run, up to a page or to its end."""
    clock.ahead += timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)
    ((found, (role,)),) = find_interrupted(now=clock())
    with build_client() as other:
        if until_page is None:
            collect_role(run_id=found.id, role=role, client=other, clock=clock)
            return
        stops = StalledClient(other, page=until_page, wakes_with=Killed)
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
def test_a_worker_that_wakes_after_its_lease_does_not_overwrite_its_successor(
    theirstack_client, clock, mongo, settings, fake_theirstack, expected_record, wakes_with
):
    run = begin_run(clock, limit=200)
    stalled = StalledClient(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    # The successor is in the middle of the search when the stalled worker wakes.
    stalled.meanwhile = lambda: take_over(run, clock, settings, until_page=4)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    search = run.reload().searches[0]
    assert (run.status, search.status, search.page) == ("running", "running", 4)
    assert SourceState.objects(halted_at__ne=None).first() is None
    take_over(run, clock, settings)
    assert get_record(run) == expected_record
    assert mongo.job_postings.count_documents({}) == JOBS
    assert check_stats().differing == []


@pytest.mark.parametrize("wakes_with", WAKES_WITH)
def test_a_worker_that_wakes_after_its_successor_has_finished_changes_nothing(
    theirstack_client, clock, settings, expected_record, wakes_with
):
    run = begin_run(clock, limit=200)
    stalled = StalledClient(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert get_record(run) == expected_record


@pytest.mark.parametrize("wakes_with", ["timeout", "network"])
def test_an_expired_lease_is_not_a_failure_of_the_source(
    theirstack_client, clock, settings, expected_record, wakes_with
):
    run = begin_run(clock, limit=200)
    stalled = StalledClient(theirstack_client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert (run.reload().status, run.searches[0].status) == ("running", "running")
    assert CollectedRole.objects.get().claim is None
    take_over(run, clock, settings)
    assert get_record(run) == expected_record


def test_stores_a_page_received_after_the_lease_if_no_worker_took_over(
    theirstack_client, clock, settings, fake_theirstack, expected_record
):
    run = begin_run(clock, limit=200)
    stalled = StalledClient(theirstack_client, page=2)
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert get_record(run) == expected_record
    assert fake_theirstack.credits_used == JOBS


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 500}])
def test_a_source_that_fails_within_the_lease_fails_the_search(theirstack_client, clock, fake_theirstack, fault):
    fake_theirstack.script_faults([fault])

    run = collect(theirstack_client, clock, limit=200)

    assert run.status == "failed"


def test_a_suspended_worker_fetches_nothing_after_another_took_over(
    theirstack_client, clock, settings, fake_theirstack, expected_record
):
    run = begin_run(clock, limit=200)
    search_jobs = theirstack_client.search_jobs
    suspended_payloads: list[dict[str, Any]] = []

    class SuspendedBeforeSending(TheirStackClient):
        def __init__(self):
            """Send nothing: requests go through the real client."""

        def search_jobs(self, payload, *, before_sending=None):
            if payload["page"] != 2 or suspended_payloads:
                return search_jobs(payload, before_sending=before_sending)
            suspended_payloads.append(payload)
            take_over(run, clock, settings, until_page=4)
            spent = fake_theirstack.credits_used
            try:
                return search_jobs(payload, before_sending=before_sending)
            finally:
                assert fake_theirstack.credits_used == spent

    collect_role(run_id=run.id, role=ROLE, client=SuspendedBeforeSending(), clock=clock)

    take_over(run, clock, settings)
    assert get_record(run) == expected_record


def test_a_worker_suspended_before_a_retry_releases_its_reservation(
    theirstack_client, clock, settings, fake_theirstack, expected_record
):
    run = begin_run(clock, limit=200)
    fake_theirstack.script_faults([{"status": 500, "at": 3}])
    theirstack_client._transport._max_retries = 1
    theirstack_client._transport._sleep = lambda seconds: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    assert get_record(run) == expected_record
    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == JOBS


def test_does_not_begin_a_run_that_was_cancelled_first(theirstack_client, clock, monkeypatch, fake_theirstack):
    run = begin_run(clock)

    def cancel_meanwhile(**search):
        lease = acquire_lease(**search)
        cancel_run(run_id=run.id, now=clock())
        return lease

    monkeypatch.setattr(collection, "acquire_lease", cancel_meanwhile)

    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)

    assert run.reload().status == "cancelled"
    assert fake_theirstack.requests == []
    assert CollectedRole.objects.get().claim is None


class TestRedeliveredTask:
    def test_continues_immediately_where_the_earlier_delivery_died(
        self, theirstack_client, clock, settings, fake_theirstack, expected_record
    ):
        run = begin_run(clock, limit=200)
        killed = StalledClient(theirstack_client, page=2, wakes_with=Killed)
        with pytest.raises(Killed):
            collect_role(run_id=run.id, role=ROLE, client=killed, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-2")
        assert run.reload().searches[0].page == 2
        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-1")

        assert get_record(run) == expected_record
        assert fake_theirstack.credits_used == JOBS + 25

    def test_concurrent_deliveries_pay_for_at_most_one_extra_page(
        self, theirstack_client, clock, fake_theirstack, expected_record
    ):
        run = begin_run(clock, limit=200)
        stalled = StalledClient(theirstack_client, page=2)

        def deliver_again():
            with build_client() as other:
                collect_role(run_id=run.id, role=ROLE, client=other, clock=clock, task_id="task-1")

        stalled.meanwhile = deliver_again

        collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock, task_id="task-1")

        assert get_record(run) == expected_record
        assert fake_theirstack.credits_used == JOBS + 25

    def test_concurrent_threads_collect_like_a_single_worker(self, clock, mongo, fake_theirstack, expected_record):
        fake_theirstack.script_faults([{"delay_seconds": 0.05, "next": 100}])
        run = begin_run(clock, limit=200)

        def work():
            with build_client() as client:
                collect_role(run_id=run.id, role=ROLE, client=client, clock=clock, task_id="task-1")

        run_in_threads([work] * 3)

        assert run.reload().searches[0].status == "finished"
        record = get_record(run)
        assert (record["credits"], record["pages"], record["searches"]) == (
            expected_record["credits"],
            expected_record["pages"],
            expected_record["searches"],
        )
        assert mongo.job_postings.count_documents({}) == JOBS
        assert check_stats().differing == []

    def test_closes_the_search_as_lost_after_dying_repeatedly_at_one_page(
        self, theirstack_client, clock, fake_theirstack
    ):
        run = begin_run(clock, limit=200)
        for _ in range(MAX_ATTEMPTS):
            killed = StalledClient(theirstack_client, page=0, wakes_with=Killed)
            with pytest.raises(Killed):
                collect_role(run_id=run.id, role=ROLE, client=killed, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock, task_id="task-1")

        assert run.reload().status == "lost"
        assert f"lost its worker {MAX_ATTEMPTS} times" in run.error
        assert len(fake_theirstack.requests) == MAX_ATTEMPTS

    def test_passes_its_task_id_to_the_collection(self, clock, monkeypatch, fake_theirstack):
        task_ids = []
        monkeypatch.setattr(tasks, "collect_role_of_run", lambda **options: task_ids.append(options["task_id"]))
        run = begin_run(clock)

        tasks.collect_role.apply(args=(str(run.id), ROLE), task_id="task-7")

        assert task_ids == ["task-7"]


def test_counts_no_attempt_while_redis_is_unavailable(theirstack_client, clock, monkeypatch, settings, fake_theirstack):
    run = begin_run(clock)

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
    theirstack_client, clock, monkeypatch, settings, fake_theirstack, expected_record
):
    """The collected state of the role must be stored, or its pages would be paid for again."""
    run = begin_run(clock, limit=200)

    def lose_lease_first(*, lease, collected=None):
        monkeypatch.setattr(collection, "release_lease", release_lease)
        CollectedRole.objects.update(set__claim="of another run")
        return release_lease(lease=lease, collected=collected)

    monkeypatch.setattr(collection, "release_lease", lose_lease_first)
    collect_role(run_id=run.id, role=ROLE, client=theirstack_client, clock=clock)
    assert run.reload().searches[0].status == "running"

    take_over(run, clock, settings)

    assert get_record(run) == expected_record
    assert CollectedRole.objects.get().discovered_until is not None
    assert fake_theirstack.credits_used == JOBS
