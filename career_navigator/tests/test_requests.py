"""Every request: its id, its Host, its line in the log, its deadline at MongoDB."""

import logging
import re
import socket
import time

import pymongo
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from career_navigator.observability import middleware
from career_navigator.observability.logging import request_id
from career_navigator.observability.middleware import RequestMiddleware


def test_makes_an_id_and_answers_it(client: Client) -> None:
    first, second = client.get("/health"), client.get("/health")

    assert re.fullmatch(r"[0-9a-f]{16}", first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_takes_over_a_sane_id(client: Client) -> None:
    answer = client.get("/health", headers={"X-Request-ID": "edge-7f3a.19_b"})

    assert answer["X-Request-ID"] == "edge-7f3a.19_b"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "a b c d e f g", "line\nbreak-injected", "<script>alert</script>"]
)
def test_replaces_an_id_that_could_forge_a_log_line(client: Client, given: str) -> None:
    answer = client.get("/health", headers={"X-Request-ID": given})

    assert answer["X-Request-ID"] != given


def test_lets_go_of_the_id_after_the_request() -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request_id.get())
        return HttpResponse()

    answer = RequestMiddleware(view)(RequestFactory().get("/"))

    assert seen == [answer["X-Request-ID"]]
    assert request_id.get() == ""


def test_logs_one_line_a_request(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    client.get("/no/such/path?token=abc")

    (line,) = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(r"GET /no/such/path 404 \d+\.\d ms", line)


def test_keeps_probes_out_of_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    client.get("/health/")

    assert caplog.records == []


def test_refuses_a_host_that_is_not_ours(client: Client) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "The `Host` header is not a host name of this service.",
        "code": "unknown_host",
    }


def test_answers_probes_that_ask_by_address(client: Client) -> None:
    answer = client.get("/health", headers={"Host": "10.1.2.3:8000"})

    assert answer.status_code == 200


def test_gives_up_on_a_mongodb_that_accepts_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "DATABASE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = pymongo.MongoClient(f"mongodb://127.0.0.1:{silent.getsockname()[1]}", serverSelectionTimeoutMS=60_000)

        def view(request: HttpRequest) -> HttpResponse:
            client.test.command("ping")
            return HttpResponse()

        started = time.monotonic()
        with pytest.raises(pymongo.errors.ServerSelectionTimeoutError):
            RequestMiddleware(view)(RequestFactory().get("/"))
        seconds = time.monotonic() - started
        client.close()

    assert seconds < 2
