"""A replica set for all cluster tests. Each module starts its own deployment on it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingestion.sources.theirstack.fake.job_sources import build_jobs
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from tests.cluster.servers import ReplicaSet
from tests.cluster.smtp import MailServer


@pytest.fixture(scope="session")
def replica_set(tmp_path_factory) -> Iterator[ReplicaSet]:
    servers = ReplicaSet(tmp_path_factory.mktemp("replica-set"))
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def fake_theirstack() -> Iterator[FakeTheirStack]:
    with FakeTheirStack(jobs=build_jobs(count=600, seed=3, today=datetime.now(UTC).date(), days=60)) as server:
        yield server


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    with MailServer(seconds=0.5) as server:
        yield server
