"""The Celery application: fail-fast queueing, worker heartbeats and task metrics.

Tasks are discovered in each app's `tasks.py`. Settings have the prefix CELERY_. Code that queues a task, above all a
request, must not block when the broker is unavailable.
"""

import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from time import monotonic, perf_counter
from typing import Any

from celery import Celery, Task, bootsteps
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from django.conf import settings
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers
from redis.exceptions import RedisError

from career_navigator.cache.client import FAIL_FAST_TIMEOUT, fail_fast_redis
from career_navigator.observability.logging import task_id as current_task_id
from career_navigator.redis_urls import build_broker_options

logger = logging.getLogger(__name__)

# Redis key that the event loops of workers renew and that expires when no worker is alive.
HEARTBEAT_KEY = "worker:heartbeat"
# Sorted set of workers by the Unix time of their last heartbeat.
WORKERS_KEY = "worker:heartbeats"
HEARTBEAT_INTERVAL = 5
HEARTBEAT_TTL = 16
# Redis hashes with "<task>|<outcome>" to a count, and "<task>" to seconds. They outlive the worker processes.
TASK_COUNTS_KEY = "metrics:tasks"
TASK_SECONDS_KEY = "metrics:task_seconds"

# The first attempt can fail because an idle connection was closed, so a second attempt is needed.
_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_NOT_FOUND = "404"
# After a failure, no attempts are made for this long, so that a request that queues two tasks waits only once.
_COOLDOWN_SECONDS = 1.0
# Monotonic time at which the cooldown ends, by the broker's URL.
_cooldown_until: dict[str, float] = {}

_started: ContextVar[float] = ContextVar("task_started", default=0.0)


class Heartbeat(bootsteps.StartStopStep):
    """Worker step that sends heartbeats from the worker's main process."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        send_heartbeat(parent.hostname)
        self._timer = parent.timer.call_repeatedly(HEARTBEAT_INTERVAL, send_heartbeat, (parent.hostname,), priority=10)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


def send_heartbeat(worker_name: str) -> None:
    """Record in Redis that a worker is alive. An unavailable Redis is only logged."""
    now = datetime.now(UTC)
    try:
        with fail_fast_redis().pipeline(transaction=False) as pipeline:
            pipeline.set(HEARTBEAT_KEY, f"{worker_name} at {now:%H:%M:%S}Z", ex=HEARTBEAT_TTL)
            pipeline.zadd(WORKERS_KEY, {worker_name: now.timestamp()})
            pipeline.zremrangebyscore(WORKERS_KEY, "-inf", now.timestamp() - HEARTBEAT_TTL)
            pipeline.expire(WORKERS_KEY, HEARTBEAT_TTL)
            pipeline.execute()
    except RedisError as error:
        logger.warning("The worker's heartbeat could not be written: %s", error)


@setup_logging.connect
def _keep_own_logging(**_: Any) -> None:
    """Do nothing. If the signal has a receiver, Celery does not replace Django's logging configuration."""


@worker_init.connect
def _load_before_forking(**_: Any) -> None:
    """Import everything before the worker forks, so that its processes share the memory."""
    from career_navigator.apps import load_declared  # noqa: PLC0415 - needs configured apps

    load_declared()


@task_prerun.connect
def _start_timing(task_id: str, **_: Any) -> None:
    current_task_id.set(task_id)
    _started.set(perf_counter())


@task_postrun.connect
def _count_outcome(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    seconds = perf_counter() - _started.get()
    try:
        with fail_fast_redis().pipeline(transaction=False) as pipeline:
            pipeline.hincrby(TASK_COUNTS_KEY, f"{task.name}|{(state or 'unknown').lower()}")
            pipeline.hincrbyfloat(TASK_SECONDS_KEY, task.name, round(seconds, 6))
            pipeline.execute()
    except RedisError as error:
        # The task itself is done, so a lost count must not make it fail.
        logger.warning("The outcome of %s could not be counted: %s", task.name, error)
    current_task_id.set("")


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")
# Django's checks load every view and admin page, which costs a worker memory and 1.5 seconds on startup.
# `manage.py check` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("career_navigator", task_cls="career_navigator.background:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)


def enqueue(task: "Task[..., Any] | str", *args: Any, **options: Any) -> bool:
    """Queue a task, which can be given by name. Returns False within about 2 s if the broker is unavailable.

    `options` are passed to `apply_async`. This uses its own connections, since workers wait much longer for the broker
    than a request can.
    """
    name = task if isinstance(task, str) else task.name
    if monotonic() < _cooldown_until.get(settings.BROKER_ADDRESS, 0):
        logger.warning("%s was not queued: the broker was unavailable less than a second ago", name)
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
        _cooldown_until[settings.BROKER_ADDRESS] = monotonic() + _COOLDOWN_SECONDS
        return False
    return True


def get_queue(task: str) -> str:
    """Return the name of the queue to which a task is routed."""
    name: str = app.amqp.router.route({}, task)["queue"].name
    return name


def count_waiting_tasks() -> dict[str, int]:
    """Return the number of waiting tasks per queue. Works with any broker. Raises kombu's OperationalError."""
    with _fail_fast_connection() as connection:
        return {name: _count_messages(connection, name) for name in app.amqp.queues}


def _count_messages(connection: Connection, queue: str) -> int:
    try:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except connection.channel_errors as error:
        # A queue does not exist before its first task. In Redis, an empty queue never exists.
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
