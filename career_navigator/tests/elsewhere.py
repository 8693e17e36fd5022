"""For a while, this process takes other servers for its own: none at all, or those a test has started."""

import contextlib
from collections.abc import Iterator

import mongoengine
from django.test import override_settings

from career_navigator import quick_redis
from career_navigator.celery import app
from career_navigator.connection import quick_redis_client, redis_client, register_connection

# Port 1 is never listened on: connecting is refused at once.
NO_MONGODB = "mongodb://127.0.0.1:1/nowhere"
NO_REDIS = "redis://127.0.0.1:1/0"


@contextlib.contextmanager
def mongodb_at(address: str) -> Iterator[None]:
    try:
        with override_settings(MONGODB_URI=address):
            _forget_mongodb()
            yield
    finally:
        _forget_mongodb()


def _forget_mongodb() -> None:
    mongoengine.disconnect()
    register_connection()


@contextlib.contextmanager
def redis_at(address: str) -> Iterator[None]:
    """Redis as a cache, a lock and a queue."""
    try:
        with override_settings(REDIS_URL=address), queue_at(address):
            _forget_redis()
            yield
    finally:
        _forget_redis()


@contextlib.contextmanager
def queue_at(address: str) -> Iterator[None]:
    """Redis as a queue alone."""
    usual = app.conf.broker_url
    try:
        _queue_at(address)
        yield
    finally:
        _queue_at(usual)


def _forget_redis() -> None:
    redis_client.cache_clear()
    quick_redis_client.cache_clear()
    quick_redis.forget_connections()


def _queue_at(address: str) -> None:
    app.conf.update(broker_url=address, broker_read_url=None, broker_write_url=None)
    app.amqp._producer_pool = None
    app._pool = None
