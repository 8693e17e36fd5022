"""Failover of the Redis master by Sentinels during a collection."""

from collections.abc import Iterator
from functools import partial

import pytest
import requests
from django.utils import timezone

from career_navigator.devserver.embedded import HOST
from ingestion.documents import CollectionRunDocument
from tests.cluster.collection import (
    MAX_AGE_DAYS,
    PAGE_SECONDS,
    PLACE,
    ROLES,
    collect_undisturbed,
    connected,
    deployment_settings,
    patiently,
    read_outcome,
    wait_until_over,
)
from tests.cluster.deployment import Deployment
from tests.cluster.servers import MASTER, SentinelValkey
from tests.other_servers import redis_at
from tests.processes import empty_database, wait_until

DATABASE = "sentinel"
# Once per minute, beat resumes roles whose worker was lost, after their lease has expired.
OVER_SECONDS = 200


def get_sentinel_url(valkey: SentinelValkey) -> str:
    return f"sentinel://{valkey.sentinels}/0?master_name={MASTER}"


def is_ready(port: int) -> bool:
    return requests.get(f"http://{HOST}:{port}/health/ready", timeout=30).status_code == 200


@pytest.fixture(scope="module")
def valkey(tmp_path_factory) -> Iterator[SentinelValkey]:
    servers = SentinelValkey(tmp_path_factory.mktemp("valkey"))
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def deployment(replica_set, valkey, fake_theirstack, tmp_path_factory) -> Iterator[Deployment]:
    uri = replica_set.uri(DATABASE)
    settings = deployment_settings(mongodb_uri=uri, redis_url=get_sentinel_url(valkey), fake_theirstack=fake_theirstack)
    deployment = Deployment(directory=tmp_path_factory.mktemp("var"), **settings)
    with connected(mongodb_uri=uri, redis_url=valkey.master_uri(), fake_theirstack=fake_theirstack):
        try:
            deployment.start(redis_url=valkey.master_uri())
            yield deployment
        finally:
            deployment.stop()


def test_collects_every_posting_once_when_the_master_is_replaced(deployment, valkey, fake_theirstack):
    empty_database()
    fake_theirstack.reset()
    undisturbed = collect_undisturbed(fake_theirstack)
    empty_database()
    fake_theirstack.reset()
    fake_theirstack.script_faults([{"delay_seconds": PAGE_SECONDS, "next": 1_000}])

    began_at = timezone.now()
    deployment.manage(
        *("collect", *ROLES, "--place", PLACE, "--max-age-days", str(MAX_AGE_DAYS), "--limit", "1000", "--queue")
    )
    wait_until(
        lambda: len(fake_theirstack.requests) >= 4, seconds=90, what=f"pages were requested\n{deployment.logs()}"
    )
    valkey.fail_over()
    run = patiently(lambda: CollectionRunDocument.objects(created_at__gte=began_at).first())
    run = wait_until_over(run.pk, seconds=OVER_SECONDS, what=deployment.logs)

    with redis_at(valkey.master_uri()):
        collected = read_outcome(run, fake_theirstack)
    assert collected == undisturbed
    assert deployment.ended() == []
    for port in deployment.ports:
        wait_until(
            partial(is_ready, port),
            seconds=60,
            every=1,
            what=f"the web is ready\n{deployment.logs()}",
        )
