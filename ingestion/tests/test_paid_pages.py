"""Our own count of credits after faults is never below what the fake TheirStack has charged."""

import random
import socket
from typing import Any

import pytest

from ingestion.collection import collect_role
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.source import count_spent_credits
from ingestion.theirstack import build_client
from tests.collection import begin, collect, job
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("mongo", "redis")

PAGE = 10
JOBS = 30
LIMIT = 40


@pytest.fixture
def stand_in(settings, serve_jobs) -> FakeTheirStack:
    settings.MAX_JOBS_PER_SEARCH = PAGE
    settings.THEIR_STACK_RATE_LIMIT = 3000
    settings.THEIR_STACK_MAX_RETRIES = 1
    return serve_jobs(job(n) for n in range(1, JOBS + 1))


@pytest.fixture
def connect():
    """Open clients that wait for no retry."""
    opened = []

    def open_client(**limits):
        client = build_client()
        client._transport._sleep = lambda seconds: None
        for name, value in limits.items():
            setattr(client._transport, name, value)
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


ANSWERED: list[dict[str, Any]] = [
    {"status": 429},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 500},
    {"status": 503, "body": "<html>busy</html>"},
    {"status": 401},
    {"status": 402},
    {"status": 403},
    {"status": 404},
    {"status": 422},
]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("fault", ANSWERED)
def test_an_answer_without_jobs_costs_nothing(clock, connect, stand_in, fault, count):
    stand_in.script_faults([fault | {"at": 2 + number} for number in range(count)])

    collect(connect(), clock, limit=LIMIT)

    assert count_spent_credits(now=clock()) == stand_in.credits_used > 0


def test_a_source_that_cannot_be_reached_costs_nothing(clock, connect, settings, stand_in):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.THEIR_STACK_BASE_URL = f"http://127.0.0.1:{unused.getsockname()[1]}"

        run = collect(connect(), clock, limit=LIMIT)

    assert run.status == "failed"
    assert "network" in run.error
    assert count_spent_credits(now=clock()) == 0


def test_a_page_that_has_to_wait_for_the_rate_limit_costs_nothing(clock, connect, stand_in):
    stand_in.script_faults([{"status": 429, "headers": {"Retry-After": "900"}, "at": 2}])

    run = collect(connect(), clock, limit=LIMIT)

    assert run.searches[0].status == "waiting"
    assert count_spent_credits(now=clock()) == stand_in.credits_used == PAGE


# Whether the fake TheirStack charges for what it does not deliver.
LOST = {
    "an answer that is cut off": ({"cut_off": True}, True),
    "a connection that is closed": ({"drop": True}, False),
    "an answer that comes too late": ({"delay_seconds": 0.6}, True),
    "an answer that is no JSON": ({"not_json": True}, False),
    "an answer without jobs in it": ({"status": 200, "body": {"data": None}}, False),
    "an answer that is no object": ({"status": 200, "body": []}, False),
}
# What is readable but not as documented is not asked for again.
NOT_ASKED_AGAIN = {"an answer without jobs in it", "an answer that is no object"}


@pytest.mark.parametrize("lost", sorted(LOST.keys() - NOT_ASKED_AGAIN))
def test_a_lost_answer_stays_reserved_beside_the_one_that_came(clock, connect, mongo, stand_in, lost):
    fault, charged = LOST[lost]
    stand_in.script_faults([fault | {"at": 2}])

    run = collect(connect(_timeout=(0.3, 0.3)), clock, limit=LIMIT)

    spent = count_spent_credits(now=clock())
    assert spent == run.credits + PAGE
    paid = run.credits + (PAGE if charged else 0)
    wait_until(lambda: stand_in.credits_used == paid, seconds=10, what=f"{paid} credits are charged")
    (reserved,) = mongo.credit_months.find_one()["reservations"].values()
    assert reserved == PAGE


@pytest.mark.parametrize("lost", LOST)
def test_every_lost_answer_stays_reserved_when_none_comes(clock, connect, stand_in, lost):
    fault, _ = LOST[lost]
    stand_in.script_faults([fault | {"next": 2}])

    run = collect(connect(_timeout=(0.3, 0.3)), clock, limit=LIMIT)

    assert run.status == "failed"
    sent = 1 if lost in NOT_ASKED_AGAIN else 2
    wait_until(lambda: len(stand_in.requests) == sent, seconds=10, what=f"{sent} requests have come")
    assert count_spent_credits(now=clock()) == PAGE * sent >= stand_in.credits_used


def test_a_refusal_after_a_lost_answer_gives_back_its_own_reservation_alone(clock, connect, stand_in):
    stand_in.script_faults([{"cut_off": True, "at": 2}, {"status": 500, "at": 3}])

    run = collect(connect(), clock, limit=LIMIT)

    assert run.status == "failed"
    assert count_spent_credits(now=clock()) == stand_in.credits_used == 2 * PAGE


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_a_task_that_is_ended_with_its_answer_on_the_way_leaves_the_reservation(
    clock, connect, monkeypatch, stand_in, end
):
    client, run = connect(), begin(clock, limit=LIMIT)
    read = client._transport._read

    def ended_in_the_second(response, *, seconds):
        if len(stand_in.requests) > 1:
            raise end
        return read(response, seconds=seconds)

    monkeypatch.setattr(client._transport, "_read", ended_in_the_second)

    with pytest.raises(end):
        collect_role(run_id=run.id, role="Backend Developer", client=client, clock=clock)

    assert count_spent_credits(now=clock()) == stand_in.credits_used == 2 * PAGE


def test_a_retry_that_may_be_charged_is_not_sent_without_budget(clock, connect, settings, stand_in):
    settings.THEIR_STACK_CREDIT_BUDGET = 25
    stand_in.script_faults([{"cut_off": True, "at": 2}])

    run = collect(connect(), clock, limit=LIMIT)

    assert "budget_spent" in run.error
    assert len(stand_in.requests) == 2
    assert count_spent_credits(now=clock()) == stand_in.credits_used == 2 * PAGE


def test_a_retry_that_is_not_charged_needs_no_more_budget(clock, connect, settings, stand_in):
    settings.THEIR_STACK_CREDIT_BUDGET = PAGE
    settings.THEIR_STACK_MAX_RETRIES = 3
    stand_in.script_faults([{"status": 500, "next": 3}])

    collect(connect(), clock, limit=PAGE)

    assert len(stand_in.requests) == 4
    assert count_spent_credits(now=clock()) == stand_in.credits_used == PAGE


@pytest.mark.parametrize("seed", range(12))
def test_whatever_goes_wrong_no_more_is_paid_than_counted_and_no_more_counted_than_budgeted(
    clock, connect, settings, stand_in, seed
):
    chance = random.Random(seed)
    settings.THEIR_STACK_CREDIT_BUDGET = budget = chance.randrange(PAGE, 120)
    settings.THEIR_STACK_MAX_RETRIES = chance.randrange(3)
    kinds = [*ANSWERED[:4], {"cut_off": True}, {"drop": True}, {"not_json": True}, {}]
    faults = [chance.choice(kinds) | {"at": number} for number in range(1, 20)]
    stand_in.script_faults(faults)

    for _ in range(3):
        collect(connect(), clock, limit=LIMIT)

        assert stand_in.credits_used <= count_spent_credits(now=clock()) <= budget
