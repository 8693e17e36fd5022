"""The TheirStack client: requests, responses, errors and configuration."""

import copy
import hashlib
import json

import pytest
import requests

from ingestion.sources.theirstack.client import CreditBalance, build_client
from ingestion.sources.theirstack.errors import (
    TheirStackAuthenticationError,
    TheirStackClientError,
    TheirStackConfigurationError,
    TheirStackInvalidRequestError,
    TheirStackOutOfCreditsError,
    TheirStackPlanLimitError,
    TheirStackRetryableError,
    TheirStackUnexpectedAnswerError,
)
from ingestion.tests.scripted_server import KEY, RECENT, Reply

ERROR = {"request_id": "r-1", "error": {"code": "E-007", "title": "Bad value", "description": "limit is odd"}}


def _build_error_body(code):
    return {"request_id": None, "error": {"code": code, "title": "Premium functionality limitation"}}


def test_posts_a_search_and_returns_its_jobs(server, connect):
    server.reply_with(Reply(body={"data": [{"id": 1}, {"id": 2}], "metadata": {"total_results": 2034}}))

    page = connect(user_agent="career-navigator/1.2").search_jobs(RECENT)

    assert page.jobs == [{"id": 1}, {"id": 2}]
    assert (page.total_results, page.truncated_results, page.attempts) == (2034, 0, 1)
    request = server.received[0]
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/v1/jobs/search", RECENT)
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"] == "career-navigator/1.2"
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"total_results": None, "truncated_results": 4}, (None, 4)),
        ({}, (None, 0)),
        ({"total_results": 7.0}, (7, 0)),
        ({"total_results": True, "truncated_results": "4"}, (None, 0)),
        (None, (None, 0)),
        ([], (None, 0)),
    ],
)
def test_accepts_missing_totals(server, connect, metadata, expected):
    server.reply_with(Reply(body={"data": [], "metadata": metadata}))

    page = connect().search_jobs(RECENT)

    assert (page.total_results, page.truncated_results) == expected


@pytest.mark.parametrize("payload", [{}, {"limit": 5}, {"discovered_at_gte": "2026-01-01"}, {"posted_at_gte": None}])
def test_rejects_a_search_without_a_posted_filter_before_sending_it(server, connect, payload):
    with pytest.raises(TheirStackInvalidRequestError) as caught:
        connect().search_jobs(payload)

    assert caught.value.reason == "no_posted_at_filter"
    assert server.received == []


@pytest.mark.parametrize("name", ["posted_at_max_age_days", "posted_at_gte", "posted_at_lte"])
def test_sends_a_search_with_any_posted_filter(server, connect, name):
    server.reply_with(Reply(body={"data": []}))

    connect().search_jobs({name: 0})

    assert json.loads(server.received[0].body) == {name: 0}


def test_computes_the_remaining_credits(server, connect):
    balance_body = {"ui_credits": 50, "used_ui_credits": 0, "api_credits": 200, "used_api_credits": 6}
    server.reply_with(Reply(body=balance_body))

    balance = connect().get_credit_balance()

    assert balance == CreditBalance(total=200, used=6)
    assert balance.remaining == 194
    assert (server.received[0].method, server.received[0].path) == ("GET", "/v0/billing/credit-balance")


@pytest.mark.parametrize("body", [{}, {"api_credits": 200}, {"api_credits": "200", "used_api_credits": 1}])
def test_rejects_an_incomplete_balance(server, connect, body):
    server.reply_with(Reply(body=body))

    with pytest.raises(TheirStackUnexpectedAnswerError):
        connect().get_credit_balance()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason", "code"),
    [
        (400, ERROR, TheirStackInvalidRequestError, "invalid_request", "E-007"),
        (401, None, TheirStackAuthenticationError, "bad_key", None),
        (401, b"", TheirStackAuthenticationError, "bad_key", None),
        (402, _build_error_body("E-033"), TheirStackOutOfCreditsError, "out_of_credits", "E-033"),
        (403, _build_error_body("E-020"), TheirStackPlanLimitError, "plan_limit", "E-020"),
        (403, _build_error_body("E-001"), TheirStackAuthenticationError, "forbidden", "E-001"),
        (403, b"<html>denied</html>", TheirStackAuthenticationError, "forbidden", None),
        (404, None, TheirStackClientError, "not_found", None),
        (405, [], TheirStackClientError, "unexpected_status", None),
        (204, b"", TheirStackClientError, "unexpected_status", None),
        (422, ERROR, TheirStackInvalidRequestError, "invalid_request", "E-007"),
        (422, {"detail": "nope"}, TheirStackInvalidRequestError, "invalid_request", None),
    ],
)
def test_raises_a_named_error_without_a_retry(server, connect, scripted_clock, status, body, kind, reason, code):
    server.reply_with(Reply(status=status, body=body))

    with pytest.raises(TheirStackClientError) as caught:
        connect().search_jobs(RECENT)

    assert type(caught.value) is kind
    assert (caught.value.reason, caught.value.status, caught.value.code) == (reason, status, code)
    assert len(server.received) == 1
    assert scripted_clock.sleeps == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (ERROR, "TheirStack returned status 422: E-007 Bad value: limit is odd"),
        (
            {"detail": [{"loc": ["body", "limit"], "msg": "not a number", "type": "int"}, {"msg": "worse"}, 3]},
            "TheirStack returned status 422: body.limit: not a number; worse",
        ),
        ({"detail": "no filter"}, "TheirStack returned status 422: no filter"),
        ({"detail": {"a": 1}}, "TheirStack returned status 422"),
        ({"error": "text", "detail": None}, "TheirStack returned status 422"),
        ({"error": {"code": 5, "title": None, "description": ["x"]}}, "TheirStack returned status 422"),
        ({"error": {"title": "two\nlines\x00"}}, "TheirStack returned status 422: two lines"),
        ("text", "TheirStack returned status 422"),
        (b"[" * 100_000, "TheirStack returned status 422"),
    ],
)
def test_includes_the_explanation_of_the_response(server, connect, body, message):
    server.reply_with(Reply(status=422, body=body))

    with pytest.raises(TheirStackInvalidRequestError) as caught:
        connect().search_jobs(RECENT)

    assert str(caught.value) == message


def test_keeps_the_request_id_of_an_error(server, connect):
    server.reply_with(Reply(status=400, body=ERROR))

    with pytest.raises(TheirStackInvalidRequestError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.request_id == "r-1"


def test_follows_no_redirect_with_the_key(server, connect):
    server.reply_with(
        Reply(status=307, headers={"Location": f"{server.url}/elsewhere"}),
        Reply(body={"data": []}),
    )

    with pytest.raises(TheirStackClientError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "redirected"
    assert len(server.received) == 1


@pytest.mark.parametrize("body", [[], 5, "jobs", {}, {"data": None}, {"data": {"id": 1}}, {"jobs": []}])
def test_rejects_an_undocumented_response_without_a_retry(server, connect, body):
    server.reply_with(Reply(body=body), Reply(body={"data": []}))

    with pytest.raises(TheirStackUnexpectedAnswerError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "unexpected_answer"
    assert len(server.received) == 1


def test_reads_a_page_with_a_broken_character_and_half_a_surrogate_pair(server, connect):
    server.reply_with(Reply(body=b'\xef\xbb\xbf{"data": [{"id": 1, "job_title": "\xff \\ud83d"}]}'))

    page = connect().search_jobs(RECENT)

    assert page.jobs == [{"id": 1, "job_title": "\ufffd \ud83d"}]


@pytest.mark.parametrize(
    ("changes", "reason", "variable"),
    [
        ({"api_key": ""}, "no_api_key", "THEIR_STACK_API_KEY"),
        ({"api_key": "two words"}, "bad_api_key", "THEIR_STACK_API_KEY"),
        ({"api_key": "newline\n"}, "bad_api_key", "THEIR_STACK_API_KEY"),
        ({"api_key": "schlüssel"}, "bad_api_key", "THEIR_STACK_API_KEY"),
        ({"base_url": ""}, "bad_base_url", "THEIR_STACK_BASE_URL"),
        ({"base_url": "ftp://host"}, "bad_base_url", "THEIR_STACK_BASE_URL"),
        ({"base_url": "https://user:word@host"}, "bad_base_url", "THEIR_STACK_BASE_URL"),
        ({"base_url": "https://host/?key=1"}, "bad_base_url", "THEIR_STACK_BASE_URL"),
        ({"base_url": "https://[bad"}, "bad_base_url", "THEIR_STACK_BASE_URL"),
        ({"base_url": "https://host:port"}, "bad_base_url", "THEIR_STACK_BASE_URL"),
    ],
)
def test_names_an_invalid_setting_without_its_value(connect, changes, reason, variable):
    with pytest.raises(TheirStackConfigurationError) as caught:
        connect(**changes)

    assert caught.value.reason == reason
    assert variable in str(caught.value)
    assert not any(value and value.strip() in str(caught.value) for value in changes.values())


def test_leaves_a_session_that_was_passed_in_open(server, connect):
    closed = []

    class Session(requests.Session):
        def close(self):
            closed.append(self)

    with connect(session=Session()):
        pass

    assert closed == []


def test_builds_the_client_from_the_settings(server, valkey, settings, monkeypatch):
    settings.THEIR_STACK_API_KEY = KEY
    settings.THEIR_STACK_BASE_URL = server.url + "/"
    settings.APP_NAME = "Career Navigator ü API"
    settings.APP_VERSION = "1.4.0"
    monkeypatch.setattr("ingestion.sources.theirstack.client.redis_client", lambda: valkey)
    server.reply_with(Reply(body={"api_credits": 5, "used_api_credits": 2}))

    with build_client() as client:
        balance = client.get_credit_balance()

    assert balance.remaining == 3
    assert server.received[0].path == "/v0/billing/credit-balance"
    assert server.received[0].headers["User-Agent"] == "Career-Navigator-API/1.4.0"
    fingerprint = hashlib.sha256(f"{server.url}/ {KEY}".encode()).hexdigest()[:12]
    assert any(fingerprint.encode() in key for key in valkey.scan_iter())


def test_requires_a_key_in_the_settings(valkey, settings, monkeypatch):
    settings.THEIR_STACK_API_KEY = ""
    monkeypatch.setattr("ingestion.sources.theirstack.client.redis_client", lambda: valkey)

    with pytest.raises(TheirStackConfigurationError, match="THEIR_STACK_API_KEY"):
        build_client()


def test_every_error_is_a_client_error():
    for kind in (TheirStackAuthenticationError, TheirStackRetryableError, TheirStackOutOfCreditsError):
        assert issubclass(kind, TheirStackClientError)
    assert not issubclass(TheirStackPlanLimitError, TheirStackAuthenticationError)


def test_an_error_survives_pickling():
    error = TheirStackRetryableError("rate_limited", "Wait.", retry_after_seconds=90, status=429, request_id="r-1")

    copied = copy.copy(error)  # uses the same protocol as pickling

    assert type(copied) is TheirStackRetryableError
    assert str(copied) == "Wait."
    assert vars(copied) == vars(error)
