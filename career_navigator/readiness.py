"""Whether this process can serve: MongoDB, Redis and a worker, and whatever apps add."""

from collections.abc import Callable
from dataclasses import dataclass

import pymongo
from django.conf import settings
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from career_navigator import worker_heartbeat
from career_navigator.connection import database, quick_redis_client
from career_navigator.registrations import Registry

# MongoDB's ping and each registered check may take this long, so that the answer comes within 5 s.
CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one thing that serving depends on is well, and a few words on it."""

    ok: bool
    detail: str


_checks: Registry[Callable[[], Check]] = Registry()


def register_readiness_check(*, name: str, check: Callable[[], Check]) -> None:
    """Add an app's check to `/health/ready`; called in an app's `registrations.py`.

    `check` takes nothing and reads within CHECK_SECONDS. One that raises because a server is away counts as not ok.
    """
    _checks[name] = check


def run_readiness_checks() -> dict[str, Check]:
    """Every check by name, MongoDB, Redis and the worker first."""
    checks = {"mongodb": _check_mongodb(), **_check_redis_and_worker()}
    if settings.BROKER_ADDRESS != settings.REDIS_URL:
        checks["broker"] = _check_broker()
    for name, check in _checks.items():
        try:
            with pymongo.timeout(CHECK_SECONDS):
                checks[name] = check()
        except (PyMongoError, RedisError):
            checks[name] = Check(False, "could not be read")
    return checks


def _check_mongodb() -> Check:
    try:
        with pymongo.timeout(CHECK_SECONDS):
            database().command("ping")
    except PyMongoError:
        return Check(False, "does not answer")
    return Check(True, "answers")


def _check_broker() -> Check:
    """Where the tasks' queue is not in the Redis that is checked already."""
    from career_navigator.queueing import count_waiting_tasks

    try:
        return Check(True, f"{count_waiting_tasks()} tasks wait")
    except OperationalError:
        return Check(False, "does not answer")


def _check_redis_and_worker() -> dict[str, Check]:
    try:
        heartbeat = quick_redis_client().get(worker_heartbeat.KEY)
    except RedisError:
        return {"redis": Check(False, "does not answer"), "worker": Check(False, "unknown without Redis")}
    worker = (
        Check(True, f"{heartbeat.decode()} was alive")
        if isinstance(heartbeat, bytes)
        else Check(False, f"no sign of life for {worker_heartbeat.EXPIRY_SECONDS} s")
    )
    return {"redis": Check(True, "answers"), "worker": worker}
