"""Connections to MongoDB and Redis, opened on first use.

All MongoDB clients have the same options. Their heartbeats show whether MongoDB is available.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from time import monotonic
from typing import Any

import mongoengine
import pymongo
import redis
from django.conf import settings
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from mongoengine.connection import get_db
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

from career_navigator.redis_urls import build_redis_client

# The shortest interval that PyMongo accepts, in seconds.
HEARTBEAT_INTERVAL = 0.5
# MongoDB counts as unavailable after this many seconds without an answer to a heartbeat. With five threads and five
# requests per second, a frozen MongoDB then leaves one thread free for requests that do not need MongoDB.
MAX_SILENCE = 0.75
# While MongoDB is unavailable, this many requests per process wait for it for up to WAITING_TIMEOUT seconds.
MAX_WAITING_REQUESTS = 2
WAITING_TIMEOUT = 2
# The other requests wait LATE_TIMEOUT seconds at first, since the heartbeat may just be late. After _LONG_SILENCE they
# do not wait at all. The timeout is then practically zero, because PyMongo checks a server selection timeout only every
# half second unless the timeout has expired from the start.
LATE_TIMEOUT = 0.25
UNAVAILABLE_TIMEOUT = 1e-9
_LONG_SILENCE = 2 * MAX_SILENCE
# A heartbeat that takes longer than HEARTBEAT_INTERVAL plus this timeout aborts all operations of the client. A busy
# server must not abort the operations of workers and commands. Requests have shorter timeouts.
CONNECT_TIMEOUT = 10
# Without this timeout, a write outside of a request would wait forever for unavailable secondaries.
WRITE_CONCERN_TIMEOUT = 30
_DUPLICATE_KEY = 11000

# A module variable because Django may copy the `Availability` object along with the settings, and a lock cannot be
# copied.
_lock = threading.Lock()


class Availability(ServerHeartbeatListener):
    """Tracks whether a writable server answers the heartbeats that PyMongo sends.

    The answers stop when MongoDB is killed, frozen, disconnected or without a primary. PyMongo's monitor keeps sending
    heartbeats, so recovery is detected within one interval without any request having to try.
    """

    def __init__(self) -> None:
        # None before the first heartbeat, or if none are sent (behind a load balancer).
        self._answered_at: float | None = None
        self._writable_server: tuple[str, int | None] | None = None
        self._waiting_requests = 0

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        if self._answered_at is None:
            self._answered_at = monotonic()

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        if event.reply.is_writable:
            self._answered_at, self._writable_server = monotonic(), event.connection_id

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        # Ignore failures of other members of a replica set, which do not affect the primary.
        if event.connection_id == self._writable_server and self.get_silence() < _LONG_SILENCE:
            self._answered_at = monotonic() - _LONG_SILENCE

    def get_silence(self) -> float:
        """Return the seconds since the last answer, or 0 before the first heartbeat."""
        answered_at = self._answered_at
        return 0.0 if answered_at is None else monotonic() - answered_at

    def reset(self) -> None:
        """Reset the state for a new client."""
        self._answered_at = self._writable_server = None

    @contextmanager
    def limit(self, *, seconds: float, hold_thread: Callable[[], AbstractContextManager[bool]]) -> Iterator[None]:
        """Limit the total time that a request can wait for MongoDB.

        While MongoDB is unavailable, at most MAX_WAITING_REQUESTS requests of the process wait for it, if `hold_thread`
        permits. Other requests fail at their first operation. Requests that do not use MongoDB are not affected.
        """
        silence = self.get_silence()
        is_silent = silence >= MAX_SILENCE
        with _lock:
            is_counted = not is_silent or self._waiting_requests < MAX_WAITING_REQUESTS
            self._waiting_requests += is_counted
        try:
            with hold_thread() if is_silent and is_counted else nullcontext(is_counted) as may_wait:
                if is_silent:
                    seconds = min(seconds, WAITING_TIMEOUT)
                if not may_wait:
                    seconds = LATE_TIMEOUT if silence < _LONG_SILENCE else UNAVAILABLE_TIMEOUT
                with pymongo.timeout(seconds):
                    yield
        finally:
            if is_counted:
                with _lock:
                    self._waiting_requests -= 1


availability = Availability()


def build_client_options(*, uri: str, timeout_seconds: float) -> dict[str, Any]:
    """Return the options of all MongoDB clients. A write is acknowledged when a majority has journaled it.

    `w` must be set explicitly. Otherwise the driver would send only `{j: true}`, which overrides the server's default
    of a majority, and acknowledged writes could be lost in a failover. The URI takes precedence for `w`, `journal` and
    `wtimeoutMS`.
    """
    uri_options = {option.partition("=")[0].casefold() for option in re.split("[&;]", uri.partition("?")[2])}
    durability = {"w": "majority", "journal": True, "wTimeoutMS": WRITE_CONCERN_TIMEOUT * 1000}
    return {
        "serverSelectionTimeoutMS": timeout_seconds * 1000,
        "connectTimeoutMS": CONNECT_TIMEOUT * 1000,
        "heartbeatFrequencyMS": int(HEARTBEAT_INTERVAL * 1000),
        "event_listeners": [availability],
        **{name: value for name, value in durability.items() if name.casefold() not in uri_options},
    }


def register_connection() -> None:
    """Register the MongoDB connection with MongoEngine.

    The connection opens at the first query, so that forked processes do not share a socket.
    """
    availability.reset()
    mongoengine.register_connection(
        mongoengine.DEFAULT_CONNECTION_NAME,
        db=settings.MONGODB_DATABASE,
        host=settings.MONGODB_URI,
        tz_aware=True,
        uuidRepresentation="standard",
        **build_client_options(uri=settings.MONGODB_URI, timeout_seconds=settings.MONGODB_TIMEOUT_SECONDS),
    )


def database() -> Database[dict[str, Any]]:
    """Return PyMongo's database, for bulk writes and for frequent reads that skip MongoEngine's documents."""
    found: Database[dict[str, Any]] = get_db()
    return found


@cache
def redis_client() -> "redis.Redis":
    """Return the process's Redis client. It returns bytes, and its connection pool reconnects after a fork."""
    client: redis.Redis = build_redis_client(
        settings.REDIS_URL, timeout_seconds=settings.REDIS_TIMEOUT_SECONDS, health_check_interval=30
    )
    return client


class JSONCacheSerializer:
    """Serializer that stores the values of Django's cache as JSON, so that write access to Redis cannot run code.

    Bytes, such as an uploaded file, are stored unchanged. A value in another format, such as the pickles of earlier
    releases, is read as None.
    """

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int:  # so that Redis can increment it
            return value
        return b"b" + value if isinstance(value, bytes) else b"j" + json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        if data[:1] == b"b":
            return data[1:]
        try:
            return json.loads(data[1:] if data[:1] == b"j" else str(int(data)))
        except (ValueError, RecursionError):
            return None


class _SharedCacheClient(RedisCacheClient):
    def get_client(self, key: Any = None, *, write: bool = False) -> "redis.Redis":
        return redis_client()


class SharedRedisCache(RedisCache):
    """Django's Redis cache with the process's shared client, since Django's own client does not support Sentinel."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _SharedCacheClient


def find_duplicate_key_indexes(error: BulkWriteError) -> set[int]:
    """Return the indexes of the writes that failed with a duplicate key. All other unordered writes succeeded.

    Raises `error` itself if any write failed for another reason.
    """
    failures = error.details["writeErrors"]
    if error.details.get("writeConcernErrors") or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return {failure["index"] for failure in failures}
