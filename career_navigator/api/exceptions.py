"""Render every error as `{"detail": "<message>", "code": "<code>"}`.

Invalid input adds `"errors": {field: [message]}` and `"error_codes": {field: [code]}`, in the same order.
`error_codes.py` lists all codes.

`exception_handler` handles exceptions of DRF views. The `handler*` functions in `urls.py` and the request middleware
handle errors raised elsewhere. The response to an unexpected error shows only the request's id, which is in the log.
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

from career_navigator.api.error_codes import ERROR_CODES, get_error_code, get_field_code, rewrite_message
from career_navigator.api.renderers import dump_json
from career_navigator.documents import StaleVersion
from career_navigator.observability.logging import request_id

logger = logging.getLogger(__name__)

# MongoDB, Redis and the broker restart within a few seconds.
RETRY_AFTER_SECONDS = 5

SERVER_UNAVAILABLE = (
    pymongo.errors.ConnectionFailure,
    pymongo.errors.ExecutionTimeout,
    # The write was not acknowledged with the requested write concern, so it may be lost.
    pymongo.errors.WriteConcernError,
    mongoengine.ConnectionFailure,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
)

_THROTTLED = str(exceptions.Throttled.default_detail).rstrip(".")

# Errors that MongoDB itself returned. If the exception chain has a connection failure too, a retry has succeeded.
MONGODB_RESPONSES = (pymongo.errors.DuplicateKeyError, mongoengine.NotUniqueError)


class QueueUnavailable(exceptions.APIException):
    """The broker is unavailable, so the request's task could not be queued."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "queue_unavailable"
    wait = RETRY_AFTER_SECONDS  # sent as Retry-After


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetail:
    """The status, body and headers of an error response."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Return the response for an exception raised by a DRF view (DRF's `EXCEPTION_HANDLER`)."""
    problem = to_problem(exc, view=context.get("view"))
    return Response(problem.body, status=problem.status, headers=problem.headers)


def to_problem(exc: BaseException, *, view: Any = None) -> ProblemDetail:
    """Convert an exception to a problem, and log an unexpected exception with its traceback.

    `view` provides the `not_found_code` of the endpoint, and the methods and media types it supports.
    """
    if isinstance(exc, exceptions.APIException):
        return _describe_api_exception(exc, view)
    if isinstance(exc, Http404 | mongoengine.DoesNotExist | InvalidId) or _is_malformed_id(exc):
        get_action_option = getattr(view, "get_action_option", None)
        code = get_action_option("not_found_code") if get_action_option else "not_found"
        return build_problem(code)
    if isinstance(exc, StaleVersion):
        return build_problem(
            "stale_version", "This was changed after you read it. Read it again, then repeat your change."
        )
    if isinstance(exc, PermissionDenied):
        return build_problem("permission_denied")
    if isinstance(exc, UnreadablePostError):
        return build_problem("incomplete_body")
    if isinstance(exc, SuspiciousOperation | BadRequest):
        return build_problem("malformed_request", _describe_malformed_request(exc))
    if is_server_unavailable(exc):
        logger.warning("A server is unavailable: %s", exc)
        return build_problem(
            "unavailable",
            "A server that this service depends on is unavailable. Try again shortly.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    logger.error("Unexpected error", exc_info=exc)
    return build_unexpected_problem()


def build_problem(code: str, detail: str | None = None, *, headers: dict[str, str] | None = None) -> ProblemDetail:
    """Return the problem of an error code. `detail` defaults to the code's meaning."""
    status, meaning = ERROR_CODES[code]
    return ProblemDetail(status=status, body={"detail": detail or meaning, "code": code}, headers=headers or {})


def build_unexpected_problem() -> ProblemDetail:
    """Return the 500 problem that names the current request's id."""
    identity = request_id.get() or "without id"
    return build_problem("unexpected_error", f"An unexpected error occurred. It is logged under request {identity}.")


def _describe_malformed_request(exc: BaseException) -> str:
    if isinstance(exc, RequestDataTooBig):
        return f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes."
    if isinstance(exc, TooManyFieldsSent):
        return f"The form or the query has more than {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields."
    if isinstance(exc, TooManyFilesSent):
        return f"The form has more than {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files."
    return "The request is malformed."


def is_server_unavailable(exc: BaseException) -> bool:
    """Return whether MongoDB, Redis or the broker was unavailable, even if a library wrapped the error.

    MongoEngine raises its own errors while handling PyMongo's, without `from`, so `__context__` is followed too.
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
    # A bulk write reports write concern errors in its details and does not raise WriteConcernError.
    return isinstance(exc, pymongo.errors.BulkWriteError) and bool(exc.details.get("writeConcernErrors"))


def _is_malformed_id(exc: BaseException) -> bool:
    # MongoEngine raises this when a query gets a malformed ObjectId. Validation on save has a different message.
    return isinstance(exc, mongoengine.ValidationError) and "is not a valid ObjectId" in str(exc)


def _describe_api_exception(exc: exceptions.APIException, view: Any) -> ProblemDetail:
    if isinstance(exc, exceptions.ValidationError):
        return _describe_invalid(exc)
    if isinstance(exc, exceptions.ParseError):
        message, name = str(exc.detail), api_settings.NON_FIELD_ERRORS_KEY
        body = {"detail": message, "code": "malformed_body"}
        return ProblemDetail(
            status=400, body=body | {"errors": {name: [message]}, "error_codes": {name: ["malformed"]}}
        )
    detail: Any = exc.detail
    code: Any = getattr(detail, "code", exc.default_code)
    if isinstance(detail, dict) and isinstance(detail.get("detail"), str):
        detail, code = detail["detail"], detail.get("code", code)
    if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        # DRF turns these into 403 if a view has no authentication class that names a scheme.
        return _describe_unauthenticated(detail, code, exc)
    if isinstance(exc, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType | exceptions.Throttled):
        detail = _describe_alternative(exc, view)
    headers = {}
    wait = getattr(exc, "wait", None)  # seconds, of Throttled
    if wait is not None:
        headers["Retry-After"] = str(_round_up(wait))
    body = {"detail": detail, "code": get_error_code(code, status=exc.status_code)}
    return ProblemDetail(status=exc.status_code, body=body, headers=headers)


def _describe_invalid(exc: exceptions.ValidationError) -> ProblemDetail:
    flat = dict(_flatten(exc.detail))
    errors = {name: [_rewrite_for_field(name, str(each)) for each in details] for name, details in flat.items()}
    codes = {name: [get_field_code(getattr(each, "code", "")) for each in details] for name, details in flat.items()}
    name, messages = next(iter(errors.items()), ("", ["The input is invalid."]))
    body = {"detail": _name_field(name, messages[0]), "code": "validation", "errors": errors, "error_codes": codes}
    return ProblemDetail(status=400, body=body)


def _describe_unauthenticated(detail: Any, code: object, exc: exceptions.APIException) -> ProblemDetail:
    if isinstance(exc, exceptions.NotAuthenticated):
        detail = "An access token is required. Log in, then send the token as `Authorization: Bearer <token>`."
        code = "not_authenticated"
    code = str(code) if code in ERROR_CODES else "token_invalid"
    challenge = "Bearer"
    if code in ("token_expired", "token_invalid"):
        # RFC 6750, section 3.1: a request without a token gets no error attribute.
        challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return build_problem(code, detail, headers={"WWW-Authenticate": challenge})


def _describe_alternative(exc: exceptions.APIException, view: Any) -> str:
    if isinstance(exc, exceptions.Throttled):
        wait: float | None = getattr(exc, "wait", None)
        when = f" in {_round_up(wait)} seconds" if wait is not None else " later"
        # DRF appends "Expected available in N seconds." to the detail.
        reason = str(exc.detail).partition(" Expected available in ")[0].rstrip(".")
        if reason == _THROTTLED:
            reason = "Too many requests"
        return f"{reason}. Try again{when}."
    request = getattr(view, "request", None)
    if isinstance(exc, exceptions.MethodNotAllowed):
        methods = ", ".join(getattr(view, "allowed_methods", ()))
        return f"This path does not support {request.method if request else 'this method'}. Use {methods}."
    media_type = getattr(request, "content_type", "") or "a body without a Content-Type"
    accepted = " or ".join(parser.media_type for parser in getattr(view, "parser_classes", ()))
    return f"This path does not accept {media_type}. Send {accepted}."


def _round_up(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def _flatten(detail: Any, name: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield each field's dotted name, such as `skills.0` or `salary.minimum`, with its list of ErrorDetails."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flatten(value, f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, item in enumerate(detail):
            yield from _flatten(item, f"{name}.{index}" if name else str(index))
    else:
        details = detail if isinstance(detail, list) else [detail]
        if details:
            yield name or api_settings.NON_FIELD_ERRORS_KEY, details


def _rewrite_for_field(name: str, message: str) -> str:
    plain = rewrite_message(message)
    if name == api_settings.NON_FIELD_ERRORS_KEY and plain.startswith("This field "):
        return "The body" + plain.removeprefix("This field")
    return plain


def _name_field(name: str, message: str) -> str:
    """Put the field's name into the message: "This field is required." becomes "email is required."."""
    if name.rpartition(".")[2] == api_settings.NON_FIELD_ERRORS_KEY or message.startswith(f"{name} "):
        return message
    if message.startswith("This field "):
        return name + message.removeprefix("This field")
    return f"{name}: {message}"


def is_admin_path(request: HttpRequest) -> bool:
    """Return whether the request is for the Django admin, which renders errors as HTML."""
    return request.path_info.startswith("/admin")


def render_problem(problem: ProblemDetail) -> HttpResponse:
    """Return the JSON response for a problem, for use outside of DRF."""
    return HttpResponse(dump_json(problem.body), "application/json", status=problem.status, headers=problem.headers)


def render_exception(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """Return the response for an exception raised outside of DRF: HTML for the admin, JSON otherwise.

    The response never contains a traceback, even if DEBUG is True.
    """
    return _render(request, to_problem(exception))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 response for a request that Django rejected (`handler400`)."""
    return render_exception(request, SuspiciousOperation())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the admin's page for a failed CSRF check. Only the admin has forms."""
    logger.warning("CSRF check failed: %s", reason)
    message = "This form has expired, or your browser blocks cookies. Reload the page and submit the form again."
    return _render_page(build_problem("permission_denied", message))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the response for the exception being handled, which Django has already logged (`handler500`)."""
    exc = sys.exc_info()[1]
    if exc is not None and is_server_unavailable(exc):
        return render_exception(request, exc)
    return _render(request, build_unexpected_problem())


def _render(request: HttpRequest, problem: ProblemDetail) -> HttpResponse:
    return _render_page(problem) if is_admin_path(request) else render_problem(problem)


def _render_page(problem: ProblemDetail) -> HttpResponse:
    # The template queries no server, because the error may be that a server is unavailable.
    context = {"title": HTTPStatus(problem.status).phrase.capitalize(), "detail": problem.body["detail"]}
    content = render_to_string("career_navigator/admin_site/error.html", context)
    return HttpResponse(content, status=problem.status, headers=problem.headers)
