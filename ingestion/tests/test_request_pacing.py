"""The request rate that all workers share through Redis."""

import multiprocessing
import socket
import time

import pytest
import redis as redis_library
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingestion.request_pacing import Pacing, PacingUnavailable


@pytest.fixture
def server(valkey):
    valkey.flushdb()
    return valkey


def test_grants_the_turns_of_a_window_and_then_returns_the_wait(server):
    pacing = Pacing(redis=server, calls_per_minute=3)

    waits = [pacing.acquire() for _ in range(4)]

    assert waits[:3] == [0.0, 0.0, 0.0]
    assert 59 < waits[3] <= 60


def test_grants_turns_again_after_the_window_has_moved(server):
    pacing = Pacing(redis=server, calls_per_minute=2, window_seconds=1)
    pacing.acquire()
    pacing.acquire()

    time.sleep(pacing.acquire() + 0.01)

    assert pacing.acquire() == 0.0


def test_getting_the_wait_takes_no_turn(server):
    pacing = Pacing(redis=server, calls_per_minute=1)

    waits = [pacing.get_wait_seconds() for _ in range(3)]

    assert waits == [0.0, 0.0, 0.0]
    assert pacing.acquire() == 0.0
    assert 59 < pacing.get_wait_seconds() <= 60


def _take_turns(port, attempts, start, granted):
    pacing = Pacing(redis=redis_library.Redis(port=port), calls_per_minute=25)
    start.wait()
    turns = sum(pacing.acquire() == 0.0 for _ in range(attempts))
    granted.put(turns)


def test_shares_the_window_between_processes(server):
    context = multiprocessing.get_context("spawn")
    start, granted = context.Event(), context.Queue()
    port = server.connection_pool.connection_kwargs["port"]
    processes = [context.Process(target=_take_turns, args=(port, 40, start, granted)) for _ in range(3)]
    for process in processes:
        process.start()

    start.set()
    turns = [granted.get(timeout=30) for _ in processes]

    assert sum(turns) == 25
    for process in processes:
        process.join(timeout=10)


def test_a_pause_applies_to_all_workers(server):
    first = Pacing(redis=server, calls_per_minute=100)
    other = Pacing(redis=server, calls_per_minute=100)

    first.pause(seconds=30)

    assert 29 < other.acquire() <= 30
    assert 29 < other.get_wait_seconds() <= 30


@pytest.mark.parametrize("pauses", [(30, 5), (5, 30)])
def test_the_longest_pause_wins(server, pauses):
    pacing = Pacing(redis=server, calls_per_minute=100)

    for seconds in pauses:
        pacing.pause(seconds=seconds)

    assert 29 < pacing.get_wait_seconds() <= 30


def test_continues_after_the_pause(server):
    pacing = Pacing(redis=server, calls_per_minute=100)

    pacing.pause(seconds=0.05)
    time.sleep(0.1)

    assert pacing.acquire() == 0.0


@pytest.mark.parametrize("seconds", [0, -3, 0.0001])
def test_ignores_a_pause_of_no_duration(server, seconds):
    pacing = Pacing(redis=server, calls_per_minute=100)

    pacing.pause(seconds=seconds)

    assert pacing.get_wait_seconds() == 0.0


def test_limits_are_independent_per_account(server):
    paused = Pacing(redis=server, calls_per_minute=1, account="first")
    other = Pacing(redis=server, calls_per_minute=1, account="second")

    paused.acquire()
    paused.pause(seconds=30)

    assert other.acquire() == 0.0


def test_all_redis_keys_expire(server):
    pacing = Pacing(redis=server, calls_per_minute=10)

    pacing.acquire()
    pacing.pause(seconds=5)

    keys = server.keys()
    assert len(keys) == 2
    assert all(0 < server.ttl(key) <= 60 for key in keys)


@pytest.mark.parametrize("call", [Pacing.acquire, Pacing.get_wait_seconds, lambda pacing: pacing.pause(seconds=1)])
def test_raises_pacing_unavailable_without_redis(call):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        unreachable = redis_library.Redis(port=unused.getsockname()[1], socket_timeout=1, retry=Retry(NoBackoff(), 0))

        with pytest.raises(PacingUnavailable) as caught:
            call(Pacing(redis=unreachable, calls_per_minute=10))

    assert caught.value.reason == "pacing_unavailable"
