"""Every error as one shape: `{"detail": "<sentence>", "code": "<name>"}`.

For invalid input also `"errors": {field: [sentence]}` and `"error_codes": {field: [name]}`, in the same order.
`error_codes.py` lists all names.

`exception_handler` serves the API's views; the `handler*` functions of `urls.py` and the request middleware serve what
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
from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.settings import api_settings

from career_navigator.api.error_codes import ERROR_CODES, get_error_code, get_field_code, put_plainly
from career_navigator.api.renderers import dump_json
from career_navigator.documents import StaleVersion
from career_navigator.observability.logging import request_id

logger = logging.getLogger(__name__)

# A server that restarts is back within a few seconds.
RETRY_AFTER_SECONDS = 5

SERVER_UNAVAILABLE = (
    pymongo.errors.ConnectionFailure,
    pymongo.errors.ExecutionTimeout,
    # Written, but not as safely as was asked for, so it may be lost.
    pymongo.errors.WriteConcernError,
    mongoengine.ConnectionFailure,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
)

_THROTTLED = str(exceptions.Throttled.default_detail).rstrip(".")

# MongoDB has answered: whatever went wrong on the way to it, before, is over.
MONGODB_RESPONSES = (pymongo.errors.DuplicateKeyError, mongoengine.NotUniqueError)


class QueueUnavailable(exceptions.APIException):
    """What was asked for has to be queued, and the queue does not answer."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "queue_unavailable"
    wait = RETRY_AFTER_SECONDS  # answered as Retry-After


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetail:
    """What an error answers: status, body, headers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: the answer to an exception that a view has raised."""
    problem = to_problem(exc, view=context.get("view"))
    return Response(problem.body, status=problem.status, headers=problem.headers)


def to_problem(exc: BaseException, *, view: Any = None) -> ProblemDetail:
    """The problem to answer an exception with; one that nobody expected is logged with its trace.

    `view` says in the words of its endpoint what is not found, and what it takes instead.
    """
    if isinstance(exc, exceptions.APIException):
        return _describe_api_exception(exc, view)
    if isinstance(exc, Http404 | mongoengine.DoesNotExist | InvalidId) or _is_malformed_id(exc):
        of_action = getattr(view, "of_action", None)
        code = of_action("not_found_code") if of_action else "not_found"
        return build_problem(code)
    if isinstance(exc, StaleVersion):
        return build_problem(
            "stale_version", "It was changed since you read it: read it again, then repeat the change."
        )
    if isinstance(exc, PermissionDenied):
        return build_problem("permission_denied", "You do not have permission to do this.")
    if isinstance(exc, UnreadablePostError):
        return build_problem("incomplete_body")
    if isinstance(exc, SuspiciousOperation | BadRequest):
        return build_problem("malformed_request", _say_what_is_malformed(exc))
    if is_server_unavailable(exc):
        logger.warning("A server is unavailable: %s", exc)
        return build_problem(
            "unavailable",
            "A server this depends on is not available; try again shortly.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    logger.error("Unexpected error", exc_info=exc)
    return build_unexpected_problem()


def build_problem(code: str, detail: str | None = None, *, headers: dict[str, str] | None = None) -> ProblemDetail:
    """A problem by its code; without a sentence of its own it has the one that the table of codes has."""
    status, sentence = ERROR_CODES[code]
    return ProblemDetail(status=status, body={"detail": detail or sentence, "code": code}, headers=headers or {})


def build_unexpected_problem() -> ProblemDetail:
    identity = request_id.get() or "without id"
    return build_problem("unexpected_error", f"An unexpected error occurred; it is logged under request {identity}.")


def _say_what_is_malformed(exc: BaseException) -> str:
    if isinstance(exc, RequestDataTooBig):
        return f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes."
    if isinstance(exc, TooManyFieldsSent):
        return f"The form or the query has more than {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields."
    if isinstance(exc, TooManyFilesSent):
        return f"The form has more than {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files."
    return "The request is malformed."


def is_server_unavailable(exc: BaseException) -> bool:
    """Return whether MongoDB, Redis or the queue was unavailable, also when a library has wrapped the error.

    MongoEngine raises its own errors while it handles PyMongo's, without `from`, so the context counts as well.
    """
    seen: set[int] = set()
    cause: BaseException | None = exc
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, SERVER_UNAVAILABLE) or _failed_write_concern(cause):
            return True
        if isinstance(cause, MONGODB_RESPONSES):
            return False
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


def _failed_write_concern(exc: BaseException) -> bool:
    # A bulk write names what failed of it, and raises no error of a kind of its own.
    return isinstance(exc, pymongo.errors.BulkWriteError) and bool(exc.details.get("writeConcernErrors"))


def _is_malformed_id(exc: BaseException) -> bool:
    # MongoEngine raises this when a query gets what is no ObjectId; on save its message says otherwise.
    return isinstance(exc, mongoengine.ValidationError) and "is not a valid ObjectId" in str(exc)


def _describe_api_exception(exc: exceptions.APIException, view: Any) -> ProblemDetail:
    if isinstance(exc, exceptions.ValidationError):
        return _describe_invalid(exc)
    if isinstance(exc, exceptions.ParseError):
        sentence, name = str(exc.detail), api_settings.NON_FIELD_ERRORS_KEY
        body = {"detail": sentence, "code": "malformed_body"}
        return ProblemDetail(
            status=400, body=body | {"errors": {name: [sentence]}, "error_codes": {name: ["malformed"]}}
        )
    detail: Any = exc.detail
    code: Any = getattr(detail, "code", exc.default_code)
    if isinstance(detail, dict) and isinstance(detail.get("detail"), str):
        detail, code = detail["detail"], detail.get("code", code)
    if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        # DRF turns these into 403 where a view has no authenticator to name a scheme.
        return _describe_unauthenticated(detail, code, exc)
    if isinstance(exc, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType | exceptions.Throttled):
        detail = _say_what_is_taken(exc, view)
    headers = {}
    wait = getattr(exc, "wait", None)  # seconds, of Throttled
    if wait is not None:
        headers["Retry-After"] = str(_round_up(wait))
    body = {"detail": detail, "code": get_error_code(code, status=exc.status_code)}
    return ProblemDetail(status=exc.status_code, body=body, headers=headers)


def _describe_invalid(exc: exceptions.ValidationError) -> ProblemDetail:
    found = dict(_flatten(exc.detail))
    errors = {name: [_speak_of(name, str(each)) for each in details] for name, details in found.items()}
    codes = {name: [get_field_code(getattr(each, "code", "")) for each in details] for name, details in found.items()}
    name, sentences = next(iter(errors.items()), ("", ["The input is invalid."]))
    body = {"detail": _sentence(name, sentences[0]), "code": "validation", "errors": errors, "error_codes": codes}
    return ProblemDetail(status=400, body=body)


def _describe_unauthenticated(detail: Any, code: object, exc: exceptions.APIException) -> ProblemDetail:
    if isinstance(exc, exceptions.NotAuthenticated):
        detail = "This needs an access token: log in, then send it as `Authorization: Bearer <token>`."
        code = "not_authenticated"
    code = str(code) if code in ERROR_CODES else "token_invalid"
    challenge = "Bearer"
    if code in ("token_expired", "token_invalid"):
        # RFC 6750, 3.1. Without a token there is no error to name.
        challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return build_problem(code, detail, headers={"WWW-Authenticate": challenge})


def _say_what_is_taken(exc: exceptions.APIException, view: Any) -> str:
    if isinstance(exc, exceptions.Throttled):
        wait: float | None = getattr(exc, "wait", None)
        when = f" in {_round_up(wait)} seconds" if wait is not None else " later"
        # DRF puts an end of its own to the sentence.
        why = str(exc.detail).partition(" Expected available in ")[0].rstrip(".")
        if why == _THROTTLED:
            why = "There were too many requests, so this one was throttled"
        return f"{why}; try again{when}."
    request = getattr(view, "request", None)
    if isinstance(exc, exceptions.MethodNotAllowed):
        methods = ", ".join(getattr(view, "allowed_methods", ()))
        return f"This path does not take {request.method if request else 'this method'}; it takes {methods}."
    given = getattr(request, "content_type", "") or "a body without Content-Type"
    taken = " or ".join(parser.media_type for parser in getattr(view, "parser_classes", ()))
    return f"This path does not take {given}; send {taken}."


def _round_up(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def _flatten(detail: Any, name: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Fields by dotted name with their sentences, which know their codes: `skills.0`, `salary.minimum`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flatten(value, f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, item in enumerate(detail):
            yield from _flatten(item, f"{name}.{index}" if name else str(index))
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        if sentences:
            yield name or api_settings.NON_FIELD_ERRORS_KEY, sentences


def _speak_of(name: str, sentence: str) -> str:
    plain = put_plainly(sentence)
    if name == api_settings.NON_FIELD_ERRORS_KEY and plain.startswith("This field "):
        return "The body" + plain.removeprefix("This field")
    return plain


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


def render_problem(problem: ProblemDetail) -> HttpResponse:
    """A problem as an answer outside of DRF."""
    return HttpResponse(dump_json(problem.body), "application/json", status=problem.status, headers=problem.headers)


def render_exception(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """Answer what a view outside of DRF raises, as JSON or as a page of the admin, without a trace, DEBUG or not."""
    return _render(request, to_problem(exception))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_exception(request, SuspiciousOperation())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Forms are the admin's alone."""
    logger.warning("A form is refused: %s", reason)
    sentence = "This form is too old, or cookies are switched off. Load its page again, then send it again."
    return _render_page(build_problem("permission_denied", sentence))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this for what it has caught itself, and logs that; the error is the one being handled."""
    exc = sys.exc_info()[1]
    if exc is not None and is_server_unavailable(exc):
        return render_exception(request, exc)
    return _render(request, build_unexpected_problem())


def _render(request: HttpRequest, problem: ProblemDetail) -> HttpResponse:
    return _render_page(problem) if is_admin_path(request) else render_problem(problem)


def _render_page(problem: ProblemDetail) -> HttpResponse:
    # Nothing on it asks a server: one of them may be what is unavailable.
    context = {"title": HTTPStatus(problem.status).phrase.capitalize(), "detail": problem.body["detail"]}
    content = render_to_string("career_navigator/admin_site/error.html", context)
    return HttpResponse(content, status=problem.status, headers=problem.headers)
