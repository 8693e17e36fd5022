"""The rate limits that TheirStack states, and the pace that all workers keep."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
import redis as redis_library

from ingestion.request_pacing import Pacing
from ingestion.tests.scripted_server import RECENT, Answer
from ingestion.tests.valkey_process import running_valkey
from ingestion.theirstack_errors import TheirStackRetryableError

PAGE = Answer(body={"data": [{"id": 1}], "metadata": {}})


def _windows(remaining, reset):
    return {"RateLimit-Remaining": remaining, "RateLimit-Reset": reset}


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        (_windows("0, 6, 43, 393", "2, 19, 3199, 57199"), 2),
        (_windows("0, 0, 43, 393", "1, 19, 3199, 57199"), 19),
        ({"RateLimit": '"per-minute";r=0;t=12'}, 12),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "7", **_windows("0", "9")}, 9),
        ({"Retry-After": "9", **_windows("0", "7")}, 9),
    ],
)
def test_waits_after_a_429_as_its_headers_say(server, connect, scripted_clock, valkey, headers, waited):
    server.answers(Answer(status=429, headers=headers), PAGE)
    # The pause is the server's real time; here only the client's clock runs, so it is lifted at once.
    connect(sleep=lambda seconds: (scripted_clock.sleep(seconds), valkey.flushdb())).search_jobs(RECENT)

    assert scripted_clock.sleeps == [waited + 1]  # and up to a second more, so that not all workers return at once


@pytest.mark.parametrize("headers", [_windows("many", "later"), {"Retry-After": "soon"}, {"RateLimit": '";;=,'}])
def test_backs_off_as_usual_when_the_headers_of_a_429_make_no_sense(server, connect, scripted_clock, headers):
    server.answers(Answer(status=429, headers=headers), PAGE)

    connect().search_jobs(RECENT)

    assert scripted_clock.sleeps == [1]


def test_waits_until_the_date_that_a_busy_server_names(server, connect, scripted_clock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.answers(Answer(status=503, headers={"Retry-After": date}), PAGE)

    connect().search_jobs(RECENT)

    assert 17 < scripted_clock.sleeps[0] <= 21


def test_does_not_sleep_through_a_long_wait_but_names_it(server, connect, scripted_clock):
    server.answers(Answer(status=429, headers=_windows("3, 0, 0, 393", "1, 19, 3199, 57199")))

    with pytest.raises(TheirStackRetryableError) as caught:
        connect().search_jobs(RECENT)

    assert (caught.value.reason, caught.value.retry_after_seconds) == ("rate_limited", 3199)
    assert scripted_clock.sleeps == []


def test_holds_other_workers_back_when_an_answer_says_that_a_window_is_used_up(server, connect, valkey):
    answer = Answer(body={"data": []}, headers=_windows("3, 6, 0, 393", "1, 19, 3199, 57199"))
    server.answers(answer, PAGE)
    other_worker = connect(pacing=Pacing(redis=valkey, calls_per_minute=1000))

    connect().search_jobs(RECENT)
    with pytest.raises(TheirStackRetryableError) as caught:
        other_worker.search_jobs(RECENT)

    assert caught.value.reason == "rate_limited"
    assert 3190 < caught.value.retry_after_seconds <= 3199
    assert len(server.seen) == 1


def test_holds_nobody_back_while_every_window_has_calls_left(server, connect, pacing):
    server.answers(Answer(body={"data": []}, headers=_windows("3, 6, 43, 393", "1, 19, 3199, 57199")))

    connect().search_jobs(RECENT)

    assert pacing.get_wait_seconds() == 0.0


def test_waits_for_its_turn_when_the_calls_of_the_window_are_taken(server, connect, valkey):
    server.answers(*[PAGE] * 3)
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
    server.answers(Answer(status=500), Answer(status=500), PAGE)

    with pytest.raises(TheirStackRetryableError) as caught:
        connect(pacing=pacing, total_seconds=20).search_jobs(RECENT)

    assert caught.value.reason == "rate_limited"
    assert len(server.seen) == 2


def test_makes_no_call_while_redis_is_away_and_says_so(server, connect, scripted_clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = redis_library.Redis(port=unused.getsockname()[1], socket_timeout=1, retry=None)

        with pytest.raises(TheirStackRetryableError) as caught:
            connect(pacing=Pacing(redis=nobody, calls_per_minute=10)).search_jobs(RECENT)

    assert caught.value.reason == "pacing_unavailable"
    assert server.seen == []
    assert scripted_clock.sleeps == [1, 2, 4]


def test_keeps_a_page_it_has_when_redis_goes_away_meanwhile(server, connect, caplog):
    with running_valkey() as leaving:
        body = {"data": [{"id": 1}]}
        leave = partial(leaving.shutdown, nosave=True)
        server.answers(Answer(body=body, headers=_windows("0", "30"), first_does=leave))

        page = connect(pacing=Pacing(redis=leaving, calls_per_minute=10)).search_jobs(RECENT)

    assert page.jobs == [{"id": 1}]
    assert "cannot share the wait" in caplog.text
