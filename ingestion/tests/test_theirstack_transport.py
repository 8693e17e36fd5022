"""Retries and time limits, each over a real connection."""

import copy
import gzip
import logging
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from ingestion import theirstack_transport
from ingestion.tests.scripted_server import KEY, RECENT, Answer
from ingestion.theirstack_errors import TheirStackClientError, TheirStackRetryableError, TheirStackUnexpectedAnswerError
from tests.processes import wait_until

PAGE = Answer(body={"data": [{"id": 1}], "metadata": {}})


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=500),
        Answer(status=502, body=b"<html>bad gateway</html>"),
        Answer(status=503, body={"error": {"code": "E-099", "title": "Busy"}}),
        Answer(status=429),
        Answer(drops=True),
        Answer(body={"data": [{"id": 1}]}, claims=500),
        Answer(body=b"not JSON"),
        Answer(body=b'{"data": [{"id": 1}'),
        Answer(body=b""),
        Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_asks_again_after_a_fault_that_may_pass(server, connect, scripted_clock, fault):
    server.answers(fault, PAGE)

    page = connect().search_jobs(RECENT)

    assert (page.jobs, page.attempts) == ([{"id": 1}], 2)
    assert scripted_clock.sleeps == [1]


def test_backs_off_for_1_2_4_8_and_then_10_seconds(server, connect, scripted_clock):
    server.answers(*[Answer(status=500)] * 6, PAGE)

    connect(max_retries=6).search_jobs(RECENT)

    assert scripted_clock.sleeps == [1, 2, 4, 8, 10, 10]


def test_shortens_a_wait_at_random_by_up_to_a_half(server, connect, scripted_clock):
    server.answers(*[Answer(status=500)] * 3, PAGE)

    connect(uniform=lambda low, high: low).search_jobs(RECENT)

    assert scripted_clock.sleeps == [0.5, 1, 2]


@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        (Answer(status=500), "server_error", 500),
        (Answer(status=429), "rate_limited", 429),
        (Answer(drops=True), "network", None),
        (Answer(body={"data": []}, claims=500), "network", None),
    ],
)
def test_gives_up_when_the_retries_are_used_up(server, connect, fault, reason, status):
    server.answers(*[fault] * 3)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(max_retries=2).search_jobs(RECENT)

    assert (caught.value.reason, caught.value.status) == (reason, status)
    assert caught.value.retry_after_seconds is None
    assert len(server.seen) == 3


def test_asks_once_when_no_retries_are_allowed(server, connect, scripted_clock):
    server.answers(Answer(status=500))

    with pytest.raises(TheirStackRetryableError):
        connect(max_retries=0).search_jobs(RECENT)

    assert scripted_clock.sleeps == []


def test_buys_an_answer_that_cannot_be_read_no_more_than_twice(server, connect):
    server.answers(*[Answer(body=b"<html>")] * 4)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "unreadable_answer"
    assert len(server.seen) == 2


def test_waits_no_longer_than_the_timeout_for_a_silent_server(server, connect):
    server.answers(Answer(hangs=20))
    started = time.monotonic()

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(timeout=0.2, max_retries=0).search_jobs(RECENT)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 10


def test_ends_an_answer_that_drips_in_for_ever(server, connect):
    server.answers(Answer(body=b'{"data": [' + b" " * 300 + b"]}", drips=0.1))
    started = time.monotonic()

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(timeout=5, max_retries=3, total_seconds=0.5, clock=time.monotonic).search_jobs(RECENT)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 15


def test_reads_an_answer_that_has_begun_when_the_time_of_its_call_is_over(server, connect):
    server.answers(Answer(body={"data": [{"id": 1}]}, hangs=0.4))

    page = connect(timeout=5, total_seconds=0.1, max_retries=0, clock=time.monotonic).search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]


STOPPED_CLIENT = """
import sys, redis
from ingestion.request_pacing import Pacing
from ingestion.theirstack import TheirStackClient
from ingestion.theirstack_transport import TheirStackTransport
url, key, port = sys.argv[1:]
pacing = Pacing(redis=redis.Redis(port=int(port)), calls_per_minute=1000)
transport = TheirStackTransport(
    base_url=url, api_key=key, timeout=10, max_retries=0, pacing=pacing, user_agent="test", total_seconds=2
)
with TheirStackClient(transport) as client:
    print(client.search_jobs({"posted_at_max_age_days": 3}).jobs)
"""


@pytest.mark.parametrize("parts", [{"hangs": 1.0}, {"drips": 0.02}])
def test_reads_what_lies_in_its_socket_when_its_process_was_stopped_past_the_deadline(server, valkey, parts):
    body = {"data": [{"id": number} for number in range(8)]}
    server.answers(Answer(body=body, **parts))
    port = valkey.connection_pool.connection_kwargs["port"]
    client = subprocess.Popen(
        [sys.executable, "-c", STOPPED_CLIENT, server.url, KEY, str(port)], stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: server.seen, seconds=60, what="the client has asked")
    client.send_signal(signal.SIGSTOP)
    time.sleep(4)
    client.send_signal(signal.SIGCONT)

    output, _ = client.communicate(timeout=60)

    assert output.strip() == str(body["data"])


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        (Answer(status=500), 0),
        (Answer(status=429), 0),
        (Answer(status=503, body=b"<html>"), 0),
        (Answer(drops=True), 1),
        (Answer(body={"data": [{"id": 1}]}, claims=500), 1),
        (Answer(body=b"not JSON"), 1),
        (Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"}), 1),
        (Answer(hangs=0.5), 1),
    ],
)
def test_says_before_each_attempt_how_many_may_have_been_charged_in_vain(server, connect, fault, lost):
    server.answers(fault, PAGE)
    told = []

    connect(timeout=0.3).search_jobs(RECENT, before_sending=told.append)

    assert told == [0, lost]


def test_tells_with_its_error_how_many_attempts_may_have_been_charged(server, connect):
    server.answers(Answer(drops=True), Answer(status=500), Answer(body={}, claims=500), Answer(status=500))

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(max_retries=3).search_jobs(RECENT)

    assert caught.value.lost_attempts == 2
    assert copy.copy(caught.value).lost_attempts == 2  # by `__reduce__`, as between task processes


def test_sends_nothing_when_what_comes_before_it_fails(server, connect, scripted_clock):
    def refuse(lost):
        raise RuntimeError("no budget")

    with pytest.raises(RuntimeError):
        connect().search_jobs(RECENT, before_sending=refuse)

    assert (server.seen, scripted_clock.sleeps) == ([], [])


def test_ends_a_call_within_its_total_time_whatever_the_retries(server, connect, scripted_clock):
    server.answers(*[Answer(status=429, headers={"Retry-After": "50"})] * 5)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(total_seconds=120, max_retries=10).search_jobs(RECENT)

    assert caught.value.retry_after_seconds == pytest.approx(50, abs=1)
    assert scripted_clock.now <= 120


def test_connects_anew_when_the_server_closed_the_kept_connection(server, connect, scripted_clock):
    server.answers(Answer(body={"data": []}, headers={"Connection": "close"}), PAGE)
    client = connect()

    client.search_jobs(RECENT)
    page = client.search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]


def test_says_that_nobody_answers_at_the_address(connect):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = connect(base_url=f"http://127.0.0.1:{unused.getsockname()[1]}", max_retries=1)

        with pytest.raises(TheirStackRetryableError) as caught:
            client.search_jobs(RECENT)

    assert caught.value.reason == "network"
    assert caught.value.lost_attempts == 0


def test_refuses_an_answer_that_would_fill_the_memory(server, connect, monkeypatch):
    monkeypatch.setattr(theirstack_transport, "MAX_BODY_BYTES", 100_000)
    server.answers(Answer(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(TheirStackUnexpectedAnswerError) as caught:
        connect().search_jobs(RECENT)

    assert caught.value.reason == "answer_too_large"


def test_leaves_no_timer_thread_behind(server, connect):
    server.answers(PAGE)

    connect().search_jobs(RECENT)

    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(timeout=1)
    assert not [timer for timer in timers if timer.is_alive()]


def test_writes_one_line_for_each_request(server, connect, caplog):
    caplog.set_level(logging.INFO, logger="ingestion")
    server.answers(Answer(status=500), PAGE)

    connect().search_jobs(RECENT)

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("POST /v1/jobs/search: 500 (server_error), ")
    assert lines[1].startswith("POST /v1/jobs/search: 200, 1 jobs, ")


def test_raises_its_own_errors_alone(server, connect):
    for answer in (Answer(status=999), Answer(status=100, body=b"")):
        server.answers(answer, answer, answer, answer)
        with pytest.raises(TheirStackClientError):
            connect(timeout=0.3).search_jobs(RECENT)
