"""Collecting boards by tasks, the command, and workers that are killed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from career_navigator.db.connection import database, redis_client
from ingestion import tasks
from ingestion.boards import add_feeds, list_due_boards, start_board_runs
from ingestion.documents import OPEN_RUN_STATUSES, Board, CollectionRunDocument
from ingestion.source import CollectionHaltedError, require_running_source
from ingestion.sources.base import Politeness
from ingestion.sources.registry import get_board_source
from ingestion.tests import board_server
from ingestion.tests.board_server import BoardServer
from market.refresh import check_stats, refresh_stats
from tests.processes import empty_database, running_installation, wait_until
from tests.queued import run_queued, take_queued

_BOARDS = ("greenhouse", "lever", "ashby", "recruitee", "personio")
_FEEDS = ("arbeitnow", "himalayas", "jobicy")
# Fields that depend on the time of a run.
_INCIDENTAL = {"_id", "copy_of", "scraped_at", "updated_at", "computed_at"}


@pytest.fixture(scope="module")
def server() -> Iterator[BoardServer]:
    with board_server.running_board_server() as running:
        yield running


@pytest.fixture
def boards(server, settings, monkeypatch) -> BoardServer:
    """Serve the boards, and let this process request them without waiting."""
    serve_all(server)
    settings.SOURCE_BASE_URL = server.url
    settings.SOURCES = ["greenhouse", "jobicy"]
    for name in (*_BOARDS, *_FEEDS):
        fast = Politeness(requests_per_minute=60_000, hours_between_collections=6)
        monkeypatch.setattr(get_board_source(name), "politeness", fast)
    return server


def serve_all(server: BoardServer) -> None:
    """Serve one board or feed with three postings for each source."""
    server.responses.clear()
    server.requests.clear()
    numbers = (1, 2, 3)
    server.serve(
        "/greenhouse/v1/boards/acme/jobs", {"jobs": [board_server.build_greenhouse_job(each) for each in numbers]}
    )
    server.serve("/lever/api.lever.co/v0/postings/acme", [board_server.build_lever_job(each) for each in numbers])
    server.serve(
        "/ashby/posting-api/job-board/acme", {"jobs": [board_server.build_ashby_job(each) for each in numbers]}
    )
    server.serve(
        "/recruitee/acme.recruitee.com/api/offers/",
        {"offers": [board_server.build_recruitee_job(each) for each in numbers]},
    )
    server.serve("/personio/acme.jobs.personio.de/xml", board_server.build_personio_feed(*numbers))
    server.serve("/arbeitnow/api/job-board-api", board_server.build_arbeitnow_page(*numbers))
    server.serve("/himalayas/jobs/api", board_server.build_himalayas_page(*numbers))
    server.serve("/jobicy/api/v2/remote-jobs", board_server.build_jobicy_page(*numbers))


def add_boards(*sources: str) -> None:
    for source in sources:
        Board(source=source, name="acme", company="Acme").save()


@pytest.mark.usefixtures("mongo")
class TestInThisProcess:
    def test_collects_the_boards_that_are_due_of_the_sources_that_are_switched_on(self, boards, redis):
        add_boards("greenhouse", "lever")

        assert tasks.collect_boards() == "started 2 runs with 8 boards"
        run_queued(redis)

        runs = CollectionRunDocument.objects.order_by("id")
        assert [(run.source, run.status) for run in runs] == [("greenhouse", "finished"), ("jobicy", "finished")]
        assert database().job_postings.count_documents({"source": "greenhouse"}) == 3
        assert database().job_postings.count_documents({"source": "jobicy"}) == 3
        assert tasks.collect_boards() is None

    def test_does_not_search_theirstack_unless_it_is_switched_on(self, boards, settings, redis):
        settings.DEMONSTRATION = False

        assert tasks.collect_daily() == "TheirStack is not in SOURCES"
        assert take_queued(redis) == []

    def test_spends_no_credits_on_a_source_that_is_not_switched_on(self, boards, settings, redis):
        settings.DEMONSTRATION = False

        with pytest.raises(CollectionHaltedError, match="not in SOURCES"):
            require_running_source()

    def test_the_stats_count_the_postings_of_boards(self, boards, redis):
        add_boards("greenhouse")
        tasks.collect_boards()

        run_queued(redis)
        refresh_stats(now=timezone.now())

        assert check_stats().differing == []

    def test_the_command_prints_the_outcome_per_source(self, boards, redis, capsys):
        add_boards("greenhouse")
        Board(source="greenhouse", name="gone", company="Gone").save()

        call_command("collect_boards", "greenhouse", "--json")

        assert '"boards": 2' in (printed := capsys.readouterr().out)
        assert '"failed": 1' in printed
        assert '"collected": 3' in printed

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["linkedin"], "There is no source of boards 'linkedin'"),
            (["greenhouse", "--board", "unknown"], "Greenhouse has no board unknown"),
        ],
    )
    def test_the_command_names_what_does_not_exist(self, boards, redis, arguments, message):
        with pytest.raises(CommandError, match=message):
            call_command("collect_boards", *arguments)

    def test_the_command_asks_for_a_source_when_none_is_switched_on(self, settings, redis):
        settings.SOURCES = ["theirstack"]

        with pytest.raises(CommandError, match="Name a source, or set SOURCES"):
            call_command("collect_boards")

    def test_the_command_queues_runs(self, boards, redis):
        add_boards("greenhouse")

        call_command("collect_boards", "greenhouse", "--queue")

        run = CollectionRunDocument.objects.get()
        assert take_queued(redis) == [("ingestion.tasks.collect_board", [str(run.id), "greenhouse/acme"])]


def read_contents() -> dict[str, Any]:
    """Return the postings and stats without fields that depend on time."""
    db = database()
    return {
        collection: {
            tuple(row.get(name) for name in key): {k: v for k, v in row.items() if k not in _INCIDENTAL}
            for row in db[collection].find()
        }
        for collection, key in (("job_postings", ("source", "job_id")), ("market_figures", ("scope", "day")))
    }


def start_runs_of_all_sources() -> list[CollectionRunDocument]:
    add_boards(*_BOARDS)
    runs = []
    for name in (*_BOARDS, *_FEEDS):
        source, now = get_board_source(name), timezone.now()
        add_feeds(source=source, now=now)
        names = list_due_boards(source=source, now=now)
        runs += start_board_runs(source=source, names=names[:1], trigger="command", now=now)
    for run in runs:
        tasks.queue_run(run=run)
    return runs


def wait_until_over(runs: list[CollectionRunDocument], log: Any) -> None:
    def is_over() -> bool:
        tasks.resume_runs.delay()
        return all(run.reload().status not in OPEN_RUN_STATUSES for run in runs)

    try:
        wait_until(is_over, seconds=120, every=0.5, what="all runs are over")
    except AssertionError as error:
        error.add_note(log())
        raise
    assert [(run.source, run.status, run.error) for run in runs] == [
        (name, "finished", None) for name in (*_BOARDS, *_FEEDS)
    ]
    refresh_stats(now=timezone.now())
    assert check_stats().differing == []


def test_killed_workers_leave_the_state_of_an_undisturbed_collection(
    servers, fake_theirstack, server, tmp_path_factory
):
    serve_all(server)
    settings = {"SOURCE_BASE_URL": server.url, "COLLECTION_LEASE_SECONDS": "5"}
    directory = tmp_path_factory.mktemp("var")
    with running_installation(
        servers=servers, fake_theirstack=fake_theirstack, directory=directory, **settings
    ) as installation:
        empty_database()
        installation.ensure_worker()
        wait_until_over(start_runs_of_all_sources(), installation.read_log)
        undisturbed = read_contents()
        assert len(undisturbed["job_postings"]) == 3 * len((*_BOARDS, *_FEEDS))

        empty_database()
        redis_client().flushdb()
        serve_all(server)
        runs = start_runs_of_all_sources()
        for kills in (1, 2):
            wait_until(lambda: len(server.list_requested()) > 2 * kills, seconds=60, what="requests arrived")  # noqa: B023
            installation.kill_workers()
            installation.ensure_worker()
        wait_until_over(runs, installation.read_log)

        assert read_contents() == undisturbed
