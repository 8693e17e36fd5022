"""Tests of error responses: their shape and status, and that they reveal no internals."""

import json
import logging
from typing import Any

import kombu.exceptions
import mongoengine
import pymongo.errors
import pytest
import redis.exceptions
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from career_navigator.api.exceptions import to_problem
from career_navigator.api.fields import BoundedInteger
from career_navigator.api.routers import route
from career_navigator.api.serializers import QuerySerializer
from career_navigator.db.connection import find_duplicate_key_indexes
from career_navigator.urls import handler400, handler403, handler404, handler500
from career_navigator.urls import urlpatterns as project_urls
from market.documents import JobPostingDocument

__all__ = ["handler400", "handler403", "handler404", "handler500"]


class _Query(QuerySerializer):
    limit = BoundedInteger(minimum=1, maximum=100, default=20)
    offset = BoundedInteger(minimum=0, maximum=10_000, default=0)
    days = BoundedInteger(minimum=1, maximum=365, default=30)


class _Body(serializers.Serializer[Any]):
    email = serializers.EmailField()
    skills = serializers.ListField(child=serializers.CharField(max_length=5), required=False)


class _QueryView(APIView):
    permission_classes = []

    def get(self, request: Request) -> Response:
        return Response(_Query.read(request))

    def post(self, request: Request) -> Response:
        body = _Body(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data)


class _RaisingView(APIView):
    permission_classes = []

    def get(self, request: Request, name: str) -> Response:
        raise FAILURES[name]


def _raise_outside_of_drf(request: HttpRequest, name: str) -> HttpResponse:
    raise FAILURES[name]


class _PostingView(APIView):
    permission_classes = []

    def get(self, request: Request, posting_id: str) -> Response:
        return Response({"id": JobPostingDocument.objects.get(id=posting_id).id})


def _wrapped(cause: BaseException) -> Exception:
    error = DatabaseError("wrapped")
    error.__cause__ = cause
    return error


FAILURES: dict[str, Exception] = {
    "bug": ZeroDivisionError("the secret inside"),
    "mongodb": pymongo.errors.ServerSelectionTimeoutError("mongo.internal:27017 refused"),
    "mongodb-slow": pymongo.errors.ExecutionTimeout("operation exceeded time limit"),
    "mongodb-wrapped": _wrapped(pymongo.errors.AutoReconnect("closed")),
    "redis": redis.exceptions.ConnectionError("redis.internal:6379 refused"),
    "redis-slow": redis.exceptions.TimeoutError("timed out"),
    "queue": kombu.exceptions.OperationalError("refused"),
    "no-token": exceptions.NotAuthenticated(),
    "bad-token": exceptions.AuthenticationFailed({"detail": "Token is expired.", "code": "token_not_valid"}),
    "forbidden": exceptions.PermissionDenied(),
    "throttled": exceptions.Throttled(wait=4.2),
    "missing": Http404(),
    "object": exceptions.NotFound({"message": "No data.", "alternatives": ["a"]}),
    "suspicious": SuspiciousOperation("too many fields"),
}

urlpatterns = [
    route("test/query", _QueryView.as_view(), name="query"),
    route("test/raise/<str:name>", _RaisingView.as_view(), name="raise"),
    route("test/plain/<str:name>", _raise_outside_of_drf, name="plain"),
    route("test/postings/<str:posting_id>", _PostingView.as_view(), name="posting"),
    *project_urls,
]

pytestmark = pytest.mark.urls(__name__)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("days=0", "days must be between 1 and 365."),
        ("days=366", "days must be between 1 and 365."),
        ("days=", "days must be between 1 and 365."),
        ("days=soon", "days must be between 1 and 365."),
        ("days=" + "9" * 2000, "days must be between 1 and 365."),
        ("limit=101", "limit must be between 1 and 100."),
        ("offset=-1", "offset must be between 0 and 10000."),
    ],
)
def test_names_the_bounds_of_a_parameter_out_of_range(client: Client, query: str, detail: str) -> None:
    response = client.get(f"/test/query?{query}")

    assert response.status_code == 400
    body, name = response.json(), detail.split(maxsplit=1)[0]
    assert body == {
        "detail": detail,
        "code": "validation",
        "errors": {name: [detail]},
        "error_codes": {name: body["error_codes"][name]},
    }
    assert set(body["error_codes"][name]) <= {"invalid", "min_value", "max_value"}


def test_ignores_unknown_parameters(client: Client) -> None:
    response = client.get("/test/query?format=xml&utm_source=x&days=7")

    assert response.json() == {"days": 7, "limit": 20, "offset": 0}


@pytest.mark.parametrize(
    ("body", "detail", "fields"),
    [
        ({}, "email is required.", ["email"]),
        ({"email": None}, "email must not be null.", ["email"]),
        ({"email": "x"}, "email must be an email address.", ["email"]),
        (
            {"email": "a@example.org", "skills": ["go", "javascript"]},
            "skills.1 must have at most 5 characters.",
            ["skills.1"],
        ),
        ([], "The body must be an object.", ["non_field_errors"]),
    ],
)
def test_names_the_field_and_the_rule_of_an_invalid_body(
    client: Client, body: Any, detail: str, fields: list[str]
) -> None:
    response = client.post("/test/query", json.dumps(body), content_type="application/json")

    assert response.status_code == 400
    assert response.json()["detail"] == detail
    assert list(response.json()["errors"]) == fields


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"a": NaN}', '{"a": "\\ud800"}', b"\xff"])
def test_rejects_a_body_that_is_not_json(client: Client, body: Any) -> None:
    response = client.post("/test/query", body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["detail"].startswith("The body is not valid JSON: ")
    assert not {"str", "surrogates"} & set(response.json()["detail"].split())
    assert "errors" in response.json()


@pytest.mark.parametrize(
    "digits", ["-9223372036854775809", "18446744073709551616", "9" * 300], ids=["below", "above", "300 digits"]
)
def test_rejects_an_integer_of_more_than_64_bits(client: Client, digits: str) -> None:
    response = client.post("/test/query", f'{{"email": [{{"a": {digits}}}]}}', content_type="application/json")

    assert response.status_code == 400
    assert "has more than 64 bits" in response.json()["detail"]


@pytest.mark.parametrize("value", ["-9223372036854775808", "18446744073709551615", "1e40", '"12345678901234567890123"'])
def test_accepts_long_numbers_that_keep_their_value(client: Client, value: str) -> None:
    body = f'{{"email": "ada@example.org", "x": {value}}}'
    response = client.post("/test/query", body, content_type="application/json")

    assert response.status_code == 200


def test_rejects_a_body_that_is_too_large(client: Client) -> None:
    response = client.post("/test/query", b" " * 3_000_000, content_type="application/json")

    assert (response.status_code, response.json()) == (
        413,
        {"detail": "The body is larger than 2621440 bytes.", "code": "body_too_large"},
    )


def test_names_the_supported_media_types_and_methods(client: Client) -> None:
    xml = client.post("/test/query", "<a/>", content_type="text/xml")
    deletion = client.delete("/test/query/")

    assert (xml.status_code, xml.json()) == (
        415,
        {"detail": "This path does not accept text/xml. Send application/json.", "code": "unsupported_media_type"},
    )
    assert (deletion.status_code, deletion.json()) == (
        405,
        {"detail": "This path does not support DELETE. Use GET, POST, HEAD, OPTIONS.", "code": "method_not_allowed"},
    )
    assert "GET" in deletion["Allow"]


@pytest.mark.parametrize("where", ["raise", "plain"])
@pytest.mark.parametrize("name", ["mongodb", "mongodb-slow", "mongodb-wrapped", "redis", "redis-slow", "queue"])
def test_sends_retry_after_while_a_server_is_unavailable(client: Client, where: str, name: str) -> None:
    response = client.get(f"/test/{where}/{name}")

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {
        "detail": "A server that this service depends on is unavailable. Try again shortly.",
        "code": "unavailable",
    }


@pytest.mark.parametrize("where", ["raise", "plain"])
@pytest.mark.parametrize("debug", [True, False])
def test_logs_the_traceback_of_a_bug_and_shows_only_the_request_id(
    caplog: pytest.LogCaptureFixture, where: str, debug: bool
) -> None:
    client = Client(raise_request_exception=False)

    with override_settings(DEBUG=debug):
        response = client.get(f"/test/{where}/bug", headers={"X-Request-ID": "request-0001"})

    assert response.status_code == 500
    assert response.json() == {
        "detail": "An unexpected error occurred. It is logged under request request-0001.",
        "code": "unexpected_error",
    }
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(
    ("name", "code", "challenge"),
    [
        ("no-token", "not_authenticated", "Bearer"),
        ("bad-token", "token_invalid", 'Bearer error="invalid_token", error_description="Token is expired."'),
    ],
)
def test_sends_a_bearer_challenge_without_a_valid_token(client: Client, name: str, code: str, challenge: str) -> None:
    response = client.get(f"/test/raise/{name}")

    assert (response.status_code, response.json()["code"], response["WWW-Authenticate"]) == (401, code, challenge)


def test_says_how_long_to_wait_after_too_many_requests(client: Client) -> None:
    response = client.get("/test/raise/throttled")

    assert (response.status_code, response["Retry-After"]) == (429, "5")
    assert response.json() == {
        "detail": "Too many requests. Try again in 5 seconds.",
        "code": "throttled",
    }


@pytest.mark.parametrize(("name", "status"), [("forbidden", 403), ("missing", 404), ("suspicious", 400)])
def test_returns_errors_of_django_in_the_same_shape(client: Client, name: str, status: int) -> None:
    response = client.get(f"/test/raise/{name}")

    assert response.status_code == status
    assert set(response.json()) == {"detail", "code"}


def test_keeps_a_detail_that_is_an_object(client: Client) -> None:
    response = client.get("/test/raise/object")

    assert (response.status_code, response.json()["detail"]["alternatives"]) == (404, ["a"])


@pytest.mark.parametrize("posting_id", ["65f000000000000000000000", "no-id", "1", "%00", "é"])
def test_returns_404_for_an_unknown_or_malformed_id(client: Client, mongo: Any, posting_id: str) -> None:
    response = client.get(f"/test/postings/{posting_id}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_treats_an_invalid_document_as_a_bug() -> None:
    problem = to_problem(mongoengine.ValidationError("title: Field is required"))

    assert problem.status == 500


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("debug", [True, False])
def test_returns_json_for_an_unknown_path(client: Client, method: str, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        response = getattr(client, method)("/no/such/path/")

    assert (response.status_code, response.json()["code"]) == (404, "path_not_found")


def test_accepts_a_path_with_and_without_a_trailing_slash_for_every_method(client: Client) -> None:
    statuses = {
        (method, path): getattr(client, method)(path, **options).status_code
        for path in ("/test/query", "/test/query/")
        for method, options in (
            ("get", {}),
            ("head", {}),
            ("options", {}),
            ("post", {"data": '{"email": "a@example.org"}', "content_type": "application/json"}),
        )
    }

    assert set(statuses.values()) == {200}


def _raised_within(cause: BaseException, error: BaseException) -> BaseException:
    """Return `error` as a library raises it while handling `cause`, without `from`."""
    try:
        try:
            raise cause
        except type(cause):
            raise error  # noqa: B904 - the implicit context is under test
    except type(error) as raised:
        return raised


_WRITE_CONCERN = {"code": 64, "errmsg": "waiting for replication timed out", "errInfo": {"wtimeout": True}}
_DUPLICATE = {"index": 0, "code": 11000, "errmsg": "E11000 duplicate key"}


@pytest.mark.parametrize(
    "error",
    [
        pymongo.errors.WTimeoutError("waiting for replication timed out", 64, _WRITE_CONCERN),
        pymongo.errors.WriteConcernError("the primary steps down", 189),
        pymongo.errors.BulkWriteError({"writeErrors": [], "writeConcernErrors": [_WRITE_CONCERN]}),
        pymongo.errors.BulkWriteError({"writeErrors": [_DUPLICATE], "writeConcernErrors": [_WRITE_CONCERN]}),
        pymongo.errors.NotPrimaryError("not primary"),
        pymongo.errors.NetworkTimeout("timed out"),
        pymongo.errors.WaitQueueTimeoutError("no connection is free"),
        mongoengine.ConnectionFailure("cannot connect"),
        _raised_within(pymongo.errors.ExecutionTimeout("too slow", 50), mongoengine.OperationError("Could not save")),
        _raised_within(pymongo.errors.WTimeoutError("too slow"), mongoengine.OperationError("Update failed")),
        _raised_within(
            pymongo.errors.BulkWriteError({"writeErrors": [], "writeConcernErrors": [_WRITE_CONCERN]}),
            mongoengine.errors.BulkWriteError("Could not save"),
        ),
        _wrapped(_raised_within(pymongo.errors.AutoReconnect("closed"), mongoengine.OperationError("x"))),
    ],
    ids=lambda error: f"{type(error).__name__}-{error}"[:60],
)
def test_returns_503_if_a_server_is_unavailable(error: Exception) -> None:
    problem = to_problem(error)

    assert (problem.status, problem.headers) == (503, {"Retry-After": "5"})


def _from_none() -> BaseException:
    error = _raised_within(pymongo.errors.AutoReconnect("closed"), ZeroDivisionError())
    error.__suppress_context__ = True
    return error


def _in_a_circle() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


@pytest.mark.parametrize(
    "error",
    [
        pymongo.errors.BulkWriteError({"writeErrors": [_DUPLICATE], "writeConcernErrors": []}),
        _raised_within(pymongo.errors.DuplicateKeyError("E11000", 11000), mongoengine.NotUniqueError("Could not save")),
        # The connection failed on the first attempt, and MongoDB responded to the second.
        _raised_within(pymongo.errors.AutoReconnect("closed"), mongoengine.NotUniqueError("Could not save")),
        _raised_within(pymongo.errors.OperationFailure("unknown operator", 2), mongoengine.OperationError("x")),
        pymongo.errors.WriteError("immutable field", 66),
        _from_none(),
        _in_a_circle(),
    ],
    ids=lambda error: f"{type(error).__name__}-{error}"[:60],
)
def test_returns_500_if_a_server_rejects_an_operation(error: Exception) -> None:
    assert to_problem(error).status == 500


def test_does_not_treat_a_write_concern_error_as_a_duplicate_key() -> None:
    error = pymongo.errors.BulkWriteError({"writeErrors": [_DUPLICATE], "writeConcernErrors": [_WRITE_CONCERN]})

    with pytest.raises(pymongo.errors.BulkWriteError):
        find_duplicate_key_indexes(error)
