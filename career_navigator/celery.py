"""The Celery application, what happens around each of its tasks, and the sign of life of its workers.

Tasks are found in each app's `tasks.py`, settings under the CELERY_ prefix.
"""

import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from celery import Celery, bootsteps
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from redis.exceptions import RedisError

from career_navigator.cache.client import fail_fast_redis
from career_navigator.observability.logging import task_id as current_task_id

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

_started: ContextVar[float] = ContextVar("task_started", default=0.0)


class Heartbeat(bootsteps.StartStopStep):
    """Runs in the worker's main process, beside its consumer; started again with it."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        beat(parent.hostname)
        self._timer = parent.timer.call_repeatedly(HEARTBEAT_INTERVAL, beat, (parent.hostname,), priority=10)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


def beat(worker_name: str) -> None:
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
