"""The fake TheirStack over HTTP: filters and pages, key, plan, credits, rate limits, errors, and faults on request."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from ingestion.fake_theirstack.account import PLANS, RateLimit
from ingestion.fake_theirstack.faults import BadFault, FaultScript, read_faults
from ingestion.fake_theirstack.job_sources import build_jobs
from ingestion.fake_theirstack.server import FakeTheirStack

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
POSTED = {"posted_at_gte": "2000-01-01"}


def job(job_id, **fields):
    usual = {
        "id": job_id,
        "job_title": "Software Engineer",
        "date_posted": "2026-03-10",
        "discovered_at": "2026-03-10T08:00:00",
        "company": "Larkhollow Labs",
        "company_domain": "larkhollow-labs.example.com",
        "location": "Austin, TX",
        "country_code": "US",
        "remote": False,
        "technology_slugs": ["python"],
        "description": "We use **Python** here.",
    }
    return usual | fields


JOBS = [
    job(1),
    job(2, job_title="Full-Stack Developer", remote=True, location="Remote", country_code=None),
    job(3, job_title="Engineer, Software (Senior)", seniority="senior", country_code="GB", location="London, UK"),
    job(4, job_title="React Native Developer", company="Elmstead Bank", technology_slugs=["react-native", "Kotlin"]),
    job(5, date_posted="2026-03-20", discovered_at="2026-03-20T09:30:00.250000Z", remote=None),
    job(6, date_posted="2026-01-02", discovered_at="2026-01-03T00:00:00", closed_at="2026-02-01T00:00:00"),
    job(
        7, country_code=None, location="San Francisco, CA", min_annual_salary_usd=150_000, max_annual_salary_usd=190_000
    ),
    job(8, country_code=None, location="Anywhere", employment_statuses=["contract"], max_annual_salary_usd=90_000.0),
    job(9, country_code=None, country_codes=["DE"], location="Berlin", company_domain=None),
    job(10, country_code=None, location="?", locations=[{"display_name": "Lyon, France", "country_code": "FR"}]),
]


@pytest.fixture(scope="module")
def many_jobs() -> list[dict[str, Any]]:
    return list(build_jobs(count=200, today=NOW.date()))


@pytest.fixture
def start(many_jobs) -> Iterator[Callable[..., FakeTheirStack]]:
    """Start a fake with 200 jobs; what is passed replaces the usual."""
    running = []

    def run(**changes) -> FakeTheirStack:
        theirstack = FakeTheirStack(**({"jobs": many_jobs, "clock": lambda: NOW} | changes))
        theirstack.start()
        running.append(theirstack)
        return theirstack

    yield run
    for theirstack in running:
        theirstack.stop()


def ask(theirstack, method, path, *, key=None, timeout=5, **arguments):
    headers = {"Authorization": f"Bearer {theirstack.api_key if key is None else key}"}
    return requests.request(method, theirstack.url + path, headers=headers, timeout=timeout, **arguments)


def search(theirstack, *, timeout=5, **filters):
    return ask(theirstack, "POST", "/v1/jobs/search", json=POSTED | filters, timeout=timeout)


def balance(theirstack):
    return ask(theirstack, "GET", "/v0/billing/credit-balance")


def ids(answer):
    return [row.get("id") for row in answer.json()["data"]]


@pytest.fixture(scope="module")
def ten_jobs() -> Iterator[FakeTheirStack]:
    with FakeTheirStack(jobs=JOBS, clock=lambda: NOW) as running:
        yield running


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"job_title_or": ["software engineer"]}, {1, 3, 5, 6, 7, 8, 9, 10}),
        ({"job_title_or": ["ENGINEER software"]}, {1, 3, 5, 6, 7, 8, 9, 10}),
        ({"job_title_or": ["full stack developer"]}, {2}),
        ({"job_title_or": ["React Developer", "Full-Stack"]}, {2, 4}),
        ({"job_title_or": ["engine"]}, set()),
        ({"job_title_or": ["developer"], "job_title_not": ["react native"]}, {2}),
        ({"job_title_pattern_or": ["^Engineer", "Native"]}, {3, 4}),
        ({"job_title_pattern_and": ["Dev", "Native"]}, {4}),
        ({"job_title_pattern_not": ["(?i)engineer"]}, {2, 4}),
        ({"job_country_code_or": ["US"]}, {1, 4, 5, 6, 7}),
        ({"job_country_code_or": ["GB", "DE"]}, {3, 9}),
        ({"job_country_code_or": ["FR"]}, {10}),
        ({"job_country_code_not": ["US"]}, {2, 3, 8, 9, 10}),
        ({"job_location_pattern_or": ["San Francisco", "Lyon"]}, {7, 10}),
        ({"job_location_pattern_not": ["TX$"]}, {2, 3, 7, 8, 9, 10}),
        ({"remote": True}, {2}),
        ({"remote": False}, {1, 3, 4, 6, 7, 8, 9, 10}),
        ({"remote": None, "job_title_or": []}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
        ({"posted_at_max_age_days": 0}, {5}),
        ({"posted_at_max_age_days": 10}, {1, 2, 3, 4, 5, 7, 8, 9, 10}),
        ({"posted_at_gte": "2026-03-11"}, {5}),
        ({"posted_at_lte": "2026-01-31"}, {6}),
        ({"discovered_at_gte": "2026-03-20T09:30:00Z"}, {5}),
        ({"discovered_at_gte": "2026-03-20T09:31:00Z"}, set()),
        ({"discovered_at_gte": "2026-03-10T08:00:00Z", "discovered_at_lte": "2026-03-11"}, {1, 2, 3, 4, 7, 8, 9, 10}),
        ({"discovered_at_max_age_days": 1}, {5}),
        ({"discovered_at_min_age_days": 30}, {6}),
        ({"is_closed": True}, {6}),
        ({"closed_at_gte": "2026-01-15"}, {6}),
        ({"closed_at_lte": "2026-01-15"}, set()),
        ({"job_id_or": [2, 99]}, {2}),
        ({"job_id_not": [1, 2, 3, 4, 5, 6]}, {7, 8, 9, 10}),
        ({"job_seniority_or": ["senior"]}, {3}),
        ({"employment_statuses_or": ["contract"]}, {8}),
        ({"min_salary_usd": 160_000}, {7}),
        ({"max_salary_usd": 100_000}, {8}),
        ({"job_technology_slug_or": ["react-native"]}, {4}),
        ({"job_technology_slug_or": ["kotlin"]}, set()),
        ({"job_technology_slug_and": ["react-native", "Kotlin"]}, {4}),
        ({"job_technology_slug_not": ["python"]}, {4}),
        ({"company_name_or": ["Elmstead Bank"]}, {4}),
        ({"company_name_not": ["Larkhollow Labs"]}, {4}),
        ({"company_name_case_insensitive_or": ["elmstead bank"]}, {4}),
        ({"company_name_partial_match_or": ["elm"]}, {4}),
        ({"company_name_partial_match_not": ["lark"]}, {4}),
        ({"company_domain_not": ["larkhollow-labs.example.com"]}, {9}),
        ({"job_description_pattern_or": ["(?i)python"], "job_id_or": [1]}, {1}),
        ({"job_description_contains_or": ["pyth"]}, set()),
        ({"job_description_contains_not": ["rust"], "job_id_or": [1]}, {1}),
    ],
)
def test_lets_through_what_the_filter_says(ten_jobs, filters, expected):
    answer = search(ten_jobs, **filters)

    assert answer.status_code == 200, answer.text
    assert set(ids(answer)) == expected


@pytest.mark.parametrize(
    "enough", [{"company_name_or": ["x"]}, {"company_domain_or": ["x"]}, {"posted_at_lte": "2026-01-01"}]
)
def test_is_content_with_any_of_the_required_filters(ten_jobs, enough):
    assert search(ten_jobs, posted_at_gte=None, **enough).status_code == 200


def test_lists_newest_first_and_the_higher_id_first_among_equals(ten_jobs):
    assert ids(search(ten_jobs)) == [5, 10, 9, 8, 7, 4, 3, 2, 1, 6]


def test_pages_begin_at_zero_and_the_last_one_is_short(ten_jobs):
    pages = [ids(search(ten_jobs, limit=4, page=page)) for page in range(4)]

    assert pages == [[5, 10, 9, 8], [7, 4, 3, 2], [1, 6], []]


def test_an_offset_skips_jobs(ten_jobs):
    assert ids(search(ten_jobs, limit=2, offset=7)) == [2, 1]


def test_a_page_has_25_jobs_unless_told(start):
    assert len(ids(search(start()))) == 25


def test_totals_are_null_unless_asked_for(ten_jobs):
    plain = search(ten_jobs, limit=1).json()["metadata"]
    asked = search(ten_jobs, limit=1, include_total_results=True).json()["metadata"]

    assert plain == {
        "total_results": None,
        "truncated_results": 0,
        "truncated_companies": 0,
        "total_companies": None,
    }
    assert (asked["total_results"], asked["total_companies"]) == (10, 2)


def test_sends_the_job_as_it_was_given(ten_jobs):
    assert search(ten_jobs, job_id_or=[7]).json()["data"] == [JOBS[6]]


def test_a_preview_masks_what_identifies_the_employer(ten_jobs):
    row = search(ten_jobs, job_id_or=[1], blur_company_data=True).json()["data"][0]

    assert row["has_blurred_data"] is True
    assert row["company"] == row["description"] == row["company_domain"] == "***"
    assert row["technology_slugs"] == ["python"]


def test_answers_a_search_without_required_filter_in_the_documented_shape(ten_jobs):
    answer = search(ten_jobs, posted_at_gte=None, job_title_or=["engineer"], discovered_at_gte="2026-01-01")

    assert answer.status_code == 422
    assert answer.json()["request_id"] is None
    assert set(answer.json()["error"]) == {"code", "title", "description"}
    assert "posted_at_gte" in answer.json()["error"]["description"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", "ten"),
        ("page", -1),
        ("technology_slug_or", ["python"]),
        ("job_country_code_or", ["United States"]),
        ("job_seniority_or", ["senior_level"]),
        ("job_title_pattern_or", ["("]),
        ("job_title_or", "engineer"),
        ("job_id_not", ["1"]),
        ("posted_at_gte", "yesterday"),
        ("discovered_at_gte", "soon"),
        ("posted_at_max_age_days", True),
        ("min_salary_usd", "much"),
        ("remote", "yes"),
    ],
)
def test_names_the_field_it_cannot_read_in_the_frameworks_shape(ten_jobs, field, value):
    answer = search(ten_jobs, **{field: value})

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", field]


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
def test_refuses_a_body_that_is_no_object(ten_jobs, body):
    answer = ask(ten_jobs, "POST", "/v1/jobs/search", data=body)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body"]


@pytest.mark.parametrize("path", ["/v1/jobs/search", "/v0/billing/credit-balance"])
def test_refuses_another_key(start, path):
    theirstack = start()
    method = "POST" if path.endswith("search") else "GET"

    answer = ask(theirstack, method, path, key="another", json=POSTED)

    assert answer.status_code == 401
    assert answer.json()["error"]["title"] == "Unauthorized"


def test_refuses_a_request_without_key(start):
    answer = requests.post(start().url + "/v1/jobs/search", json=POSTED, timeout=5)

    assert answer.status_code == 401


def test_does_not_know_other_paths(start):
    answer = ask(start(), "GET", "/v1/jobs")

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_does_not_take_other_methods(start):
    answer = ask(start(), "GET", "/v1/jobs/search")

    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(("plan", "largest"), [("free", 25), ("paid", 500)])
def test_a_page_larger_than_the_plan_allows_is_a_premium_function(start, plan, largest):
    theirstack = start(plan=plan)

    allowed, refused = search(theirstack, limit=largest), search(theirstack, limit=largest + 1)

    assert allowed.status_code == 200
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "E-020"


def test_the_free_plan_pages_a_query_five_times(start):
    theirstack = start(plan="free")

    statuses = [search(theirstack, limit=25, page=page).status_code for page in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 403]


def test_every_job_sent_costs_a_credit_each_time(start):
    theirstack = start(credits=1_000)

    for _ in range(2):
        search(theirstack, limit=30)

    assert balance(theirstack).json()["api_credits"] == 1_000
    assert balance(theirstack).json()["used_api_credits"] == 60
    assert theirstack.credits_used == 60


def test_an_empty_page_or_an_error_costs_nothing(start):
    theirstack = start()

    search(theirstack, job_title_or=["no such job"])
    search(theirstack, limit=0)

    assert theirstack.credits_used == 0


def test_a_page_beyond_the_credits_is_cut_and_the_next_refused(start):
    theirstack = start(credits=40)

    pages = [search(theirstack, limit=25, page=page) for page in range(3)]

    assert [page.status_code for page in pages] == [200, 200, 402]
    assert [len(page.json()["data"]) for page in pages[:2]] == [25, 15]
    assert [page.json()["metadata"]["truncated_results"] for page in pages[:2]] == [0, 10]
    assert pages[2].json()["error"]["title"] == "Not enough credits"
    assert balance(theirstack).json() == {
        "ui_credits": 50,
        "used_ui_credits": 0,
        "api_credits": 40,
        "used_api_credits": 40,
    }


def test_the_fifth_call_within_a_second_is_refused_on_the_paid_plan(start):
    theirstack = start(rate_limited=True)

    answers = [search(theirstack, limit=1) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]
    assert "Retry-After" not in answers[4].headers
    assert answers[4].json()["error"]["title"] == "Too many requests"


def test_tells_all_windows_of_the_free_plan_in_one_order(start):
    answer = search(start(plan="free", rate_limited=True), limit=1)

    assert answer.headers["RateLimit-Limit"] == "4, 10, 50, 400"
    assert answer.headers["RateLimit-Remaining"] == "3, 9, 49, 399"
    assert answer.headers["RateLimit-Reset"] == "1, 60, 3600, 86400"
    assert answer.headers["RateLimit"].startswith('"per-second";r=3;t=1;pk=')
    assert answer.headers["RateLimit-Policy"].endswith('"per-day";q=400;w=86400')


def test_without_rate_limit_there_are_no_headers_of_it(start):
    theirstack = start()

    answers = [search(theirstack, limit=1) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {200}
    assert not [name for name in answers[0].headers if name.lower().startswith("ratelimit")]


def test_asking_for_the_balance_is_not_limited(start):
    theirstack = start(rate_limited=True)

    assert [balance(theirstack).json()["used_api_credits"] for _ in range(8)] == [0] * 8


def test_a_window_has_room_again_when_its_calls_have_left_it():
    limit = RateLimit(PLANS["paid"].windows)

    admitted = [limit.hit(moment) for moment in (0.0, 0.1, 0.2, 0.3, 1.05, 1.06)]

    assert admitted == [True, True, True, True, True, False]


def test_a_refused_call_counts_and_the_reset_says_when_to_come_back():
    limit = RateLimit(PLANS["paid"].windows)
    for moment in (0.0, 0.1, 0.2, 0.3, 0.9):
        limit.hit(moment)

    headers = limit.get_headers(0.95)

    assert (headers["RateLimit-Remaining"], headers["RateLimit-Reset"]) == ("0", "1")
    assert not limit.hit(1.05)


def test_remembers_what_was_asked_without_the_key(start):
    theirstack = start(api_key="a-secret-key")

    search(theirstack, limit=3)
    balance(theirstack)

    assert [(asked.number, asked.method, asked.path) for asked in theirstack.requests] == [
        (1, "POST", "/v1/jobs/search"),
        (1, "GET", "/v0/billing/credit-balance"),
    ]
    assert theirstack.requests[0].payload == POSTED | {"limit": 3}
    assert (theirstack.requests[0].status, theirstack.requests[0].rows) == (200, 3)
    assert "a-secret-key" not in repr(theirstack.requests)


def test_a_reset_forgets_requests_credits_and_faults_but_no_jobs(start):
    theirstack = start()
    search(theirstack, limit=3)
    theirstack.script_faults([{"status": 500}])

    theirstack.reset()

    assert theirstack.requests == []
    assert theirstack.credits_used == 0
    assert theirstack.job_count == 200
    assert search(theirstack).status_code == 200


def test_jobs_can_arrive_and_change_while_it_runs(start):
    theirstack = start()
    first, second = search(theirstack, limit=2).json()["data"]

    theirstack.advance(
        jobs=[first | {"job_title": "Changed"}, second | {"id": 5, "discovered_at": "2026-03-20T12:00:00"}]
    )

    assert search(theirstack, job_id_or=[first["id"]]).json()["data"][0]["job_title"] == "Changed"
    assert ids(search(theirstack, discovered_at_gte="2026-03-20T12:00:00Z")) == [5]
    assert theirstack.job_count == 201


def test_keeps_a_connection_open_for_the_next_request(start):
    theirstack = start()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {theirstack.api_key}"

        sockets = []
        for _ in range(3):
            answer = session.post(theirstack.url + "/v1/jobs/search", json=POSTED, stream=True, timeout=5)
            sockets.append(answer.raw._connection.sock.getsockname())
            assert answer.json()["data"]

    assert len(set(sockets)) == 1


def test_listens_on_the_loopback_interface_alone(start):
    assert start().url.startswith("http://127.0.0.1:")


@pytest.fixture
def theirstack(start) -> FakeTheirStack:
    return start()


def test_a_fault_is_for_the_next_request_alone_unless_it_says_more(theirstack):
    theirstack.script_faults([{"status": 503}, {"status": 500, "next": 2}])

    assert [search(theirstack).status_code for _ in range(4)] == [503, 500, 500, 200]


def test_a_fault_can_wait_for_the_request_with_its_number(theirstack):
    theirstack.script_faults([{"at": 3, "status": 502}])

    assert [search(theirstack).status_code for _ in range(4)] == [200, 200, 502, 200]


def test_a_fault_can_be_for_another_path(theirstack):
    theirstack.script_faults([{"path": "/v0/billing/credit-balance", "status": 500}])

    assert (search(theirstack).status_code, balance(theirstack).status_code) == (200, 500)


def test_a_status_comes_with_the_documented_body_and_costs_nothing(theirstack):
    theirstack.script_faults([{"status": 429}])

    answer = search(theirstack)

    assert answer.json()["error"]["title"] == "Too many requests"
    assert theirstack.credits_used == 0


@pytest.mark.parametrize(("body", "text"), [({"why": "so"}, '{"why":"so"}'), ("plain words", "plain words")])
def test_a_status_can_come_with_any_body(theirstack, body, text):
    theirstack.script_faults([{"status": 500, "body": body}])

    assert search(theirstack).text == text


def test_headers_are_as_the_script_says(theirstack):
    theirstack.script_faults([{"status": 429, "headers": {"RateLimit-Remaining": "0, 4", "RateLimit-Reset": "1, 50"}}])

    answer = search(theirstack)

    assert answer.headers["RateLimit-Remaining"] == "0, 4"


def test_a_delayed_answer_is_late_but_whole(theirstack):
    theirstack.script_faults([{"delay_seconds": 0.3}])
    begun = time.monotonic()

    answer = search(theirstack)

    assert time.monotonic() - begun >= 0.3
    assert len(ids(answer)) == 25


def test_a_delay_outlasts_the_clients_patience(theirstack):
    theirstack.script_faults([{"delay_seconds": 30}])

    with pytest.raises(requests.ReadTimeout):
        search(theirstack, timeout=0.2)


def test_stops_at_once_while_an_answer_is_delayed():
    with FakeTheirStack() as theirstack:
        theirstack.script_faults([{"delay_seconds": 60}])
        with pytest.raises(requests.ReadTimeout):
            search(theirstack, timeout=0.2)
        begun = time.monotonic()

    assert time.monotonic() - begun < 30


def test_a_cut_off_answer_ends_before_its_length(theirstack):
    theirstack.script_faults([{"cut_off": True}])

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        search(theirstack)

    assert search(theirstack).status_code == 200


def test_a_page_can_be_no_json(theirstack):
    theirstack.script_faults([{"not_json": True}])

    answer = search(theirstack)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_dropped_connection_has_no_answer_but_is_remembered(theirstack):
    theirstack.script_faults([{"drop": True}])

    with pytest.raises(requests.ConnectionError):
        search(theirstack)

    assert [asked.status for asked in theirstack.requests] == [None]


def test_rows_can_come_twice_in_a_page(theirstack):
    whole = ids(search(theirstack))
    theirstack.script_faults([{"duplicate_rows": 3}])

    assert ids(search(theirstack)) == whole + whole[:3]


def test_a_row_can_be_no_job(theirstack):
    theirstack.script_faults([{"malformed_row": True}, {"malformed_row": "not even an object"}])

    first, second = (search(theirstack).json()["data"] for _ in range(2))

    assert (first[0]["job_title"], len(first)) == (None, 26)
    assert second[0] == "not even an object"


def test_a_row_can_be_a_preview(theirstack):
    theirstack.script_faults([{"blurred_row": True}])

    rows = search(theirstack).json()["data"]

    assert [row["has_blurred_data"] for row in rows] == [True] + [False] * 25
    assert rows[0]["company"] == "***"


def test_a_page_can_repeat_the_one_before(theirstack):
    first = ids(search(theirstack, page=0))
    theirstack.script_faults([{"repeat_page": True}])

    repeated, next_one = ids(search(theirstack, page=1)), ids(search(theirstack, page=2))

    assert repeated == first
    assert not set(next_one) & set(first)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({}, "list of objects"),
        (b"[{]", "JSON"),
        ([7], "fault 1: Input should be a valid dictionary"),
        ([{"stattus": 502}], "fault 1: stattus: Extra inputs"),
        ([{}, {"status": "500"}], "fault 2: status: Input should be a valid integer"),
        ([{"status": 99}], "fault 1: status: .* 200"),
        ([{"status": 200}], "needs a body"),
        ([{"at": 0}], "fault 1: at: .* greater than 0"),
        ([{"next": True}], "fault 1: next: .* integer"),
        ([{"delay_seconds": -1}], "fault 1: delay_seconds: .* 0"),
        ([{"headers": {"Reset": 5}}], "fault 1: headers: Reset: .* string"),
    ],
)
def test_refuses_a_script_it_cannot_follow(script, message):
    with pytest.raises(BadFault, match=message):
        read_faults(script)


def test_faults_of_other_paths_do_not_hold_up_the_queue():
    script = FaultScript()
    script.extend(read_faults([{"path": "/elsewhere", "status": 500}, {"path": "*", "status": 502}]))

    statuses = [script.take(path=path, number=1).status for path in ("/v1/jobs/search", "/elsewhere", "/elsewhere")]

    assert statuses == [502, 500, None]
