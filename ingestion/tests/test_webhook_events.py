"""Processing of webhook events: new, changed and closed jobs."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ingestion import webhooks
from ingestion.documents import CollectionRunDocument
from ingestion.source import count_spent_credits
from ingestion.tests.webhook_events import NOW, SECRET, build_body, job, receive
from market.refresh import check_stats
from market.selectors import read_response
from market.services import store_postings

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture(autouse=True)
def secret(settings) -> None:
    settings.THEIR_STACK_WEBHOOK_SECRET = SECRET


def test_stores_a_new_job_and_its_stats(client, mongo, redis):
    receive(client, redis)

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRunDocument.objects
    assert (stored["source"], stored["job_id"], stored["title"]) == ("theirstack", "1", "Backend Developer")
    response = read_response(days=1, now=datetime.now(UTC))
    assert response is not None
    assert orjson.loads(response[1])["total_jobs_analyzed"] == 1
    assert check_stats().differing == []
    assert (run.trigger, run.status, run.collected, run.credits) == ("webhook", "finished", 1, 1)
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_the_same_event_again_changes_nothing(client, mongo, redis):
    receive(client, redis)
    before = list(mongo.job_postings.find())

    for _ in range(3):
        receive(client, redis)

    (run,) = CollectionRunDocument.objects
    assert list(mongo.job_postings.find()) == before
    assert (run.collected, run.unchanged, run.credits) == (1, 3, 1)
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_counts_an_event_whose_first_worker_died(mongo, monkeypatch):
    event = orjson.loads(build_body())

    def store_and_die(**posting) -> None:
        store_postings(**posting)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "store_postings", store_and_die)
        with pytest.raises(SystemExit):
            webhooks.receive_event(event=event, now=datetime.now(UTC))
    webhooks.receive_event(event=event, now=datetime.now(UTC))

    assert mongo.job_postings.count_documents({}) == 1
    assert count_spent_credits(now=datetime.now(UTC)) == 1


def test_updates_a_job_that_is_already_stored(client, mongo, redis):
    receive(client, redis)

    receive(client, redis, payload=job(job_title="Senior Backend Developer"))

    (stored,) = mongo.job_postings.find()
    assert stored["title"] == "Senior Backend Developer"


def test_closing_a_job_sets_when_it_closed(client, mongo, redis):
    receive(client, redis)

    for _ in range(2):
        receive(client, redis, "job.closed", job(closed_at="2026-11-20T10:00:00"))

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRunDocument.objects
    assert stored["closed_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (run.collected, run.updated, run.unchanged, run.credits) == (1, 1, 1, 2)


def test_a_closing_without_a_time_counts_from_its_first_arrival(client, mongo, redis):
    receive(client, redis)
    started = datetime.now(UTC) - timedelta(seconds=1)

    receive(client, redis, "job.closed")
    first = mongo.job_postings.find_one()["closed_at"]
    receive(client, redis, "job.closed")

    assert started < first <= datetime.now(UTC)
    assert mongo.job_postings.find_one()["closed_at"] == first


def test_closing_an_unknown_job_stores_nothing(client, mongo, redis):
    receive(client, redis, "job.closed", job(77))

    assert mongo.job_postings.count_documents({}) == 0


NEW, CLOSED = "job.new", "job.closed"
FIRST, CLOSING, SECOND, LATER = (f"2026-11-{day}T10:00:00" for day in (10, 20, 22, 24))
CLOSED_AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
PRECISE = {"discovered_at": f"{SECOND}.123456"}


@pytest.mark.parametrize(
    ("events", "closed_at"),
    [
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {})], CLOSED_AT),
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": FIRST})], CLOSED_AT),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"description": "Other."})], CLOSED_AT),
        (
            [(NEW, {"discovered_at": FIRST}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"date_reposted": "2026-11-15"})],
            CLOSED_AT,
        ),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})], None),
        ([(NEW, {}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"date_reposted": "2026-11-21", "reposted": True})], None),
        ([(CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})], None),
        # The closing arrives after the job was reposted, or the closings arrive in the wrong order.
        ([(NEW, {"discovered_at": SECOND}), (CLOSED, {"closed_at": CLOSING, "discovered_at": FIRST})], None),
        (
            [(CLOSED, {"closed_at": LATER}), (CLOSED, {"closed_at": CLOSING}), (NEW, {"discovered_at": SECOND})],
            datetime(2026, 11, 24, 10, tzinfo=UTC),
        ),
        # Discovered after its closing.
        (
            [(NEW, PRECISE), (CLOSED, PRECISE | {"closed_at": CLOSING}), (NEW, PRECISE | {"description": "Other."})],
            CLOSED_AT,
        ),
        ([(NEW, {"discovered_at": SECOND}), (CLOSED, {"closed_at": CLOSING, "discovered_at": SECOND})], CLOSED_AT),
        ([(CLOSED, {"closed_at": CLOSING, "discovered_at": SECOND}), (NEW, {"discovered_at": SECOND})], CLOSED_AT),
    ],
)
def test_the_events_of_a_job_may_arrive_in_any_order(client, mongo, redis, events, closed_at):
    for kind, fields in events:
        receive(client, redis, kind, job(**fields))
    (before,) = mongo.job_postings.find()

    credits = count_spent_credits(now=datetime.now(UTC))
    receive(client, redis, *(events[-1][0], job(**events[-1][1])))

    assert before.get("closed_at") == closed_at
    assert list(mongo.job_postings.find()) == [before]
    assert count_spent_credits(now=datetime.now(UTC)) == credits
    assert check_stats().differing == []


@pytest.mark.parametrize("order", [(CLOSED, NEW), (NEW, CLOSED), (NEW, CLOSED, NEW)])
@pytest.mark.parametrize(
    "closing",
    [
        {"id": 1, "closed_at": CLOSING},
        {"job_id": "1", "closed_at": CLOSING, "discovered_at": FIRST, "date_reposted": "2026-11-15"},
        {"id": 1, "closed_at": CLOSING, "job_title": None, "has_blurred_data": True},
    ],
)
def test_a_closing_needs_only_the_id_of_the_job(client, mongo, redis, order, closing):
    for kind in order:
        receive(client, redis, kind, closing if kind == CLOSED else job())

    (stored,) = mongo.job_postings.find()
    (run,) = CollectionRunDocument.objects
    assert (stored["title"], stored["closed_at"]) == ("Backend Developer", CLOSED_AT)
    assert run.refused == {}


def test_a_closing_without_a_time_is_remembered_from_its_first_arrival(client, mongo, redis):
    receive(client, redis, CLOSED)
    (first,) = mongo.posting_closings.find()

    receive(client, redis, CLOSED)
    receive(client, redis, NEW)

    assert list(mongo.posting_closings.find()) == [first]
    assert mongo.job_postings.find_one()["closed_at"] == first["closed_at"]


def test_respects_a_closing_stored_by_an_older_release(client, mongo, redis):
    receive(client, redis, NEW)
    mongo.job_postings.update_one({}, {"$set": {"closed_at": CLOSED_AT}})

    receive(client, redis, NEW, job(description="Other."))

    stored = mongo.job_postings.find_one()
    assert (stored["description"], stored["closed_at"]) == ("Other.", CLOSED_AT)


def test_respects_a_closing_that_arrives_while_the_job_is_stored(client, mongo, redis, monkeypatch):
    def store_and_close(**arguments):
        outcome = store_postings(**arguments)
        mongo.posting_closings.insert_one(
            {"_id": "theirstack 1", "closed_at": CLOSED_AT, "known_at": CLOSED_AT, "expires_at": NOW}
        )
        return outcome

    monkeypatch.setattr(webhooks, "store_postings", store_and_close)
    receive(client, redis, NEW)

    assert mongo.job_postings.find_one()["closed_at"] == CLOSED_AT


def test_ignores_events_of_other_types(client, mongo, redis):
    receive(client, redis, "company.new", {"name": "Acme"})

    assert mongo.job_postings.count_documents({}) == 0
    assert CollectionRunDocument.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (NEW, {"id": 3}, "no_title"),
        (NEW, {"job_title": "Developer"}, "no_id_and_no_url"),
        (NEW, job(has_blurred_data=True), "blurred"),
        (CLOSED, {"job_title": "Developer", "url": "https://jobs.example.com/1", "closed_at": CLOSING}, "no_id"),
    ],
)
def test_records_a_rejected_payload(client, mongo, redis, kind, payload, reason):
    receive(client, redis, kind, payload)

    (run,) = CollectionRunDocument.objects
    assert run.refused == {reason: 1}
    assert run.refused_samples[0]["reason"] == reason
    assert mongo.job_postings.count_documents({}) == 0
