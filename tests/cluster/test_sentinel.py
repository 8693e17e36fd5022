"""Sentinels replace the Redis master amid a collection."""

from collections.abc import Iterator

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
# Beat takes up once a minute what a worker has lost, after the lease.
OVER_SECONDS = 200


def address_of(valkey: SentinelValkey) -> str:
    return f"sentinel://{valkey.sentinels}/0?master_name={MASTER}"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory) -> Iterator[SentinelValkey]:
    servers = SentinelValkey(tmp_path_factory.mktemp("valkey"))
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def deployment(replica_set, valkey, stand_in, tmp_path_factory) -> Iterator[Deployment]:
    uri = replica_set.uri(DATABASE)
    settings = deployment_settings(mongodb_uri=uri, redis_url=address_of(valkey), stand_in=stand_in)
    deployment = Deployment(directory=tmp_path_factory.mktemp("var"), **settings)
    with connected(mongodb_uri=uri, redis_url=valkey.master_uri(), stand_in=stand_in):
        try:
            deployment.start(redis_url=valkey.master_uri())
            yield deployment
        finally:
            deployment.stop()


def test_collects_all_of_it_once_when_the_master_is_replaced(deployment, valkey, stand_in):
    empty_database()
    stand_in.reset()
    undisturbed = collect_undisturbed(stand_in)
    empty_database()
    stand_in.reset()
    stand_in.script_faults([{"delay_seconds": PAGE_SECONDS, "next": 1_000}])

    began_at = timezone.now()
    deployment.manage(
        *("collect", *ROLES, "--place", PLACE, "--max-age-days", str(MAX_AGE_DAYS), "--limit", "1000", "--queue")
    )
    wait_until(lambda: len(stand_in.requests) >= 4, seconds=90, what=f"pages were asked for\n{deployment.logs()}")
    valkey.fail_over()
    run = patiently(lambda: CollectionRunDocument.objects(created_at__gte=began_at).first())
    run = wait_until_over(run.pk, seconds=OVER_SECONDS, what=deployment.logs)

    with redis_at(valkey.master_uri()):
        collected = read_outcome(run, stand_in)
    assert collected == undisturbed
    assert deployment.ended() == []
    for port in deployment.ports:
        wait_until(
            lambda port=port: requests.get(f"http://{HOST}:{port}/health/ready", timeout=30).status_code == 200,
            seconds=60,
            every=1,
            what=f"the web is ready\n{deployment.logs()}",
        )
