"""Queueing a task from within a request, which must end in time whatever becomes of Redis."""

from typing import Any

from celery import Task
from django.conf import settings
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

from career_navigator.celery import app
from career_navigator.connection import QUICK_SECONDS
from career_navigator.redis_addresses import build_broker_options

# The first attempt may meet a connection that died while it lay idle; the second one tells how things are.
_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_NOT_FOUND = "404"


def queue_task(*, task: "Task[..., Any]", arguments: tuple[Any, ...], countdown: float = 0) -> None:
    """Hand a task to the workers, to run after `countdown` seconds. Raises kombu's OperationalError, within some 2 s,
    when the queue is unavailable or hangs.

    Workers wait for the broker far longer than a request may, so this goes over connections of its own.
    """
    quick = _quick_connection()
    try:
        with producers[quick].acquire(block=True, timeout=QUICK_SECONDS) as producer:
            task.apply_async(arguments, producer=producer, retry_policy=_RETRIES, countdown=countdown)
    except LimitExceeded as error:
        raise OperationalError("Every connection to the queue is taken.") from error


def count_waiting_tasks() -> int:
    """Return how many tasks wait for a worker, whatever the broker is. Raises kombu's OperationalError."""
    with _quick_connection() as connection:
        try:
            channel: Any = connection.default_channel
            declared = channel.queue_declare(queue=app.conf.task_default_queue, passive=True)
        except connection.channel_errors as error:
            # There is no queue before the first task, and none in Redis whenever it is empty.
            if str(getattr(error, "reply_code", "")) == _NOT_FOUND:
                return 0
            raise OperationalError(str(error)) from error
        except connection.connection_errors as error:
            raise OperationalError(str(error)) from error
        return int(declared.message_count)


def _quick_connection() -> Connection:
    connection = app.connection_for_write()
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | build_broker_options(
        settings.BROKER_ADDRESS, timeout_seconds=QUICK_SECONDS, is_fail_fast=True
    )
    return connection.clone(transport_options=options)
