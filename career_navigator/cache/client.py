"""The fail-fast Redis client: for what requests ask of Redis and can do without.

A circuit breaker guards it: after a failure nothing is sent for a second, then by one thread first. So a Redis that is
unavailable costs one request its timeout, not each request on every step.
"""

import threading
from functools import cache, lru_cache
from time import monotonic
from typing import Any

import redis
from django.conf import settings
from redis.connection import AbstractConnection

from career_navigator.redis_urls import build_redis_client

# A command meets at most two of these in a row, connecting and reading.
FAIL_FAST_TIMEOUT = 0.5
OPEN_SECONDS = 1.0

Command = tuple[str | bytes | int, ...]


class _CircuitBreaker:
    """Closed while `open_until` is 0, open until then, half open after it. Threads may share it."""

    def __init__(self) -> None:
        self.open_until = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        with self._lock:
            now = monotonic()
            if now < self.open_until:
                return False
            # Half open: this thread tries, the others do without until it is known what comes of it.
            self.open_until = now + OPEN_SECONDS
            return True

    def open(self) -> None:
        self.open_until = monotonic() + OPEN_SECONDS

    def close(self) -> None:
        self.open_until = 0.0


_breaker = _CircuitBreaker()
_thread = threading.local()
# Never connected: it packs commands for every connection.
_packer = redis.Connection()


@cache
def fail_fast_redis() -> "redis.Redis":
    """Return redis-py's client, for locks and pipelines: it raises within a second, and tries nothing twice."""
    client: redis.Redis = build_redis_client(settings.REDIS_URL, timeout_seconds=FAIL_FAST_TIMEOUT, is_fail_fast=True)
    return client


def execute(*commands: Command) -> list[Any] | None:
    """Return every command's reply, in order; None while Redis is unavailable.

    Commands are one round trip and no transaction. None leaves open whether some of them were carried out.
    """
    return _exchange(_packer.pack_commands(commands), len(commands))


def read(key: str) -> bytes | None:
    """Return the key's value; None where it has none, and while Redis is unavailable."""
    replies = _exchange(_pack_get(key), 1)
    return replies[0] if replies else None


# The same few versions are read all the time, and packing is a quarter of what that takes.
@lru_cache(maxsize=64)
def _pack_get(key: str) -> list[bytes]:
    packed: list[bytes] = _packer.pack_command("GET", key)
    return packed


def _exchange(packed: list[bytes], count: int) -> list[Any] | None:
    """Send what is packed, and return as many replies; None while Redis is unavailable."""
    if _breaker.open_until and not _breaker.allows():
        return None
    connection: AbstractConnection | None = getattr(_thread, "connection", None)
    if connection is None:
        # One for each thread: a command takes a third of the processor time that it takes through the client.
        pool = fail_fast_redis().connection_pool
        connection = _thread.connection = pool.connection_class(**pool.connection_kwargs)
    may_be_closed = connection.is_connected
    while True:
        try:
            if not connection.is_connected:
                # Sending would connect as well, but not to the primary that Sentinel names.
                connection.connect()
            connection.send_packed_command(packed, check_health=False)
            replies = [connection.read_response() for _ in range(count)]
        except redis.RedisError as error:
            # What is left unread would be taken for the reply to the next command.
            connection.disconnect()
            if may_be_closed and isinstance(error, redis.ConnectionError):
                # Closed since the last command, as by a restart: that says nothing of now.
                may_be_closed = False
                continue
            _breaker.open()
            return None
        except BaseException:
            # As by a task's time limit, between the command and its reply.
            connection.disconnect()
            raise
        _breaker.close()
        return replies


def is_available() -> bool:
    """Return whether Redis answers now."""
    return execute(("PING",)) is not None


def reset() -> None:
    """Connect again, to the Redis that the settings name."""
    global _thread
    fail_fast_redis.cache_clear()
    _thread = threading.local()
    _breaker.close()
