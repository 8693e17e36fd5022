"""Queueing tasks. What queues one, a request before all, must end in time whatever becomes of the broker."""

import logging
from time import monotonic
from typing import Any

from celery import Task
from django.conf import settings
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

from career_navigator.cache.client import FAIL_FAST_TIMEOUT
from career_navigator.celery import app
from career_navigator.redis_addresses import build_broker_options

logger = logging.getLogger(__name__)

# The first attempt may meet a connection that died while it lay idle; the second one tells how things are.
_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_NOT_FOUND = "404"
# So that a request that queues two tasks waits once for a broker that hangs.
_REST_SECONDS = 1.0
# Until when nothing is tried, by the broker's URL.
_rests_until: dict[str, float] = {}


def enqueue(task: "Task[..., Any] | str", *args: Any, **options: Any) -> bool:
    """Queue a task, given as such or by its name; return False where the broker is unavailable, within some 2 s.

    `options` are those of `apply_async`. Workers wait for the broker far longer than a request may, so this goes over
    connections of its own.
    """
    name = task if isinstance(task, str) else task.name
    if monotonic() < _rests_until.get(settings.BROKER_ADDRESS, 0):
        logger.warning("%s was not queued: the broker has just been unavailable", name)
        return False
    connection = _fail_fast_connection()
    try:
        with producers[connection].acquire(block=True, timeout=FAIL_FAST_TIMEOUT) as producer:
            options |= {"producer": producer, "retry_policy": _RETRIES}
            if isinstance(task, str):
                app.send_task(task, args, **options)
            else:
                task.apply_async(args, **options)
    except (LimitExceeded, OperationalError) as error:
        logger.warning("%s was not queued: %s", name, error)
        _rests_until[settings.BROKER_ADDRESS] = monotonic() + _REST_SECONDS
        return False
    return True


def count_waiting_tasks() -> dict[str, int]:
    """Return how many tasks wait in each queue, whatever the broker is. Raises kombu's OperationalError."""
    with _fail_fast_connection() as connection:
        return {name: _count_messages(connection, name) for name in app.amqp.queues}


def _count_messages(connection: Connection, queue: str) -> int:
    try:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except connection.channel_errors as error:
        # There is no queue before the first task, and none in Redis whenever it is empty.
        if str(getattr(error, "reply_code", "")) == _NOT_FOUND:
            return 0
        raise OperationalError(str(error)) from error
    except connection.connection_errors as error:
        raise OperationalError(str(error)) from error


def _fail_fast_connection() -> Connection:
    connection = app.connection_for_write()
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | build_broker_options(
        settings.BROKER_ADDRESS, timeout_seconds=FAIL_FAST_TIMEOUT, is_fail_fast=True
    )
    return connection.clone(transport_options=options)
