"""The RSGI application for granian: the event loop reads the body with a timeout, then a thread handles the request.

With granian's WSGI interface a request occupies a thread before its body arrives, so a few stalled uploads would block
all threads.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from career_navigator.wsgi import application as wsgi_application

# These modules need the Django setup that importing the WSGI application has done.
from django.conf import settings  # isort: skip
from career_navigator.api.exceptions import RETRY_AFTER_SECONDS, build_problem  # isort: skip
from career_navigator.api.renderers import dump_json  # isort: skip
from career_navigator.cache.responses import CachedResponse, find_response  # isort: skip
from career_navigator.observability.middleware import get_request_id, log_response  # isort: skip
from career_navigator.observability.logging import request_id  # isort: skip

if TYPE_CHECKING:
    from granian._granian import RSGIHTTPProtocol
    from granian.rsgi import Scope

logger = logging.getLogger(__name__)

# This exceeds the limits of all endpoints, whose own errors are more specific.
MAX_BODY_BYTES = 16_000_000
# Maximum size of all bodies of a process that are still being received.
MAX_PENDING_BYTES = 64_000_000
# Each received byte extends the body timeout, so a body may take longer if it arrives at this rate or faster.
MIN_BYTES_PER_SECOND = 50_000
# A dedicated thread serves the liveness probe, so that it responds while all other threads are busy.
_LIVENESS_PATHS = frozenset({"/health", "/health/"})
# If a lookup in the response cache takes longer than this, Redis is slow. The event loop then leaves lookups to the
# threads for `_SLOW_REDIS_SECONDS`.
_SLOW_SECONDS = 0.05
_SLOW_REDIS_SECONDS = 5
_CGI_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_ENVIRON = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


class BodyRejected(Exception):
    """Raised when a body is rejected before a thread handles the request. `problem` is the response."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = build_problem(code, detail)


class Server:
    """An RSGI application that wraps the WSGI application."""

    def __init__(self, application: Callable[..., Any], *, threads: int, body_timeout: float) -> None:
        self._application = application
        self._body_timeout = body_timeout
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._liveness_thread = ThreadPoolExecutor(1, thread_name_prefix="liveness")
        # Only the event loop accesses these two.
        self._pending_bytes = 0
        self._redis_is_slow_until = 0.0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set up a server process. Granian calls this before the first request."""
        # After this many seconds, a waiting thread requests the GIL. With the default of 5 ms, the slowest responses
        # wait that long for other threads.
        sys.setswitchinterval(0.0005)

    async def __rsgi__(self, scope: "Scope", protocol: "RSGIHTTPProtocol") -> None:
        started = perf_counter()
        environ = build_environ(scope)
        body = b""
        if "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "0") != "0":
            try:
                body = await self._read_body(environ, protocol)
            except BodyRejected as error:
                _reject(error, environ, protocol, started)
                return
            environ["CONTENT_LENGTH"] = str(len(body))
        elif (cached := self._find_cached(environ)) is not None:
            _send_cached(cached, environ, protocol, started)
            return
        environ["wsgi.input"] = BytesIO(body)
        pool = self._liveness_thread if scope.path in _LIVENESS_PATHS else self._threads
        await asyncio.get_running_loop().run_in_executor(pool, self._handle, environ, protocol)

    def _find_cached(self, environ: dict[str, Any]) -> CachedResponse | None:
        """Return the cached response, or None.

        Sending a cached response from the event loop costs less than passing the request to a thread and back. But the
        lookup reads a version from Redis and blocks the event loop. If Redis is slow, skip the lookup for a while.
        """
        started = monotonic()
        if started < self._redis_is_slow_until:
            return None
        cached = find_response(environ)
        finished = monotonic()
        if finished - started > _SLOW_SECONDS:
            self._redis_is_slow_until = finished + _SLOW_REDIS_SECONDS
        return cached

    async def _read_body(self, environ: dict[str, Any], protocol: "RSGIHTTPProtocol") -> bytes:
        """Return the whole body. Raises BodyRejected."""
        content_length = int(environ.get("CONTENT_LENGTH", "0"))
        if content_length > MAX_BODY_BYTES:
            raise BodyRejected("body_too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")
        body = bytearray()
        empty_chunks = 0
        deadline = asyncio.get_running_loop().time() + self._body_timeout
        try:
            async with asyncio.timeout_at(deadline) as timeout:
                async for chunk in protocol:
                    body += chunk
                    empty_chunks += not chunk
                    self._pending_bytes += len(chunk)
                    if len(body) > MAX_BODY_BYTES:
                        raise BodyRejected("body_too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")
                    if self._pending_bytes > MAX_PENDING_BYTES:
                        raise BodyRejected("busy", "This service is receiving too much data. Try again shortly.")
                    timeout.reschedule(deadline + len(body) / MIN_BYTES_PER_SECOND)
        except TimeoutError as error:
            raise BodyRejected("body_timeout", "The request body did not arrive in time.") from error
        finally:
            self._pending_bytes -= len(body)
        # Granian yields an empty chunk at the end of a body, and another one if reading failed or a trailer arrived.
        is_truncated = "HTTP_TRANSFER_ENCODING" in environ and empty_chunks > 1 and "HTTP_TRAILER" not in environ
        if is_truncated or len(body) < content_length:
            raise BodyRejected("incomplete_body", "The connection closed before the whole body arrived.")
        return bytes(body)

    def _handle(self, environ: dict[str, Any], protocol: "RSGIHTTPProtocol") -> None:
        head: tuple[int, list[tuple[str, str]]] = 500, []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal head
            head = int(status[:3]), headers

        content = self._application(environ, start_response)
        try:
            # Responses are not streamed. The body is in memory, so a slow client does not occupy a thread.
            body = b"".join(content)
        finally:
            if hasattr(content, "close"):
                content.close()
        protocol.response_bytes(*head, body)


def build_environ(scope: "Scope") -> dict[str, Any]:
    """Return the WSGI environ of a request, without the body.

    Headers with an underscore are dropped, because WSGI cannot tell `X_Forwarded_For` from the proxy's
    `X-Forwarded-For`.
    """
    server_name, _, server_port = scope.server.rpartition(":")
    environ = _ENVIRON | {
        "REQUEST_METHOD": scope.method,
        # The path of "OPTIONS *" is "*".
        "PATH_INFO": "/" + scope.path.removeprefix("/").encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server_name.strip("[]"),
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
    }
    for name, header in scope.headers.items():
        if "_" in name:
            continue
        key = _CGI_NAMES.get(name) or "HTTP_" + name.upper().replace("-", "_")
        separator = ";" if name == "cookie" else ","
        environ[key] = f"{environ[key]}{separator}{header}" if key in environ else header
    return environ


def _send_cached(cached: CachedResponse, environ: dict[str, Any], protocol: "RSGIHTTPProtocol", started: float) -> None:
    identifier = get_request_id(environ)
    headers, content = cached.negotiate(environ)
    protocol.response_bytes(200, [*headers, ("X-Request-ID", identifier)], content)
    _log(identifier, environ, 200, started, route=cached.match.route if cached.match else None)


def _reject(error: BodyRejected, environ: dict[str, Any], protocol: "RSGIHTTPProtocol", started: float) -> None:
    identifier = get_request_id(environ)
    # The server would read the rest of the body as the next request, so close the connection.
    headers = [("content-type", "application/json"), ("connection", "close"), ("x-request-id", identifier)]
    problem = error.problem
    if problem.status == 503:
        headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
    protocol.response_bytes(problem.status, headers, dump_json(problem.body))
    _log(identifier, environ, problem.status, started)


def _log(identifier: str, environ: dict[str, Any], status: int, started: float, *, route: str | None = None) -> None:
    token = request_id.set(identifier)
    try:
        log_response(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            route=route,
            status=status,
            seconds=perf_counter() - started,
        )
    finally:
        request_id.reset(token)


application = Server(wsgi_application, threads=settings.WEB_THREADS, body_timeout=settings.REQUEST_BODY_TIMEOUT_SECONDS)
