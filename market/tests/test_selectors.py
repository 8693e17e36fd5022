"""Selectors of postings by skill, keywords and age, and of stored stats by window."""

from datetime import timedelta

import pytest

from market.daily_stats import day_start
from market.documents import JobPostingDocument
from market.jobs.selectors import find_postings_by_keywords, find_postings_by_skills, list_recent_postings
from market.refresh import refresh_stats
from market.selectors import load_records
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, TODAY, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")


@pytest.fixture
def vocabulary(mongo) -> None:
    seed_skills(
        entries=[{"name": n, "category": "Databases", "slugs": [n]} for n in ("python", "go", "react")], now=NOW
    )


def store(*postings, now=NOW, **search):
    store_postings(postings=postings, now=now, **search)


def list_titles(postings) -> list[str]:
    return [posting.title for posting in postings]


def test_finds_postings_with_any_of_the_skills_most_recently_collected_first(vocabulary):
    for age, slug in enumerate(("python", "go", "react", "python")):
        store(PostingFactory(title=f"{slug} {age}", technology_slugs=(slug,)), now=NOW - timedelta(hours=age))

    assert list_titles(find_postings_by_skills(skills=["go", "python"])) == ["python 0", "go 1", "python 3"]
    assert list_titles(find_postings_by_skills(skills=["go", "python"], limit=2)) == ["python 0", "go 1"]
    assert list_titles(find_postings_by_skills(skills=[])) == []
    assert list_titles(find_postings_by_skills(skills=["cobol"])) == []


@pytest.fixture
def stored_titles():
    store(
        PostingFactory(title="Senior Backend Developer", location="Austin, TX"),
        PostingFactory(title="Developer (Backend)", location="New York, NY"),
        PostingFactory(title="C++ Developer", location="São Paulo (Brazil)"),
        PostingFactory(title='The "Best" Job', location=""),
    )


@pytest.mark.parametrize(
    ("keywords", "location", "expected"),
    [
        ("backend developer", None, {"Senior Backend Developer"}),
        ("BACKEND", None, {"Senior Backend Developer", "Developer (Backend)"}),
        ("developer", "austin", {"Senior Backend Developer"}),
        ("developer", "(BRAZIL", {"C++ Developer"}),
        ("", "new york", {"Developer (Backend)"}),
        ("nothing of the kind", None, set()),
        # Keywords and location are not interpreted as regular expressions.
        (".*", None, set()),
        ("developer", ".*", set()),
        ("developer", "^Austin", set()),
        ("developer", "A.stin", set()),
        ("developer", "[", set()),
        ('best" job', None, set()),
        # The dash is part of the phrase and does not exclude words.
        ("-backend", None, set()),
    ],
)
def test_matches_keywords_as_a_phrase_and_the_location_as_plain_text(stored_titles, keywords, location, expected):
    found = find_postings_by_keywords(keywords=keywords, location=location)

    assert set(list_titles(found)) == expected


@pytest.mark.parametrize("keywords", ['"', "\\", '\\"', '"" ""', "$where", "{}", "\x00", "(", "a" * 20_000])
def test_accepts_any_keywords(stored_titles, keywords):
    assert isinstance(list_titles(find_postings_by_keywords(keywords=keywords)), list)


def test_ignores_quotes_in_keywords(stored_titles):
    assert list_titles(find_postings_by_keywords(keywords='"backend developer"')) == ["Senior Backend Developer"]


def test_lists_postings_collected_within_the_last_days():
    for age in (0, 6, 7, 8):
        store(PostingFactory(title=f"{age}"), now=NOW - timedelta(days=age))

    assert list_titles(list_recent_postings(now=NOW)) == ["0", "6", "7"]
    assert list_titles(list_recent_postings(now=NOW, days=1)) == ["0"]
    assert list_titles(list_recent_postings(now=NOW, days=30, limit=2)) == ["0", "6"]


def test_never_returns_hidden_postings(mongo, stored_titles):
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})

    assert list_titles(list_recent_postings(now=NOW)) == []
    assert list_titles(find_postings_by_keywords(keywords="developer")) == []
    assert list_titles(find_postings_by_skills(skills=["python"])) == []


def test_orders_postings_collected_at_the_same_time_by_id():
    store(*(PostingFactory() for _ in range(20)))

    ids = [posting.id for posting in list_recent_postings(now=NOW)]

    assert ids == sorted(ids, reverse=True)


def test_a_stored_posting_is_a_valid_document():
    store(PostingFactory(latitude=1.5, longitude=2.5, remote=True), role="Data Engineer")

    posting = JobPostingDocument.objects.get()

    assert posting.coordinates == {"lat": 1.5, "lng": 2.5}
    assert (posting.remote, posting.roles, posting.day) == (True, ["data engineer"], day_start(TODAY))
    posting.validate()


def test_loads_the_records_of_a_scope_in_order_of_day():
    store(*(PostingFactory(date_posted=days_ago(age)) for age in (3, 0, 9, 1)), role="Data Engineer")
    refresh_stats(now=NOW)

    records = list(
        load_records(scope="data engineer", first_day=day_start(days_ago(3)), last_day=day_start(days_ago(1)))
    )

    assert [(record.day, record.postings) for record in records] == [(days_ago(3), 1), (days_ago(1), 1)]
