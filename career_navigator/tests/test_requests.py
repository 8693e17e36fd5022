"""Tests of the request middleware: request id, `Host`, log line and MongoDB timeout."""

import logging
import re
import socket
import time
from typing import Any

import pymongo
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from career_navigator.observability import middleware
from career_navigator.observability.logging import request_id
from career_navigator.observability.middleware import RequestMiddleware


def test_returns_a_generated_request_id(client: Client) -> None:
    first, second = client.get("/health"), client.get("/health")

    assert re.fullmatch(r"[0-9a-f]{16}", first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_accepts_a_well_formed_request_id(client: Client) -> None:
    response = client.get("/health", headers={"X-Request-ID": "edge-7f3a.19_b"})

    assert response["X-Request-ID"] == "edge-7f3a.19_b"


@pytest.mark.parametrize(
    "identity", ["short", "x" * 65, "a b c d e f g", "line\nbreak-injected", "<script>alert</script>"]
)
def test_replaces_a_request_id_that_could_forge_a_log_line(client: Client, identity: str) -> None:
    response = client.get("/health", headers={"X-Request-ID": identity})

    assert response["X-Request-ID"] != identity


def test_resets_the_request_id_after_the_request() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request_id.get())
        return HttpResponse()

    response = RequestMiddleware(view)(RequestFactory().get("/"))

    assert seen == [response["X-Request-ID"]]
    assert request_id.get() == ""


def test_logs_one_line_per_request(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    client.get("/no/such/path?token=abc")

    (line,) = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(r"GET /no/such/path 404 \d+\.\d ms", line)


def test_does_not_log_liveness_probes(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    client.get("/health/")

    assert caplog.records == []


def test_rejects_an_unknown_host(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert response.json() == {
        "detail": "The `Host` header is not a host name of this service.",
        "code": "unknown_host",
    }


def test_accepts_liveness_probes_with_an_ip_address_as_host(client: Client) -> None:
    response = client.get("/health", headers={"Host": "10.1.2.3:8000"})

    assert response.status_code == 200


def test_times_out_if_mongodb_accepts_a_connection_but_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "DATABASE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = pymongo.MongoClient[dict[str, Any]](
            f"mongodb://127.0.0.1:{silent.getsockname()[1]}", serverSelectionTimeoutMS=60_000
        )

        def view(request: HttpRequest) -> HttpResponse:
            client.test.command("ping")
            return HttpResponse()

        started = time.monotonic()
        with pytest.raises(pymongo.errors.ServerSelectionTimeoutError):
            RequestMiddleware(view)(RequestFactory().get("/"))
        seconds = time.monotonic() - started
        client.close()

    assert seconds < 2
