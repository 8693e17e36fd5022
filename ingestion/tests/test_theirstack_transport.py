"""Retries and timeouts over real connections."""

import copy
import gzip
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from ingestion.sources.theirstack import transport
from ingestion.sources.theirstack.errors import (
    TheirStackClientError,
    TheirStackRetryableError,
    TheirStackUnexpectedAnswerError,
)
from ingestion.tests.scripted_server import KEY, RECENT, Reply
from tests.processes import wait_until

PAGE = Reply(body={"data": [{"id": 1}], "metadata": {}})


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(status=502, body=b"<html>bad gateway</html>"),
        Reply(status=503, body={"error": {"code": "E-099", "title": "Busy"}}),
        Reply(status=429),
        Reply(drops=True),
        Reply(body={"data": [{"id": 1}]}, content_length=500),
        Reply(body=b"not JSON"),
        Reply(body=b'{"data": [{"id": 1}'),
        Reply(body=b""),
        Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_retries_after_a_temporary_fault(server, connect, scripted_clock, fault):
    server.reply_with(fault, PAGE)

    page = connect().search_jobs(RECENT)

    assert (page.jobs, page.attempts) == ([{"id": 1}], 2)
    assert scripted_clock.sleeps == [1]


def test_backs_off_for_1_2_4_8_and_then_10_seconds(server, connect, scripted_clock):
    server.reply_with(*[Reply(status=500)] * 6, PAGE)

    connect(max_retries=6).search_jobs(RECENT)

    assert scripted_clock.sleeps == [1, 2, 4, 8, 10, 10]


def test_shortens_the_backoff_by_up_to_half(server, connect, scripted_clock):
    server.reply_with(*[Reply(status=500)] * 3, PAGE)

    connect(uniform=lambda low, high: low).search_jobs(RECENT)

    assert scripted_clock.sleeps == [0.5, 1, 2]


@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        (Reply(status=500), "server_error", 500),
        (Reply(status=429), "rate_limited", 429),
        (Reply(drops=True), "network", None),
        (Reply(body={"data": []}, content_length=500), "network", None),
    ],
)
def test_gives_up_after_the_last_retry(server, connect, fault, reason, status):
    server.reply_with(*[fault] * 3)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(max_retries=2).search_jobs(RECENT)

    assert (caught.value.reason, caught.value.status) == (reason, status)
    assert caught.value.retry_after_seconds is None
    assert len(server.received) == 3


def test_sends_a_single_request_without_retries(server, connect, scripted_clock):
    server.reply_with(Reply(status=500))

    with pytest.raises(TheirStackRetryableError):
        connect(max_retries=0).search_jobs(RECENT)

    assert scripted_clock.sleeps == []


def test_retries_an_unreadable_response_only_once(server, connect):
    server.reply_with(*[Reply(body=b"<html>")] * 4)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "unreadable_answer"
    assert len(server.received) == 2


def test_times_out_on_a_silent_server(server, connect):
    server.reply_with(Reply(hang_seconds=20))
    started = time.monotonic()

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(timeout=0.2, max_retries=0).search_jobs(RECENT)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 10


def test_times_out_on_a_response_that_trickles(server, connect):
    server.reply_with(Reply(body=b'{"data": [' + b" " * 300 + b"]}", drip_seconds=0.1))
    started = time.monotonic()

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(timeout=5, max_retries=3, total_seconds=0.5, clock=time.monotonic).search_jobs(RECENT)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 15


def test_reads_a_response_that_arrives_within_the_grace_period(server, connect):
    server.reply_with(Reply(body={"data": [{"id": 1}]}, hang_seconds=0.4))

    page = connect(timeout=5, total_seconds=0.1, max_retries=0, clock=time.monotonic).search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]


SUSPENDED_CLIENT = """
import sys, redis
from ingestion.request_pacing import Pacing
from ingestion.sources.theirstack.client import TheirStackClient
from ingestion.sources.theirstack.transport import TheirStackTransport
url, key, port = sys.argv[1:]
pacing = Pacing(redis=redis.Redis(port=int(port)), calls_per_minute=1000)
transport = TheirStackTransport(
    base_url=url, api_key=key, timeout=10, max_retries=0, pacing=pacing, user_agent="test", total_seconds=2
)
with TheirStackClient(transport) as client:
    print(client.search_jobs({"posted_at_max_age_days": 3}).jobs)
"""


@pytest.mark.parametrize("parts", [{"hang_seconds": 1.0}, {"drip_seconds": 0.02}])
def test_reads_a_buffered_response_after_being_suspended_past_the_deadline(server, valkey, parts):
    body = {"data": [{"id": number} for number in range(8)]}
    server.reply_with(Reply(body=body, **parts))
    port = valkey.connection_pool.connection_kwargs["port"]
    client = subprocess.Popen(
        [sys.executable, "-c", SUSPENDED_CLIENT, server.url, KEY, str(port)], stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: server.received, seconds=60, what="the client has sent its request")
    client.send_signal(signal.SIGSTOP)
    time.sleep(4)
    client.send_signal(signal.SIGCONT)

    output, _ = client.communicate(timeout=60)

    assert output.strip() == str(body["data"])


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        (Reply(status=500), 0),
        (Reply(status=429), 0),
        (Reply(status=503, body=b"<html>"), 0),
        (Reply(drops=True), 1),
        (Reply(body={"data": [{"id": 1}]}, content_length=500), 1),
        (Reply(body=b"not JSON"), 1),
        (Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}), 1),
        (Reply(hang_seconds=0.5), 1),
    ],
)
def test_reports_the_lost_attempts_before_each_attempt(server, connect, fault, lost):
    server.reply_with(fault, PAGE)
    reported: list[Any] = []

    connect(timeout=0.3).search_jobs(RECENT, before_sending=reported.append)

    assert reported == [0, lost]


def test_the_error_carries_the_number_of_lost_attempts(server, connect):
    server.reply_with(
        Reply(drops=True),
        Reply(status=500),
        Reply(body={}, content_length=500),
        Reply(status=500),
    )

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(max_retries=3).search_jobs(RECENT)

    assert caught.value.lost_attempts == 2
    assert copy.copy(caught.value).lost_attempts == 2  # uses `__reduce__`, as between worker processes


def test_sends_nothing_if_before_sending_raises(server, connect, scripted_clock):
    def fail(lost_attempts):
        raise RuntimeError("no budget")

    with pytest.raises(RuntimeError):
        connect().search_jobs(RECENT, before_sending=fail)

    assert (server.received, scripted_clock.sleeps) == ([], [])


def test_limits_a_call_with_all_retries_to_the_total_time(server, connect, scripted_clock):
    server.reply_with(*[Reply(status=429, headers={"Retry-After": "50"})] * 5)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(total_seconds=120, max_retries=10).search_jobs(RECENT)

    assert caught.value.retry_after_seconds == pytest.approx(50, abs=1)
    assert scripted_clock.now <= 120


def test_reconnects_after_the_server_closed_the_connection(server, connect, scripted_clock):
    server.reply_with(Reply(body={"data": []}, headers={"Connection": "close"}), PAGE)
    client = connect()

    client.search_jobs(RECENT)
    page = client.search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]


def test_reports_an_unreachable_address(connect):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = connect(base_url=f"http://127.0.0.1:{unused.getsockname()[1]}", max_retries=1)

        with pytest.raises(TheirStackRetryableError) as caught:
            client.search_jobs(RECENT)

    assert caught.value.reason == "network"
    assert caught.value.lost_attempts == 0


def test_rejects_a_response_that_is_too_large(server, connect, monkeypatch):
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 100_000)
    server.reply_with(Reply(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(TheirStackUnexpectedAnswerError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "answer_too_large"


def test_leaves_no_timer_thread_behind(server, connect):
    server.reply_with(PAGE)

    connect().search_jobs(RECENT)

    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(timeout=1)
    assert not [timer for timer in timers if timer.is_alive()]


def test_writes_one_line_for_each_request(server, connect, caplog):
    caplog.set_level(logging.INFO, logger="ingestion")
    server.reply_with(Reply(status=500), PAGE)

    connect().search_jobs(RECENT)

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("POST /v1/jobs/search: 500 (server_error), ")
    assert lines[1].startswith("POST /v1/jobs/search: 200, 1 jobs, ")


def test_raises_only_client_errors(server, connect):
    for response in (Reply(status=999), Reply(status=100, body=b"")):
        server.reply_with(response, response, response, response)
        with pytest.raises(TheirStackClientError):
            connect(timeout=0.3).search_jobs(RECENT)
