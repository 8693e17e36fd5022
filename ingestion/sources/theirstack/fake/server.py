"""The fake TheirStack as an HTTP server on the loopback interface: authentication, limits, searches and responses."""

import contextlib
import hmac
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from ingestion.sources.theirstack.fake.conditions import (
    PLANS,
    SEARCH_PATH,
    Fault,
    FaultScript,
    PlanName,
    RateLimit,
    read_faults,
)
from ingestion.sources.theirstack.fake.jobs import REQUIRED_FILTERS, JobList, NoRequiredFilter, parse_search

# Code, title and description by status, in the documented format. Only the code E-020 is known for certain.
_ERRORS = {
    401: ("E-001", "Unauthorized", "The API key is missing, expired or not valid."),
    402: ("E-001", "Not enough credits", "The account has no API credits left."),
    403: ("E-020", "Premium functionality limitation", "The plan does not include this."),
    422: ("E-001", "Validation error", "The request lacks a required filter."),
    429: ("E-001", "Too many requests", "The rate limit of the plan is exceeded."),
    400: ("E-001", "Not allowed exception", "The request cannot be processed."),
}
_INTERNAL_ERROR = ("E-001", "Internal error", "Something went wrong on our side.")
# Fields that a preview masks, in a job and in its company.
_MASKED = ("description", "url", "final_url", "source_url", "company", "company_domain")
_MASKED_COMPANY = (
    *("name", "domain", "linkedin_url", "linkedin_id", "url"),
    *("long_description", "seo_description", "possible_domains"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response with a JSON body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def render_json(value: Any, *, status: int = 200) -> Response:
    """Return a response with the value as JSON."""
    return Response(status=status, body=orjson.dumps(value))


def render_error(status: int, *, description: str = "") -> Response:
    """Return an error response in the documented format."""
    code, title, text = _ERRORS.get(status, _INTERNAL_ERROR)
    error = {"code": code, "title": title, "description": description or text}
    return render_json({"request_id": None, "error": error}, status=status)


def render_detail(status: int, detail: Any) -> Response:
    """Return an error response in the format of FastAPI, which handles some requests before TheirStack's code does."""
    return render_json({"detail": detail}, status=status)


def render_invalid(error: ValidationError) -> Response:
    """Return FastAPI's 422 response, which names the invalid fields of the body."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return render_detail(422, [problem | {"loc": ["body", *problem["loc"][:1]]} for problem in problems])


def mask_job(row: bytes, *, job_id: int | None = None) -> bytes:
    """Return a job with the fields masked as in a preview, optionally under another id."""
    job = orjson.loads(row)
    company = job.get("company_object") or {}
    company |= {name: "***" for name in _MASKED_COMPANY if company.get(name)} | {"has_blurred_data": True}
    job |= {name: "***" for name in _MASKED if job.get(name)}
    job |= {"has_blurred_data": True, "company_object": company} | ({} if job_id is None else {"id": job_id})
    return orjson.dumps(job)


BALANCE_PATH = "/v0/billing/credit-balance"
_METHODS = {SEARCH_PATH: "POST", BALANCE_PATH: "GET"}
_NOT_JSON = b"<html><body><h1>Bad gateway</h1></body></html>"
_MALFORMED = {"job_title": None, "date_posted": "not a date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that the server received. `number` counts the requests to its path from 1. The key is not stored.

    `status` is the status of the response, or None if the connection was dropped.
    """

    number: int
    method: str
    path: str
    payload: Any
    at: datetime
    status: int | None
    rows: int


class FakeTheirStack:
    """A server that responds as TheirStack would, for a single account and with its own jobs.

    `with FakeTheirStack(jobs=...) as theirstack:` serves at `theirstack.url` for the key `theirstack.api_key` until the
    block ends. `credits` defaults to the plan's credits, and `clock` to the time in UTC. Thread-safe.
    """

    def __init__(
        self,
        *,
        jobs: JobList | Iterable[Mapping[str, Any]] = (),
        plan: PlanName = "paid",
        credits: int | None = None,
        api_key: str = "fake-key",
        rate_limited: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
    ) -> None:
        """Parse the jobs and bind the port. Raises InvalidJob, and OSError if the port is in use."""
        self.api_key = api_key
        self._jobs = jobs if isinstance(jobs, JobList) else JobList(jobs)
        self._plan = PLANS[plan]
        self._granted_credits = self._plan.credits if credits is None else credits
        self._rate_limited = rate_limited
        self._clock = clock
        self._lock = threading.RLock()
        self.reset()
        self._server = _Server(port, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="fake-theirstack", daemon=True
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Return the base URL, for THEIR_STACK_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Start serving in a background thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop immediately. Pending responses are abandoned and open connections are closed."""
        self._server.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Return the requests received so far, oldest first."""
        return list(self._requests)

    @property
    def job_count(self) -> int:
        """Return the number of jobs that searches can find."""
        return len(self._jobs)

    def reset(self) -> None:
        """Clear the requests, faults, spent credits and rate-limit counts. The jobs stay."""
        with self._lock:
            self._requests: list[ReceivedRequest] = []
            # One credit per job sent.
            self.credits_used = 0
            self._faults = FaultScript()
            self._request_counts: Counter[str] = Counter()
            self._rate_limit = RateLimit(self._plan.windows if self._rate_limited else ())
            self._last_rows: list[bytes] = []

    def script_faults(self, script: bytes | Sequence[Mapping[str, Any] | Fault]) -> None:
        """Append faults, each an object with the fields of `Fault`. Raises BadFault."""
        with self._lock:
            self._faults.extend(read_faults(script))

    def advance(self, *, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Add new jobs, replacing those with the same id. Raises InvalidJob."""
        with self._lock:
            self._jobs.put(jobs)

    def take_fault(self, *, path: str) -> tuple[int, Fault]:
        """Count a request, and return its number and the fault to inject, which is empty if there is none."""
        with self._lock:
            self._request_counts[path] += 1
            number = self._request_counts[path]
            return number, self._faults.take(path=path, number=number)

    def record(self, *, number: int, method: str, path: str, body: bytes, status: int | None, rows: int = 0) -> None:
        """Record a request, so that `requests` returns it."""
        try:
            payload = orjson.loads(body) if body else None
        except orjson.JSONDecodeError:
            payload = body.decode(errors="replace")
        request = ReceivedRequest(
            number=number, method=method, path=path, payload=payload, at=self._clock(), status=status, rows=rows
        )
        with self._lock:
            self._requests.append(request)

    def respond(self, *, method: str, path: str, body: bytes, key: str, fault: Fault) -> tuple[Response, int]:
        """Respond to a request, applying the fault. Return the response and the number of jobs sent."""
        with self._lock:
            response, rows = self._respond(method=method, path=path, body=body, key=key, fault=fault)
        if fault.status is not None:
            response = replace(render_error(fault.status), headers=response.headers)
            if fault.body is not None:
                body = fault.body.encode() if isinstance(fault.body, str) else orjson.dumps(fault.body)
                response = replace(response, body=body)
        elif fault.not_json:
            response = replace(response, status=200, body=_NOT_JSON)
        return replace(response, headers={**response.headers, **fault.headers}), rows

    def _respond(self, *, method: str, path: str, body: bytes, key: str, fault: Fault) -> tuple[Response, int]:
        if path not in _METHODS:
            return render_detail(404, "Not Found"), 0
        if method != _METHODS[path]:
            return replace(render_detail(405, "Method Not Allowed"), headers={"Allow": _METHODS[path]}), 0
        if not hmac.compare_digest(key.encode(), f"Bearer {self.api_key}".encode()):
            return render_error(401), 0
        if path == BALANCE_PATH:
            usage = {"ui_credits": 50, "used_ui_credits": 0, "used_api_credits": self.credits_used}
            return render_json(usage | {"api_credits": self._granted_credits}), 0
        now = time.monotonic()
        if not self._rate_limit.hit(now):
            response, rows = render_error(429), 0
        elif fault.status is not None or fault.not_json:
            response, rows = render_error(500), 0  # `respond` replaces this response; no jobs are sent or charged
        else:
            response, rows = self._search(body=body, fault=fault)
        headers = self._rate_limit.get_headers(now) if self._rate_limited else {}
        return replace(response, headers=headers), rows

    def _search(self, *, body: bytes, fault: Fault) -> tuple[Response, int]:
        try:
            search = parse_search(body=body, now=self._clock())
        except ValidationError as error:
            return render_invalid(error), 0
        except NoRequiredFilter:
            names = ", ".join(REQUIRED_FILTERS)
            return render_error(422, description=f"At least one of these filters is required: {names}"), 0
        max_limit, max_pages = self._plan.max_limit, self._plan.max_pages
        if search.limit > max_limit:
            return render_error(403, description=f"limit must be at most {max_limit} on this plan"), 0
        if max_pages is not None and search.offset >= max_pages * max_limit:
            return render_error(403, description=f"a query can have at most {max_pages} pages on this plan"), 0
        credits_left = max(0, self._granted_credits - self.credits_used)
        if not credits_left:
            return render_error(402), 0
        end = search.offset + search.limit
        found = self._jobs.find(search.predicates, limit=None if search.with_totals else end)
        rows = self._last_rows if fault.repeat_page else [job.body for job in found[search.offset : end]]
        affordable = rows[:credits_left]
        self._last_rows = affordable
        self.credits_used += len(affordable)
        sent = [mask_job(row) for row in affordable] if search.blurred else affordable
        metadata = {
            "total_results": len(found) if search.with_totals else None,
            "truncated_results": len(rows) - len(affordable),
            "truncated_companies": 0,
            "total_companies": len({job.company for job in found}) if search.with_totals else None,
        }
        data = [orjson.Fragment(row) for row in _corrupt(sent, fault)]
        return render_json({"metadata": metadata, "data": data}), len(affordable)


def _corrupt(rows: list[bytes], fault: Fault) -> list[bytes]:
    """Return the rows, including rows that the fault adds. Added rows cost no credits."""
    added: list[bytes] = []
    if fault.malformed_row is not None and fault.malformed_row is not False:
        added.append(orjson.dumps(_MALFORMED if fault.malformed_row is True else fault.malformed_row))
    if fault.blurred_row and rows:
        added.append(mask_job(rows[0], job_id=1))
    return [*added, *rows, *rows[: fault.duplicate_rows]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # so that a delayed response does not block stopping

    def __init__(self, port: int, api: FakeTheirStack) -> None:
        self.api = api
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors from clients that disconnect, and report all other errors."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "fake-theirstack"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120  # seconds until an idle connection is closed

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, because `FakeTheirStack.requests` records the requests."""

    def _serve(self) -> None:
        api, path = self.server.api, urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number, fault = api.take_fault(path=path)
        if fault.delay_seconds and self.server.stopping.wait(fault.delay_seconds):
            self.close_connection = True
            return
        record = partial(api.record, number=number, method=self.command, path=path, body=body)
        if fault.drop:
            record(status=None)
            self.close_connection = True
            return
        key = self.headers.get("Authorization", "")
        response, rows = api.respond(method=self.command, path=path, body=body, key=key, fault=fault)
        record(status=response.status, rows=rows)
        self._send(response, cut_off=fault.cut_off)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names required by http.server

    def _send(self, response: Response, *, cut_off: bool = False) -> None:
        self.send_response(response.status)
        for name, value in {"Content-Type": "application/json", **response.headers}.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = self.close_connection or cut_off
        self.wfile.write(response.body[: len(response.body) // 2] if cut_off else response.body)
