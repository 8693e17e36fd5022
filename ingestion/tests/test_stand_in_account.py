"""The stand-in's account over HTTP: key, plan, credits, rate limits, and what it answers besides searches."""

from datetime import UTC, date, datetime

import pytest
import requests

from ingestion.stand_in.generator import generate_jobs
from ingestion.stand_in.plan import PLANS, RateLimit
from ingestion.stand_in.server import StandIn

TODAY = date(2026, 3, 20)
ALL = {"posted_at_gte": "2000-01-01"}


@pytest.fixture
def start():
    """Start a stand-in with 200 jobs; what is passed replaces the usual."""
    running = []

    def make(**changes):
        parameters = {
            "jobs": generate_jobs(count=200, seed=1, today=TODAY),
            "clock": lambda: datetime(2026, 3, 20, 12, tzinfo=UTC),
        }
        stand_in = StandIn(**(parameters | changes))
        stand_in.start()
        running.append(stand_in)
        return stand_in

    yield make
    for stand_in in running:
        stand_in.stop()


def ask(stand_in, method, path, *, key=None, **arguments):
    headers = {"Authorization": f"Bearer {stand_in.api_key if key is None else key}"}
    return requests.request(method, stand_in.url + path, headers=headers, timeout=5, **arguments)


def search(stand_in, **filters):
    return ask(stand_in, "POST", "/v1/jobs/search", json=ALL | filters)


def balance(stand_in):
    return ask(stand_in, "GET", "/v0/billing/credit-balance").json()


@pytest.mark.parametrize("path", ["/v1/jobs/search", "/v0/billing/credit-balance", "/v0/catalog/keywords"])
def test_refuses_another_key(start, path):
    stand_in = start()
    method = "POST" if path.endswith("search") else "GET"

    answer = ask(stand_in, method, path, key="another", json=ALL)

    assert answer.status_code == 401
    assert answer.json()["error"]["title"] == "Unauthorized"


def test_refuses_a_request_without_key(start):
    answer = requests.post(start().url + "/v1/jobs/search", json=ALL, timeout=5)

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
    stand_in = start(plan=plan)

    allowed, refused = search(stand_in, limit=largest), search(stand_in, limit=largest + 1)

    assert allowed.status_code == 200
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "E-020"


def test_the_free_plan_pages_a_query_five_times(start):
    stand_in = start(plan="free")

    statuses = [search(stand_in, limit=25, page=page).status_code for page in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 403]


def test_every_job_sent_costs_a_credit_each_time(start):
    stand_in = start(credits=1_000)

    for _ in range(2):
        search(stand_in, limit=30)

    assert balance(stand_in)["api_credits"] == 1_000
    assert balance(stand_in)["used_api_credits"] == 60
    assert stand_in.credits_used == 60


def test_an_empty_page_or_an_error_costs_nothing(start):
    stand_in = start()

    search(stand_in, job_title_or=["no such job"])
    search(stand_in, limit=0)

    assert stand_in.credits_used == 0


def test_a_page_beyond_the_credits_is_cut_and_the_next_refused(start):
    stand_in = start(credits=40)

    pages = [search(stand_in, limit=25, page=page) for page in range(3)]

    assert [page.status_code for page in pages] == [200, 200, 402]
    assert [len(page.json()["data"]) for page in pages[:2]] == [25, 15]
    assert [page.json()["metadata"]["truncated_results"] for page in pages[:2]] == [0, 10]
    assert pages[2].json()["error"]["title"] == "Not enough credits"
    assert balance(stand_in) == {
        "ui_credits": 50,
        "used_ui_credits": 0,
        "api_credits": 40,
        "used_api_credits": 40,
    }


def test_lists_the_technologies_in_use(start):
    stand_in = start()

    body = ask(stand_in, "GET", "/v0/catalog/keywords?limit=3&page=1").json()
    python = ask(stand_in, "GET", "/v0/catalog/keywords?slugs=python").json()["data"]

    assert len(body["data"]) == 3
    assert body["metadata"]["page"] == 1
    assert [(entry["slug"], entry["name"], entry["type"]) for entry in python] == [("python", "Python", "technology")]
    assert python[0]["jobs"] >= python[0]["companies"] > 0


def test_the_fifth_call_within_a_second_is_refused_on_the_paid_plan(start):
    stand_in = start(rate_limited=True)

    answers = [search(stand_in, limit=1) for _ in range(5)]

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
    stand_in = start()

    answers = [search(stand_in, limit=1) for _ in range(12)]

    assert {answer.status_code for answer in answers} == {200}
    assert not [name for name in answers[0].headers if name.lower().startswith("ratelimit")]


def test_asking_for_the_balance_is_not_limited(start):
    stand_in = start(rate_limited=True)

    assert [balance(stand_in)["used_api_credits"] for _ in range(8)] == [0] * 8


def test_a_window_has_room_again_when_its_calls_have_left_it():
    limit = RateLimit(PLANS["paid"].windows)

    admitted = [limit.admit(moment) for moment in (0.0, 0.1, 0.2, 0.3, 1.05, 1.06)]

    assert admitted == [True, True, True, True, True, False]


def test_a_refused_call_counts_and_the_reset_says_when_to_come_back():
    limit = RateLimit(PLANS["paid"].windows)
    for moment in (0.0, 0.1, 0.2, 0.3, 0.9):
        limit.admit(moment)

    headers = limit.headers(0.95)

    assert (headers["RateLimit-Remaining"], headers["RateLimit-Reset"]) == ("0", "1")
    assert not limit.admit(1.05)


def test_remembers_what_was_asked_without_the_key(start):
    stand_in = start(api_key="a-secret-key")

    search(stand_in, limit=3)
    balance(stand_in)
    told = requests.get(stand_in.url + "/stand-in/requests", timeout=5)

    assert [(asked.number, asked.method, asked.path) for asked in stand_in.requests] == [
        (1, "POST", "/v1/jobs/search"),
        (1, "GET", "/v0/billing/credit-balance"),
    ]
    assert stand_in.requests[0].payload == ALL | {"limit": 3}
    assert (stand_in.requests[0].status, stand_in.requests[0].rows) == (200, 3)
    assert [asked["payload"] for asked in told.json()["requests"]] == [ALL | {"limit": 3}, None]
    assert "a-secret-key" not in told.text


def test_a_reset_forgets_requests_credits_and_faults_but_no_jobs(start):
    stand_in = start()
    search(stand_in, limit=3)
    stand_in.script_faults([{"status": 500}])

    requests.post(stand_in.url + "/stand-in/reset", timeout=5)

    assert stand_in.requests == []
    assert stand_in.credits_used == 0
    assert stand_in.job_count == 200
    assert search(stand_in).status_code == 200


def test_jobs_that_arrive_later_are_found_by_when_they_were_discovered(start):
    stand_in = start()
    earlier = {row["id"] for row in search(stand_in, limit=500).json()["data"]}

    told = requests.post(stand_in.url + "/stand-in/advance", json={"new": 3}, timeout=5)
    stand_in.advance(new=2)
    found = search(stand_in, discovered_at_gte="2026-03-20T12:00:00Z").json()["data"]

    assert told.json() == {"new": 3, "jobs": 0, "closed": 0}
    assert len(found) == 5
    assert not {row["id"] for row in found} & earlier
    assert stand_in.job_count == 205


def test_jobs_can_be_given_changed_and_closed_while_it_runs(start):
    stand_in = start()
    first, second = search(stand_in, limit=2).json()["data"]

    done = stand_in.advance(jobs=[first | {"job_title": "Changed"}], close=[second["id"], 5])

    assert done == {"new": 0, "jobs": 1, "closed": 1}
    rows = search(stand_in, job_id_or=[first["id"], second["id"]]).json()["data"]
    assert {row["id"]: row["job_title"] for row in rows}[first["id"]] == "Changed"
    assert {row["id"]: row.get("closed_at") for row in rows}[second["id"]] == "2026-03-20T12:00:00"


@pytest.mark.parametrize("body", ["{", '{"news": 1}', '{"jobs": [{"id": "x"}]}', '{"new": "many"}', "[]"])
def test_says_what_is_wrong_with_a_request_to_advance(start, body):
    answer = requests.post(start().url + "/stand-in/advance", data=body, timeout=5)

    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_keeps_a_connection_open_for_the_next_request(start):
    stand_in = start()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {stand_in.api_key}"

        sockets = []
        for _ in range(3):
            answer = session.post(stand_in.url + "/v1/jobs/search", json=ALL, stream=True, timeout=5)
            sockets.append(answer.raw._connection.sock.getsockname())
            assert answer.json()["data"]

    assert len(set(sockets)) == 1


def test_listens_on_the_loopback_interface_alone(start):
    assert start().url.startswith("http://127.0.0.1:")
