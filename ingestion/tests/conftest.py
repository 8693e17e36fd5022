"""Fixtures: TheirStack clients for a scripted server, with pacing in a separate Valkey, and fake TheirStack servers."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingestion.request_pacing import Pacing
from ingestion.sources.theirstack.client import TheirStackClient, build_client
from ingestion.sources.theirstack.fake.job_sources import build_jobs
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from ingestion.sources.theirstack.transport import TheirStackTransport
from ingestion.tests.fake_server import NOW
from ingestion.tests.scripted_server import KEY, running_scripted_server
from ingestion.tests.scripted_server import Clock as ScriptedClock
from ingestion.tests.valkey_process import running_valkey
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
    """Return a factory of clients whose keyword arguments override the defaults."""
    clients = []

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
            # The upper bound of every random range, so that waits are predictable.
            "uniform": lambda low, high: high,
        }
        clients.append(TheirStackClient(TheirStackTransport(**(parameters | changes))))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def serve_jobs(settings) -> Iterator[Callable[..., FakeTheirStack]]:
    """Return a function that starts a fake TheirStack with given jobs and points the settings to it."""
    with ExitStack() as running:

        def serve(jobs, **account) -> FakeTheirStack:
            server = running.enter_context(FakeTheirStack(jobs=jobs, **account))
            settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = server.url, server.api_key
            return server

        yield serve


@pytest.fixture
def theirstack_client(fake_theirstack) -> Iterator[TheirStackClient]:
    with build_client() as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def many_fake_jobs() -> list[dict[str, Any]]:
    return list(build_jobs(count=200, today=NOW.date()))


@pytest.fixture
def start_fake(many_fake_jobs) -> Iterator[Callable[..., FakeTheirStack]]:
    """Return a factory of fakes with 200 jobs whose keyword arguments override the defaults."""
    defaults = {"jobs": many_fake_jobs, "clock": lambda: NOW}
    with ExitStack() as running:
        yield lambda **changes: running.enter_context(FakeTheirStack(**defaults | changes))


@pytest.fixture
def theirstack(start_fake) -> FakeTheirStack:
    return start_fake()


@pytest.fixture
def file(tmp_path) -> Callable[[str, bytes], Path]:
    """Return a function that writes a file, gzipped if its name ends in .gz."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
        return path

    return write
