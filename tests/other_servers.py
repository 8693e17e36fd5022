"""Context managers that connect this process to other servers, or to an address where no server listens."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import mongoengine
from django.test import override_settings

from career_navigator.cache import reset_caches
from career_navigator.celery import app
from career_navigator.db.connection import redis_client, register_connection
from career_navigator.devserver.embedded import EmbeddedServer
from career_navigator.redis_urls import build_broker_options, build_broker_url

# No server listens on port 1, so connecting fails immediately.
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
    """Use another Redis for caches, locks and the queue."""
    try:
        with override_settings(REDIS_URL=address), queue_at(address):
            _forget_redis()
            yield
    finally:
        _forget_redis()


@contextlib.contextmanager
def queue_at(address: str) -> Iterator[None]:
    """Use another Redis for the queue only."""
    usual, usual_options = app.conf.broker_url, app.conf.broker_transport_options
    options = build_broker_options(address, timeout_seconds=3)
    try:
        with override_settings(BROKER_ADDRESS=address):
            _queue_at(build_broker_url(address), usual_options | options)
            yield
    finally:
        _queue_at(usual, usual_options)


@contextlib.contextmanager
def freezing(server: EmbeddedServer) -> Iterator[Callable[[], None]]:
    """Yield a function that freezes the server. The server is stopped when the block ends."""
    try:
        yield lambda: os.kill(server.pid, signal.SIGSTOP)
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()


def _forget_redis() -> None:
    redis_client.cache_clear()
    reset_caches()


def _queue_at(url: str, options: dict[str, Any]) -> None:
    app.conf.update(broker_url=url, broker_read_url=None, broker_write_url=None, broker_transport_options=options)
    # Celery has no public method that drops its pools. Its stubs do not have these attributes.
    vars(app.amqp)["_producer_pool"] = None
    vars(app)["_pool"] = None
