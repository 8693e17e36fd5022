"""The outermost middleware: each request gets an id, a deadline, a line in the log and its place in the metrics."""

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

# Every answer comes within 5 s: what MongoDB takes longer for is given up and answered 503.
DATABASE_SECONDS = 4
# What staff send may be an import of a thousand rows or a merge of two skills: broken off, it would be half done.
STAFF_SECONDS = 60

# Probes and scrapers ask by address, so their Host is not checked, and often, so they are logged at DEBUG only.
PROBED_PATHS = frozenset({"/health", "/health/", "/health/ready", "/health/ready/", "/metrics", "/metrics/"})

_VALID_ID = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch


def get_request_id(meta: Mapping[str, Any]) -> str:
    """The request's id: the one it came with, where that is sane, else a new one."""
    given = meta.get("HTTP_X_REQUEST_ID", "")
    return given if _VALID_ID(given) else secrets.token_hex(8)


def log_response(*, method: str, path: str, route: str | None, status: int, seconds: float) -> None:
    """Count an answer in the metrics and write its line to the log."""
    metrics.observe_request(method=method, route=route, status=status, seconds=seconds)
    level = logging.DEBUG if path in PROBED_PATHS else logging.INFO
    if logger.isEnabledFor(level):
        # As `logger.log`, without a look for the calling line, which is a quarter of the cost and is not written.
        values = (method, path, status, seconds * 1000)
        logger.handle(logger.makeRecord(logger.name, level, __file__, 0, "%s %s %d %.1f ms", values, None))


def with_fresh_deadline(function: Callable[[], T]) -> T:
    """Call it with the whole time for MongoDB again: for a request that has waited for something else meanwhile."""
    identity = request_id.get()

    def call() -> T:
        request_id.set(identity)
        with availability.limit(seconds=DATABASE_SECONDS, hold_thread=hold_thread):
            return function()

    # A time limit within another one can only shorten it, so this needs a context without any.
    return Context().run(call)


class Request(WSGIRequest):
    """Django's, with a query that is read as UTF-8 whatever charset the body is said to have.

    Django reads both in the body's. So another query would be read than the one that an answer is kept under, and
    encodings that no text is in, such as `hex`, fail before there is a request to answer.
    """

    @cached_property
    def GET(self) -> QueryDict:  # type: ignore[override]  # noqa: N802 - Django's name
        return QueryDict(get_bytes_from_wsgi(self.environ, "QUERY_STRING", ""), encoding="utf-8")


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        identity = get_request_id(request.META)
        token = request_id.set(identity)
        try:
            response = self._answer(request)
            response["X-Request-ID"] = identity
            match = request.resolver_match
            log_response(
                method=request.method or "",
                path=request.path_info,
                route=match.route if match else None,
                status=response.status_code,
                seconds=perf_counter() - started,
            )
            # Our line above says it all: Django would add its own, without the id.
            response._has_been_logged = True  # type: ignore[attr-defined]
            return response
        finally:
            request_id.reset(token)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBED_PATHS:
            try:
                request.get_host()
            except DisallowedHost:
                return render_problem(build_problem("unknown_host", "The Host header names no host of this service."))
        is_act = request.method == "POST" and is_admin_path(request)
        seconds = STAFF_SECONDS if is_act else DATABASE_SECONDS
        with availability.limit(seconds=seconds, hold_thread=hold_thread):
            return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a view outside of DRF raises, also with DEBUG on."""
        return render_exception(request, exception)
