"""Queueing a task from within a request, which must end in time whatever becomes of Redis."""

from typing import Any

from celery import Task
from django.conf import settings
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

from career_navigator.celery import app
from career_navigator.connection import QUICK_SECONDS

# The first attempt may meet a connection that died while it lay idle; the second one tells how things are.
_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def queue_task(*, task: "Task[..., Any]", arguments: tuple[Any, ...]) -> None:
    """Hand a task to the workers. Raises kombu's OperationalError, within some 2 s, when the queue is away or hangs.

    Workers wait for Redis far longer than a request may, so this goes over connections of its own.
    """
    connection = app.connection_for_write()
    options = {"socket_timeout": QUICK_SECONDS, "socket_connect_timeout": QUICK_SECONDS}
    quick = connection.clone(transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS | options)
    try:
        with producers[quick].acquire(block=True, timeout=QUICK_SECONDS) as producer:
            task.apply_async(arguments, producer=producer, retry_policy=_RETRIES)
    except LimitExceeded as error:
        raise OperationalError("Every connection to the queue is taken.") from error
