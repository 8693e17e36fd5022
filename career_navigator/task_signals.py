"""What happens around every Celery task: its id goes on its log lines, its outcome and duration into the metrics."""

import logging
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from redis.exceptions import RedisError

from career_navigator.cache.client import fail_fast_redis

logger = logging.getLogger(__name__)

# Redis hashes: "<task>|<outcome>" to a count, "<task>" to seconds. Worker processes come and go, the counts stay.
COUNTS_KEY = "metrics:tasks"
SECONDS_KEY = "metrics:task_seconds"

_started: ContextVar[float] = ContextVar("task_started", default=0.0)


@setup_logging.connect
def _keep_own_logging(**_: Any) -> None:
    """A receiver is enough: with one Celery leaves the logging that Django has set up as it is."""


@worker_init.connect
def _load_before_forking(**_: Any) -> None:
    """What the worker has loaded its processes share; each would load it for itself otherwise."""
    from career_navigator.declarations import load_declared

    load_declared()


@task_prerun.connect
def _begin(task_id: str, **_: Any) -> None:
    from career_navigator.observability.logging import task_id as current_task_id

    current_task_id.set(task_id)
    _started.set(perf_counter())


@task_postrun.connect
def _end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    from career_navigator.observability.logging import task_id as current_task_id

    seconds = perf_counter() - _started.get()
    try:
        with fail_fast_redis().pipeline(transaction=False) as pipeline:
            pipeline.hincrby(COUNTS_KEY, f"{task.name}|{(state or 'unknown').lower()}")
            pipeline.hincrbyfloat(SECONDS_KEY, task.name, round(seconds, 6))
            pipeline.execute()
    except RedisError as error:
        # The task has done its work: a lost count is no reason to fail it.
        logger.warning("The outcome of %s could not be counted: %s", task.name, error)
    current_task_id.set("")
