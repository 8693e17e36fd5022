"""A load generator on raw sockets. Each keep-alive connection sends its next request as soon as it has a response."""

import selectors
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

HOST = "127.0.0.1"


@dataclass(slots=True)
class Load:
    """The result of a load: the latency of each response in seconds, and the total time."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def get_latency(self, share: float) -> float:
        """Return the latency that this share of the responses does not exceed."""
        return sorted(self.latencies)[int(len(self.latencies) * share)]


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    request: bytes
    sent_at: float = 0.0
    # Missing bytes of the response, or None until the head is complete.
    missing_bytes: int | None = None
    head: bytes = b""


def run_load(
    *, port: int, path: str, connections: int, seconds: float, length: int, tokens: Sequence[str] = ()
) -> Load:
    """Request `path` on `connections` connections for `seconds`, each with one of the bearer tokens, if any.

    Raises:
        RuntimeError: A response is not 200, or its body is not `length` bytes long.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: application/json\r\n"
    headers = [f"Authorization: Bearer {token}\r\n" for token in tokens] or [""]
    opened = [
        _Connection(_connect(port), f"{request}{headers[number % len(headers)]}\r\n".encode())
        for number in range(connections)
    ]
    result = Load()
    with selectors.DefaultSelector() as selector:
        started = perf_counter()
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.sent_at = perf_counter()
            connection.socket.sendall(connection.request)
        while (now := perf_counter()) - started < seconds:
            for key, _ in selector.select(timeout=1):
                connection = key.data
                if _receive(connection, length):
                    now = perf_counter()
                    result.latencies.append(now - connection.sent_at)
                    connection.sent_at, connection.missing_bytes, connection.head = now, None, b""
                    connection.socket.sendall(connection.request)
        result.seconds = now - started
    for connection in opened:
        connection.socket.close()
    return result


def _connect(port: int) -> socket.socket:
    opened = socket.create_connection((HOST, port), timeout=10)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _receive(connection: _Connection, length: int) -> bool:
    """Read the available bytes. Return True when the response is complete."""
    data = connection.socket.recv(65_536)
    if not data:
        raise RuntimeError("the server closed a connection")
    if connection.missing_bytes is None:
        connection.head += data
        head, end, body = connection.head.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200 ") or f"content-length: {length}".encode() not in head.lower():
            raise RuntimeError(f"unexpected response: {head[:300]!r}")
        connection.missing_bytes = length - len(body)
    else:
        connection.missing_bytes -= len(data)
    return connection.missing_bytes == 0
