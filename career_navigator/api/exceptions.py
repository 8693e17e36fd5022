"""Every error as one shape: `{"detail": "<sentence>"}`, and for invalid input also `"errors": {field: [sentence]}`.

`answer_error` serves the API's views; the `handler*` functions of `urls.py` and the request middleware serve what
fails outside of them. Nothing of an unexpected error is shown but the request's id, under which it is logged.
"""

import logging
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import kombu.exceptions
import mongoengine
import pymongo.errors
import redis.exceptions
from bson.errors import InvalidId
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.settings import api_settings

from career_navigator.api.renderers import dump_json
from career_navigator.observability.logging import request_id

logger = logging.getLogger(__name__)

# A server that restarts is back within a few seconds.
RETRY_AFTER_SECONDS = 5

SERVER_AWAY = (
    pymongo.errors.ConnectionFailure,
    pymongo.errors.ExecutionTimeout,
    # Written, but not as safely as was asked for, so it may be lost.
    pymongo.errors.WriteConcernError,
    mongoengine.ConnectionFailure,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
)

# MongoDB has answered: whatever went wrong on the way to it, before, is over.
ANSWERS_OF_MONGODB = (pymongo.errors.DuplicateKeyError, mongoengine.NotUniqueError)


class QueueAway(exceptions.APIException):
    """What was asked for has to be queued, and the queue does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "queue_away"
    wait = RETRY_AFTER_SECONDS  # answered as Retry-After


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an error answers: status, body, headers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def answer_error(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: the answer to an exception that a view has raised."""
    problem = describe(exc)
    return Response(problem.body, status=problem.status, headers=problem.headers)


def describe(exc: BaseException) -> Problem:
    """The problem to answer an exception with; one that nobody expected is logged with its trace."""
    if isinstance(exc, exceptions.APIException):
        return _describe_api_exception(exc)
    if isinstance(exc, Http404 | mongoengine.DoesNotExist | InvalidId) or _is_malformed_id(exc):
        return Problem(status=404, body={"detail": "Not found."})
    if isinstance(exc, PermissionDenied):
        return Problem(status=403, body={"detail": "You do not have permission to do this."})
    if isinstance(exc, SuspiciousOperation | BadRequest | UnreadablePostError):
        return Problem(status=400, body={"detail": "The request is malformed."})
    if is_server_away(exc):
        logger.warning("A server is away: %s", exc)
        return Problem(
            status=503,
            body={"detail": "A server this depends on is not available; try again shortly."},
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    logger.error("Unexpected error", exc_info=exc)
    return Problem(status=500, body=unexpected_error_body())


def is_server_away(exc: BaseException) -> bool:
    """Return whether MongoDB, Redis or the queue was unavailable, also when a library has wrapped the error.

    MongoEngine raises its own errors while it handles PyMongo's, without `from`, so the context counts as well.
    """
    seen: set[int] = set()
    cause: BaseException | None = exc
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, SERVER_AWAY) or _failed_write_concern(cause):
            return True
        if isinstance(cause, ANSWERS_OF_MONGODB):
            return False
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


def _failed_write_concern(exc: BaseException) -> bool:
    # A bulk write names what failed of it, and raises no error of a kind of its own.
    return isinstance(exc, pymongo.errors.BulkWriteError) and bool(exc.details.get("writeConcernErrors"))


def unexpected_error_body() -> dict[str, str]:
    return {"detail": f"An unexpected error occurred; it is logged under request {request_id.get() or 'without id'}."}


def _is_malformed_id(exc: BaseException) -> bool:
    # MongoEngine raises this when a query gets what is no ObjectId; on save its message says otherwise.
    return isinstance(exc, mongoengine.ValidationError) and "is not a valid ObjectId" in str(exc)


def _describe_api_exception(exc: exceptions.APIException) -> Problem:
    if isinstance(exc, exceptions.ValidationError):
        errors = dict(_flatten(exc.detail))
        name, sentences = next(iter(errors.items()), ("", ["Invalid input."]))
        return Problem(status=400, body={"detail": _sentence(name, sentences[0]), "errors": errors})
    if isinstance(exc, exceptions.ParseError):
        sentence = str(exc.detail)
        return Problem(status=400, body={"detail": sentence, "errors": {api_settings.NON_FIELD_ERRORS_KEY: [sentence]}})
    detail: Any = exc.detail
    if isinstance(detail, dict) and isinstance(detail.get("detail"), str):
        detail = detail["detail"]
    if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        # DRF turns these into 403 where a view has no authenticator to name a scheme.
        return Problem(status=401, body={"detail": detail}, headers={"WWW-Authenticate": "Bearer"})
    headers = {}
    wait = getattr(exc, "wait", None)  # seconds, of Throttled
    if wait is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return Problem(status=exc.status_code, body={"detail": detail}, headers=headers)


def _flatten(detail: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Fields by dotted name with their sentences: `skills.0`, `salary.minimum`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flatten(value, f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, item in enumerate(detail):
            yield from _flatten(item, f"{name}.{index}" if name else str(index))
    else:
        sentences = [str(item) for item in (detail if isinstance(detail, list) else [detail])]
        if sentences:
            yield name or api_settings.NON_FIELD_ERRORS_KEY, sentences


def _sentence(name: str, sentence: str) -> str:
    """The sentence with its field named: "This field is required." of `email` is "email is required."."""
    if name.rpartition(".")[2] == api_settings.NON_FIELD_ERRORS_KEY or sentence.startswith(f"{name} "):
        return sentence
    if sentence.startswith("This field "):
        return name + sentence.removeprefix("This field")
    return f"{name}: {sentence}"


def is_admin_path(request: HttpRequest) -> bool:
    """Whether a page of the Django admin is asked for, which shows errors as pages."""
    return request.path_info.startswith("/admin")


def answer_problem(problem: Problem) -> HttpResponse:
    """A problem as an answer outside of DRF."""
    return HttpResponse(dump_json(problem.body), "application/json", status=problem.status, headers=problem.headers)


def answer_on_any_path(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """Answer what a view outside of DRF raises, as JSON or as a page of the admin, without a trace, DEBUG or not."""
    return _answer(request, describe(exception))


def answer_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_on_any_path(request, SuspiciousOperation())


def answer_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Forms are the admin's alone."""
    logger.warning("A form is refused: %s", reason)
    sentence = "This form is too old, or cookies are switched off. Load its page again, then send it again."
    return _answer_page(Problem(status=403, body={"detail": sentence}))


def answer_server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this for what it has caught itself, and logs that; the error is the one being handled."""
    exc = sys.exc_info()[1]
    if exc is not None and is_server_away(exc):
        return answer_on_any_path(request, exc)
    return _answer(request, Problem(status=500, body=unexpected_error_body()))


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    return _answer_page(problem) if is_admin_path(request) else answer_problem(problem)


def _answer_page(problem: Problem) -> HttpResponse:
    # Nothing on it asks a server: one of them may be what is away.
    context = {"title": HTTPStatus(problem.status).phrase.capitalize(), "detail": problem.body["detail"]}
    content = render_to_string("career_navigator/admin_site/error.html", context)
    return HttpResponse(content, status=problem.status, headers=problem.headers)
