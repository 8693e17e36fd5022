"""The stored keys of postings, and reindexing of postings from older releases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import day_start
from market.jobs.services import reindex_postings
from market.membership import register_role
from market.posting import build_company_key, build_posting_keys
from market.services import store_postings
from market.tests.filtered_postings import find_job_ids, store
from tests.factories import NOW, TODAY, PostingFactory

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def stored(mongo, store_once):
    store_once(store)
    return mongo


def test_postings_with_spellings_of_one_url_stay_separate_and_are_found_again(mongo):
    fields = {"source": "theirstack", "title": "Baker", "company": "C", "place": "P", "day": day_start(TODAY)}
    urls = ["https://a.example.com/1", "http://a.example.com/1/"]
    mongo.job_postings.insert_many([fields | {"url": url, "content_hash": "old"} for url in urls])

    changed = [reindex_postings(now=NOW), reindex_postings(now=NOW)]
    outcome = store_postings(postings=[PostingFactory.build(job_id=None, url=urls[1], title="Baker")], now=NOW)

    assert changed == [2, 0]
    assert [row.get("url_key") for row in mongo.job_postings.find().sort("_id", 1)] == [urls[0], None]
    assert all(row["company_key"] == "c" for row in mongo.job_postings.find({"content_hash": "old"}))
    assert (outcome.collected, outcome.updated) == (0, 1)


@given(name=st.text(max_size=40))
def test_the_key_of_a_company_key_is_the_key_itself(name):
    assert build_company_key(build_company_key(name)) == build_company_key(name)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"title": "Engineer for the Café of Tides"}, {"text": "Cafe of Tides"}),
        ({"title": "Engineer for the Cafe of Tides"}, {"text": "café of tides"}),
        ({"title": "Engineer for the Cafe\u0301 of Tides"}, {"text": "CAFÉ of Tides"}),
        ({"company": "Café Zürich Werke GmbH"}, {"companies": ["cafe zurich werke gmbh"]}),
        ({"company": "Cafe Zurich Werke GmbH"}, {"companies": ["Café Zürich Werke GmbH"]}),
        ({"company": "Łódź Œuvres, S.A."}, {"companies": ["lodz oeuvres s.a."]}),
        ({"company": "Łódź Œuvres"}, {"text": "lodz oeuvres"}),
        ({"title": "R&D Engineer"}, {"titles": ["R&D Engineer"]}),
        ({"title": "ＰＹＴＨＯＮ Tamer"}, {"text": "python tamer"}),
    ],
)
def test_searches_for_words_and_companies_ignore_accents(stored, fields, body):
    store_postings(postings=[PostingFactory.build(job_id="accented", **fields)], now=NOW)

    assert "accented" in find_job_ids(stored, body)
    if "companies" in body:
        assert "accented" not in find_job_ids(stored, {"exclude_companies": body["companies"]})


def test_roles_that_differ_only_in_accents_are_different(stored):
    register_role(role="Café Manager", now=NOW)
    store_postings(
        postings=[
            PostingFactory.build(job_id="e", title="Café Manager"),
            PostingFactory.build(job_id="f", title="Cafe Manager"),
        ],
        now=NOW,
    )

    roles = {row["job_id"]: row["roles"] for row in stored.job_postings.find({"job_id": {"$in": ["e", "f"]}})}
    assert roles == {"e": ["café manager"], "f": []}
    assert find_job_ids(stored, {"titles": ["café manager"]}) == {"e"}


def test_search_words_come_from_title_company_and_place():
    row = {"title": "C++ / Back-End Developer", "company": "ACME, Inc.", "place": "Austin, TX"}

    assert build_posting_keys(row) == {
        "title_key": "c++ backend developer",
        "company_key": "acme inc",
        "search_words": ["acme", "austin", "backend", "c++", "developer", "inc", "tx"],
        "url_key": None,
        "pay_usd": None,
    }


def test_reindexing_restores_missing_keys(stored):
    names = {"title_key": "", "company_key": "", "search_words": "", "url_key": ""}
    before = {row["job_id"]: row for row in stored.job_postings.find()}
    stored.job_postings.update_many({"job_id": {"$in": ["austin", "berlin"]}}, {"$unset": names})
    stored.job_postings.update_one({"job_id": "web"}, {"$set": {"country_codes": []}})

    changed = [reindex_postings(now=NOW), reindex_postings(now=NOW)]

    assert changed == [3, 0]
    assert {row["job_id"]: row for row in stored.job_postings.find()} == before
