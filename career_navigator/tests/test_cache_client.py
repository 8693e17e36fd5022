"""Tests of the fail-fast Redis client while Redis hangs, restarts or returns errors."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from career_navigator.cache import client
from career_navigator.cache.client import execute, is_available, read
from career_navigator.devserver.embedded import EmbeddedServer, start_valkey
from tests.other_servers import redis_at

# Seconds after which the circuit breaker is half-open, with a margin for a busy machine.
HALF_OPEN_SECONDS = client.OPEN_SECONDS + 0.5


@pytest.fixture
def server(short_redis_timeout: None, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Start a Valkey server for one test. The client's timeout is 0.5 s."""
    server = start_valkey(directory=tmp_path / "valkey")
    try:
        with redis_at(f"{server.uri}0"):
            yield server
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()


def test_returns_the_reply_to_each_command_in_order(server: EmbeddedServer) -> None:
    assert execute(("SET", "counted", 3), ("INCR", "counted"), ("GET", "counted")) == [b"OK", 4, b"4"]
    assert (read("counted"), read("missing")) == (b"4", None)


def test_sends_nothing_for_a_second_after_a_failure(server: EmbeddedServer) -> None:
    execute(("SET", "name", "value"))
    os.kill(server.pid, signal.SIGSTOP)
    started = time.monotonic()
    assert read("name") is None
    os.kill(server.pid, signal.SIGCONT)

    # Redis would respond by now. On a slow machine the circuit breaker may be half-open already.
    replies = [read("name"), execute(("GET", "name"))] if time.monotonic() - started < client.OPEN_SECONDS else None
    time.sleep(HALF_OPEN_SECONDS)

    assert replies in ([None, None], None)
    assert read("name") == b"value"


def test_lets_one_thread_probe_whether_redis_is_available_again(server: EmbeddedServer) -> None:
    assert is_available()
    os.kill(server.pid, signal.SIGSTOP)
    assert not is_available()
    time.sleep(HALF_OPEN_SECONDS)
    barrier = threading.Barrier(4)

    def measure() -> float:
        barrier.wait()
        started = time.monotonic()
        assert not is_available()
        return time.monotonic() - started

    with ThreadPoolExecutor(4) as threads:
        waits = sorted(future.result() for future in [threads.submit(measure) for _ in range(4)])

    assert sum(wait >= 0.5 for wait in waits) == 1


def test_does_not_return_a_late_reply_for_the_next_command(server: EmbeddedServer) -> None:
    execute(("SET", "first", "1"), ("SET", "second", "2"))
    os.kill(server.pid, signal.SIGSTOP)
    assert read("first") is None
    os.kill(server.pid, signal.SIGCONT)
    time.sleep(HALF_OPEN_SECONDS)

    assert read("second") == b"2"


def test_treats_an_error_reply_as_unavailable_and_recovers(server: EmbeddedServer) -> None:
    assert execute(("SET", "text", "x"), ("INCR", "text"), ("GET", "text")) is None
    time.sleep(HALF_OPEN_SECONDS)

    assert execute(("GET", "text")) == [b"x"]


def test_reconnects_after_redis_closed_the_connection(server: EmbeddedServer) -> None:
    assert is_available()
    client.fail_fast_redis().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    assert is_available()


def test_discards_the_reply_of_an_interrupted_read(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> None:
        raise SoftTimeLimitExceeded

    execute(("SET", "first", "1"), ("SET", "second", "2"))
    with monkeypatch.context() as patch:
        patch.setattr(client._thread.connection, "read_response", interrupt)
        with pytest.raises(SoftTimeLimitExceeded):
            read("first")

    assert read("second") == b"2"
