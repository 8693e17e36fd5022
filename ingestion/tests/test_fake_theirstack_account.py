"""The account of the fake TheirStack: key, plan, credits and rate limits, and what it remembers."""

import pytest
import requests

from ingestion.fake_theirstack.conditions import PLANS, RateLimit
from ingestion.tests.fake_server import POSTED, ask, balance, ids, search


@pytest.mark.parametrize("path", ["/v1/jobs/search", "/v0/billing/credit-balance"])
def test_refuses_another_key(start_fake, path):
    theirstack = start_fake()
    method = "POST" if path.endswith("search") else "GET"

    answer = ask(theirstack, method, path, key="another", json=POSTED)

    assert answer.status_code == 401
    assert answer.json()["error"]["title"] == "Unauthorized"


def test_refuses_a_request_without_key(start_fake):
    answer = requests.post(start_fake().url + "/v1/jobs/search", json=POSTED, timeout=5)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "detail", "allowed"),
    [("/v1/jobs", 404, "Not Found", None), ("/v1/jobs/search", 405, "Method Not Allowed", "POST")],
)
def test_does_not_know_other_paths_nor_take_other_methods(theirstack, path, status, detail, allowed):
    answer = ask(theirstack, "GET", path)

    assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert answer.headers.get("Allow") == allowed


@pytest.mark.parametrize(("plan", "largest"), [("free", 25), ("paid", 500)])
def test_a_page_larger_than_the_plan_allows_is_a_premium_function(start_fake, plan, largest):
    theirstack = start_fake(plan=plan)

    allowed, refused = search(theirstack, limit=largest), search(theirstack, limit=largest + 1)

    assert allowed.status_code == 200
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "E-020"


def test_the_free_plan_pages_a_query_five_times(start_fake):
    theirstack = start_fake(plan="free")

    statuses = [search(theirstack, limit=25, page=page).status_code for page in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 403]


def test_every_job_sent_costs_a_credit_each_time(start_fake):
    theirstack = start_fake(credits=1_000)

    for _ in range(2):
        search(theirstack, limit=30)

    assert balance(theirstack).json()["api_credits"] == 1_000
    assert balance(theirstack).json()["used_api_credits"] == 60
    assert theirstack.credits_used == 60


def test_an_empty_page_or_an_error_costs_nothing(start_fake):
    theirstack = start_fake()

    search(theirstack, job_title_or=["no such job"])
    search(theirstack, limit=0)

    assert theirstack.credits_used == 0


def test_a_page_beyond_the_credits_is_cut_and_the_next_refused(start_fake):
    theirstack = start_fake(credits=40)

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


def test_the_fifth_call_within_a_second_is_refused_on_the_paid_plan(start_fake):
    theirstack = start_fake(rate_limited=True)

    answers = [search(theirstack, limit=1) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]
    assert "Retry-After" not in answers[4].headers
    assert answers[4].json()["error"]["title"] == "Too many requests"


def test_tells_all_windows_of_the_free_plan_in_one_order(start_fake):
    answer = search(start_fake(plan="free", rate_limited=True), limit=1)

    assert answer.headers["RateLimit-Limit"] == "4, 10, 50, 400"
    assert answer.headers["RateLimit-Remaining"] == "3, 9, 49, 399"
    assert answer.headers["RateLimit-Reset"] == "1, 60, 3600, 86400"
    assert answer.headers["RateLimit"].startswith('"per-second";r=3;t=1;pk=')
    assert answer.headers["RateLimit-Policy"].endswith('"per-day";q=400;w=86400')


def test_without_rate_limit_there_are_no_headers_of_it(start_fake):
    theirstack = start_fake()

    answers = [search(theirstack, limit=1) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {200}
    assert not [name for name in answers[0].headers if name.lower().startswith("ratelimit")]


def test_asking_for_the_balance_is_not_limited(start_fake):
    theirstack = start_fake(rate_limited=True)

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


def test_remembers_what_was_asked_without_the_key(start_fake):
    theirstack = start_fake(api_key="a-secret-key")

    search(theirstack, limit=3)
    balance(theirstack)

    assert [(asked.number, asked.method, asked.path) for asked in theirstack.requests] == [
        (1, "POST", "/v1/jobs/search"),
        (1, "GET", "/v0/billing/credit-balance"),
    ]
    assert theirstack.requests[0].payload == POSTED | {"limit": 3}
    assert (theirstack.requests[0].status, theirstack.requests[0].rows) == (200, 3)
    assert "a-secret-key" not in repr(theirstack.requests)


def test_a_reset_forgets_requests_credits_and_faults_but_no_jobs(start_fake):
    theirstack = start_fake()
    search(theirstack, limit=3)
    theirstack.script_faults([{"status": 500}])

    theirstack.reset()

    assert theirstack.requests == []
    assert theirstack.credits_used == 0
    assert theirstack.job_count == 200
    assert search(theirstack).status_code == 200


def test_jobs_can_arrive_and_change_while_it_runs(start_fake):
    theirstack = start_fake()
    first, second = search(theirstack, limit=2).json()["data"]

    theirstack.advance(
        jobs=[first | {"job_title": "Changed"}, second | {"id": 5, "discovered_at": "2026-03-20T12:00:00"}]
    )

    assert search(theirstack, job_id_or=[first["id"]]).json()["data"][0]["job_title"] == "Changed"
    assert ids(search(theirstack, discovered_at_gte="2026-03-20T12:00:00Z")) == [5]
    assert theirstack.job_count == 201


def test_keeps_a_connection_open_for_the_next_request(start_fake):
    theirstack = start_fake()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {theirstack.api_key}"

        sockets = []
        for _ in range(3):
            answer = session.post(theirstack.url + "/v1/jobs/search", json=POSTED, stream=True, timeout=5)
            sockets.append(answer.raw._connection.sock.getsockname())
            assert answer.json()["data"]

    assert len(set(sockets)) == 1


def test_listens_on_the_loopback_interface_alone(start_fake):
    assert start_fake().url.startswith("http://127.0.0.1:")
