"""TheirStack's rate limits, and the pacing that all workers share."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
import redis as redis_library
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingestion.request_pacing import Pacing
from ingestion.sources.theirstack.errors import TheirStackRetryableError
from ingestion.tests.scripted_server import RECENT, Reply
from ingestion.tests.valkey_process import running_valkey

PAGE = Reply(body={"data": [{"id": 1}], "metadata": {}})


def _build_headers(remaining, reset):
    return {"RateLimit-Remaining": remaining, "RateLimit-Reset": reset}


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        (_build_headers("0, 6, 43, 393", "2, 19, 3199, 57199"), 2),
        (_build_headers("0, 0, 43, 393", "1, 19, 3199, 57199"), 19),
        ({"RateLimit": '"per-minute";r=0;t=12'}, 12),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "7", **_build_headers("0", "9")}, 9),
        ({"Retry-After": "9", **_build_headers("0", "7")}, 9),
    ],
)
def test_waits_after_a_429_according_to_its_headers(server, connect, scripted_clock, valkey, headers, waited):
    server.reply_with(Reply(status=429, headers=headers), PAGE)
    # The pause in Valkey runs in real time, but only the fake clock advances here, so the pause is removed.
    connect(sleep=lambda seconds: (scripted_clock.sleep(seconds), valkey.flushdb())).search_jobs(RECENT)

    assert scripted_clock.sleeps == [waited + 1]  # plus up to a second, so that workers do not retry simultaneously


@pytest.mark.parametrize("headers", [_build_headers("many", "later"), {"Retry-After": "soon"}, {"RateLimit": '";;=,'}])
def test_backs_off_as_usual_if_the_headers_of_a_429_are_invalid(server, connect, scripted_clock, headers):
    server.reply_with(Reply(status=429, headers=headers), PAGE)

    connect().search_jobs(RECENT)

    assert scripted_clock.sleeps == [1]


def test_waits_until_the_date_in_retry_after(server, connect, scripted_clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.reply_with(Reply(status=503, headers={"Retry-After": date}), PAGE)

    connect().search_jobs(RECENT)

    assert 17 < scripted_clock.sleeps[0] <= 21


def test_raises_instead_of_sleeping_through_a_long_wait(server, connect, scripted_clock):
    server.reply_with(Reply(status=429, headers=_build_headers("3, 0, 0, 393", "1, 19, 3199, 57199")))

    with pytest.raises(TheirStackRetryableError) as caught:
        connect().search_jobs(RECENT)

    assert (caught.value.reason, caught.value.retry_after_seconds) == ("rate_limited", 3199)
    assert scripted_clock.sleeps == []


def test_pauses_other_workers_when_a_window_is_exhausted(server, connect, valkey):
    exhausted = Reply(body={"data": []}, headers=_build_headers("3, 6, 0, 393", "1, 19, 3199, 57199"))
    server.reply_with(exhausted, PAGE)
    other_worker = connect(pacing=Pacing(redis=valkey, calls_per_minute=1000))

    connect().search_jobs(RECENT)
    with pytest.raises(TheirStackRetryableError) as caught:
        other_worker.search_jobs(RECENT)

    assert caught.value.reason == "rate_limited"
    assert caught.value.retry_after_seconds is not None
    assert 3190 < caught.value.retry_after_seconds <= 3199
    assert len(server.received) == 1


def test_pauses_no_worker_while_every_window_has_calls_left(server, connect, pacing):
    server.reply_with(Reply(body={"data": []}, headers=_build_headers("3, 6, 43, 393", "1, 19, 3199, 57199")))

    connect().search_jobs(RECENT)

    assert pacing.get_wait_seconds() == 0.0


def test_waits_for_its_turn_when_the_window_is_full(server, connect, valkey):
    server.reply_with(*[PAGE] * 3)
    client = connect(
        pacing=Pacing(redis=valkey, calls_per_minute=2, window_seconds=1), sleep=time.sleep, clock=time.monotonic
    )
    started = time.monotonic()

    for _ in range(3):
        client.search_jobs(RECENT)

    assert time.monotonic() - started > 0.8


def test_counts_each_retry_as_a_call(server, connect, valkey):
    valkey.flushdb()
    pacing = Pacing(redis=valkey, calls_per_minute=2)
    server.reply_with(Reply(status=500), Reply(status=500), PAGE)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(pacing=pacing, total_seconds=20).search_jobs(RECENT)

    assert caught.value.reason == "rate_limited"
    assert len(server.received) == 2


def test_makes_no_call_while_redis_is_unavailable(server, connect, scripted_clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        unreachable = redis_library.Redis(port=unused.getsockname()[1], socket_timeout=1, retry=Retry(NoBackoff(), 0))

        with pytest.raises(TheirStackRetryableError) as caught:
            connect(pacing=Pacing(redis=unreachable, calls_per_minute=10)).search_jobs(RECENT)

    assert caught.value.reason == "pacing_unavailable"
    assert server.received == []
    assert scripted_clock.sleeps == [1, 2, 4]


def test_keeps_a_received_page_if_redis_becomes_unavailable(server, connect, caplog):
    with running_valkey() as stopping:
        body = {"data": [{"id": 1}]}
        stop = partial(stopping.shutdown, nosave=True)
        server.reply_with(Reply(body=body, headers=_build_headers("0", "30"), before_response=stop))

        page = connect(pacing=Pacing(redis=stopping, calls_per_minute=10)).search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]
    assert "cannot share the wait" in caplog.text
