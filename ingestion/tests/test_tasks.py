"""Celery tasks, called directly and run by real workers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.conf import settings as project_settings
from django.utils import timezone

from career_navigator import celery
from career_navigator.background import TaskFailed
from career_navigator.celery import TASK_COUNTS_KEY
from career_navigator.db.connection import redis_client
from ingestion import tasks
from ingestion.documents import CollectionRunDocument, SourceState
from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES
from market import refresh
from market.refresh import check_stats
from market.selectors import read_response
from market.services import store_postings
from market.tasks import check_daily_stats, queue_refresh, refresh_daily_stats
from tests.collection import start
from tests.factories import PostingFactory
from tests.other_servers import NO_REDIS, queue_at, redis_at
from tests.processes import Installation, empty_database, running_installation, wait_until
from tests.queued import count_queued, run_queued, take_queued

TODAY = datetime.now(UTC).date()
BALANCE = "/v0/billing/credit-balance"


def begin(*roles, **changes) -> CollectionRunDocument:
    return start(*(roles or ["Software Engineer"]), per_role_limit=100, **changes)


@pytest.mark.usefixtures("mongo", "redis")
class TestInThisProcess:
    @pytest.fixture(autouse=True)
    def _source(self, settings, fake_theirstack):
        fake_theirstack.reset()
        settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = fake_theirstack.url, fake_theirstack.api_key
        settings.THEIR_STACK_MAX_RETRIES = 0

    def test_the_daily_collection_queues_a_task_for_each_role(self, redis):
        tasks.collect_daily()

        (run,) = CollectionRunDocument.objects
        assert (run.trigger, run.status, run.max_age_days, run.per_role_limit) == ("schedule", "queued", 30, 5)
        assert (run.roles, run.places) == (list(DEFAULT_ROLES), list(DEFAULT_PLACES))
        assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(run.id), role]) for role in run.roles]

    def test_the_daily_collection_skips_fresh_roles(self, redis, fake_theirstack):
        tasks.collect_daily()
        run_queued(redis)
        request_count = len(fake_theirstack.requests)

        tasks.collect_daily()

        first, second = CollectionRunDocument.objects.order_by("id")
        assert (first.status, second.status) == ("finished", "finished")
        assert {search.status for search in second.searches} == {"skipped"}
        assert take_queued(redis) == []
        assert len(fake_theirstack.requests) == request_count > 8

    def test_a_repeated_daily_collection_continues_its_open_run(self, redis):
        tasks.collect_daily()
        queued = take_queued(redis)

        tasks.collect_daily()

        assert CollectionRunDocument.objects.count() == 1
        assert take_queued(redis) == queued

    def test_a_role_is_collected_by_its_task_and_only_once(self, mongo, redis, fake_theirstack):
        run = begin()

        for _ in range(2):
            tasks.collect_role(str(run.id), "Software Engineer")

        assert run.reload().status == "finished"
        assert mongo.job_postings.count_documents({}) == run.collected > 0
        assert fake_theirstack.credits_used == run.credits

    def test_the_roles_of_a_run_share_a_refresh(self, mongo, redis):
        run = begin("Software Engineer", "Data Scientist")

        for role in run.roles:
            tasks.collect_role(str(run.id), role)

        assert mongo.market_figures.count_documents({}) == 0
        assert run_queued(redis) == ["market.tasks.refresh_daily_stats"]
        assert mongo.dirty_days.count_documents({}) == 0
        assert mongo.market_figures.count_documents({}) > 0
        assert check_stats().differing == []

    def test_a_run_queues_a_refresh_when_its_last_role_ends(self, mongo, redis):
        run = begin("Software Engineer", "Data Scientist")

        tasks.collect_role(str(run.id), "Software Engineer")

        assert take_queued(redis) == []
        assert mongo.dirty_days.count_documents({}) > 0
        tasks.collect_role(str(run.id), "Data Scientist")
        assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]

    def test_a_run_queues_a_refresh_while_it_waits_for_the_rate_limit(self, mongo, redis, fake_theirstack):
        run = begin("Software Engineer", "Data Scientist")
        tasks.collect_role(str(run.id), "Software Engineer")
        fake_theirstack.script_faults([{"status": 429, "headers": {"Retry-After": "900"}}])

        tasks.collect_role(str(run.id), "Data Scientist")

        assert [search.status for search in run.reload().searches] == ["finished", "waiting"]
        assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]

    def test_no_worker_waits_for_a_running_refresh(self, mongo, redis):
        run = begin()

        with refresh._hold_lock():
            tasks.collect_role(str(run.id), "Software Engineer")
            assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]
            refresh_daily_stats()
            # The refresh queued another one to run after the lock is released.
            assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]

        assert run.reload().status == "finished"
        assert mongo.dirty_days.count_documents({}) > 0
        refresh_daily_stats()
        assert mongo.dirty_days.count_documents({}) == 0
        assert take_queued(redis) == []

    def test_a_refresh_that_could_not_be_queued_is_queued_the_next_time(self, redis):
        with queue_at(NO_REDIS):
            queue_refresh()

        queue_refresh()
        queue_refresh()

        assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]

    def test_a_run_without_a_key_fails_with_an_error(self, settings):
        settings.THEIR_STACK_API_KEY = ""
        run = begin()

        tasks.collect_role(str(run.id), "Software Engineer")

        assert run.reload().status == "failed"
        assert "THEIR_STACK_API_KEY" in run.error

    def test_interrupted_runs_are_queued_again_once(self, mongo, redis, settings):
        run = begin("Software Engineer", "Data Scientist")
        tasks.resume_runs()
        early = take_queued(redis)
        stale = timezone.now() - timedelta(seconds=settings.COLLECTION_LEASE_SECONDS + 1)
        mongo.collection_runs.update_one({}, {"$set": {"heartbeat_at": stale}})

        tasks.resume_runs()
        tasks.resume_runs()

        assert early == []
        assert take_queued(redis) == [("ingestion.tasks.collect_role", [str(run.id), role]) for role in run.roles]

    def test_the_clean_up_respects_the_retention(self, mongo, settings):
        settings.JOB_DATA_RETENTION_DAYS = 10
        ages = (0, 9, 10, 40)
        store_postings(
            postings=[PostingFactory.build(date_posted=TODAY - timedelta(days=age)) for age in ages], now=timezone.now()
        )

        tasks.clean_up()

        assert {row["day"].date() for row in mongo.job_postings.find()} == {TODAY, TODAY - timedelta(days=9)}
        # The stats of deleted postings stay.
        response = read_response(days=100, now=timezone.now())
        assert response is not None
        assert orjson.loads(response[1])["total_jobs_analyzed"] == 4

    def test_the_stats_check_reports_and_repairs_differences(self, caplog, mongo):
        store_postings(postings=[PostingFactory.build(date_posted=TODAY)], now=timezone.now())
        refresh_daily_stats()
        mongo.market_figures.update_one({"scope": "market"}, {"$set": {"postings": 7}})

        check_daily_stats()

        assert str(TODAY) in caplog.text
        assert mongo.market_figures.find_one({"scope": "market"})["postings"] == 1
        response = read_response(days=1, now=timezone.now())
        assert response is not None
        assert orjson.loads(response[1])["total_jobs_analyzed"] == 1

    def test_the_connectivity_check_records_the_credits_left_and_costs_nothing(self, fake_theirstack):
        tasks.check_theirstack()

        state = SourceState.objects.get(source="theirstack")
        assert (state.reachable, state.problem) == (True, None)
        assert state.credits_left == 1_000_000
        assert [request.path for request in fake_theirstack.requests] == [BALANCE]
        assert fake_theirstack.credits_used == 0

    @pytest.mark.parametrize(
        ("key", "status", "reason"), [("", 200, "no_api_key"), ("wrong", 200, "bad_key"), (None, 500, "server_error")]
    )
    def test_the_connectivity_check_records_a_failure(self, caplog, settings, fake_theirstack, key, status, reason):
        if key is not None:
            settings.THEIR_STACK_API_KEY = key
        if status != 200:
            fake_theirstack.script_faults([{"path": BALANCE, "status": status}])

        with pytest.raises(TaskFailed, match=reason):
            tasks.check_theirstack()

        assert "cannot use TheirStack" in caplog.text
        assert reason in caplog.text
        state = SourceState.objects(source="theirstack").first()
        assert state is None or (not state.reachable and reason in state.problem)

    def test_a_run_stays_queued_while_the_queue_is_unavailable(self, redis):
        run = begin()

        with redis_at(NO_REDIS):
            tasks.queue_run(run=run)

        assert run.reload().status == "queued"
        assert take_queued(redis) == []


@pytest.fixture(scope="module")
def workers(servers, fake_theirstack, tmp_path_factory) -> Iterator[Installation]:
    """Start two workers at the same time, on separate servers."""
    fake_theirstack.reset()
    with running_installation(
        servers=servers, fake_theirstack=fake_theirstack, directory=tmp_path_factory.mktemp("var")
    ) as installation:
        for _ in range(2):
            installation.start_worker()
        wait_until(lambda: installation.log.read_text().count("ready.") == 2, seconds=60, what="both workers are ready")
        yield installation


class TestWithWorkers:
    def test_workers_that_start_together_check_the_connection_once(self, workers, fake_theirstack):
        state = wait_until(
            lambda: SourceState.objects(source="theirstack", reachable=True).first(),
            seconds=10,
            what="the check is recorded",
        )

        assert state.credits_left == 1_000_000
        wait_until(lambda: not count_queued(redis_client()), seconds=10, what="the queue is empty")
        assert [request.path for request in fake_theirstack.requests].count(BALANCE) == 1

    def test_workers_keep_a_heartbeat_that_readiness_reports(self, workers, client):
        redis_client().delete(celery.HEARTBEAT_KEY)
        wait_until(
            lambda: redis_client().exists(celery.HEARTBEAT_KEY),
            seconds=celery.HEARTBEAT_INTERVAL + 5,
            what="the heartbeat is renewed",
        )

        checks = client.get("/health/ready").json()["checks"]

        assert checks["worker"]["ok"]
        assert 0 < redis_client().ttl(celery.HEARTBEAT_KEY) <= celery.HEARTBEAT_TTL

    def test_a_queued_run_is_collected_end_to_end(self, workers, client, fake_theirstack):
        empty_database()
        fake_theirstack.reset()
        run = begin("Software Engineer", "Data Scientist", "DevOps Engineer")

        tasks.queue_run(run=run)
        wait_until(lambda: run.reload().status == "finished", seconds=30, what=f"the run ends\n{workers.read_log()}")

        # The last worker still refreshes when the run is over.
        wait_until(
            lambda: client.get("/market/trending", {"days": 20}).json()["total_jobs_analyzed"] == run.collected,
            seconds=30,
            what="the stats include every posting",
        )
        assert run.collected > 20
        assert fake_theirstack.credits_used == run.credits
        assert {search.status for search in run.searches} == {"finished"}
        assert int(redis_client().hget(TASK_COUNTS_KEY, "ingestion.tasks.collect_role|success") or 0) >= 1

    def test_workers_register_every_scheduled_task(self, workers):
        from career_navigator.celery import app

        scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

        responses = app.control.inspect(timeout=5, limit=1).registered()
        assert responses is not None
        (registered, *_) = responses.values()

        assert scheduled <= set(registered)
        assert project_settings.CELERY_TASK_TIME_LIMIT < 3600
