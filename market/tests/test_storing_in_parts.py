"""Storing a batch whose writes are sent to MongoDB in several parts."""

import time

import pymongo
import pytest
from pymongo import InsertOne
from pymongo.errors import PyMongoError

from career_navigator.db.connection import database
from market import services
from market.services import StoreOutcome, store_postings
from tests.factories import NOW, PostingFactory

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(services, "_WRITES_PER_PART", 3)


def build_postings(count, **fields):
    return [PostingFactory.build(job_id=f"p{number}", url=None, **fields) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3, 4, 9, 10])
def test_stores_the_postings_of_every_part(mongo, count):
    postings = build_postings(count)

    outcome = store_postings(postings=postings, now=NOW)

    assert outcome == StoreOutcome(collected=count)
    assert mongo.job_postings.distinct("job_id") == sorted(posting.job_id for posting in postings)


def test_counts_postings_that_another_writer_stored_first_as_unchanged(mongo, monkeypatch):
    postings = build_postings(10)
    write = services._execute_writes

    def store_some_meanwhile(writes):
        monkeypatch.setattr(services, "_execute_writes", write)
        store_postings(postings=[postings[1], postings[5], postings[9]], now=NOW)
        return write(writes)

    monkeypatch.setattr(services, "_execute_writes", store_some_meanwhile)

    outcome = store_postings(postings=postings, now=NOW)

    assert outcome == StoreOutcome(collected=7, unchanged=3)
    assert mongo.job_postings.count_documents({}) == 10


def test_updates_and_inserts_can_be_in_one_part(mongo):
    old = build_postings(5, title="Data Engineer")
    store_postings(postings=old, now=NOW)
    new = build_postings(8, title="Cook")

    outcome = store_postings(postings=new, now=NOW)

    assert outcome == StoreOutcome(collected=3, updated=5)
    assert mongo.job_postings.distinct("title") == ["Cook"]


@pytest.fixture
def _invalid_posting(mongo):
    """Let MongoDB reject the posting with the id `p1`."""
    mongo.command("collMod", "job_postings", validator={"job_id": {"$ne": "p1"}})
    yield
    mongo.command("collMod", "job_postings", validator={})


@pytest.mark.usefixtures("_invalid_posting")
def test_a_part_that_fails_fails_the_batch(mongo):
    with pytest.raises(PyMongoError):
        store_postings(postings=build_postings(10), now=NOW)

    days = list(mongo.dirty_days.find())
    assert days
    assert not any(day["writers"] for day in days)


def test_every_part_respects_the_deadline_of_the_request():
    def build_slowly():
        yield from (InsertOne({"job_id": f"a{number}"}) for number in range(3))
        time.sleep(0.3)
        yield InsertOne({"job_id": "late"})

    with pytest.raises(PyMongoError) as raised, pymongo.timeout(0.2):
        services._execute_writes(build_slowly())

    assert raised.value.timeout
    assert database().job_postings.count_documents({"job_id": "late"}) == 0
