"""The fake as an HTTP server on the loopback interface."""

import contextlib
import socket
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from ingestion.fake_theirstack.api import FakeAPI
from ingestion.fake_theirstack.responses import Response


class FakeTheirStack(FakeAPI):
    """A server that answers as TheirStack would, from jobs of its own.

    `with FakeTheirStack(jobs=...) as theirstack:` serves at `theirstack.url` for the key `theirstack.api_key` until the
    block ends. Takes the parameters of `FakeAPI` and a port. Raises OSError for a port that is taken.
    """

    def __init__(self, *, port: int = 0, **account: Any) -> None:
        super().__init__(**account)
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
        """The address to use as THEIR_STACK_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at once: waiting answers are abandoned, open connections closed."""
        self._server.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a delayed answer must not hold up the end

    def __init__(self, port: int, api: FakeAPI) -> None:
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
    server_version = "fake-theirstack"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120  # an idle connection is given up

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: `FakeAPI.requests` has what was asked."""

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

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - as http.server looks them up

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
