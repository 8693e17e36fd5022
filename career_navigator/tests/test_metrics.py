"""Tests of the Prometheus metrics: requests of all processes, tasks of all workers, and metrics declared by apps."""

import multiprocessing
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo.errors
import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from career_navigator import celery
from career_navigator.cache import reset_caches
from career_navigator.observability import metrics
from career_navigator.observability.metrics import observe_request


def read(client: Client) -> dict[tuple[str, ...], float]:
    """Return the samples of a scrape by name and label values, ordered by label name."""
    response = client.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def debug(settings: Any) -> None:
    settings.DEBUG = True


@pytest.fixture
def collectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the metrics declared by apps with those that a test adds to this dictionary."""
    declared: dict[str, Any] = {}
    monkeypatch.setattr(metrics, "get_declared", {"metrics": declared}.get)
    return declared


@pytest.fixture
def long_redis_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a Redis client with a long timeout, so that tests pass on a busy machine."""
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=30)
    for module in (metrics, celery):
        monkeypatch.setattr(module, "fail_fast_redis", lambda: client)


def test_counts_requests_by_method_route_and_status(client: Client, redis: Any, collectors: Any) -> None:
    before = read(client)

    client.get("/health")
    client.get("/health/")
    client.post("/health")
    after = read(client)

    def get_increase(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert get_increase("career_navigator_requests_total", "GET", "/health", "200") == 2
    assert get_increase("career_navigator_requests_total", "POST", "/health", "405") == 1
    assert get_increase("career_navigator_request_duration_seconds_count", "GET", "/health") == 2
    assert get_increase("career_navigator_request_duration_seconds_bucket", "5.0", "GET", "/health") == 2


def test_bounds_the_number_of_labels_for_unknown_paths_and_methods(client: Client, redis: Any, collectors: Any) -> None:
    for number in range(20):
        client.get(f"/no/such/{number}")
        client.generic(f"METHOD{number}", "/health")

    label_sets = {key[1:] for key in read(client) if key[0] == "career_navigator_requests_total"}

    assert ("GET", "unmatched", "404") in label_sets
    assert ("other", "/health", "405") in label_sets
    assert not [labels for labels in label_sets if "such" in labels[1] or "METHOD" in labels[0]]


def _observe_in_another_process() -> None:
    observe_request(method="GET", route="from/another/process", status=200, seconds=0.01)


def test_sums_up_the_requests_of_all_processes(client: Client, redis: Any, collectors: Any) -> None:
    process = multiprocessing.get_context("fork").Process(target=_observe_in_another_process)
    process.start()
    process.join()

    observe_request(method="GET", route="from/another/process", status=200, seconds=0.01)

    assert read(client)["career_navigator_requests_total", "GET", "/from/another/process", "200"] == 2


def test_deletes_the_metrics_of_processes_that_have_ended(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""))
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = socket.gethostname()
    unrelated = [f"another-{host}-1-1700000000", "notes.txt"]
    for name in [*unrelated, f"{host}-{ended.pid}-1700000000", f"{host}-{os.getpid()}-1700000000"]:
        (tmp_path / "metrics" / name).mkdir(parents=True)
    settings.VAR_DIR = tmp_path

    own = metrics._create_directory.__wrapped__()

    assert {path.name for path in (tmp_path / "metrics").iterdir()} == {*unrelated, own.name}


def test_counts_tasks_by_name_and_outcome(
    client: Client, redis: Any, collectors: Any, long_redis_timeout: None
) -> None:
    from career_navigator.celery import app

    @app.task(name="test.succeeds")
    def succeed() -> None: ...

    @app.task(name="test.fails")
    def fail() -> None:
        raise ValueError("on purpose")

    for task in (succeed, succeed, fail):
        task.apply()
    app.tasks.unregister("test.succeeds")
    app.tasks.unregister("test.fails")

    samples = read(client)

    assert samples["career_navigator_tasks_total", "success", "test.succeeds"] == 2
    assert samples["career_navigator_tasks_total", "failure", "test.fails"] == 1
    assert samples["career_navigator_task_seconds_total", "test.succeeds"] > 0
    assert samples["career_navigator_queue_length", "default"] == 0


def test_sets_the_task_id_for_log_lines_during_a_task(redis: Any) -> None:
    from career_navigator.celery import app
    from career_navigator.observability.logging import task_id

    seen = []

    @app.task(name="test.looks")
    def look() -> None:
        seen.append(task_id.get())

    result = look.apply()
    app.tasks.unregister("test.looks")

    assert seen == [result.id]
    assert task_id.get() == ""


def test_counts_waiting_tasks_per_queue(client: Client, redis: Any, collectors: Any, long_redis_timeout: None) -> None:
    for queue, waiting in {"default": "abc", "mail": "ab", "collect": "a"}.items():
        redis.rpush(queue, *waiting)

    samples = read(client)

    lengths = {queue: samples["career_navigator_queue_length", queue] for queue in ("default", "mail", "collect")}
    assert lengths == {"default": 3, "mail": 2, "collect": 1}


def test_includes_metrics_declared_by_apps(client: Client, redis: Any, collectors: Any) -> None:
    def collect() -> Iterator[Metric]:
        yield GaugeMetricFamily("career_navigator_test_age_seconds", "An age.", value=12)

    collectors["test"] = collect

    samples = read(client)

    assert samples[("career_navigator_test_age_seconds",)] == 12
    assert samples["career_navigator_scrape_errors", "test"] == 0


def test_omits_metrics_whose_server_is_unavailable(client: Client, redis: Any, collectors: Any) -> None:
    def collect() -> Iterator[Metric]:
        yield GaugeMetricFamily("career_navigator_test_age_seconds", "An age.", value=12)
        raise pymongo.errors.AutoReconnect("refused")

    collectors["test"] = collect

    samples = read(client)

    assert ("career_navigator_test_age_seconds",) not in samples
    assert samples["career_navigator_scrape_errors", "test"] == 1
    assert samples["career_navigator_scrape_errors", "tasks"] == 0


def test_returns_metrics_without_redis(client: Client, settings: Any, collectors: Any) -> None:
    address = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    reset_caches()

    samples = read(client)
    settings.REDIS_URL = address
    reset_caches()

    assert samples["career_navigator_scrape_errors", "tasks"] == 1
    assert any(key[0] == "career_navigator_requests_total" for key in samples)


def test_runs_tasks_uncounted_while_redis_is_unavailable(settings: Any, redis: Any) -> None:
    from career_navigator.celery import app

    @app.task(name="test.runs")
    def run() -> str:
        return "done"

    address = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    reset_caches()
    result = run.apply()
    settings.REDIS_URL = address
    reset_caches()
    app.tasks.unregister("test.runs")

    assert result.get() == "done"
    assert redis.hgetall(celery.TASK_COUNTS_KEY) == {}


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer token-of-metrics", 200), ("Bearer token-of-others", 401), ("token-of-metrics", 401), ("", 401)],
)
def test_requires_the_metrics_token(
    client: Client, settings: Any, redis: Any, collectors: Any, authorization: str, status: int
) -> None:
    settings.METRICS_TOKEN = "token-of-metrics"

    response = client.get("/metrics", headers={"Authorization": authorization})

    assert response.status_code == status
    assert response.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer x"])
def test_returns_404_in_production_without_a_configured_token(
    client: Client, settings: Any, authorization: str
) -> None:
    settings.DEBUG = False

    response = client.get("/metrics", headers={"Authorization": authorization})

    assert response.status_code == 404
    assert "METRICS_TOKEN" in response.json()["detail"]


def test_returns_metrics_in_production_with_the_token(
    client: Client, settings: Any, redis: Any, collectors: Any
) -> None:
    settings.DEBUG, settings.METRICS_TOKEN = False, "token-of-metrics"

    assert client.get("/metrics", headers={"Authorization": "Bearer token-of-metrics"}).status_code == 200


def test_collects_the_metrics_of_all_apps_without_errors(client: Client, mongo: Any, redis: Any) -> None:
    samples = read(client)

    parts = {key[1]: value for key, value in samples.items() if key[0] == "career_navigator_scrape_errors"}
    assert parts == {"tasks": 0, "queue": 0, "figures": 0, "collection": 0}
