"""Metrics of the service for Prometheus, in the text format at `/metrics`.

Requests are counted in memory-mapped files under VAR_DIR/metrics, one set per process, and summed up for a scrape; a
web server that starts makes a directory of its own there and removes those of servers that have ended.
Tasks run in other processes, even other containers, so their counts are in Redis. What an app knows (collection, the
age of the daily stats) it declares under `metrics`. What cannot be read because a server is unavailable is left out,
and `career_navigator_scrape_errors{part="<name>"}` is 1.
"""

import logging
import os
import shutil
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from secrets import compare_digest

import psutil
import pymongo
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from career_navigator.api.exceptions import build_problem, render_problem
from career_navigator.api.routers import describe_route
from career_navigator.apps import get_declared
from career_navigator.cache.client import fail_fast_redis
from career_navigator.celery import TASK_COUNTS_KEY, TASK_SECONDS_KEY

logger = logging.getLogger(__name__)

# For the reads of each part, so that a scrape ends within 5 s whatever is unavailable.
PART_TIMEOUT = 1.0

# The route of whatever is no address of ours (`urls.py`).
UNKNOWN_PATH = r"^(?!admin/)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_requests = Counter("career_navigator_requests", "Requests answered.", ("method", "route", "status"), registry=None)
_request_seconds = Histogram(
    "career_navigator_request_duration_seconds",
    "Time from a request's arrival to its answer.",
    ("method", "route"),
    buckets=_BUCKETS,
    registry=None,
)
_children: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}


def observe_request(*, method: str, route: str | None, status: int, seconds: float) -> None:
    """Count a request under its route's pattern (None: no route matched), so that labels stay few."""
    key = (method, route, status)
    children = _children.get(key)
    if children is None:
        _directory()
        known = method if method in _METHODS else "other"
        name = "unmatched" if route is None or route == UNKNOWN_PATH else f"/{describe_route(route)}"
        children = (_requests.labels(known, name, str(status)), _request_seconds.labels(known, name))
        if known == method:
            _children[key] = children
    children[0].inc()
    children[1].observe(seconds)


@cache
def _directory() -> Path:
    """Return where this process and those that the same server started count their requests."""
    server = psutil.Process(os.getppid() or os.getpid())
    directory: Path = settings.VAR_DIR / "metrics" / _get_name(server)
    directory.mkdir(parents=True, exist_ok=True)
    # Containers may share VAR_DIR, and of another's processes nothing is known here.
    for other in directory.parent.glob(f"{socket.gethostname()}-*-*"):
        pid = int(other.name.rsplit("-", 2)[1])
        if not _is_running(pid, other.name):
            shutil.rmtree(other, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    return directory


def _is_running(pid: int, name: str) -> bool:
    try:
        return name == _get_name(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def _get_name(server: psutil.Process) -> str:
    # The time, since process ids come again: in a container the server is always number 1.
    return f"{socket.gethostname()}-{server.pid}-{int(server.create_time())}"


class _Parts:
    """Collect every part of a scrape but the requests, each left out when its server is unavailable."""

    def collect(self) -> Iterator[Metric]:
        errors = GaugeMetricFamily(
            "career_navigator_scrape_errors", "Whether a part of these figures could not be read.", labels=["part"]
        )
        for name, collect in {"tasks": _task_families, "queue": _queue_families, **get_declared("metrics")}.items():
            try:
                with pymongo.timeout(PART_TIMEOUT):
                    families = list(collect())
            except (RedisError, PyMongoError, OperationalError) as error:
                logger.warning("The metrics leave out %s: %s", name, error)
                errors.add_metric([name], 1)
            else:
                errors.add_metric([name], 0)
                yield from families
        yield errors


def _task_families() -> Iterator[Metric]:
    with fail_fast_redis().pipeline(transaction=False) as pipeline:
        pipeline.hgetall(TASK_COUNTS_KEY)
        pipeline.hgetall(TASK_SECONDS_KEY)
        counts, seconds = pipeline.execute()
    tasks = CounterMetricFamily("career_navigator_tasks", "Tasks ended.", labels=["task", "outcome"])
    for field, count in sorted(counts.items()):
        tasks.add_metric(field.decode().split("|"), int(count))
    spent = CounterMetricFamily("career_navigator_task_seconds", "Time spent in tasks.", labels=["task"])
    for field, total in sorted(seconds.items()):
        spent.add_metric([field.decode()], float(total))
    yield from (tasks, spent)


def _queue_families() -> Iterator[Metric]:
    from career_navigator.celery import count_waiting_tasks

    length = GaugeMetricFamily("career_navigator_queue_length", "Tasks waiting for a worker.", labels=["queue"])
    for queue, waiting in count_waiting_tasks().items():
        length.add_metric([queue], waiting)
    yield length


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics: to those who send METRICS_TOKEN as a bearer token; with DEBUG and no token, to everybody."""
    if not settings.METRICS_TOKEN and not settings.DEBUG:
        return render_problem(build_problem("metrics_off", "Metrics are off: METRICS_TOKEN is not set."))
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if settings.METRICS_TOKEN and not compare_digest(
        request.META.get("HTTP_AUTHORIZATION", "").encode(), expected.encode()
    ):
        sentence = "The metrics need their token, METRICS_TOKEN, as a bearer token."
        return render_problem(build_problem("not_authenticated", sentence, headers={"WWW-Authenticate": "Bearer"}))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(_directory()))
    registry.register(_Parts())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
