"""A TheirStack client against a scripted server, with a pace kept in a Valkey of its own, or against the fake."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingestion.fake_theirstack.job_sources import build_jobs
from ingestion.fake_theirstack.server import FakeTheirStack
from ingestion.request_pacing import Pacing
from ingestion.tests.fake_server import NOW
from ingestion.tests.scripted_server import KEY, running_scripted_server
from ingestion.tests.scripted_server import Clock as ScriptedClock
from ingestion.tests.valkey_process import running_valkey
from ingestion.theirstack import TheirStackClient, build_client
from ingestion.theirstack_transport import TheirStackTransport
from tests.collection import Clock


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
def scripted_clock():
    return ScriptedClock()


@pytest.fixture
def connect(server, pacing, scripted_clock):
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
            "sleep": scripted_clock.sleep,
            "clock": scripted_clock,
            # The longest of every random range, so that waits can be foretold.
            "uniform": lambda low, high: high,
        }
        made.append(TheirStackClient(TheirStackTransport(**(parameters | changes))))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def serve_jobs(settings) -> Iterator[Callable[..., FakeTheirStack]]:
    """Starts a fake TheirStack with these jobs, which the settings name from then on."""
    with ExitStack() as running:

        def serve(jobs, **account) -> FakeTheirStack:
            server = running.enter_context(FakeTheirStack(jobs=jobs, **account))
            settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = server.url, server.api_key
            return server

        yield serve


@pytest.fixture
def theirstack_client(stand_in) -> Iterator[TheirStackClient]:
    with build_client() as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def many_fake_jobs() -> list[dict[str, Any]]:
    return list(build_jobs(count=200, today=NOW.date()))


@pytest.fixture
def start_fake(many_fake_jobs) -> Iterator[Callable[..., FakeTheirStack]]:
    """Start a fake with 200 jobs; what is passed replaces the usual."""
    usual = {"jobs": many_fake_jobs, "clock": lambda: NOW}
    with ExitStack() as running:
        yield lambda **changes: running.enter_context(FakeTheirStack(**usual | changes))


@pytest.fixture
def theirstack(start_fake) -> FakeTheirStack:
    return start_fake()


@pytest.fixture
def file(tmp_path) -> Callable[[str, bytes], Path]:
    """Writes a file, compressed where its name says so."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
        return path

    return write
