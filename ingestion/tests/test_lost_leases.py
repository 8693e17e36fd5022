"""Workers that lose their lease, and several of them at one role: who goes on, who stops, and what is paid."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ingestion import collection, tasks
from ingestion.collection import collect_role
from ingestion.documents import CollectedRole, CollectionRun, SourceState
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.runs import MAX_ATTEMPTS, cancel_run, find_interrupted
from ingestion.services import work_off
from ingestion.source import count_spent_credits
from ingestion.theirstack import TheirStackClient, client_from_settings
from ingestion.theirstack_errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackOutOfCreditsError,
    TheirStackRetryableError,
)
from market.refresh import check_figures
from tests.collecting import Clock, begin, collect, job

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROLE = "Backend Developer"
JOBS = 154


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stand_in(settings) -> Iterator[FakeTheirStack]:
    settings.MAX_JOBS_PER_SEARCH = 25
    settings.THEIR_STACK_RATE_LIMIT = 3000
    with FakeTheirStack(jobs=[job(n, days_old=n % 10) for n in range(1, JOBS + 1)]) as server:
        settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = server.url, server.api_key
        settings.THEIR_STACK_MAX_RETRIES = 0
        yield server


@pytest.fixture
def client(stand_in) -> Iterator[TheirStackClient]:
    with client_from_settings() as opened:
        yield opened


def record_of(run: CollectionRun) -> dict[str, Any]:
    """What a run says came of it."""
    run.reload()
    names = ("status", "error", "pages", "credits", "collected", "updated", "unchanged", "filtered")
    searches = [(each.status, each.limit, each.page, each.credits, each.collected) for each in run.searches]
    return {name: getattr(run, name) for name in names} | {"searches": searches}


@pytest.fixture
def undisturbed(client, clock, mongo, stand_in) -> dict[str, Any]:
    """The record of a run that nothing happens to."""
    record = record_of(collect(client, clock, limit=200))
    for name in ("job_postings", "collected_roles", "collection_runs", "credit_months"):
        mongo[name].delete_many({})
    stand_in.reset()
    assert (record["status"], record["collected"], record["pages"]) == ("finished", JOBS, 7)
    return record


class Stalled:
    """A client that is stopped at a page for longer than its lease, while another worker takes the search over."""

    def __init__(self, client: TheirStackClient, *, page: int, wakes_with: Callable[[], Any] | None = None) -> None:
        self._client = client
        self._page = page
        self._wakes_with = wakes_with
        self.meanwhile: Callable[[], Any] = list

    def search_jobs(self, payload, **options):
        if payload["page"] != self._page:
            return self._client.search_jobs(payload, **options)
        self._page = -1
        found = self._client.search_jobs(payload, **options)
        self.meanwhile()
        if self._wakes_with:
            raise self._wakes_with()
        return found


def take_over(run, clock, settings, *, until_page=None) -> None:
    """Another worker finds the run silent and goes on with it, up to a page or to its end."""
    clock.ahead += timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)
    ((found, (role,)),) = find_interrupted(now=clock())
    with client_from_settings() as other:
        if until_page is None:
            collect_role(run_id=found.id, role=role, client=other, clock=clock)
            return
        stops = Stalled(other, page=until_page, wakes_with=Killed)
        with pytest.raises(Killed):
            collect_role(run_id=found.id, role=role, client=stops, clock=clock)


class Killed(BaseException):
    """What ends a worker without any chance to tidy up."""


WAKES_WITH = {
    "its page": None,
    "timeout": lambda: TheirStackRetryableError("timeout", "TheirStack did not answer in time (Timeout)."),
    "network": lambda: TheirStackRetryableError("network", "The connection to TheirStack failed."),
    "server_error": lambda: TheirStackRetryableError("server_error", "TheirStack answered 500", status=500),
    "rate_limited": lambda: TheirStackRetryableError("rate_limited", "Wait", retry_after_seconds=60, status=429),
    "bad_key": lambda: TheirStackAuthenticationError("bad_key", "TheirStack answered 401", status=401),
    "out_of_credits": lambda: TheirStackOutOfCreditsError("out_of_credits", "TheirStack answered 402", status=402),
    "not_found": lambda: TheirStackClientError("not_found", "TheirStack answered 404", status=404),
}


@pytest.mark.parametrize("wakes_with", WAKES_WITH)
def test_a_worker_that_wakes_after_its_lease_writes_nothing_over_its_successor(
    client, clock, mongo, settings, stand_in, undisturbed, wakes_with
):
    run = begin(clock, limit=200)
    stalled = Stalled(client, page=2, wakes_with=WAKES_WITH[wakes_with])
    # The successor is in the middle of the search when the other one wakes.
    stalled.meanwhile = lambda: take_over(run, clock, settings, until_page=4)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    search = run.reload().searches[0]
    assert (run.status, search.status, search.page) == ("running", "running", 4)
    assert SourceState.objects(halted_at__ne=None).first() is None
    take_over(run, clock, settings)
    assert record_of(run) == undisturbed
    assert mongo.job_postings.count_documents({}) == JOBS
    assert check_figures().differing == []


@pytest.mark.parametrize("wakes_with", WAKES_WITH)
def test_a_worker_that_wakes_after_its_successor_has_finished_changes_nothing(
    client, clock, settings, undisturbed, wakes_with
):
    run = begin(clock, limit=200)
    stalled = Stalled(client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert record_of(run) == undisturbed


@pytest.mark.parametrize("wakes_with", ["timeout", "network"])
def test_a_lease_that_ran_out_is_no_failure_of_the_source(client, clock, settings, undisturbed, wakes_with):
    run = begin(clock, limit=200)
    stalled = Stalled(client, page=2, wakes_with=WAKES_WITH[wakes_with])
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert (run.reload().status, run.searches[0].status) == ("running", "running")
    assert CollectedRole.objects.get().claim is None
    take_over(run, clock, settings)
    assert record_of(run) == undisturbed


def test_a_page_that_comes_after_the_lease_is_kept_when_nobody_took_over(
    client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    stalled = Stalled(client, page=2)
    stalled.meanwhile = lambda: setattr(clock, "ahead", timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1))

    collect_role(run_id=run.id, role=ROLE, client=stalled, clock=clock)

    assert record_of(run) == undisturbed
    assert stand_in.credits_used == JOBS


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 500}])
def test_a_source_that_fails_within_the_lease_fails_the_search(client, clock, stand_in, fault):
    stand_in.script_faults([fault])

    run = collect(client, clock, limit=200)

    assert run.status == "failed"


def test_a_stopped_worker_buys_nothing_after_its_lease_when_another_has_taken_over(
    client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    search_jobs, asked = client.search_jobs, []

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
    assert record_of(run) == undisturbed


def test_a_worker_stopped_between_a_refusal_and_its_retry_gives_its_reservation_back(
    client, clock, settings, stand_in, undisturbed
):
    run = begin(clock, limit=200)
    stand_in.script_faults([{"status": 500, "at": 3}])
    client._transport._max_retries = 1
    client._transport._sleep = lambda seconds: take_over(run, clock, settings)

    collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)

    assert record_of(run) == undisturbed
    assert count_spent_credits(now=clock()) == stand_in.credits_used == JOBS


def test_a_run_that_is_cancelled_before_its_worker_begins_is_not_begun(client, clock, monkeypatch, stand_in):
    run = begin(clock)
    acquire_lease = collection.acquire_lease

    def cancel_meanwhile(**search):
        lease = acquire_lease(**search)
        cancel_run(run_id=run.id, now=clock())
        return lease

    monkeypatch.setattr(collection, "acquire_lease", cancel_meanwhile)

    collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)

    assert run.reload().status == "cancelled"
    assert stand_in.requests == []
    assert CollectedRole.objects.get().claim is None


class TestTheSameTaskAgain:
    def test_goes_on_at_once_where_its_predecessor_died(self, client, clock, settings, stand_in, undisturbed):
        run = begin(clock, limit=200)
        dies = Stalled(client, page=2, wakes_with=Killed)
        with pytest.raises(Killed):
            collect_role(run_id=run.id, role=ROLE, client=dies, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=client, clock=clock, task_id="task-2")
        assert run.reload().searches[0].page == 2
        collect_role(run_id=run.id, role=ROLE, client=client, clock=clock, task_id="task-1")

        assert record_of(run) == undisturbed
        assert stand_in.credits_used == JOBS + 25

    def test_twice_at_once_collects_as_one_and_pays_for_one_page_more_at_most(
        self, client, clock, stand_in, undisturbed
    ):
        run = begin(clock, limit=200)
        lives = Stalled(client, page=2)

        def deliver_again():
            with client_from_settings() as other:
                collect_role(run_id=run.id, role=ROLE, client=other, clock=clock, task_id="task-1")

        lives.meanwhile = deliver_again

        collect_role(run_id=run.id, role=ROLE, client=lives, clock=clock, task_id="task-1")

        assert record_of(run) == undisturbed
        assert stand_in.credits_used == JOBS + 25

    def test_in_threads_at_once_collects_as_one(self, clock, mongo, stand_in, undisturbed):
        stand_in.script_faults([{"delay_seconds": 0.05, "next": 100}])
        run = begin(clock, limit=200)

        def work():
            with client_from_settings() as own:
                collect_role(run_id=run.id, role=ROLE, client=own, clock=clock, task_id="task-1")

        in_threads([work] * 3)

        assert run.reload().searches[0].status == "finished"
        record = record_of(run)
        assert (record["credits"], record["pages"], record["searches"]) == (
            undisturbed["credits"],
            undisturbed["pages"],
            undisturbed["searches"],
        )
        assert mongo.job_postings.count_documents({}) == JOBS
        assert check_figures().differing == []

    def test_that_dies_at_one_page_again_and_again_is_closed_as_lost(self, client, clock, stand_in):
        run = begin(clock, limit=200)
        for _ in range(MAX_ATTEMPTS):
            dies = Stalled(client, page=0, wakes_with=Killed)
            with pytest.raises(Killed):
                collect_role(run_id=run.id, role=ROLE, client=dies, clock=clock, task_id="task-1")

        collect_role(run_id=run.id, role=ROLE, client=client, clock=clock, task_id="task-1")

        assert run.reload().status == "lost"
        assert f"lost {MAX_ATTEMPTS} times" in run.error
        assert len(stand_in.requests) == MAX_ATTEMPTS

    def test_passes_its_id_on(self, clock, monkeypatch, stand_in):
        seen = []
        monkeypatch.setattr(tasks, "collect_role_of_run", lambda **options: seen.append(options["task_id"]))
        run = begin(clock)

        tasks.collect_role.apply(args=(str(run.id), ROLE), task_id="task-7")

        assert seen == ["task-7"]


class TestTheLimitOfARole:
    @pytest.fixture
    def stand_in(self, settings) -> Iterator[FakeTheirStack]:
        """Two places with more jobs than the limit."""
        settings.MAX_JOBS_PER_SEARCH = 25
        settings.THEIR_STACK_RATE_LIMIT = 3000
        jobs = [job(n, days_old=n % 10) for n in range(1, 301)]
        jobs += [job(1000 + n, remote=True, country_code="IN", country_codes=["IN"]) for n in range(1, 301)]
        with FakeTheirStack(jobs=jobs) as server:
            settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = server.url, server.api_key
            yield server

    def begin(self, clock, places=("United States", "Remote")):
        return begin(clock, places=places, limit=200)

    def test_is_shared_by_the_places_of_an_undisturbed_run(self, client, clock, stand_in):
        run = work_off(run=self.begin(clock), client=client, clock=clock)

        assert [search.limit for search in run.searches] == [100, 100]
        assert run.credits == stand_in.credits_used == 200

    def test_is_kept_by_two_tasks_at_once(self, clock, stand_in):
        stand_in.script_faults([{"delay_seconds": 0.05, "next": 100}])
        run = self.begin(clock)

        def work():
            with client_from_settings() as own:
                collect_role(run_id=run.id, role=ROLE, client=own, clock=clock)

        in_threads([work] * 2)

        assert [search.limit for search in run.reload().searches] == [100, 100]
        assert run.credits == stand_in.credits_used == 200
        assert run.status == "finished"

    def test_is_kept_by_a_task_that_finds_the_first_place_held(self, client, clock, stand_in):
        run = self.begin(clock)
        first = Stalled(client, page=1)

        def second_task():
            with client_from_settings() as other:
                collect_role(run_id=run.id, role=ROLE, client=other, clock=clock)

        first.meanwhile = second_task

        collect_role(run_id=run.id, role=ROLE, client=first, clock=clock)

        assert [search.limit for search in run.reload().searches] == [100, 100]
        assert run.credits == stand_in.credits_used == 200

    def test_is_kept_when_two_searches_get_theirs_at_once(self, clock, monkeypatch, stand_in):
        """Each has read the run before the other one writes its limit."""
        run = self.begin(clock)
        both_have_read = threading.Barrier(2)
        begin_search, first_look = collection.begin_search, set()

        def begin_together(**options):
            if options["index"] not in first_look:
                first_look.add(options["index"])
                both_have_read.wait(timeout=20)
            return begin_search(**options)

        monkeypatch.setattr(collection, "begin_search", begin_together)

        def work():
            with client_from_settings() as own:
                collect_role(run_id=run.id, role=ROLE, client=own, clock=clock)

        in_threads([work] * 2)

        assert [search.limit for search in run.reload().searches] == [100, 100]
        assert run.credits == stand_in.credits_used == 200

    @pytest.mark.parametrize("count", [2, 3, 4])
    def test_is_kept_by_as_many_tasks_as_places(self, clock, stand_in, count):
        stand_in.script_faults([{"delay_seconds": 0.02, "next": 200}])
        run = self.begin(clock, places=["United States", "Remote", "India", "Germany"][:count])

        def work():
            with client_from_settings() as own:
                collect_role(run_id=run.id, role=ROLE, client=own, clock=clock)

        in_threads([work] * count)

        assert sum(search.limit for search in run.reload().searches) <= 200
        assert run.credits == stand_in.credits_used <= 200
        assert run.status == "finished"


def test_nothing_is_counted_as_an_attempt_while_redis_keeps_it_from_being_asked(
    client, clock, monkeypatch, settings, stand_in
):
    run = begin(clock)

    def unavailable(payload, **options):
        raise TheirStackRetryableError("pacing_unavailable", "Redis, which keeps the rate limit, does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(client, "search_jobs", unavailable)
        for _ in range(MAX_ATTEMPTS + 1):
            with pytest.raises(TheirStackRetryableError):
                collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)

    collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)

    assert run.reload().status == "finished"


def test_a_finished_search_whose_lease_is_lost_at_its_end_is_finished_by_the_next_worker(
    client, clock, monkeypatch, settings, stand_in, undisturbed
):
    """What the role was collected for must not be lost: it would be paid for again."""
    run = begin(clock, limit=200)
    release_lease = collection.release_lease

    def lose_it_first(*, lease, collected=None):
        monkeypatch.setattr(collection, "release_lease", release_lease)
        CollectedRole.objects.update(set__claim="of another run")
        return release_lease(lease=lease, collected=collected)

    monkeypatch.setattr(collection, "release_lease", lose_it_first)
    collect_role(run_id=run.id, role=ROLE, client=client, clock=clock)
    assert run.reload().searches[0].status == "running"

    take_over(run, clock, settings)

    assert record_of(run) == undisturbed
    assert CollectedRole.objects.get().discovered_until is not None
    assert stand_in.credits_used == JOBS


def in_threads(work: list[Callable[[], None]]) -> None:
    """Run all at once; what one raises is raised here."""
    failures: list[BaseException] = []

    def run(each):
        try:
            each()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
