"""Prometheus metrics, in the text format at `/metrics`.

Each web process counts its requests in memory-mapped files under VAR_DIR/metrics, and a scrape adds them up. On startup
a web server creates its own directory there and removes the directories of servers that have exited. Tasks run in other
processes or containers, so their counts are in Redis. Apps declare their own metrics, such as the age of the daily
stats, under `metrics`. If a part cannot be read because a server is unavailable, the scrape omits the part and sets
`career_navigator_scrape_errors{part="<name>"}` to 1.
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
from career_navigator.celery import TASK_COUNTS_KEY, TASK_SECONDS_KEY, count_waiting_tasks

logger = logging.getLogger(__name__)

# Seconds to read each part, so that a scrape takes at most 5 s even if servers are unavailable.
PART_TIMEOUT = 1.0

# The catch-all route for unknown paths in `urls.py`.
UNKNOWN_PATH = r"^(?!admin/)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_requests = Counter("career_navigator_requests", "Requests handled.", ("method", "route", "status"), registry=None)
_request_seconds = Histogram(
    "career_navigator_request_duration_seconds",
    "Time from receiving a request to sending its response.",
    ("method", "route"),
    buckets=_BUCKETS,
    registry=None,
)
_children: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}


def observe_request(*, method: str, route: str | None, status: int, seconds: float) -> None:
    """Count a request under the pattern of its route, which keeps the number of labels small.

    `route` is None if no route matched.
    """
    key = (method, route, status)
    children = _children.get(key)
    if children is None:
        _create_directory()
        label = method if method in _METHODS else "other"
        name = "unmatched" if route is None or route == UNKNOWN_PATH else f"/{describe_route(route)}"
        children = (_requests.labels(label, name, str(status)), _request_seconds.labels(label, name))
        if label == method:
            _children[key] = children
    children[0].inc()
    children[1].observe(seconds)


@cache
def _create_directory() -> Path:
    """Create and return the directory with the counts of all processes of this web server."""
    server = psutil.Process(os.getppid() or os.getpid())
    directory: Path = settings.VAR_DIR / "metrics" / _get_name(server)
    directory.mkdir(parents=True, exist_ok=True)
    # Containers may share VAR_DIR, and the processes of other containers are not visible here.
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
    # Process ids repeat, and in a container the server's is always 1, so the name includes the start time.
    return f"{socket.gethostname()}-{server.pid}-{int(server.create_time())}"


class _Parts:
    """A collector of all parts of a scrape except requests. It omits a part if the part's server is unavailable."""

    def collect(self) -> Iterator[Metric]:
        errors = GaugeMetricFamily(
            "career_navigator_scrape_errors", "Whether this part of the metrics could not be read.", labels=["part"]
        )
        for name, collect in {"tasks": _task_families, "queue": _queue_families, **get_declared("metrics")}.items():
            try:
                with pymongo.timeout(PART_TIMEOUT):
                    families = list(collect())
            except (RedisError, PyMongoError, OperationalError) as error:
                logger.warning("Metrics of %s are unavailable: %s", name, error)
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
    tasks = CounterMetricFamily("career_navigator_tasks", "Tasks finished.", labels=["task", "outcome"])
    for field, count in sorted(counts.items()):
        tasks.add_metric(field.decode().split("|"), int(count))
    spent = CounterMetricFamily("career_navigator_task_seconds", "Seconds spent running tasks.", labels=["task"])
    for field, total in sorted(seconds.items()):
        spent.add_metric([field.decode()], float(total))
    yield from (tasks, spent)


def _queue_families() -> Iterator[Metric]:
    length = GaugeMetricFamily("career_navigator_queue_length", "Tasks waiting for a worker.", labels=["queue"])
    for queue, waiting in count_waiting_tasks().items():
        length.add_metric([queue], waiting)
    yield length


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics to clients that send METRICS_TOKEN as a bearer token.

    Without METRICS_TOKEN, metrics are public if DEBUG is True, and disabled otherwise.
    """
    if not settings.METRICS_TOKEN and not settings.DEBUG:
        return render_problem(build_problem("metrics_off", "Metrics are disabled. Set METRICS_TOKEN to enable them."))
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if settings.METRICS_TOKEN and not compare_digest(
        request.META.get("HTTP_AUTHORIZATION", "").encode(), expected.encode()
    ):
        message = "Send METRICS_TOKEN as a bearer token to read the metrics."
        return render_problem(build_problem("not_authenticated", message, headers={"WWW-Authenticate": "Bearer"}))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(_create_directory()))
    registry.register(_Parts())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
