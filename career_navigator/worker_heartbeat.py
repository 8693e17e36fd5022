"""A sign of life of the workers: a Redis key that a worker's own event loop renews and that expires without it."""

import logging
from datetime import UTC, datetime
from typing import Any

from celery import bootsteps
from redis.exceptions import RedisError

from career_navigator.cache.client import fail_fast_redis

logger = logging.getLogger(__name__)

KEY = "worker:heartbeat"
# Each worker's last sign of life, in seconds.
WORKERS_KEY = "worker:heartbeats"
INTERVAL_SECONDS = 5
EXPIRY_SECONDS = 16


class Heartbeat(bootsteps.StartStopStep):
    """Runs in the worker's main process, beside its consumer; started again with it."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        beat(parent.hostname)
        self._timer = parent.timer.call_repeatedly(INTERVAL_SECONDS, beat, (parent.hostname,), priority=10)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


def beat(worker_name: str) -> None:
    """Say that a worker is alive; a Redis that is away is only logged, the next beat tries again."""
    now = datetime.now(UTC)
    try:
        with fail_fast_redis().pipeline(transaction=False) as pipeline:
            pipeline.set(KEY, f"{worker_name} at {now:%H:%M:%S}Z", ex=EXPIRY_SECONDS)
            pipeline.zadd(WORKERS_KEY, {worker_name: now.timestamp()})
            pipeline.zremrangebyscore(WORKERS_KEY, "-inf", now.timestamp() - EXPIRY_SECONDS)
            pipeline.expire(WORKERS_KEY, EXPIRY_SECONDS)
            pipeline.execute()
    except RedisError as error:
        logger.warning("The worker's heartbeat could not be written: %s", error)
