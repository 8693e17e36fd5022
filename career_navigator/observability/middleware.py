"""The outermost middleware, which gives each request an id, a deadline, a log line and metrics."""

import logging
import re
import secrets
from collections.abc import Callable, Mapping
from contextvars import Context
from time import perf_counter
from typing import Any, TypeVar

from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest, get_bytes_from_wsgi
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

from career_navigator.api.exceptions import (
    build_problem,
    is_admin_path,
    render_exception,
    render_problem,
)
from career_navigator.db.connection import availability
from career_navigator.observability import metrics
from career_navigator.observability.logging import request_id
from career_navigator.throttling import hold_thread

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Deadline for a request's MongoDB operations, so that every response takes at most 5 s. After it, the response is 503.
DATABASE_SECONDS = 4
# Admin forms can import a thousand rows or merge two skills, and a timeout would leave the work half done.
STAFF_SECONDS = 60

# Probes and scrapers use IP addresses, so their Host header is not checked. They are frequent, so they log at DEBUG.
PROBED_PATHS = frozenset({"/health", "/health/", "/health/ready", "/health/ready/", "/metrics", "/metrics/"})

_VALID_ID = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch


def get_request_id(meta: Mapping[str, Any]) -> str:
    """Return the valid id in `X-Request-ID`, or a new id."""
    header = meta.get("HTTP_X_REQUEST_ID", "")
    return header if _VALID_ID(header) else secrets.token_hex(8)


def log_response(*, method: str, path: str, route: str | None, status: int, seconds: float) -> None:
    """Record a response in the metrics and in the log."""
    metrics.observe_request(method=method, route=route, status=status, seconds=seconds)
    level = logging.DEBUG if path in PROBED_PATHS else logging.INFO
    if logger.isEnabledFor(level):
        # logger.log would also look up the calling line, which is a quarter of its cost and is not logged.
        values = (method, path, status, seconds * 1000)
        logger.handle(logger.makeRecord(logger.name, level, __file__, 0, "%s %s %d %.1f ms", values, None))


def with_fresh_deadline(function: Callable[[], T]) -> T:
    """Call the function with a new MongoDB deadline, after the request has waited for something else."""
    identity = request_id.get()

    def call() -> T:
        request_id.set(identity)
        with availability.limit(seconds=DATABASE_SECONDS, hold_thread=hold_thread):
            return function()

    # A nested deadline can only shorten the outer one, so run in a context without a deadline.
    return Context().run(call)


class Request(WSGIRequest):
    """A Django request that always decodes the query as UTF-8.

    Django decodes the query with the charset of the body. Then the decoded query could differ from the key of a cached
    response, and a charset that is not a text encoding, such as `hex`, raises before the request is handled.
    """

    @cached_property
    def GET(self) -> QueryDict:  # type: ignore[override]  # noqa: N802 - Django's name
        return QueryDict(get_bytes_from_wsgi(self.environ, "QUERY_STRING", ""), encoding="utf-8")


class RequestMiddleware:
    """Middleware that sets the request id and the deadline, checks the host, and logs each response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        identity = get_request_id(request.META)
        token = request_id.set(identity)
        try:
            response = self._handle(request)
            response["X-Request-ID"] = identity
            match = request.resolver_match
            log_response(
                method=request.method or "",
                path=request.path_info,
                route=match.route if match else None,
                status=response.status_code,
                seconds=perf_counter() - started,
            )
            # Otherwise Django logs error responses again, without the request id.
            response._has_been_logged = True  # type: ignore[attr-defined]
            return response
        finally:
            request_id.reset(token)

    def _handle(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBED_PATHS:
            try:
                request.get_host()
            except DisallowedHost:
                return render_problem(build_problem("unknown_host"))
        is_admin_form = request.method == "POST" and is_admin_path(request)
        seconds = STAFF_SECONDS if is_admin_form else DATABASE_SECONDS
        with availability.limit(seconds=seconds, hold_thread=hold_thread):
            return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render an exception raised outside of DRF, even if DEBUG is True."""
        return render_exception(request, exception)
