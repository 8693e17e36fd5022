"""Each source of boards: the postings of a recorded-shape response, fetched over HTTP."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ingestion.sources.base import BoardAddress, InvalidBoardName, UnexpectedResponse
from ingestion.sources.registry import UnknownSource, build_base_url, get_board_source
from ingestion.sources.transport import PoliteSession
from ingestion.tests import board_server
from ingestion.tests.board_server import BoardServer
from market.posting import Posting, PostingRejected

GREENHOUSE = "/greenhouse/v1/boards/acme/jobs"
LEVER = "/lever/api.lever.co/v0/postings/acme"
ASHBY = "/ashby/posting-api/job-board/acme"
RECRUITEE = "/recruitee/acme.recruitee.com/api/offers/"
PERSONIO = "/personio/acme.jobs.personio.de/xml"


@pytest.fixture(scope="module")
def server() -> Iterator[BoardServer]:
    with board_server.running_board_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(server: BoardServer, redis, settings) -> None:
    server.responses.clear()
    server.requests.clear()
    settings.SOURCE_BASE_URL = server.url


def fetch_items(source_name: str, redis: Any, /, **address: str) -> list[Any]:
    source, board = get_board_source(source_name), BoardAddress(**{"name": "acme", "company": "Acme Ltd"} | address)
    session = PoliteSession(redis=redis, requests_per_minute=600, user_agent="test", sleep=lambda seconds: None)
    base_url = build_base_url(source=source, address=board)
    return [item for page in source.extract(board=board, base_url=base_url, fetch=session.get) for item in page]


def fetch(source_name: str, redis: Any, /, **address: str) -> list[Posting | None]:
    source, board = get_board_source(source_name), BoardAddress(**{"name": "acme", "company": "Acme Ltd"} | address)
    return [source.transform(item, board=board) for item in fetch_items(source_name, redis, **address)]


def fetch_one(source_name: str, redis: Any, /, **address: str) -> Posting:
    (posting,) = fetch(source_name, redis, **address)
    assert posting is not None
    return posting


class TestGreenhouse:
    def test_converts_a_job(self, server, redis):
        server.serve(GREENHOUSE, {"jobs": [board_server.build_greenhouse_job(7)], "meta": {"total": 1}})

        posting = fetch_one("greenhouse", redis)

        assert (posting.source, posting.job_id, posting.company) == ("greenhouse", "acme:7", "Acme")
        assert (posting.title, posting.date_posted) == ("Backend Engineer 7", date(2026, 11, 20))
        assert (posting.place, posting.country_code) == ("London, United Kingdom", "GB")
        assert (posting.hybrid, posting.remote) == (True, None)
        assert posting.description == "What you bring\n\n* Python and Django\n* PostgreSQL"

    @pytest.mark.parametrize("label", ["Hybrid", "In-Office", "Distributed"])
    def test_uses_the_office_when_the_label_only_says_how_people_work(self, server, redis, label):
        job = board_server.build_greenhouse_job(
            7, location={"name": label}, offices=[{"name": "Lisbon, Portugal", "location": None}]
        )
        server.serve(GREENHOUSE, {"jobs": [job]})

        assert fetch_one("greenhouse", redis).place == "Lisbon, Portugal"

    def test_leaves_out_the_companys_introduction_and_a_general_application(self, server, redis):
        content = '<div class="content-intro"><p>We love Rust.</p></div><p>You know Go.</p>'
        escaped = content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        jobs = [
            board_server.build_greenhouse_job(1, content=escaped),
            board_server.build_greenhouse_job(2, internal_job_id=None),
        ]
        server.serve(GREENHOUSE, {"jobs": jobs})

        first, second = fetch("greenhouse", redis)

        assert first is not None
        assert first.description == "You know Go."
        assert second is None

    @pytest.mark.parametrize(
        ("ranges", "expected"),
        [
            ([{"min_cents": 9_000_000, "max_cents": 12_000_000, "currency_type": "USD"}], (90_000, 120_000)),
            (
                [
                    {"min_cents": 9_000_000, "max_cents": 12_000_000, "currency_type": "USD", "title": "Remote"},
                    {"min_cents": 8_000_000, "max_cents": 15_000_000, "currency_type": "USD", "title": "New York"},
                ],
                (80_000, 150_000),
            ),
            ([{"min_cents": 4_000, "max_cents": 6_000, "currency_type": "USD", "title": "Hourly"}], (None, None)),
            ([{"min_cents": 4_000_000, "max_cents": 5_000_000, "currency_type": "USD", "blurb": "OTE"}], (None, None)),
            (
                [
                    {"min_cents": 9_000_000, "max_cents": 12_000_000, "currency_type": "USD"},
                    {"min_cents": 8_000_000, "max_cents": 9_000_000, "currency_type": "EUR"},
                ],
                (None, None),
            ),
            (None, (None, None)),
        ],
    )
    def test_reads_pay_that_can_only_be_yearly(self, server, redis, ranges, expected):
        job = board_server.build_greenhouse_job(7, pay_input_ranges=ranges)
        server.serve(GREENHOUSE, {"jobs": [job]})

        posting = fetch_one("greenhouse", redis)

        assert (posting.min_annual_salary, posting.max_annual_salary) == expected


class TestLever:
    def test_converts_a_job(self, server, redis):
        server.serve(LEVER, [board_server.build_lever_job(7)])

        posting = fetch_one("lever", redis)

        assert posting.job_id == "acme:00000000-0000-4000-8000-000000000007"
        assert (posting.company, posting.place, posting.hybrid) == ("Acme Ltd", "Berlin, Germany", True)
        assert (posting.min_annual_salary, posting.max_annual_salary) == (60_000, 72_000)
        assert (posting.salary_currency, posting.min_annual_salary_usd) == ("EUR", None)
        assert posting.salary_string == "5,000–6,000 EUR per month"
        assert (posting.date_posted, posting.employment_statuses) == (date(2025, 11, 20), ("full_time",))

    def test_keeps_the_requirements_and_redacts_contacts(self, server, redis):
        server.serve(LEVER, [board_server.build_lever_job(7)])

        description = fetch_one("lever", redis).description

        assert "Requirements\n* Apache Spark\n* Python" in description
        assert description.endswith("Write to [email] or call [phone].")

    def test_requests_the_host_of_the_board(self, server, redis):
        server.serve("/lever/api.eu.lever.co/v0/postings/acme", [board_server.build_lever_job(7)])

        assert len(fetch("lever", redis, host="api.eu.lever.co")) == 1

    @pytest.mark.parametrize("commitment", ["International EOR", "Permanently curious"])
    def test_does_not_find_a_status_within_a_word(self, server, redis, commitment):
        job = board_server.build_lever_job(7, categories={"location": "Berlin", "commitment": commitment})
        server.serve(LEVER, [job])

        assert fetch_one("lever", redis).employment_statuses == ()

    @pytest.mark.parametrize("interval", ["bi-month-salary", "one-time", "per-mission", None])
    def test_has_no_yearly_pay_for_an_unknown_period(self, server, redis, interval):
        salary = {"currency": "EUR", "interval": interval, "min": 5_000, "max": 6_000}
        server.serve(LEVER, [board_server.build_lever_job(7, salaryRange=salary)])

        posting = fetch_one("lever", redis)

        assert (posting.min_annual_salary, posting.salary_string) == (None, "5,000–6,000 EUR")


class TestAshby:
    def test_converts_a_job(self, server, redis):
        server.serve(ASHBY, {"jobs": [board_server.build_ashby_job(7)]})

        posting = fetch_one("ashby", redis)

        assert (posting.job_id, posting.company) == ("10000000-0000-4000-8000-000000000007", "Acme Ltd")
        assert (posting.place, posting.country_codes) == ("Remote", ("US", "CA"))
        assert (posting.min_annual_salary, posting.max_annual_salary) == (124_800, 166_400)
        assert posting.salary_string == "$60 – $80 per hour • Offers Equity"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"workplaceType": "Hybrid", "isRemote": True, "location": "Berlin"}, (False, True)),
            ({"workplaceType": None, "isRemote": True, "location": "Berlin"}, (True, None)),
            ({"workplaceType": None, "isRemote": None, "location": "Berlin"}, (None, None)),
            ({"workplaceType": "OnSite", "isRemote": None, "location": "Berlin"}, (False, False)),
        ],
    )
    def test_prefers_the_workplace_to_the_older_flag(self, server, redis, changes, expected):
        server.serve(ASHBY, {"jobs": [board_server.build_ashby_job(7, **changes)]})

        posting = fetch_one("ashby", redis)

        assert (posting.remote, posting.hybrid) == expected

    def test_leaves_out_a_job_that_is_not_listed(self, server, redis):
        server.serve(ASHBY, {"jobs": [board_server.build_ashby_job(7, isListed=False)]})

        assert fetch("ashby", redis) == [None]

    def test_escapes_a_space_in_the_name_of_a_board(self, server, redis):
        server.serve("/ashby/posting-api/job-board/acme%20labs", {"jobs": []})

        assert fetch("ashby", redis, name="acme labs") == []

    def test_has_no_yearly_pay_for_a_part_time_job_paid_by_the_hour(self, server, redis):
        server.serve(ASHBY, {"jobs": [board_server.build_ashby_job(7, employmentType="PartTime")]})

        posting = fetch_one("ashby", redis)

        assert (posting.min_annual_salary, posting.employment_statuses) == (None, ("part_time",))


class TestRecruitee:
    def test_converts_a_job(self, server, redis):
        server.serve(RECRUITEE, {"offers": [board_server.build_recruitee_job(7)]})

        posting = fetch_one("recruitee", redis)

        assert (posting.job_id, posting.company, posting.place) == ("acme:7", "Acme", "Utrecht, Netherlands")
        assert posting.description == "Join us.\n\n* React\n* TypeScript"
        assert (posting.min_annual_salary, posting.seniority) == (45_000, "mid_level")
        assert (posting.employment_statuses, posting.date_posted) == (("full_time", "temporary"), date(2026, 11, 20))

    def test_leaves_out_a_job_that_is_not_published(self, server, redis):
        server.serve(RECRUITEE, {"offers": [board_server.build_recruitee_job(7, status="archived")]})

        assert fetch("recruitee", redis) == [None]


class TestPersonio:
    def test_takes_the_first_description_that_is_not_empty(self, server, redis):
        server.serve(f"{PERSONIO}?language=en", board_server.build_personio_feed(7, 7, description=""))
        server.serve(f"{PERSONIO}?language=de", board_server.build_personio_feed(7))

        posting = fetch_one("personio", redis)

        assert (posting.title, posting.place) == ("Java Entwickler 7", "Munich, Germany")
        assert posting.description == "Dein Profil\nJava und Spring Boot"
        assert posting.url == "https://acme.jobs.personio.de/job/7"
        assert (posting.employment_statuses, posting.seniority) == (("full_time", "part_time"), "junior")

    @pytest.mark.parametrize(
        "body",
        [
            "<html><body>Not found</body></html>",
            "no xml",
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><workzag-jobs>&b;</workzag-jobs>',
        ],
    )
    def test_rejects_what_is_no_list_of_positions(self, server, redis, body):
        server.serve(f"{PERSONIO}?language=en", body)

        with pytest.raises(UnexpectedResponse, match=r"The response is"):
            fetch("personio", redis)


class TestFeeds:
    def test_arbeitnow_reads_pages_by_number(self, server, redis):
        path = "/arbeitnow/api/job-board-api"
        server.serve(f"{path}?page=1", board_server.build_arbeitnow_page(1, next_page=9))
        server.serve(f"{path}?page=2", board_server.build_arbeitnow_page(2))

        first, second = fetch("arbeitnow", redis)

        assert first is not None
        assert second is not None
        assert (first.job_id, second.job_id) == ("python-engineer-1", "python-engineer-2")
        assert (first.description, first.place) == ("Python und Kubernetes", "Leipzig, Germany")
        assert (first.employment_statuses, first.remote) == (("full_time",), None)

    def test_himalayas_follows_the_cursor(self, server, redis):
        server.serve("/himalayas/jobs/api?limit=20", board_server.build_himalayas_page(1, cursor="a|b"))
        server.serve("/himalayas/jobs/api?limit=20&cursor=a%7Cb", board_server.build_himalayas_page(2))

        first, second = fetch("himalayas", redis)

        assert first is not None
        assert second is not None
        assert second.job_id == "https://himalayas.app/jobs/2"
        assert (first.company, first.description, first.seniority) == ("acme", "PyTorch", "senior")
        assert (first.place, first.country_codes, first.remote) == ("Remote", ("US", "CA"), True)
        assert (first.min_annual_salary, first.max_annual_salary_usd) == (100_000, 120_000)

    def test_jobicy_reads_the_feed_of_an_industry(self, server, redis):
        server.serve("/jobicy/api/v2/remote-jobs?count=100&industry=dev", board_server.build_jobicy_page(1))

        posting = fetch_one("jobicy", redis, name="dev", company="")

        assert (posting.company, posting.location, posting.place) == ("Acme & Sons", "Remote, Canada, USA", "Remote")
        assert (posting.min_annual_salary_usd, posting.seniority) == (100_000, "mid_level")

    def test_jobicy_rejects_an_error_that_has_the_status_200(self, server, redis):
        body = board_server.build_jobicy_page(success=False, statusCode=429)
        server.serve("/jobicy/api/v2/remote-jobs", body)

        with pytest.raises(UnexpectedResponse, match="429"):
            fetch("jobicy", redis, name="dev")


BOARDS = [
    ("greenhouse", GREENHOUSE, lambda job: {"jobs": [job]}, board_server.build_greenhouse_job, "title"),
    ("lever", LEVER, lambda job: [job], board_server.build_lever_job, "text"),
    ("ashby", ASHBY, lambda job: {"jobs": [job]}, board_server.build_ashby_job, "title"),
    ("recruitee", RECRUITEE, lambda job: {"offers": [job]}, board_server.build_recruitee_job, "title"),
]
_EVERY_BOARD = pytest.mark.parametrize(
    ("name", "path", "wrap", "build", "title"), BOARDS, ids=[row[0] for row in BOARDS]
)


class TestEverySource:
    @_EVERY_BOARD
    def test_rejects_a_job_without_a_title(self, server, redis, name, path, wrap, build, title):
        server.serve(path, wrap(build(7, **{title: " "})))

        with pytest.raises(PostingRejected, match="has no title"):
            fetch(name, redis)

    @_EVERY_BOARD
    @pytest.mark.parametrize("body", ['"text"', "<html></html>", '{"other": 1}', "null"])
    def test_rejects_a_response_without_a_list(self, server, redis, name, path, wrap, build, title, body):
        server.serve(path, body)

        with pytest.raises(UnexpectedResponse):
            fetch(name, redis)

    @_EVERY_BOARD
    @pytest.mark.parametrize("value", [None, 7, "text", [], {}, [None], True])
    def test_treats_a_field_of_the_wrong_type_as_missing(self, server, redis, name, path, wrap, build, title, value):
        job = build(7)
        for field in job.keys() - {"id", title, "internal_job_id", "isListed", "status"}:
            server.serve(path, wrap(job | {field: value}))
            assert fetch_one(name, redis).title == job[title]

    def test_names_the_installed_sources_when_a_source_is_unknown(self):
        with pytest.raises(UnknownSource, match=r"'linkedin'.*greenhouse"):
            get_board_source("linkedin")

    @pytest.mark.parametrize("address", [{"name": "a/../b"}, {"name": "a?b"}, {"name": ""}, {"host": "evil.example/x"}])
    def test_rejects_names_that_would_change_the_url(self, redis, address):
        with pytest.raises(InvalidBoardName):
            fetch("recruitee", redis, **address)
