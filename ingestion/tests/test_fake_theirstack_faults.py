"""The faults that the fake TheirStack makes on request."""

import time

import pytest
import requests

from ingestion.fake_theirstack.conditions import BadFault, FaultScript, read_faults
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.tests.fake_server import balance, ids, search


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        ([{"status": 503}, {"status": 500, "next": 2}], [503, 500, 500, 200]),
        ([{"at": 3, "status": 502}], [200, 200, 502, 200]),
    ],
)
def test_a_fault_is_for_the_next_request_alone_unless_it_names_others(theirstack, faults, statuses):
    theirstack.script_faults(faults)

    assert [search(theirstack).status_code for _ in range(4)] == statuses


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
        ([{"status": 200}], "requires a body"),
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
