"""An HTTP server that returns scripted responses, one per request, and records the requests; and a fake clock."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "tsk-1f9c0ddba11ad5-secret"
RECENT = {"posted_at_max_age_days": 3, "limit": 25, "page": 0}


@dataclass
class Clock:
    """A fake clock: `sleep` records the seconds and advances the time instead of waiting."""

    now: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass
class Reply:
    """A scripted response. Bodies other than bytes are sent as JSON. `content_length` overrides the true length."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)
    content_length: int | None = None
    hang_seconds: float = 0.0
    drip_seconds: float = 0.0
    drops: bool = False
    before_response: Callable[[], object] = bool


@dataclass
class ReceivedRequest:
    method: str
    path: str
    headers: dict
    body: bytes


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Reply] = []
        self.received: list[ReceivedRequest] = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def reply_with(self, *script: Reply):
        self.script[:] = script

    def handle_error(self, request, client_address):
        """Ignore clients that disconnect, because the tests provoke that."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.received.append(ReceivedRequest(self.command, self.path, dict(self.headers), body))
        response = self.server.script.pop(0)
        response.before_response()
        time.sleep(response.hang_seconds)
        if response.drops:
            self.close_connection = True
            return
        content = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header(
            "Content-Length", str(len(content) if response.content_length is None else response.content_length)
        )
        self.end_headers()
        for piece in [content] if not response.drip_seconds else [content[i : i + 1] for i in range(len(content))]:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(response.drip_seconds)
        self.close_connection = self.close_connection or response.content_length is not None

    def do_GET(self):
        self.do_POST()

    def log_message(self, *args):
        """Log nothing."""


@contextlib.contextmanager
def running_scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
