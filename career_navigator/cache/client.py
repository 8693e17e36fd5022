"""The fail-fast Redis client, for data that requests can do without.

A circuit breaker protects requests from an unavailable Redis. After a failure, commands fail immediately for a second.
Then one thread tries again. So only one request waits for the timeout, not every command of every request.
"""

import threading
from functools import cache, lru_cache
from time import monotonic
from typing import Any

import redis
from django.conf import settings
from redis.connection import AbstractConnection

from career_navigator.redis_urls import build_redis_client

# Seconds. A command takes at most two timeouts, one to connect and one to read the reply.
FAIL_FAST_TIMEOUT = 0.5
OPEN_SECONDS = 1.0

Command = tuple[str | bytes | int, ...]


class _CircuitBreaker:
    """A thread-safe circuit breaker.

    The breaker is closed while `open_until` is 0, open until that time, and half-open afterwards.
    """

    def __init__(self) -> None:
        self.open_until = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        with self._lock:
            now = monotonic()
            if now < self.open_until:
                return False
            # Half-open: this thread tries. For other threads the breaker stays open until the result is known.
            self.open_until = now + OPEN_SECONDS
            return True

    def open(self) -> None:
        self.open_until = monotonic() + OPEN_SECONDS

    def close(self) -> None:
        self.open_until = 0.0


_breaker = _CircuitBreaker()
_thread = threading.local()
# This connection only packs commands, and never connects.
_packer = redis.Connection()


@cache
def fail_fast_redis() -> "redis.Redis":
    """Return a redis-py client for locks and pipelines. It raises within a second and never retries."""
    client: redis.Redis = build_redis_client(settings.REDIS_URL, timeout_seconds=FAIL_FAST_TIMEOUT, is_fail_fast=True)
    return client


def execute(*commands: Command) -> list[Any] | None:
    """Send the commands in one round trip, without a transaction, and return their replies in order.

    Returns:
        None if Redis is unavailable. Some of the commands may have been executed nevertheless.
    """
    return _exchange(_packer.pack_commands(commands), len(commands))


def read(key: str) -> bytes | None:
    """Return the key's value, or None if the key does not exist or Redis is unavailable."""
    replies = _exchange(_pack_get(key), 1)
    return replies[0] if replies else None


# Requests read the same few version keys, and packing takes a quarter of the time of a read.
@lru_cache(maxsize=64)
def _pack_get(key: str) -> list[bytes]:
    packed: list[bytes] = _packer.pack_command("GET", key)
    return packed


def _exchange(packed: list[bytes], count: int) -> list[Any] | None:
    """Send packed commands and return `count` replies, or None if Redis is unavailable."""
    if _breaker.open_until and not _breaker.allows():
        return None
    connection: AbstractConnection | None = getattr(_thread, "connection", None)
    if connection is None:
        # One connection per thread takes a third of the CPU time per command of a client with a pool.
        pool = fail_fast_redis().connection_pool
        connection = _thread.connection = pool.connection_class(**pool.connection_kwargs)
    may_be_closed = connection.is_connected
    while True:
        try:
            if not connection.is_connected:
                # send_packed_command would connect too, but not to the primary that Sentinel reports.
                connection.connect()
            connection.send_packed_command(packed, check_health=False)
            replies = [connection.read_response() for _ in range(count)]
        except redis.RedisError as error:
            # Otherwise an unread reply would be taken for the reply to the next command.
            connection.disconnect()
            if may_be_closed and isinstance(error, redis.ConnectionError):
                # The server closed the idle connection, for example on a restart, so Redis may be available now.
                may_be_closed = False
                continue
            _breaker.open()
            return None
        except BaseException:
            # A task's time limit can interrupt between a command and its reply.
            connection.disconnect()
            raise
        _breaker.close()
        return replies


def is_available() -> bool:
    """Return whether Redis responds to a ping."""
    return execute(("PING",)) is not None


def reset() -> None:
    """Drop all connections, so that the next command connects to the Redis in the settings."""
    global _thread  # noqa: PLW0603 - drops the connections of all threads
    fail_fast_redis.cache_clear()
    _thread = threading.local()
    _breaker.close()
