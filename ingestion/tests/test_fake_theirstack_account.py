"""The account of the fake TheirStack: key, plan, credits, rate limits and recorded requests."""

from typing import Any

import pytest
import requests

from ingestion.sources.theirstack.fake.conditions import PLANS, RateLimit
from ingestion.tests.fake_server import POSTED, get_balance, get_ids, search, send_request


@pytest.mark.parametrize("path", ["/v1/jobs/search", "/v0/billing/credit-balance"])
def test_rejects_another_key(start_fake, path):
    theirstack = start_fake()
    method = "POST" if path.endswith("search") else "GET"

    response = send_request(theirstack, method, path, key="another", json=POSTED)

    assert response.status_code == 401
    assert response.json()["error"]["title"] == "Unauthorized"


def test_rejects_a_request_without_a_key(start_fake):
    response = requests.post(start_fake().url + "/v1/jobs/search", json=POSTED, timeout=5)

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "detail", "allowed"),
    [("/v1/jobs", 404, "Not Found", None), ("/v1/jobs/search", 405, "Method Not Allowed", "POST")],
)
def test_rejects_other_paths_and_methods(theirstack, path, status, detail, allowed):
    response = send_request(theirstack, "GET", path)

    assert (response.status_code, response.json()) == (status, {"detail": detail})
    assert response.headers.get("Allow") == allowed


@pytest.mark.parametrize(("plan", "max_limit"), [("free", 25), ("paid", 500)])
def test_rejects_a_page_larger_than_the_plan_allows(start_fake, plan, max_limit):
    theirstack = start_fake(plan=plan)

    allowed, rejected = search(theirstack, limit=max_limit), search(theirstack, limit=max_limit + 1)

    assert allowed.status_code == 200
    assert rejected.status_code == 403
    assert rejected.json()["error"]["code"] == "E-020"


def test_the_free_plan_allows_five_pages_per_query(start_fake):
    theirstack = start_fake(plan="free")

    statuses = [search(theirstack, limit=25, page=page).status_code for page in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 403]


def test_every_job_sent_costs_a_credit_each_time(start_fake):
    theirstack = start_fake(credits=1_000)

    for _ in range(2):
        search(theirstack, limit=30)

    assert get_balance(theirstack).json()["api_credits"] == 1_000
    assert get_balance(theirstack).json()["used_api_credits"] == 60
    assert theirstack.credits_used == 60


def test_an_empty_page_or_an_error_costs_nothing(start_fake):
    theirstack = start_fake()

    search(theirstack, job_title_or=["no such job"])
    search(theirstack, limit=0)

    assert theirstack.credits_used == 0


def test_truncates_a_page_at_the_credits_left_and_rejects_the_next(start_fake):
    theirstack = start_fake(credits=40)

    pages = [search(theirstack, limit=25, page=page) for page in range(3)]

    assert [page.status_code for page in pages] == [200, 200, 402]
    assert [len(page.json()["data"]) for page in pages[:2]] == [25, 15]
    assert [page.json()["metadata"]["truncated_results"] for page in pages[:2]] == [0, 10]
    assert pages[2].json()["error"]["title"] == "Not enough credits"
    assert get_balance(theirstack).json() == {
        "ui_credits": 50,
        "used_ui_credits": 0,
        "api_credits": 40,
        "used_api_credits": 40,
    }


def test_rejects_the_fifth_call_within_a_second_on_the_paid_plan(start_fake):
    theirstack = start_fake(rate_limited=True)

    responses = [search(theirstack, limit=1) for _ in range(5)]

    assert [response.status_code for response in responses] == [200, 200, 200, 200, 429]
    assert [response.headers["RateLimit-Remaining"] for response in responses] == ["3", "2", "1", "0", "0"]
    assert "Retry-After" not in responses[4].headers
    assert responses[4].json()["error"]["title"] == "Too many requests"


def test_lists_all_windows_of_the_free_plan_in_the_same_order(start_fake):
    response = search(start_fake(plan="free", rate_limited=True), limit=1)

    assert response.headers["RateLimit-Limit"] == "4, 10, 50, 400"
    assert response.headers["RateLimit-Remaining"] == "3, 9, 49, 399"
    assert response.headers["RateLimit-Reset"] == "1, 60, 3600, 86400"
    assert response.headers["RateLimit"].startswith('"per-second";r=3;t=1;pk=')
    assert response.headers["RateLimit-Policy"].endswith('"per-day";q=400;w=86400')


def test_sends_no_rate_limit_headers_without_a_rate_limit(start_fake):
    theirstack = start_fake()

    responses = [search(theirstack, limit=1) for _ in range(12)]

    assert {response.status_code for response in responses} == {200}
    assert not [name for name in responses[0].headers if name.lower().startswith("ratelimit")]


def test_balance_requests_are_not_rate_limited(start_fake):
    theirstack = start_fake(rate_limited=True)

    assert [get_balance(theirstack).json()["used_api_credits"] for _ in range(8)] == [0] * 8


def test_a_window_has_room_again_after_its_calls_expire():
    limit = RateLimit(PLANS["paid"].windows)

    admitted = [limit.hit(moment) for moment in (0.0, 0.1, 0.2, 0.3, 1.05, 1.06)]

    assert admitted == [True, True, True, True, True, False]


def test_a_rejected_call_counts_towards_its_window():
    limit = RateLimit(PLANS["paid"].windows)
    for moment in (0.0, 0.1, 0.2, 0.3, 0.9):
        limit.hit(moment)

    headers = limit.get_headers(0.95)

    assert (headers["RateLimit-Remaining"], headers["RateLimit-Reset"]) == ("0", "1")
    assert not limit.hit(1.05)


def test_records_requests_without_the_key(start_fake):
    theirstack = start_fake(api_key="a-secret-key")

    search(theirstack, limit=3)
    get_balance(theirstack)

    assert [(request.number, request.method, request.path) for request in theirstack.requests] == [
        (1, "POST", "/v1/jobs/search"),
        (1, "GET", "/v0/billing/credit-balance"),
    ]
    assert theirstack.requests[0].payload == POSTED | {"limit": 3}
    assert (theirstack.requests[0].status, theirstack.requests[0].rows) == (200, 3)
    assert "a-secret-key" not in repr(theirstack.requests)


def test_reset_clears_requests_credits_and_faults_but_not_jobs(start_fake):
    theirstack = start_fake()
    search(theirstack, limit=3)
    theirstack.script_faults([{"status": 500}])

    theirstack.reset()

    assert theirstack.requests == []
    assert theirstack.credits_used == 0
    assert theirstack.job_count == 200
    assert search(theirstack).status_code == 200


def test_adds_and_replaces_jobs_while_running(start_fake):
    theirstack = start_fake()
    first, second = search(theirstack, limit=2).json()["data"]

    theirstack.advance(
        jobs=[first | {"job_title": "Changed"}, second | {"id": 5, "discovered_at": "2026-03-20T12:00:00"}]
    )

    assert search(theirstack, job_id_or=[first["id"]]).json()["data"][0]["job_title"] == "Changed"
    assert get_ids(search(theirstack, discovered_at_gte="2026-03-20T12:00:00Z")) == [5]
    assert theirstack.job_count == 201


def test_keeps_a_connection_open_for_the_next_request(start_fake):
    theirstack = start_fake()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {theirstack.api_key}"

        sockets = []
        for _ in range(3):
            response = session.post(theirstack.url + "/v1/jobs/search", json=POSTED, stream=True, timeout=5)
            connection: Any = response.raw._connection
            sockets.append(connection.sock.getsockname())
            assert response.json()["data"]

    assert len(set(sockets)) == 1


def test_listens_only_on_the_loopback_interface(start_fake):
    assert start_fake().url.startswith("http://127.0.0.1:")
