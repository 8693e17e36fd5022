"""The stand-in as an HTTP server on the loopback interface."""

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from ingestion.stand_in.answers import Answer, detail_answer, error_answer, json_answer
from ingestion.stand_in.api import Asked, StandInAPI, utc_now
from ingestion.stand_in.catalogue import Catalogue, UnusableJob
from ingestion.stand_in.faults import BadFault, Fault, parse_faults, read_faults
from ingestion.stand_in.plan import PlanName

_LARGEST_BODY = 16_000_000
_NOT_JSON = b"<html><body><h1>Bad gateway</h1></body></html>"
_CONTROL = "/stand-in/"


class StandIn:
    """A server that answers as TheirStack would, from jobs of its own.

    `with StandIn(jobs=generate_jobs(...)) as stand_in:` serves at `stand_in.url` for the key `stand_in.api_key` until
    the block ends. `credits` defaults to what the plan grants, `clock` to the time in UTC.
    """

    def __init__(
        self,
        *,
        jobs: Catalogue | Iterable[Mapping[str, Any]] = (),
        plan: PlanName = "paid",
        credits: int | None = None,
        api_key: str = "stand-in-key",
        rate_limited: bool = False,
        faults: Iterable[Fault] = (),
        port: int = 0,
        seed: int = 1,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the jobs over. Raises UnusableJob, and OSError for a port that is taken."""
        self.api = StandInAPI(
            catalogue=jobs if isinstance(jobs, Catalogue) else Catalogue(jobs),
            plan=plan,
            credits=credits,
            api_key=api_key,
            rate_limited=rate_limited,
            seed=seed,
            clock=clock,
        )
        self.api.add_faults(faults)
        self._server = _Server(port, self.api)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address to use as THEIR_STACK_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def api_key(self) -> str:
        """The key to use as THEIR_STACK_API_KEY."""
        return self.api.api_key

    @property
    def requests(self) -> list[Asked]:
        """What was asked so far, oldest first."""
        return list(self.api.asked)

    @property
    def credits_used(self) -> int:
        """Credits spent so far, one for each job sent."""
        return self.api.credits.used

    @property
    def job_count(self) -> int:
        """How many jobs there are to find."""
        return len(self.api.catalogue)

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="stand-in", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop at once: waiting answers are abandoned, open connections closed."""
        self._server.stopping.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.close_connections()

    def script_faults(self, script: Sequence[Mapping[str, Any]]) -> None:
        """Add faults, each an object with the fields of `Fault`. Raises BadFault."""
        self.api.add_faults(read_faults([dict(entry) for entry in script]))

    def advance(
        self, *, new: int = 0, jobs: Iterable[Mapping[str, Any]] = (), close: Iterable[int] = ()
    ) -> dict[str, int]:
        """Add `new` generated jobs discovered now and these jobs, and close those with these ids."""
        return self.api.advance(new=new, jobs=jobs, close=close)

    def reset(self) -> None:
        """Forget requests, faults, credits spent and calls counted; the jobs stay."""
        self.api.reset()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a delayed answer must not hold up the end

    def __init__(self, port: int, api: StandInAPI) -> None:
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
        """Say nothing when a client goes away; let anything else be seen."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "theirstack-stand-in"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120  # an idle connection is given up

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: `GET /stand-in/requests` tells what was asked."""

    def _serve(self) -> None:
        address = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(detail_answer(413, "Request body too large"))
            return
        body = self.rfile.read(int(length))
        if address.path.startswith(_CONTROL):
            self._send(_control(self.server.api, self.command, address.path.removeprefix(_CONTROL), body))
            return
        self._serve_api(path=address.path, query=address.query, body=body)

    def _serve_api(self, *, path: str, query: str, body: bytes) -> None:
        api = self.server.api
        number, fault = api.next_fault(path=path)
        if fault.delay_seconds and self.server.stopping.wait(fault.delay_seconds):
            self.close_connection = True
            return
        record = partial(api.record, number=number, method=self.command, path=path, body=body)
        if fault.drop:
            record(status=None)
            self.close_connection = True
            return
        key = self.headers.get("Authorization", "")
        answer, rows = api.answer(method=self.command, path=path, query=query, body=body, key=key, fault=fault)
        answer = _spoiled(answer, fault)
        record(status=answer.status, rows=rows)
        self._send(answer, cut_off=fault.cut_off)

    def _send(self, answer: Answer, *, cut_off: bool = False) -> None:
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json", **answer.headers}
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        body = answer.body
        if cut_off:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)


def _spoiled(answer: Answer, fault: Fault) -> Answer:
    """Return the answer with what the fault does to its status, body and headers."""
    status, body = answer.status, answer.body
    if fault.status is not None:
        status, body = fault.status, error_answer(fault.status).body
        if fault.body is not None:
            body = fault.body.encode() if isinstance(fault.body, str) else orjson.dumps(fault.body)
    elif fault.not_json:
        status, body = 200, _NOT_JSON
    return Answer(status=status, body=body, headers={**answer.headers, **(fault.headers or {})})


def _control(api: StandInAPI, method: str, name: str, body: bytes) -> Answer:
    """Answer a request to the stand-in itself, which the real API has no counterpart of."""
    try:
        match method, name:
            case "GET", "requests":
                return json_answer({"requests": [asdict(asked) for asked in list(api.asked)]})
            case "PUT", "faults":
                api.script.clear()
                api.add_faults(parse_faults(body))
                return json_answer({"faults": len(api.script)})
            case "POST", "reset":
                api.reset()
                return json_answer({"reset": True})
            case "POST", "advance":
                return json_answer(_advance(api, orjson.loads(body or b"{}")))
    except (BadFault, UnusableJob, orjson.JSONDecodeError, TypeError, ValueError) as error:
        return detail_answer(400, str(error))
    return detail_answer(404, "Not Found")


def _advance(api: StandInAPI, asked: Any) -> dict[str, int]:
    if not isinstance(asked, dict):
        raise TypeError("an object was expected")
    unknown = set(asked) - {"new", "jobs", "close"}
    if unknown:
        raise ValueError(f"there is no {sorted(unknown)[0]!r}: give new, jobs or close")
    return api.advance(new=asked.get("new", 0), jobs=asked.get("jobs", []), close=asked.get("close", []))
