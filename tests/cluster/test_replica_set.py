"""Failover of MongoDB during a collection, digests, token refreshes and user writes.

Each test checks one guarantee for each kind of fault. The outcome of the collection is compared with that of a
collection without faults.
"""

import collections
import contextlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from bson import ObjectId
from django.utils import timezone

from accounts.authentication import start_session
from accounts.documents import RefreshToken, User, hash_token
from accounts.resumes.documents import Resume
from accounts.searches.documents import SavedSearch
from accounts.searches.selectors import get_local_day, list_due_searches
from accounts.searches.services import save_search
from accounts.searches.tasks import queue_digests
from accounts.services import register_user
from career_navigator.db import connection
from career_navigator.devserver.embedded import HOST, EmbeddedServer, start_valkey
from ingestion.documents import OPEN_RUN_STATUSES
from ingestion.tasks import queue_run, resume_runs
from market.jobs.filters import JobFilter
from market.services import store_postings
from tests.cluster.clients import (
    KINDS,
    Account,
    Client,
    Exchange,
    Logging,
    ProfileChanging,
    Refreshing,
    SearchSaving,
    Uploading,
    Written,
)
from tests.cluster.collection import (
    PAGE_SECONDS,
    begin_run,
    collect_undisturbed,
    connected,
    deployment_settings,
    patiently,
    read_outcome,
    wait_until_over,
)
from tests.cluster.deployment import Deployment
from tests.cluster.smtp import Mail
from tests.factories import PostingFactory
from tests.processes import empty_database, wait_until

DATABASE = "replica_set"
CLIENTS_PER_KIND = 2
DIGESTS = 24
TITLES = ("Gardener", "Baker", "Tailor")
# MongoDB elects another primary after 10 s without a heartbeat (the default `electionTimeoutMillis`).
FAULT_SECONDS, LAGGING_SECONDS = 15, 6
AFTERWARDS_SECONDS = 3
OVER_SECONDS = 150
# During this period, the exchange of a used token can return a pair of the same family.
GRACE_SECONDS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The responses to the clients, the stored documents, and the outcome of the collection and the digests."""

    written: dict[type[Client], list[Written]]
    accounts: dict[type[Client], list[Account]]
    collected: dict[str, Any]
    undisturbed: dict[str, Any]
    mails: list[Mail]
    silent: int
    ended: list[str]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory) -> Iterator[EmbeddedServer]:
    server = start_valkey(directory=tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def deployment(replica_set, valkey, fake_theirstack, mail_server, tmp_path_factory) -> Iterator[Deployment]:
    settings = {
        "mongodb_uri": replica_set.uri(DATABASE),
        "redis_url": f"{valkey.uri}0",
        "fake_theirstack": fake_theirstack,
    }
    deployment = Deployment(
        directory=tmp_path_factory.mktemp("var"),
        **deployment_settings(**settings),
        EMAIL_HOST=HOST,
        EMAIL_PORT=str(mail_server.port),
        EMAIL_USE_TLS="False",
    )
    with connected(**settings):
        try:
            deployment.start(redis_url=settings["redis_url"])
            yield deployment
        finally:
            deployment.stop()


@pytest.fixture(scope="module")
def undisturbed(deployment, fake_theirstack) -> dict[str, Any]:
    empty_database()
    fake_theirstack.reset()
    prepare_digests()
    return collect_undisturbed(fake_theirstack)


@pytest.fixture(scope="module", params=["killed", "frozen"])
def outcome(request, replica_set, deployment, fake_theirstack, mail_server, undisturbed) -> Outcome:
    """Run all work concurrently, inject the fault in the middle, and wait until the work is done."""
    empty_database()
    fake_theirstack.reset()
    mail_server.clear()
    fake_theirstack.script_faults([{"delay_seconds": PAGE_SECONDS, "next": 1_000}])
    prepare_digests()
    clients: dict[type[Client], list[Client]] = {kind: start_clients(kind, deployment) for kind in KINDS}
    run = begin_run()
    queue_run(run=run)
    queue_digests.delay()
    wait_until(
        lambda: len(fake_theirstack.requests) >= 4, seconds=90, what=f"pages were requested\n{deployment.logs()}"
    )
    wait_until(lambda: len(mail_server.mails) >= 2, seconds=90, what=f"emails were sent\n{deployment.logs()}")

    assert run.reload().status in OPEN_RUN_STATUSES, "the collection is over before the fault"
    assert list_due_searches(day=get_local_day(timezone.now())), "the digests are sent before the fault"
    primary = replica_set.wait_for_primary()
    if request.param == "killed":
        replica_set.kill(primary)
        time.sleep(FAULT_SECONDS)
        replica_set.restart(primary)
    else:
        replica_set.freeze(primary)
        time.sleep(FAULT_SECONDS)
        replica_set.thaw(primary)
    replica_set.wait_until_healthy()

    time.sleep(AFTERWARDS_SECONDS)
    written = stop_clients(clients)
    assert sum(each.refused for each in itertools.chain(*written.values())) > 0, "no client has noticed the fault"
    send_what_is_due(deployment)
    run = wait_until_over(run.pk, seconds=OVER_SECONDS, what=deployment.logs)
    return Outcome(
        written=written,
        accounts={kind: [client.account for client in each] for kind, each in clients.items()},
        collected=read_outcome(run, fake_theirstack),
        undisturbed=undisturbed,
        mails=mail_server.mails,
        silent=SavedSearch.objects(name="Digest").count() - len(mail_server.mails),
        ended=deployment.ended(),
    )


def prepare_digests() -> None:
    """Store one search per user, and new postings that the searches find."""
    now = timezone.now()
    for number in range(DIGESTS):
        account = open_account(f"reader-{number}@example.org")
        save_search(
            user_id=ObjectId(account.id),
            name="Digest",
            job_filter=JobFilter(companies=("Digest Ltd",)),
            digest="daily",
            now=now,
        )
    postings = [
        PostingFactory.build(job_id=f"digest-{title}", title=title, company="Digest Ltd", date_posted=now.date())
        for title in TITLES
    ]
    store_postings(postings=postings, now=now + timedelta(seconds=1))


def open_account(email: str) -> Account:
    user = register_user(
        email=email, password="Secure-Pass-123", full_name="Ada", email_confirmed=True, now=timezone.now()
    ).user
    pair = start_session(user_id=user.pk, now=timezone.now())
    return Account(id=str(user.pk), access_token=pair.access_token, refresh_token=pair.refresh_token)


def start_clients(kind: type[Client], deployment: Deployment) -> list[Client]:
    clients = []
    for number in range(CLIENTS_PER_KIND):
        account = open_account(f"{kind.__name__.lower()}-{number}@example.org")
        clients.append(kind(account=account, ports=deployment.ports[number:] + deployment.ports[:number]))
        clients[-1].start()
    return clients


def stop_clients(clients: dict[type[Client], list[Client]]) -> dict[type[Client], list[Written]]:
    for client in itertools.chain(*clients.values()):
        client.stop()
    for client in itertools.chain(*clients.values()):
        client.join(120)
        assert not client.is_alive(), f"a client of {type(client).__name__} hangs"
    return {kind: [client.written for client in each] for kind, each in clients.items()}


def send_what_is_due(deployment: Deployment) -> None:
    """Send digests until none is due, and then once more, as an operator or the next day would."""
    day = get_local_day(timezone.now())

    def ask() -> bool:
        with contextlib.suppress(Exception):
            resume_runs.delay()
        if not patiently(lambda: list_due_searches(day=day)):
            return True
        queue_digests.delay()
        time.sleep(3)
        return False

    wait_until(ask, seconds=OVER_SECONDS, every=0.5, what=f"no digest is due\n{deployment.logs()}")
    queue_digests.delay()
    time.sleep(2)


def test_loses_no_logged_activity(outcome):
    acknowledged = [ObjectId(id) for written in outcome.written[Logging] for id in written.acknowledged]

    stored = set(connection.database().activities.distinct("_id", {"action_type": "view"}))

    assert len(acknowledged) > 20
    assert set(acknowledged) - stored == set()


def test_loses_no_profile_change(outcome):
    for account, written in zip(outcome.accounts[ProfileChanging], outcome.written[ProfileChanging], strict=True):
        assert User.objects.get(id=account.id).professional_summary == written.acknowledged[-1]


@pytest.mark.parametrize(("kind", "documents"), [(Uploading, Resume), (SearchSaving, SavedSearch)])
def test_stores_a_repeated_write_once(outcome, kind, documents):
    for account, written in zip(outcome.accounts[kind], outcome.written[kind], strict=True):
        stored = {str(id) for id in documents.objects(user=ObjectId(account.id)).scalar("id")}
        assert set(written.acknowledged) - stored == set()
        assert len(set(written.acknowledged)) == len(written.acknowledged) == written.begun
        assert len(stored) == written.begun


def test_never_exchanges_a_refresh_token_twice(outcome, deployment):
    chains = outcome.written[Refreshing]
    assert sum(len(chain.exchanges) for chain in chains) > 10

    for chain in chains:
        tokens = {token.jti: token for token in RefreshToken.objects}
        exchanged = [tokens.get(hash_token(each.old)) for each in chain.exchanges]
        # A session that has ended has no tokens left.
        assert [token.jti for token in exchanged if token is not None and token.used_at is None] == []
        if chain.newest:
            assert hash_token(chain.newest) in tokens
            assert refresh(deployment, chain.newest).status_code == 200

    for chain in chains:
        last: Exchange = chain.exchanges[-1]
        time.sleep(max(0.0, GRACE_SECONDS - (datetime.now(UTC) - last.at).total_seconds()))
        assert refresh(deployment, last.old).status_code == 401


def refresh(deployment: Deployment, token: str) -> requests.Response:
    return requests.post(f"http://{HOST}:{deployment.ports[0]}/auth/refresh", json={"refresh_token": token}, timeout=30)


def test_returns_no_error_except_503(outcome):
    everything = itertools.chain(*outcome.written.values())

    assert [sentence for written in everything for sentence in written.bad] == []


def test_never_mails_a_posting_twice(outcome):
    notified = collections.Counter(
        (mail.to, line.removeprefix("- ")) for mail in outcome.mails for line in mail.lines if line.startswith("- ")
    )

    assert {title for _, title in notified} == set(TITLES)
    assert [each for each, count in notified.items() if count > 1] == []
    assert len({mail.to for mail in outcome.mails}) == len(outcome.mails)


def test_skips_only_mails_in_progress_at_the_fault(outcome):
    # An email in progress when the database fails is not sent again. Each process sends one email at a time.
    assert 0 <= outcome.silent <= 6


def test_never_pays_for_a_posting_twice(outcome):
    twice = [page for page, count in collections.Counter(outcome.collected["pages asked"]).items() if count > 1]

    assert twice == []
    assert outcome.collected["paid"] == outcome.undisturbed["paid"]
    assert outcome.collected["spent by our count"] == outcome.collected["paid"]


def test_finds_the_same_postings_as_an_undisturbed_run(outcome):
    assert outcome.collected["status"] == "finished"
    assert outcome.collected["postings"] == outcome.undisturbed["postings"]


def test_has_stats_that_equal_a_recount(outcome):
    assert outcome.collected["differing days"] == []
    assert outcome.collected["figures"] == outcome.undisturbed["figures"]


def test_ends_no_process(outcome):
    assert outcome.ended == []


def test_acknowledges_no_write_that_a_failover_could_lose(replica_set, deployment, undisturbed):
    empty_database()
    clients: dict[type[Client], list[Client]] = {kind: start_clients(kind, deployment) for kind in (Logging, Uploading)}
    time.sleep(AFTERWARDS_SECONDS)

    with replica_set.lagging_secondaries():
        primary = replica_set.wait_for_primary()
        time.sleep(LAGGING_SECONDS)
        replica_set.kill(primary)
    replica_set.wait_for_primary(other_than=primary)
    replica_set.restart(primary)
    replica_set.wait_until_healthy()
    time.sleep(AFTERWARDS_SECONDS)
    written = stop_clients(clients)

    acknowledged = {ObjectId(id) for each in written[Logging] for id in each.acknowledged}
    assert acknowledged - set(connection.database().activities.distinct("_id", {"action_type": "view"})) == set()
    resumes = {id for each in written[Uploading] for id in each.acknowledged}
    assert resumes - {str(id) for id in Resume.objects.scalar("id")} == set()
    assert [each.bad for each in itertools.chain(*written.values()) if each.bad] == []
