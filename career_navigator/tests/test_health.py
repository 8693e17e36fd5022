"""Tests of the health checks and of the workers' heartbeat."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pymongo.errors
import pytest
from django.test import Client

from career_navigator import celery, views
from career_navigator.cache import reset_caches
from career_navigator.views import Check


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Check]]:
    """Replace the readiness checks of the apps by those that the test adds to the returned dictionary."""
    declared: dict[str, Callable[[], Check]] = {}
    monkeypatch.setattr(views, "get_declared", {"readiness_checks": declared}.get)
    return declared


@pytest.mark.parametrize("path", ["/", "/health", "/health/"])
def test_is_alive_without_servers(client: Client, settings: Any, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert response.json()["version"] == settings.APP_VERSION


def test_links_to_its_documentation(client: Client, settings: Any) -> None:
    response = client.get("/").json()

    assert (response["name"], response["message"]) == (settings.APP_NAME, f"Welcome to {settings.APP_NAME}")
    for link in ("docs", "redoc", "openapi", "health"):
        assert client.get(response[link]).status_code == 200


def test_reports_that_it_is_healthy(client: Client, settings: Any) -> None:
    response = client.get("/health").json()

    assert response == {"status": "healthy", "app": settings.APP_NAME, "version": settings.APP_VERSION}


def test_is_ready_with_both_servers_and_a_worker(client: Client, mongo: Any, redis: Any, checks: Any) -> None:
    celery.send_heartbeat("worker@host")

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert {name: check["ok"] for name, check in response.json()["checks"].items()} == {
        "mongodb": True,
        "redis": True,
        "worker": True,
    }
    assert response.json()["checks"]["worker"]["detail"].startswith("last heartbeat: worker@host at ")


def test_is_not_ready_without_a_worker(client: Client, mongo: Any, redis: Any, checks: Any) -> None:
    response = client.get("/health/ready")

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["detail"] == "Not ready: worker."
    assert response.json()["checks"]["mongodb"] == {"ok": True, "detail": "responds"}


def test_names_both_servers_if_they_are_unavailable(
    client: Client, settings: Any, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    reset_caches()
    with pymongo.MongoClient[dict[str, Any]]("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=60_000) as unavailable:
        monkeypatch.setattr(views, "database", lambda: unavailable.test)

        started = time.monotonic()
        response = client.get("/health/ready")
        seconds = time.monotonic() - started
    settings.REDIS_URL = address
    reset_caches()

    assert response.status_code == 503
    assert response.json()["detail"] == "Not ready: mongodb, redis, worker."
    assert seconds < 5


def test_runs_checks_declared_by_apps(client: Client, mongo: Any, redis: Any, checks: Any) -> None:
    celery.send_heartbeat("worker@host")
    checks["collection"] = lambda: Check(True, "2 hours old")

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["checks"]["collection"] == {"ok": True, "detail": "2 hours old"}


def test_treats_a_check_that_cannot_read_its_data_as_failed(
    client: Client, mongo: Any, redis: Any, checks: Any
) -> None:
    def check() -> Check:
        raise pymongo.errors.NetworkTimeout("timed out")

    celery.send_heartbeat("worker@host")
    checks["collection"] = check

    response = client.get("/health/ready")

    assert response.json()["detail"] == "Not ready: collection."


def test_expires_the_heartbeat_of_a_stopped_worker(redis: Any) -> None:
    celery.send_heartbeat("worker@host")

    remaining = redis.ttl(celery.HEARTBEAT_KEY)

    assert celery.HEARTBEAT_INTERVAL * 3 <= remaining <= celery.HEARTBEAT_TTL


def test_sends_heartbeats_with_the_timer_of_the_worker(redis: Any) -> None:
    calls = []
    cancelled = []

    def call_repeatedly(seconds: float, call: Any, arguments: Any, priority: int) -> SimpleNamespace:
        calls.append((seconds, call, arguments))
        return SimpleNamespace(cancel=lambda: cancelled.append(True))

    timer = SimpleNamespace(call_repeatedly=call_repeatedly)
    worker = SimpleNamespace(hostname="worker@host", timer=timer)
    step = celery.Heartbeat(worker)

    step.start(worker)
    step.stop(worker)

    assert redis.get(celery.HEARTBEAT_KEY).startswith(b"worker@host at ")
    assert calls == [(celery.HEARTBEAT_INTERVAL, celery.send_heartbeat, ("worker@host",))]
    assert cancelled == [True]


def test_adds_the_heartbeat_to_every_worker() -> None:
    from career_navigator.celery import app

    assert celery.Heartbeat in app.steps["worker"]
