"""The Celery application, queueing, what happens around each task, and the sign of life of workers.

Tasks are found in each app's `tasks.py`, settings under the CELERY_ prefix. What queues a task, a request before all,
must end in time whatever becomes of the broker.
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

# A key of Redis that a worker's own event loop renews, and that expires without it.
HEARTBEAT_KEY = "worker:heartbeat"
# Each worker's last sign of life, in seconds.
WORKERS_KEY = "worker:heartbeats"
HEARTBEAT_INTERVAL = 5
HEARTBEAT_TTL = 16
# Redis hashes: "<task>|<outcome>" to a count, "<task>" to seconds. Worker processes come and go, the counts stay.
TASK_COUNTS_KEY = "metrics:tasks"
TASK_SECONDS_KEY = "metrics:task_seconds"

# The first attempt may meet a connection that died while it lay idle; the second one shows whether Redis answers.
_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_NOT_FOUND = "404"
# So that a request that queues two tasks waits once for a broker that hangs.
_COOLDOWN_SECONDS = 1.0
# Until when nothing is tried, by the broker's URL.
_cooldown_until: dict[str, float] = {}

_started: ContextVar[float] = ContextVar("task_started", default=0.0)


class Heartbeat(bootsteps.StartStopStep):
    """Runs in the worker's main process, beside its consumer; started again with it."""

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
    """Say that a worker is alive; an unavailable Redis is only logged, the next beat tries again."""
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
    """A receiver is enough: with one Celery leaves the logging that Django has set up as it is."""


@worker_init.connect
def _load_before_forking(**_: Any) -> None:
    """What the worker has loaded its processes share; each would load it for itself otherwise."""
    from career_navigator.apps import load_declared

    load_declared()


@task_prerun.connect
def _begin(task_id: str, **_: Any) -> None:
    current_task_id.set(task_id)
    _started.set(perf_counter())


@task_postrun.connect
def _end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    seconds = perf_counter() - _started.get()
    try:
        with fail_fast_redis().pipeline(transaction=False) as pipeline:
            pipeline.hincrby(TASK_COUNTS_KEY, f"{task.name}|{(state or 'unknown').lower()}")
            pipeline.hincrbyfloat(TASK_SECONDS_KEY, task.name, round(seconds, 6))
            pipeline.execute()
    except RedisError as error:
        # The task has done its work: a lost count is no reason to fail it.
        logger.warning("The outcome of %s could not be counted: %s", task.name, error)
    current_task_id.set("")


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")
# Django's checks load every view and page of the admin, which a worker has no use for: a second and a half of its
# start, and of its memory. `manage.py check` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("career_navigator", task_cls="career_navigator.background:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)


def enqueue(task: "Task[..., Any] | str", *args: Any, **options: Any) -> bool:
    """Queue a task, given as such or by its name; return False where the broker is unavailable, within some 2 s.

    `options` are those of `apply_async`. Workers wait for the broker far longer than a request may, so this goes over
    connections of its own.
    """
    name = task if isinstance(task, str) else task.name
    if monotonic() < _cooldown_until.get(settings.BROKER_ADDRESS, 0):
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
        _cooldown_until[settings.BROKER_ADDRESS] = monotonic() + _COOLDOWN_SECONDS
        return False
    return True


def get_queue(task: str) -> str:
    """Return the name of the queue that a task is routed to."""
    name: str = app.amqp.router.route({}, task)["queue"].name
    return name


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
