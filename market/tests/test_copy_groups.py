"""Copies of a posting are grouped when stored, whatever the order and repetition of imports."""

import random
import threading

import pytest

from market import copy_groups, services
from market.copy_groups import group_stored_postings, update_copy_groups
from market.jobs.services import hide_postings
from market.refresh import check_stats, refresh_stats
from market.services import delete_expired_postings, store_postings
from tests.factories import NOW, TODAY, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")

TEXT = " ".join(f"You will maintain service number {number} for our customers." for number in range(40))
CITIES = ("Lisbon", "Porto", "Berlin", "Paris", "Rome")


def build_copies(count=3, days=(2, 1, 0), **fields):
    return [
        PostingFactory(
            job_id=f"c{number}",
            description=TEXT,
            location=CITIES[number % 5],
            place=CITIES[number % 5],
            date_posted=days_ago(days[number % len(days)]),
            **fields,
        )
        for number in range(count)
    ]


def store(*postings):
    return store_postings(postings=postings, now=NOW)


def list_groups(mongo):
    """Return the group of each copy by id."""
    return {row["job_id"]: row["copy_group"] for row in mongo.job_postings.find({"copy_of": {"$exists": True}})}


def test_stores_the_evidence_with_each_copy(mongo):
    store(*build_copies())

    first, *copies = mongo.job_postings.find().sort("job_id", 1)
    assert "copy_of" not in first
    assert [(row["copy_of"], row["copy_group"], row["copied_day"], row["copy_similarity"]) for row in copies] == [
        (first["_id"], "theirstack c0", first["day"], 1.0)
    ] * 2


def test_never_groups_across_employers(mongo):
    store(*(PostingFactory(company=f"Employer {number}", description=TEXT) for number in range(3)))

    assert list_groups(mongo) == {}


def test_the_order_and_repetition_of_imports_do_not_matter(mongo):
    postings = build_copies(8, days=(80, 70, 10, 5, 0))
    for seed in range(4):
        mongo.job_postings.delete_many({})
        source = random.Random(seed)
        for posting in [*source.sample(postings, 8), *source.sample(postings, 3)]:
            store(posting)
        groups = list_groups(mongo)
        late = dict.fromkeys(["c3", "c4", "c7"], "theirstack c2")
        assert groups == dict.fromkeys(["c1", "c5", "c6"], "theirstack c0") | late


def test_a_late_arrival_becomes_the_first(mongo):
    first, *copies = build_copies()
    store(*copies)
    before = list_groups(mongo)
    refresh_stats(now=NOW)

    store(first)

    assert before == {"c2": "theirstack c1"}
    assert list_groups(mongo) == dict.fromkeys(["c1", "c2"], "theirstack c0")
    assert {row["_id"].date() for row in mongo.dirty_days.find()} == {days_ago(2), days_ago(1), TODAY}


@pytest.mark.parametrize("description", ["Another text.", ""])
def test_a_changed_text_leaves_the_group(mongo, description):
    store(*build_copies())

    store(PostingFactory(job_id="c0", description=description, date_posted=days_ago(2)))
    store(PostingFactory(job_id="c2", description=description and "A third text."))

    assert list_groups(mongo) == {}
    assert check_stats().postings == 0


def test_a_hidden_first_posting_is_replaced_until_it_is_shown_again(mongo):
    store(*build_copies())
    first = mongo.job_postings.find_one({"job_id": "c0"})["_id"]

    hide_postings(ids=[first], hidden=True, now=NOW)
    hidden = list_groups(mongo)
    hide_postings(ids=[first], hidden=False, now=NOW)

    assert hidden == {"c2": "theirstack c1"}
    assert list_groups(mongo) == dict.fromkeys(["c1", "c2"], "theirstack c0")


def test_a_copy_of_a_deleted_posting_stays_a_copy(mongo):
    store(*build_copies(2, days=(40, 10)))
    refresh_stats(now=NOW)

    list(delete_expired_postings(days_to_keep=30, now=NOW))
    store(*build_copies(3, days=(40, 10, 0))[2:])

    assert list_groups(mongo) == dict.fromkeys(["c1", "c2"], "theirstack c0")
    refresh_stats(now=NOW)
    assert check_stats().differing == []


def test_two_importers_at_once_agree(mongo):
    postings = build_copies(20)
    start = threading.Barrier(2)
    errors = []

    def store_each(mine):
        start.wait()
        try:
            for posting in mine:
                store(posting)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=store_each, args=(postings[part::2],)) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert set(list_groups(mongo).values()) == {"theirstack c0"}
    assert len(list_groups(mongo)) == 19


def test_a_writer_that_read_too_early_does_not_overwrite_a_later_one(mongo, monkeypatch):
    first, *copies = build_copies()
    store(*copies)
    mongo.job_postings.update_many({}, {"$unset": dict.fromkeys(copy_groups.EVIDENCE_FIELDS, "")})
    list_changes = copy_groups._list_changes

    def store_meanwhile(rows):
        changes = list_changes(list(rows))
        monkeypatch.setattr(copy_groups, "_list_changes", list_changes)
        store(first)
        return changes

    monkeypatch.setattr(copy_groups, "_list_changes", store_meanwhile)

    update_copy_groups(keys=mongo.job_postings.distinct("copy_key"), now=NOW)

    assert list_groups(mongo) == dict.fromkeys(["c1", "c2"], "theirstack c0")


def test_the_check_groups_what_a_killed_importer_left(mongo, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(services, "update_copy_groups", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store(*build_copies())
    refresh_stats(now=NOW)

    check = check_stats()

    assert (check.postings, check.differing) == (2, [days_ago(1), TODAY])
    assert list_groups(mongo) == dict.fromkeys(["c1", "c2"], "theirstack c0")
    refresh_stats(now=NOW)
    assert check_stats().postings == 0


def test_the_migration_groups_stored_postings(mongo):
    store(*build_copies(), PostingFactory(description=""))
    expected = list(mongo.job_postings.find().sort("_id", 1))
    added = ("copy_key", "text_signature", *copy_groups.EVIDENCE_FIELDS)
    mongo.job_postings.update_many({}, {"$unset": dict.fromkeys(added, "")})

    group_stored_postings(now=NOW)
    group_stored_postings(now=NOW)

    assert list(mongo.job_postings.find().sort("_id", 1)) == expected
