"""After faults, the count of spent credits is never below what the fake TheirStack charged."""

import random
import socket
from typing import Any

import pytest

from ingestion.collection import collect_role
from ingestion.source import count_spent_credits
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from tests.collection import begin_run, collect, job
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("mongo", "redis")

PAGE = 10
JOBS = 30
LIMIT = 40


@pytest.fixture
def fake_theirstack(settings, serve_jobs) -> FakeTheirStack:
    settings.MAX_JOBS_PER_SEARCH = PAGE
    settings.THEIR_STACK_RATE_LIMIT = 3000
    settings.THEIR_STACK_MAX_RETRIES = 1
    return serve_jobs(job(n) for n in range(1, JOBS + 1))


@pytest.fixture
def connect():
    """Return a factory of clients that retry without waiting."""
    clients = []

    def open_client(**limits):
        client = build_client()
        client._transport._sleep = lambda seconds: None
        for name, value in limits.items():
            setattr(client._transport, name, value)
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.close()


ERROR_RESPONSES: list[dict[str, Any]] = [
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
@pytest.mark.parametrize("fault", ERROR_RESPONSES)
def test_an_error_response_costs_nothing(clock, connect, fake_theirstack, fault, count):
    fake_theirstack.script_faults([fault | {"at": 2 + number} for number in range(count)])

    collect(connect(), clock, limit=LIMIT)

    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used > 0


def test_a_source_that_cannot_be_reached_costs_nothing(clock, connect, settings, fake_theirstack):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.THEIR_STACK_BASE_URL = f"http://127.0.0.1:{unused.getsockname()[1]}"

        run = collect(connect(), clock, limit=LIMIT)

    assert run.status == "failed"
    assert "network" in run.error
    assert count_spent_credits(now=clock()) == 0


def test_a_page_that_has_to_wait_for_the_rate_limit_costs_nothing(clock, connect, fake_theirstack):
    fake_theirstack.script_faults([{"status": 429, "headers": {"Retry-After": "900"}, "at": 2}])

    run = collect(connect(), clock, limit=LIMIT)

    assert run.searches[0].status == "waiting"
    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == PAGE


# The second item says whether the fake TheirStack charges for the lost response.
LOST_RESPONSES: dict[str, tuple[dict[str, Any], bool]] = {
    "a response that is cut off": ({"cut_off": True}, True),
    "a connection that is closed": ({"drop": True}, False),
    "a response that arrives too late": ({"delay_seconds": 0.6}, True),
    "a response that is not JSON": ({"not_json": True}, False),
    "a response without jobs": ({"status": 200, "body": {"data": None}}, False),
    "a response that is not an object": ({"status": 200, "body": []}, False),
}
# Valid JSON without the documented structure is not retried.
NOT_RETRIED = {"a response without jobs", "a response that is not an object"}


@pytest.mark.parametrize("lost", sorted(LOST_RESPONSES.keys() - NOT_RETRIED))
def test_a_lost_response_stays_reserved_in_addition_to_its_retry(clock, connect, mongo, fake_theirstack, lost):
    fault, charged = LOST_RESPONSES[lost]
    fake_theirstack.script_faults([fault | {"at": 2}])

    run = collect(connect(_timeout=(0.3, 0.3)), clock, limit=LIMIT)

    spent = count_spent_credits(now=clock())
    assert spent == run.credits + PAGE
    paid = run.credits + (PAGE if charged else 0)
    wait_until(lambda: fake_theirstack.credits_used == paid, seconds=10, what=f"{paid} credits are charged")
    (reserved,) = mongo.credit_months.find_one()["reservations"].values()
    assert reserved == PAGE


@pytest.mark.parametrize("lost", LOST_RESPONSES)
def test_every_lost_response_stays_reserved_if_all_are_lost(clock, connect, fake_theirstack, lost):
    fault, _ = LOST_RESPONSES[lost]
    fake_theirstack.script_faults([fault | {"next": 2}])

    run = collect(connect(_timeout=(0.3, 0.3)), clock, limit=LIMIT)

    assert run.status == "failed"
    sent = 1 if lost in NOT_RETRIED else 2
    wait_until(lambda: len(fake_theirstack.requests) == sent, seconds=10, what=f"{sent} requests arrived")
    assert count_spent_credits(now=clock()) == PAGE * sent >= fake_theirstack.credits_used


def test_an_error_after_a_lost_response_releases_only_its_own_reservation(clock, connect, fake_theirstack):
    fake_theirstack.script_faults([{"cut_off": True, "at": 2}, {"status": 500, "at": 3}])

    run = collect(connect(), clock, limit=LIMIT)

    assert run.status == "failed"
    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == 2 * PAGE


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_a_task_that_ends_while_awaiting_a_response_leaves_the_reservation(
    clock, connect, monkeypatch, fake_theirstack, end
):
    client, run = connect(), begin_run(clock, limit=LIMIT)
    read = client._transport._read

    def end_in_the_second_request(response, *, seconds):
        if len(fake_theirstack.requests) > 1:
            raise end
        return read(response, seconds=seconds)

    monkeypatch.setattr(client._transport, "_read", end_in_the_second_request)

    with pytest.raises(end):
        collect_role(run_id=run.id, role="Backend Developer", client=client, clock=clock)

    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == 2 * PAGE


def test_a_retry_that_may_be_charged_is_not_sent_without_budget(clock, connect, settings, fake_theirstack):
    settings.THEIR_STACK_CREDIT_BUDGET = 25
    fake_theirstack.script_faults([{"cut_off": True, "at": 2}])

    run = collect(connect(), clock, limit=LIMIT)

    assert "budget_spent" in run.error
    assert len(fake_theirstack.requests) == 2
    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == 2 * PAGE


def test_a_retry_that_is_not_charged_needs_no_extra_budget(clock, connect, settings, fake_theirstack):
    settings.THEIR_STACK_CREDIT_BUDGET = PAGE
    settings.THEIR_STACK_MAX_RETRIES = 3
    fake_theirstack.script_faults([{"status": 500, "next": 3}])

    collect(connect(), clock, limit=PAGE)

    assert len(fake_theirstack.requests) == 4
    assert count_spent_credits(now=clock()) == fake_theirstack.credits_used == PAGE


@pytest.mark.parametrize("seed", range(12))
def test_random_faults_never_cost_more_than_counted_or_budgeted(clock, connect, settings, fake_theirstack, seed):
    rng = random.Random(seed)
    settings.THEIR_STACK_CREDIT_BUDGET = budget = rng.randrange(PAGE, 120)
    settings.THEIR_STACK_MAX_RETRIES = rng.randrange(3)
    kinds = [*ERROR_RESPONSES[:4], {"cut_off": True}, {"drop": True}, {"not_json": True}, {}]
    faults = [rng.choice(kinds) | {"at": number} for number in range(1, 20)]
    fake_theirstack.script_faults(faults)

    for _ in range(3):
        collect(connect(), clock, limit=LIMIT)

        assert fake_theirstack.credits_used <= count_spent_credits(now=clock()) <= budget
