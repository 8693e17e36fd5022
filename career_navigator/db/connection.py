"""The one way to the two servers: MongoEngine's connection and Redis's client, made on first use."""

import json
from functools import cache
from typing import Any

import mongoengine
import redis
from django.conf import settings
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from mongoengine.connection import get_db
from pymongo.database import Database

from career_navigator.db.mongodb import availability, build_client_options
from career_navigator.redis_addresses import build_redis_client


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
