"""The keys that postings are found by, and postings of older releases that lack them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import day_start
from market.jobs.services import reindex_postings
from market.membership import register_role
from market.posting import build_company_key, build_posting_keys
from market.services import store_postings
from market.tests.filtered_postings import found, store
from tests.factories import NOW, TODAY, PostingFactory

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def stored(mongo, store_once):
    store_once(store)
    return mongo


def test_urls_that_an_older_release_kept_apart_stay_apart_and_are_found_again(mongo):
    old = {"source": "theirstack", "title": "Baker", "company": "C", "place": "P", "day": day_start(TODAY)}
    urls = ["https://a.example.com/1", "http://a.example.com/1/"]
    mongo.job_postings.insert_many([old | {"url": url, "content_hash": "old"} for url in urls])

    changed = [reindex_postings(now=NOW), reindex_postings(now=NOW)]
    outcome = store_postings(postings=[PostingFactory(job_id=None, url=urls[1], title="Baker")], now=NOW)

    assert changed == [2, 0]
    assert [row.get("url_key") for row in mongo.job_postings.find().sort("_id", 1)] == [urls[0], None]
    assert all(row["company_key"] == "c" for row in mongo.job_postings.find({"content_hash": "old"}))
    assert (outcome.collected, outcome.updated) == (0, 1)


@given(name=st.text(max_size=40))
def test_a_companys_key_is_its_own_key(name):
    assert build_company_key(build_company_key(name)) == build_company_key(name)


@pytest.mark.parametrize(
    ("stored_as", "body"),
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
def test_words_and_companies_are_found_without_regard_to_accents(stored, stored_as, body):
    store_postings(postings=[PostingFactory(job_id="accented", **stored_as)], now=NOW)

    assert "accented" in found(stored, body)
    if "companies" in body:
        assert "accented" not in found(stored, {"exclude_companies": body["companies"]})


def test_roles_are_told_apart_by_accents_as_before(stored):
    register_role(role="Café Manager", now=NOW)
    store_postings(
        postings=[PostingFactory(job_id="e", title="Café Manager"), PostingFactory(job_id="f", title="Cafe Manager")],
        now=NOW,
    )

    roles = {row["job_id"]: row["roles"] for row in stored.job_postings.find({"job_id": {"$in": ["e", "f"]}})}
    assert roles == {"e": ["café manager"], "f": []}
    assert found(stored, {"titles": ["café manager"]}) == {"e"}


def test_keys_have_the_words_of_title_company_and_place():
    row = {"title": "C++ / Back-End Developer", "company": "ACME, Inc.", "place": "Austin, TX"}

    assert build_posting_keys(row) == {
        "title_key": "c++ backend developer",
        "company_key": "acme inc",
        "search_words": ["acme", "austin", "backend", "c++", "developer", "inc", "tx"],
        "url_key": None,
        "pay_usd": None,
    }


def test_postings_of_an_older_release_get_their_keys(stored):
    names = {"title_key": "", "company_key": "", "search_words": "", "url_key": ""}
    before = {row["job_id"]: row for row in stored.job_postings.find()}
    stored.job_postings.update_many({"job_id": {"$in": ["austin", "berlin"]}}, {"$unset": names})
    stored.job_postings.update_one({"job_id": "web"}, {"$set": {"country_codes": []}})

    changed = [reindex_postings(now=NOW), reindex_postings(now=NOW)]

    assert changed == [3, 0]
    assert {row["job_id"]: row for row in stored.job_postings.find()} == before
