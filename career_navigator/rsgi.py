"""The application that granian runs: the event loop reads each body under a deadline, then a thread answers.

With granian's WSGI interface a request takes a thread before its body has come: a few stalled bodies take them all.
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

# The WSGI application has set Django up, which these modules need.
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

# Above every limit of an endpoint, whose own answer says more.
MAX_BODY_BYTES = 16_000_000
# Of all bodies that a process holds which have not been handed to a thread.
MAX_PENDING_BYTES = 64_000_000
# A body that comes faster has all the time that its size takes at this rate, on top of REQUEST_BODY_TIMEOUT.
MIN_BYTES_PER_SECOND = 50_000
# Liveness is asked for while all threads are busy, so a thread of its own answers it.
_LIVENESS_PATHS = frozenset({"/health", "/health/"})
_SLOW_SECONDS = 0.05
_LEAVE_TO_THREADS_SECONDS = 5
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
    """A body that no thread gets to see; `problem` is answered."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = build_problem(code, detail)


class Server:
    """An RSGI application around the WSGI one."""

    def __init__(self, application: Callable[..., Any], *, threads: int, body_timeout: float) -> None:
        self._application = application
        self._body_timeout = body_timeout
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._liveness_thread = ThreadPoolExecutor(1, thread_name_prefix="liveness")
        # Touched by the event loop alone.
        self._pending_bytes = 0
        self._redis_is_slow_until = 0.0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set up a process of the server; granian calls it before the first request."""
        # A thread that waits for the interpreter asks for it after this many seconds. With the default of 5 ms the
        # slowest answers wait just that long behind the other threads.
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
        await asyncio.get_running_loop().run_in_executor(pool, self._answer, environ, protocol)

    def _find_cached(self, environ: dict[str, Any]) -> CachedResponse | None:
        """Return a cached response: to pass the request to a thread and back costs more than to answer it here.

        Redis is asked for its version. When that is slow, everything waits, so for a while it is left to the threads.
        """
        started = monotonic()
        if started < self._redis_is_slow_until:
            return None
        cached = find_response(environ)
        finished = monotonic()
        if finished - started > _SLOW_SECONDS:
            self._redis_is_slow_until = finished + _LEAVE_TO_THREADS_SECONDS
        return cached

    async def _read_body(self, environ: dict[str, Any], protocol: "RSGIHTTPProtocol") -> bytes:
        """Return the whole body. Raises BodyRejected."""
        declared = int(environ.get("CONTENT_LENGTH", "0"))
        if declared > MAX_BODY_BYTES:
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
                        raise BodyRejected("busy", "Too much is being sent to this service; try again shortly.")
                    timeout.reschedule(deadline + len(body) / MIN_BYTES_PER_SECOND)
        except TimeoutError as error:
            raise BodyRejected("body_timeout", "The body of the request did not come in time.") from error
        finally:
            self._pending_bytes -= len(body)
        # Granian gives an empty chunk at the end of a body, and another one where reading failed or a trailer came.
        broke_off = "HTTP_TRANSFER_ENCODING" in environ and empty_chunks > 1 and "HTTP_TRAILER" not in environ
        if broke_off or len(body) < declared:
            raise BodyRejected("incomplete_body", "The request ended before its body did.")
        return bytes(body)

    def _answer(self, environ: dict[str, Any], protocol: "RSGIHTTPProtocol") -> None:
        sent: tuple[int, list[tuple[str, str]]] = 500, []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal sent
            sent = int(status[:3]), headers

        content = self._application(environ, start_response)
        try:
            # No answer is streamed: each is in memory already, so a client that reads slowly holds no thread.
            body = b"".join(content)
        finally:
            if hasattr(content, "close"):
                content.close()
        protocol.response_bytes(*sent, body)


def build_environ(scope: "Scope") -> dict[str, Any]:
    """Return the WSGI environ of a request, without its body.

    Headers with an underscore are left out: `X_Forwarded_For` would be taken for the proxy's `X-Forwarded-For`.
    """
    server_name, _, server_port = scope.server.rpartition(":")
    environ = _ENVIRON | {
        "REQUEST_METHOD": scope.method,
        # Of "OPTIONS *" it is "*".
        "PATH_INFO": "/" + scope.path.removeprefix("/").encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server_name.strip("[]"),
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = _CGI_NAMES.get(name) or "HTTP_" + name.upper().replace("-", "_")
        if key in environ:
            value = f"{environ[key]}{';' if name == 'cookie' else ','}{value}"
        environ[key] = value
    return environ


def _send_cached(cached: CachedResponse, environ: dict[str, Any], protocol: "RSGIHTTPProtocol", started: float) -> None:
    identity = get_request_id(environ)
    headers, content = cached.choose_form(environ)
    protocol.response_bytes(200, [*headers, ("X-Request-ID", identity)], content)
    _record(identity, environ, 200, started, route=cached.match.route if cached.match else None)


def _reject(error: BodyRejected, environ: dict[str, Any], protocol: "RSGIHTTPProtocol", started: float) -> None:
    identity = get_request_id(environ)
    # What is left of the body would be read as the next request, so the connection ends.
    headers = [("content-type", "application/json"), ("connection", "close"), ("x-request-id", identity)]
    problem = error.problem
    if problem.status == 503:
        headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
    protocol.response_bytes(problem.status, headers, dump_json(problem.body))
    _record(identity, environ, problem.status, started)


def _record(identity: str, environ: dict[str, Any], status: int, started: float, *, route: str | None = None) -> None:
    token = request_id.set(identity)
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
