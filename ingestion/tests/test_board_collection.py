"""Collecting boards over HTTP: storing, closing, reopening, health, and interrupted runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from career_navigator.db.connection import database
from ingestion.board_collection import collect_board
from ingestion.boards import add_feeds, build_key, close_held_postings, list_due_boards, start_board_runs
from ingestion.documents import Board, CollectionRunDocument
from ingestion.runs import find_interrupted
from ingestion.sources.base import Politeness
from ingestion.sources.registry import get_board_source
from ingestion.tests import board_server
from ingestion.tests.board_server import BoardResponse, BoardServer

PATH = "/greenhouse/v1/boards/acme/jobs"


@pytest.fixture(scope="module")
def server() -> Iterator[BoardServer]:
    with board_server.running_board_server() as running:
        yield running


class Clock:
    """A clock that stands still until a test moves it. MongoDB stores whole milliseconds."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _set_up(server: BoardServer, mongo, redis, settings, monkeypatch) -> None:
    server.responses.clear()
    server.requests.clear()
    settings.SOURCE_BASE_URL = server.url
    monkeypatch.setattr("ingestion.board_collection.sleep", lambda seconds: None)
    for name in ("greenhouse", "personio", "arbeitnow"):
        fast = Politeness(requests_per_minute=60_000, hours_between_collections=6)
        monkeypatch.setattr(get_board_source(name), "politeness", fast)


def add_board(source: str = "greenhouse", name: str = "acme", **changes: Any) -> Board:
    return Board(**{"source": source, "name": name, "company": "Acme"} | changes).save()


def collect(clock: Clock, source: str = "greenhouse", name: str = "acme") -> CollectionRunDocument:
    clock.now += timedelta(seconds=12 * 3600)
    (run,) = start_board_runs(source=get_board_source(source), names=[name], trigger="command", now=clock())
    collect_board(run_id=run.id, key=build_key(source=source, name=name), clock=clock)
    return run.reload()


def serve_jobs(server: BoardServer, *numbers: int, **changes: Any) -> None:
    server.serve(PATH, {"jobs": [board_server.build_greenhouse_job(number, **changes) for number in numbers]})


def list_open(source: str = "greenhouse") -> set[str]:
    return set(database().job_postings.distinct("job_id", {"source": source, "closed_at": None}))


def name_jobs(*numbers: int) -> set[str]:
    return {f"acme:{number}" for number in numbers}


class TestStoring:
    def test_stores_the_postings_and_the_health_of_the_board(self, server, clock):
        board = add_board()
        serve_jobs(server, 1, 2, 3)

        run = collect(clock)

        assert (run.status, run.collected, run.pages, run.source) == ("finished", 3, 1, "greenhouse")
        assert list_open() == name_jobs(1, 2, 3)
        board.reload()
        assert (board.postings, board.failures, board.evidence) == (3, 0, "payload")
        assert board.collected_at == board.yielded_at == clock()

    def test_keeps_a_board_unverified_when_the_source_names_another_company(self, server, clock):
        board = add_board(company="Other")
        serve_jobs(server, 1)

        collect(clock)

        assert board.reload().evidence == "unverified"

    def test_reports_a_job_that_cannot_be_converted_and_stores_the_others(self, server, clock):
        add_board()
        jobs = [board_server.build_greenhouse_job(1), board_server.build_greenhouse_job(2, title=None)]
        server.serve(PATH, {"jobs": [*jobs, {"title": "without id"}, "text"]})

        run = collect(clock)

        assert (run.status, run.collected, dict(run.refused)) == ("finished", 1, {"no_title": 1, "no_id": 2})
        assert [sample["job_id"] for sample in run.refused_samples] == ["acme:2", "", ""]

    def test_requests_an_unchanged_board_conditionally_and_counts_it_as_complete(self, server, clock):
        board = add_board()
        serve_jobs(server, 1, 2)
        collect(clock)

        run = collect(clock)

        assert (run.status, run.unchanged, run.collected) == ("finished", 2, 0)
        assert server.requests[-1][1]["If-None-Match"].startswith('W/"')
        assert board.reload().recent_counts == [2, 2]

    def test_notices_a_change_of_a_later_page_when_the_first_one_is_unchanged(self, server, clock):
        add_board("personio")
        path = "/personio/acme.jobs.personio.de/xml"
        server.serve(f"{path}?language=en", board_server.build_personio_feed(1, description=""))
        server.serve(f"{path}?language=de", board_server.build_personio_feed(1))
        collect(clock, "personio")
        server.serve(f"{path}?language=de", board_server.build_personio_feed(1, description="<p>Kotlin</p>"))

        run = collect(clock, "personio")

        assert (run.updated, database().job_postings.distinct("description")) == (1, ["Dein Profil\nKotlin"])

    def test_updates_a_posting_that_changed(self, server, clock):
        add_board()
        serve_jobs(server, 1)
        collect(clock)
        serve_jobs(server, 1, title="Staff Engineer")

        run = collect(clock)

        assert (run.updated, database().job_postings.distinct("title")) == (1, ["Staff Engineer"])


class TestClosing:
    def test_closes_a_missing_posting_and_opens_it_when_it_is_listed_again(self, server, clock):
        add_board()
        serve_jobs(server, 1, 2)
        collect(clock)
        serve_jobs(server, 1)

        assert collect(clock).closed == 1
        assert list_open() == name_jobs(1)

        serve_jobs(server, 1, 2)
        collect(clock)
        assert list_open() == name_jobs(1, 2)

    def test_holds_missing_postings_for_a_person_and_closes_them_on_request(self, server, clock):
        board = add_board()
        serve_jobs(server, *range(12))
        collect(clock)
        serve_jobs(server, 1)

        assert collect(clock).closed == 0
        board.reload()
        assert (len(board.held_ids), board.held_reason) == (11, "the listing has 1 postings, usually 12")

        assert close_held_postings(board=board, now=clock()) == 11
        assert list_open() == name_jobs(1)
        assert board.reload().held_ids == []

    def test_closes_all_postings_after_two_empty_listings(self, server, clock):
        add_board()
        serve_jobs(server, 1, 2)
        collect(clock)
        server.serve(PATH, {"jobs": []})

        assert collect(clock).closed == 0
        assert list_open() == name_jobs(1, 2)

        # The body is the same as before, but a second empty listing is new information.
        assert collect(clock).closed == 2
        assert list_open() == set()

    def test_closes_nothing_when_a_later_page_of_a_source_fails(self, server, clock):
        add_board("personio")
        path = "/personio/acme.jobs.personio.de/xml"
        for language in ("en", "de"):
            server.serve(f"{path}?language={language}", board_server.build_personio_feed(1, 2))
        collect(clock, "personio")
        server.serve(f"{path}?language=en", board_server.build_personio_feed(1))
        server.responses[f"{path}?language=de"] = BoardResponse(status=500)

        run = collect(clock, "personio")

        assert run.status == "failed"
        assert list_open("personio") == name_jobs(1, 2)

    def test_does_not_close_what_an_unreadable_job_may_be(self, server, clock):
        add_board()
        serve_jobs(server, 1, 2)
        collect(clock)
        server.serve(PATH, {"jobs": [board_server.build_greenhouse_job(1), {"id": None}]})

        assert collect(clock).closed == 0
        assert list_open() == name_jobs(1, 2)

    def test_keeps_a_listed_job_open_that_cannot_be_converted(self, server, clock):
        add_board()
        serve_jobs(server, 1, 2)
        collect(clock)
        server.serve(
            PATH, {"jobs": [board_server.build_greenhouse_job(1), board_server.build_greenhouse_job(2, title=None)]}
        )

        assert collect(clock).closed == 0
        assert list_open() == name_jobs(1, 2)


class TestFeeds:
    def test_stops_at_the_first_page_whose_postings_are_all_stored(self, server, clock):
        add_feeds(source=get_board_source("arbeitnow"), now=clock())
        path = "/arbeitnow/api/job-board-api"
        server.serve(f"{path}?page=1", board_server.build_arbeitnow_page(1, next_page=2))
        server.serve(f"{path}?page=2", board_server.build_arbeitnow_page(2, next_page=3))
        server.serve(f"{path}?page=3", board_server.build_arbeitnow_page(3))
        collect(clock, "arbeitnow", "all")
        server.requests.clear()
        server.serve(f"{path}?page=1", board_server.build_arbeitnow_page(4, next_page=2))

        run = collect(clock, "arbeitnow", "all")

        assert run.collected == 1
        assert server.list_requested() == [f"{path}?page=1", f"{path}?page=2"]
        # A posting that drops out of a feed may still be open.
        assert len(list_open("arbeitnow")) == 4


class TestFailures:
    def test_a_board_is_gone_after_two_404s_and_its_postings_are_closed(self, server, clock):
        board = add_board()
        serve_jobs(server, 1)
        collect(clock)
        del server.responses[PATH]

        assert collect(clock).status == "failed"
        assert (list_open(), board.reload().gone_at) == (name_jobs(1), None)

        collect(clock)
        assert (list_open(), board.reload().gone_at) == (set(), clock())
        assert list_due_boards(source=get_board_source("greenhouse"), now=clock() + timedelta(days=6)) == []
        assert list_due_boards(source=get_board_source("greenhouse"), now=clock() + timedelta(days=8)) == ["acme"]

    @pytest.mark.parametrize(
        ("response", "reason"),
        [
            (BoardResponse(status=500), "unexpected_status"),
            (BoardResponse(status=301, headers={"Location": "https://elsewhere.example/"}), "moved"),
            (BoardResponse("<html></html>"), "unexpected_answer"),
            (BoardResponse(drops=True), "network"),
        ],
    )
    def test_records_why_a_board_could_not_be_collected(self, server, clock, response, reason):
        board = add_board()
        server.responses[PATH] = response

        run = collect(clock)

        assert (run.status, board.reload().failures) == ("failed", 1)
        assert run.searches[0].error.startswith(f"{reason}: ")
        assert board.last_error == run.searches[0].error

    def test_waits_longer_after_each_failure_from_the_third_on(self, server, clock):
        board = add_board()
        server.serve(PATH, "<html></html>")
        waits = []
        for _ in range(6):
            collect(clock)
            waits.append((board.reload().retry_at - clock()) / timedelta(hours=1))

        assert waits == [0, 0, 6, 12, 24, 24]

    def test_retries_a_response_that_says_so(self, server, clock):
        add_board()
        job = {"jobs": [board_server.build_greenhouse_job(1)]}
        server.responses[PATH] = [BoardResponse(status=503), BoardResponse(job)]

        assert collect(clock).collected == 1

    def test_waits_as_long_as_the_source_asks_and_then_goes_on(self, server, clock):
        add_board()
        server.responses[PATH] = BoardResponse(status=429, headers={"Retry-After": "900"})
        run = collect(clock)
        assert (run.status, run.searches[0].status) == ("running", "waiting")
        assert run.searches[0].resume_at == clock() + timedelta(seconds=900)

        clock.now += timedelta(seconds=901)
        ((resumed, keys),) = find_interrupted(now=clock())

        assert (resumed.id, keys) == (run.id, ["greenhouse/acme"])

    def test_a_run_finishes_when_one_of_its_boards_fails(self, server, clock):
        add_board()
        add_board(name="other")
        serve_jobs(server, 1)
        source = get_board_source("greenhouse")
        (run,) = start_board_runs(source=source, names=["acme", "other"], trigger="command", now=clock())
        for key in run.roles:
            collect_board(run_id=run.id, key=key, clock=clock)

        run.reload()
        assert (run.status, [search.status for search in run.searches]) == ("finished", ["finished", "failed"])

    def test_obeys_robots_rules(self, server, clock):
        add_board()
        serve_jobs(server, 1)
        server.serve("/robots.txt", "User-agent: *\nDisallow: /greenhouse/")

        run = collect(clock)

        assert run.searches[0].error.startswith("forbidden_by_robots: ")
        assert server.list_requested() == []

    def test_does_nothing_for_a_board_that_was_deleted(self, server, clock):
        board = add_board()
        (run,) = start_board_runs(source=get_board_source("greenhouse"), names=["acme"], trigger="command", now=clock())
        board.delete()

        collect_board(run_id=run.id, key="greenhouse/acme", clock=clock)

        assert (run.reload().status, run.searches[0].error) == ("failed", "the board was deleted")


class TestRuns:
    def test_leaves_out_boards_that_an_open_run_collects(self, clock):
        add_board()
        source = get_board_source("greenhouse")
        start_board_runs(source=source, names=["acme"], trigger="command", now=clock())

        assert start_board_runs(source=source, names=["acme"], trigger="command", now=clock()) == []

    def test_lists_boards_that_are_due_and_not_hidden(self, server, clock):
        source = get_board_source("greenhouse")
        add_board(name="hidden", hidden=True)
        add_board()
        assert list_due_boards(source=source, now=clock()) == ["acme"]
        serve_jobs(server, 1)
        collect(clock)

        assert list_due_boards(source=source, now=clock() + timedelta(hours=5)) == []
        assert list_due_boards(source=source, now=clock() + timedelta(hours=6)) == ["acme"]

    def test_a_second_delivery_of_a_finished_board_requests_nothing(self, server, clock):
        add_board()
        serve_jobs(server, 1)
        run = collect(clock)
        server.requests.clear()

        collect_board(run_id=run.id, key="greenhouse/acme", clock=clock, task_id=str(ObjectId()))

        assert server.requests == []
