"""Faults that tests inject into the fake TheirStack."""

import time

import pytest
import requests

from ingestion.sources.theirstack.fake.conditions import BadFault, FaultScript, read_faults
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from ingestion.tests.fake_server import get_balance, get_ids, search


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        ([{"status": 503}, {"status": 500, "next": 2}], [503, 500, 500, 200]),
        ([{"at": 3, "status": 502}], [200, 200, 502, 200]),
    ],
)
def test_a_fault_affects_only_the_next_request_by_default(theirstack, faults, statuses):
    theirstack.script_faults(faults)

    assert [search(theirstack).status_code for _ in range(4)] == statuses


def test_a_fault_can_affect_another_path(theirstack):
    theirstack.script_faults([{"path": "/v0/billing/credit-balance", "status": 500}])

    assert (search(theirstack).status_code, get_balance(theirstack).status_code) == (200, 500)


def test_an_error_status_has_the_documented_body_and_costs_nothing(theirstack):
    theirstack.script_faults([{"status": 429}])

    response = search(theirstack)

    assert response.json()["error"]["title"] == "Too many requests"
    assert theirstack.credits_used == 0


@pytest.mark.parametrize(("body", "text"), [({"why": "so"}, '{"why":"so"}'), ("plain words", "plain words")])
def test_an_error_status_can_have_any_body(theirstack, body, text):
    theirstack.script_faults([{"status": 500, "body": body}])

    assert search(theirstack).text == text


def test_sets_the_scripted_headers(theirstack):
    theirstack.script_faults([{"status": 429, "headers": {"RateLimit-Remaining": "0, 4", "RateLimit-Reset": "1, 50"}}])

    response = search(theirstack)

    assert response.headers["RateLimit-Remaining"] == "0, 4"


def test_a_delayed_response_is_late_but_complete(theirstack):
    theirstack.script_faults([{"delay_seconds": 0.3}])
    started = time.monotonic()

    response = search(theirstack)

    assert time.monotonic() - started >= 0.3
    assert len(get_ids(response)) == 25


def test_a_delay_can_exceed_the_timeout_of_the_client(theirstack):
    theirstack.script_faults([{"delay_seconds": 30}])

    with pytest.raises(requests.ReadTimeout):
        search(theirstack, timeout=0.2)


def test_stops_immediately_while_a_response_is_delayed():
    with FakeTheirStack() as theirstack:
        theirstack.script_faults([{"delay_seconds": 60}])
        with pytest.raises(requests.ReadTimeout):
            search(theirstack, timeout=0.2)
        started = time.monotonic()

    assert time.monotonic() - started < 30


def test_a_cut_off_response_is_shorter_than_its_content_length(theirstack):
    theirstack.script_faults([{"cut_off": True}])

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        search(theirstack)

    assert search(theirstack).status_code == 200


def test_a_page_can_be_invalid_json(theirstack):
    theirstack.script_faults([{"not_json": True}])

    response = search(theirstack)

    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_records_a_dropped_connection_without_a_status(theirstack):
    theirstack.script_faults([{"drop": True}])

    with pytest.raises(requests.ConnectionError):
        search(theirstack)

    assert [request.status for request in theirstack.requests] == [None]


def test_a_page_can_repeat_rows(theirstack):
    unchanged = get_ids(search(theirstack))
    theirstack.script_faults([{"duplicate_rows": 3}])

    assert get_ids(search(theirstack)) == unchanged + unchanged[:3]


def test_a_row_can_be_malformed(theirstack):
    theirstack.script_faults([{"malformed_row": True}, {"malformed_row": "not even an object"}])

    first, second = (search(theirstack).json()["data"] for _ in range(2))

    assert (first[0]["job_title"], len(first)) == (None, 26)
    assert second[0] == "not even an object"


def test_a_row_can_be_a_preview(theirstack):
    theirstack.script_faults([{"blurred_row": True}])

    rows = search(theirstack).json()["data"]

    assert [row["has_blurred_data"] for row in rows] == [True] + [False] * 25
    assert rows[0]["company"] == "***"


def test_a_page_can_repeat_the_previous_one(theirstack):
    first = get_ids(search(theirstack, page=0))
    theirstack.script_faults([{"repeat_page": True}])

    repeated, following = get_ids(search(theirstack, page=1)), get_ids(search(theirstack, page=2))

    assert repeated == first
    assert not set(following) & set(first)


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
def test_rejects_an_invalid_script(script, message):
    with pytest.raises(BadFault, match=message):
        read_faults(script)


def test_faults_of_other_paths_do_not_block_the_queue():
    script = FaultScript()
    script.extend(read_faults([{"path": "/elsewhere", "status": 500}, {"path": "*", "status": 502}]))

    statuses = [script.take(path=path, number=1).status for path in ("/v1/jobs/search", "/elsewhere", "/elsewhere")]

    assert statuses == [502, 500, None]
