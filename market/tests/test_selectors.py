"""Reads of the market: by skill, by words, by age, by window."""

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


def titles(found) -> list[str]:
    return [posting.title for posting in found]


def test_finds_postings_that_ask_for_any_of_the_skills_newest_collected_first(vocabulary):
    for age, slug in enumerate(("python", "go", "react", "python")):
        store(PostingFactory(title=f"{slug} {age}", technology_slugs=(slug,)), now=NOW - timedelta(hours=age))

    assert titles(find_postings_by_skills(skills=["go", "python"])) == ["python 0", "go 1", "python 3"]
    assert titles(find_postings_by_skills(skills=["go", "python"], limit=2)) == ["python 0", "go 1"]
    assert titles(find_postings_by_skills(skills=[])) == []
    assert titles(find_postings_by_skills(skills=["cobol"])) == []


@pytest.fixture
def titled():
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
        # Neither runs as a pattern.
        (".*", None, set()),
        ("developer", ".*", set()),
        ("developer", "^Austin", set()),
        ("developer", "A.stin", set()),
        ("developer", "[", set()),
        ('best" job', None, set()),
        # No title has the dash: it does not leave words out.
        ("-backend", None, set()),
    ],
)
def test_finds_words_as_a_phrase_and_places_as_plain_text(titled, keywords, location, expected):
    found = find_postings_by_keywords(keywords=keywords, location=location)

    assert set(titles(found)) == expected


@pytest.mark.parametrize("keywords", ['"', "\\", '\\"', '"" ""', "$where", "{}", "\x00", "(", "a" * 20_000])
def test_takes_any_keywords(titled, keywords):
    assert isinstance(titles(find_postings_by_keywords(keywords=keywords)), list)


def test_quotes_in_keywords_are_passed_over(titled):
    assert titles(find_postings_by_keywords(keywords='"backend developer"')) == ["Senior Backend Developer"]


def test_recent_postings_are_those_collected_lately():
    for age in (0, 6, 7, 8):
        store(PostingFactory(title=f"{age}"), now=NOW - timedelta(days=age))

    assert titles(list_recent_postings(now=NOW)) == ["0", "6", "7"]
    assert titles(list_recent_postings(now=NOW, days=1)) == ["0"]
    assert titles(list_recent_postings(now=NOW, days=30, limit=2)) == ["0", "6"]


def test_hidden_postings_are_found_nowhere(mongo, titled):
    mongo.job_postings.update_many({}, {"$set": {"hidden": True}})

    assert titles(list_recent_postings(now=NOW)) == []
    assert titles(find_postings_by_keywords(keywords="developer")) == []
    assert titles(find_postings_by_skills(skills=["python"])) == []


def test_what_was_collected_at_the_same_time_is_ordered_by_id():
    store(*(PostingFactory() for _ in range(20)))

    ids = [posting.id for posting in list_recent_postings(now=NOW)]

    assert ids == sorted(ids, reverse=True)


def test_a_stored_posting_reads_as_a_document():
    store(PostingFactory(latitude=1.5, longitude=2.5, remote=True), role="Data Engineer")

    posting = JobPostingDocument.objects.get()

    assert posting.coordinates == {"lat": 1.5, "lng": 2.5}
    assert (posting.remote, posting.roles, posting.day) == (True, ["data engineer"], day_start(TODAY))
    posting.validate()


def test_records_of_a_scope_come_in_order_of_their_day():
    store(*(PostingFactory(date_posted=days_ago(age)) for age in (3, 0, 9, 1)), role="Data Engineer")
    refresh_stats(now=NOW)

    records = list(
        load_records(scope="data engineer", first_day=day_start(days_ago(3)), last_day=day_start(days_ago(1)))
    )

    assert [(record.day, record.postings) for record in records] == [(days_ago(3), 1), (days_ago(1), 1)]
