"""Misbehaviour on request, over HTTP."""

import time

import pytest
import requests

from ingestion.stand_in.faults import BadFault, Script, parse_faults, read_faults
from ingestion.stand_in.generator import generate_jobs
from ingestion.stand_in.server import StandIn, utc_now

SEARCH = {"posted_at_gte": "2000-01-01", "limit": 10}


@pytest.fixture
def stand_in():
    with StandIn(jobs=generate_jobs(count=60, seed=1, today=utc_now().date())) as running:
        yield running


def search(stand_in, *, timeout=5, **changes):
    return requests.post(
        stand_in.url + "/v1/jobs/search",
        json=SEARCH | changes,
        headers={"Authorization": f"Bearer {stand_in.api_key}"},
        timeout=timeout,
    )


def ids(answer):
    return [row.get("id") for row in answer.json()["data"]]


def test_a_fault_is_for_the_next_request_alone_unless_it_says_more(stand_in):
    stand_in.script_faults([{"status": 503}, {"status": 500, "next": 2}])

    assert [search(stand_in).status_code for _ in range(4)] == [503, 500, 500, 200]


def test_a_fault_can_wait_for_the_request_with_its_number(stand_in):
    stand_in.script_faults([{"at": 3, "status": 502}])

    assert [search(stand_in).status_code for _ in range(4)] == [200, 200, 502, 200]


def test_a_fault_can_be_for_another_path(stand_in):
    stand_in.script_faults([{"path": "/v0/billing/credit-balance", "status": 500}])
    key = {"Authorization": f"Bearer {stand_in.api_key}"}

    searched = search(stand_in)
    balance = requests.get(stand_in.url + "/v0/billing/credit-balance", headers=key, timeout=5)

    assert (searched.status_code, balance.status_code) == (200, 500)


def test_a_status_comes_with_the_documented_body_and_costs_nothing(stand_in):
    stand_in.script_faults([{"status": 429}])

    answer = search(stand_in)

    assert answer.json()["error"]["title"] == "Too many requests"
    assert stand_in.credits_used == 0


@pytest.mark.parametrize(("body", "text"), [({"why": "so"}, '{"why":"so"}'), ("plain words", "plain words")])
def test_a_status_can_come_with_any_body(stand_in, body, text):
    stand_in.script_faults([{"status": 500, "body": body}])

    assert search(stand_in).text == text


def test_headers_are_as_the_script_says(stand_in):
    stand_in.script_faults([{"status": 429, "headers": {"RateLimit-Remaining": "0, 4", "RateLimit-Reset": "1, 50"}}])

    answer = search(stand_in)

    assert answer.headers["RateLimit-Remaining"] == "0, 4"


def test_a_delayed_answer_is_late_but_whole(stand_in):
    stand_in.script_faults([{"delay_seconds": 0.3}])
    begun = time.monotonic()

    answer = search(stand_in)

    assert time.monotonic() - begun >= 0.3
    assert len(ids(answer)) == 10


def test_a_delay_outlasts_the_clients_patience(stand_in):
    stand_in.script_faults([{"delay_seconds": 30}])

    with pytest.raises(requests.ReadTimeout):
        search(stand_in, timeout=0.2)


def test_stops_at_once_while_an_answer_is_delayed():
    with StandIn() as stand_in:
        stand_in.script_faults([{"delay_seconds": 60}])
        with pytest.raises(requests.ReadTimeout):
            search(stand_in, timeout=0.2)
        begun = time.monotonic()

    assert time.monotonic() - begun < 30


def test_a_cut_off_answer_ends_before_its_length(stand_in):
    stand_in.script_faults([{"cut_off": True}])

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        search(stand_in)

    assert search(stand_in).status_code == 200


def test_a_page_can_be_no_json(stand_in):
    stand_in.script_faults([{"not_json": True}])

    answer = search(stand_in)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_dropped_connection_has_no_answer_but_is_remembered(stand_in):
    stand_in.script_faults([{"drop": True}])

    with pytest.raises(requests.ConnectionError):
        search(stand_in)

    assert [asked.status for asked in stand_in.requests] == [None]


def test_rows_can_come_twice_in_a_page(stand_in):
    whole = ids(search(stand_in))
    stand_in.script_faults([{"duplicate_rows": 3}])

    assert ids(search(stand_in)) == whole + whole[:3]


def test_a_row_can_be_no_job(stand_in):
    stand_in.script_faults([{"malformed_row": True}, {"malformed_row": "not even an object"}])

    first, second = (search(stand_in).json()["data"] for _ in range(2))

    assert (first[0]["job_title"], len(first)) == (None, 11)
    assert second[0] == "not even an object"


def test_a_row_can_be_a_preview(stand_in):
    stand_in.script_faults([{"blurred_row": True}])

    rows = search(stand_in).json()["data"]

    assert [row["has_blurred_data"] for row in rows] == [True] + [False] * 10
    assert rows[0]["company"] == "***"


def test_a_page_can_repeat_the_one_before(stand_in):
    first = ids(search(stand_in, page=0))
    stand_in.script_faults([{"repeat_page": True}])

    repeated, next_one = ids(search(stand_in, page=1)), ids(search(stand_in, page=2))

    assert repeated == first
    assert not set(next_one) & set(first)


def test_faults_can_be_put_in_place_of_others_while_it_runs(stand_in):
    stand_in.script_faults([{"status": 500}])

    told = requests.put(stand_in.url + "/stand-in/faults", json=[{"status": 502}, {"status": 503}], timeout=5)

    assert told.json() == {"faults": 2}
    assert [search(stand_in).status_code for _ in range(3)] == [502, 503, 200]


def test_says_what_is_wrong_with_faults_put_while_it_runs(stand_in):
    answer = requests.put(stand_in.url + "/stand-in/faults", json=[{"stattus": 502}], timeout=5)

    assert (answer.status_code, answer.json()) == (400, {"detail": "fault 1: there is no field 'stattus'"})


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({}, "list of objects"),
        ([7], "fault 1: an object"),
        ([{}, {"status": "500"}], "fault 2: status cannot be '500'"),
        ([{"status": 99}], "between 200 and 599"),
        ([{"status": 200}], "needs a body"),
        ([{"at": 0}], "at begins at 1"),
        ([{"next": True}], "next cannot be True"),
        ([{"delay_seconds": -1}], "not negative"),
        ([{"headers": {"Reset": 5}}], "headers are texts"),
    ],
)
def test_refuses_a_script_it_cannot_follow(script, message):
    with pytest.raises(BadFault, match=message):
        read_faults(script)


def test_refuses_a_script_that_is_no_json():
    with pytest.raises(BadFault, match="JSON"):
        parse_faults(b"[{]")


def test_faults_of_other_paths_do_not_hold_up_the_queue():
    script = Script()
    script.extend(read_faults([{"path": "/elsewhere", "status": 500}, {"path": "*", "status": 502}]))

    assert script.take(path="/v1/jobs/search", number=1).status == 502
    assert script.take(path="/elsewhere", number=1).status == 500
    assert len(script) == 0
