"""The one way to the two servers: MongoEngine's connection and Redis's client, made on first use.

Every client of MongoDB is set up the same, and by its heartbeats is known whether MongoDB answers.
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

# The shortest that PyMongo accepts.
HEARTBEAT_INTERVAL = 0.5
# Without an answer to a heartbeat for this long MongoDB counts as unavailable. With five threads and five requests a
# second it leaves one of them free for what needs no MongoDB when MongoDB freezes.
MAX_SILENCE = 0.75
# So many requests of the process wait for a MongoDB that is unavailable, in case it is back within this time ...
MAX_WAITING_REQUESTS = 2
WAITING_TIMEOUT = 2
# ... and the others this long: enough for most while one heartbeat may just be late, then not at all, since PyMongo
# looks whether a wait for a server is over only every half second, unless it is over from the start.
LATE_TIMEOUT = 0.25
UNAVAILABLE_TIMEOUT = 1e-9
_LONG_SILENCE = 2 * MAX_SILENCE
# A heartbeat that takes longer than this and HEARTBEAT_INTERVAL together ends all operations of the client. A server
# that is only busy must not end those of workers and commands; requests have shorter limits of their own.
CONNECT_TIMEOUT = 10
# Without it, a write outside of a request would wait for ever for secondaries that are gone.
WRITE_CONCERN_TIMEOUT = 30
_DUPLICATE_KEY = 11000

# Outside of the object, which Django may copy with the settings it is named in.
_lock = threading.Lock()


class Availability(ServerHeartbeatListener):
    """Whether a server that takes writes has answered lately, by the heartbeats that PyMongo sends anyway.

    A MongoDB that is killed, frozen, cut off or without a primary looks alike: its answers stay away. PyMongo's
    monitor goes on asking, so that its return is noticed within a heartbeat without any request's help.
    """

    def __init__(self) -> None:
        # None: nobody has asked yet, or no heartbeats are sent (behind a load balancer).
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
        # The failure of another member of a replica set says nothing about the one that takes the writes.
        if event.connection_id == self._writable_server and self.get_silence() < _LONG_SILENCE:
            self._answered_at = monotonic() - _LONG_SILENCE

    def get_silence(self) -> float:
        """Return the seconds for which an answer has been missing; 0 before the first question."""
        answered_at = self._answered_at
        return 0.0 if answered_at is None else monotonic() - answered_at

    def forget(self) -> None:
        """Forget what was seen, for another client."""
        self._answered_at = self._writable_server = None

    @contextmanager
    def limit(self, *, seconds: float, hold_thread: Callable[[], AbstractContextManager[bool]]) -> Iterator[None]:
        """Limit what one request may wait for MongoDB in all.

        While MongoDB is unavailable two requests of the process wait for it, as far as `hold_thread` lets them; the
        others fail with their first operation. What needs no MongoDB never notices.
        """
        silence = self.get_silence()
        is_silent = silence >= MAX_SILENCE
        with _lock:
            is_counted = not is_silent or self._waiting_requests < MAX_WAITING_REQUESTS
            self._waiting_requests += is_counted
        try:
            with hold_thread() if is_silent and is_counted else nullcontext(is_counted) as waits:
                if is_silent:
                    seconds = min(seconds, WAITING_TIMEOUT)
                if not waits:
                    seconds = LATE_TIMEOUT if silence < _LONG_SILENCE else UNAVAILABLE_TIMEOUT
                with pymongo.timeout(seconds):
                    yield
        finally:
            if is_counted:
                with _lock:
                    self._waiting_requests -= 1


availability = Availability()


def build_client_options(*, address: str, timeout_seconds: float) -> dict[str, Any]:
    """Return the options of every client: a write is acknowledged once the majority has it in the journal.

    Without `w` the driver would send `{j: true}` alone, which replaces the server's default of a majority and loses
    acknowledged writes in a failover. What the address says of `w`, `journal` or `wtimeoutMS` wins.
    """
    named = {option.partition("=")[0].casefold() for option in re.split("[&;]", address.partition("?")[2])}
    durability = {"w": "majority", "journal": True, "wTimeoutMS": WRITE_CONCERN_TIMEOUT * 1000}
    return {
        "serverSelectionTimeoutMS": timeout_seconds * 1000,
        "connectTimeoutMS": CONNECT_TIMEOUT * 1000,
        "heartbeatFrequencyMS": int(HEARTBEAT_INTERVAL * 1000),
        "event_listeners": [availability],
        **{name: value for name, value in durability.items() if name.casefold() not in named},
    }


def register_connection() -> None:
    """Tell MongoEngine where MongoDB is; nothing is opened until a query runs, so forks share no socket."""
    availability.forget()
    mongoengine.register_connection(
        mongoengine.DEFAULT_CONNECTION_NAME,
        db=settings.MONGODB_DATABASE,
        host=settings.MONGODB_URI,
        tz_aware=True,
        uuidRepresentation="standard",
        **build_client_options(address=settings.MONGODB_URI, timeout_seconds=settings.MONGODB_TIMEOUT_SECONDS),
    )


def database() -> Database[dict[str, Any]]:
    """PyMongo's handle on our database, for bulk writes and for reads too hot for documents."""
    return get_db()


@cache
def redis_client() -> "redis.Redis":
    """One client a process, answering bytes; its pool reconnects after a fork."""
    client: redis.Redis = build_redis_client(
        settings.REDIS_URL, timeout_seconds=settings.REDIS_TIMEOUT_SECONDS, health_check_interval=30
    )
    return client


class JSONCacheSerializer:
    """Write what Django's cache holds, sessions included, as JSON: write access to Redis must not run code here.

    Bytes, such as an uploaded file, stay as they are. A value of another form, as earlier releases pickled them, is
    read as None.
    """

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int:  # counted by Redis
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
    """Django's cache over the client of the process: Django's own knows no Sentinel."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _SharedCacheClient


def find_duplicate_key_indexes(error: BulkWriteError) -> set[int]:
    """Return the indexes of the writes that failed with a duplicate key; of unordered ones all others were made.

    Raises `error` itself where anything else went wrong.
    """
    problems = error.details["writeErrors"]
    if error.details.get("writeConcernErrors") or any(problem["code"] != _DUPLICATE_KEY for problem in problems):
        raise error
    return {problem["index"] for problem in problems}
