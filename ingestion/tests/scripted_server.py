"""An HTTP server that gives the answers of a script, one per request, and keeps what it was asked; and a clock."""

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
    """Tests wait for nothing: sleeping is noted, and moves the time that the client reads."""

    now: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass
class Answer:
    """`body` as an object is sent as JSON; `claims` is a Content-Length other than the true one."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)
    claims: int | None = None
    hangs: float = 0.0
    drips: float = 0.0
    drops: bool = False
    first_does: Callable[[], object] = bool


@dataclass
class Seen:
    method: str
    path: str
    headers: dict
    body: bytes


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Answer] = []
        self.seen: list[Seen] = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def answers(self, *script: Answer):
        self.script[:] = script

    def handle_error(self, request, client_address):
        """A client that gave up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers), body))
        answer = self.server.script.pop(0)
        answer.first_does()
        time.sleep(answer.hangs)
        if answer.drops:
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if answer.claims is None else answer.claims))
        self.end_headers()
        for piece in [content] if not answer.drips else [content[i : i + 1] for i in range(len(content))]:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(answer.drips)
        self.close_connection = self.close_connection or answer.claims is not None

    def do_GET(self):
        self.do_POST()

    def log_message(self, *args):
        """Silent."""


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
