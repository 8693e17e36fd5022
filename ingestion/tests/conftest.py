"""A TheirStack client against a scripted server, with a pace kept in a Valkey of its own."""

import pytest

from ingestion.request_pacing import Pacing
from ingestion.tests.own_valkey import running_valkey
from ingestion.tests.scripted_server import KEY, Clock, running_scripted_server
from ingestion.theirstack import TheirStackClient
from ingestion.theirstack_transport import TheirStackTransport


@pytest.fixture(scope="module")
def valkey():
    with running_valkey() as client:
        yield client


@pytest.fixture
def pacing(valkey):
    valkey.flushdb()
    return Pacing(redis=valkey, calls_per_minute=1000)


@pytest.fixture
def server():
    with running_scripted_server() as scripted:
        yield scripted


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def connect(server, pacing, clock):
    """Make a client; what is passed replaces the usual."""
    made = []

    def make(**changes):
        parameters = {
            "base_url": server.url,
            "api_key": KEY,
            "timeout": 5,
            "max_retries": 3,
            "pacing": pacing,
            "user_agent": "career-navigator",
            "total_seconds": 300.0,
            "sleep": clock.sleep,
            "clock": clock,
            # The longest of every random range, so that waits can be foretold.
            "uniform": lambda low, high: high,
        }
        made.append(TheirStackClient(TheirStackTransport(**(parameters | changes))))
        return made[-1]

    yield make
    for client in made:
        client.close()
