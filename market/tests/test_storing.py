"""Storing postings once each, identified by the source's id or, without an id, by URL."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.daily_stats import day_start
from market.jobs.services import close_posting
from market.membership import register_role
from market.posting import Posting, build_url_key
from market.refresh import close_day, refresh_stats
from market.services import delete_expired_postings, store_postings
from market.stats_rows import mark_dirty
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")

LATER = NOW + timedelta(hours=1)
SHARED = "https://jobs.example.com/careers"
CLERK = PostingFactory.build(job_id="ow-A", url=SHARED, title="Payroll Clerk")
ENGINEER = PostingFactory.build(job_id="ow-B", url=SHARED, title="Kernel Engineer")
BOTH = [("ow-A", "Payroll Clerk"), ("ow-B", "Kernel Engineer")]


def store(*postings: Posting, now: datetime = NOW, **search):
    return store_postings(postings=postings, now=now, **search)


def change(posting: Posting, **fields) -> Posting:
    return dataclasses.replace(posting, **fields)


def list_stored(mongo):
    return list(mongo.job_postings.find().sort("_id", 1))


def test_stores_every_field_of_a_posting(mongo):
    posting = PostingFactory.build(
        job_id="17",
        latitude=30.2,
        longitude=-97.7,
        discovered_at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        min_annual_salary_usd=100_000,
        max_annual_salary_usd=120_000,
        remote=True,
        country_codes=("US",),
    )

    store(posting, role="Backend Developer", place="United States")

    (row,) = list_stored(mongo)
    assert row["job_id"] == "17"
    assert row["coordinates"] == {"lat": 30.2, "lng": -97.7}
    assert row["discovered_at"] == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert (row["min_annual_salary_usd"], row["max_annual_salary_usd"]) == (100_000, 120_000)
    assert row["remote"] is True
    assert row["country_codes"] == ["US"]
    assert row["search_keywords"] == "Backend Developer"
    assert row["search_location"] == "United States"
    assert row["roles"] == ["backend developer"]
    assert row["scraped_at"] == row["updated_at"] == NOW
    assert row["day"] == row["date_posted"] == day_start(NOW.date())
    assert "seniority" not in row


def test_counts_new_changed_and_unchanged_postings():
    first, second = PostingFactory.build(), PostingFactory.build()

    outcomes = [store(first, second), store(first, change(second, title="Backend Engineer"))]

    assert [(o.collected, o.updated, o.unchanged) for o in outcomes] == [(2, 0, 0), (0, 1, 1)]


def test_writes_nothing_for_an_unchanged_posting(mongo):
    posting = PostingFactory.build()
    store(posting)
    before = list_stored(mongo)

    store(posting, now=LATER)

    assert list_stored(mongo) == before


def test_keeps_day_and_first_collected_time_when_a_posting_changes(mongo):
    posting = PostingFactory.build(date_posted=days_ago(3))
    store(posting)

    store(change(posting, title="Lead Backend Developer", date_posted=days_ago(1)), now=LATER)

    (row,) = list_stored(mongo)
    assert row["title"] == "Lead Backend Developer"
    assert row["day"] == day_start(days_ago(3))
    assert row["date_posted"] == day_start(days_ago(1))
    assert (row["scraped_at"], row["updated_at"]) == (NOW, LATER)


def test_removes_fields_that_the_source_no_longer_has(mongo):
    posting = PostingFactory.build(seniority="senior", remote=True)
    store(posting)

    store(change(posting, seniority=None, remote=None), now=LATER)

    (row,) = list_stored(mongo)
    assert "seniority" not in row
    assert "remote" not in row


def test_a_posting_without_a_date_belongs_to_the_day_it_was_first_collected(mongo):
    posting = PostingFactory.build(date_posted=None)
    store(posting)

    store(change(posting, title="Other"), now=NOW + timedelta(days=2))

    assert [row["day"] for row in list_stored(mongo)] == [day_start(NOW.date())]


def test_postings_with_different_ids_stay_separate_if_they_share_a_url(mongo):
    store(CLERK)

    outcomes = [store(ENGINEER), store(CLERK, ENGINEER), store(ENGINEER, CLERK)]

    assert [(o.collected, o.updated, o.unchanged) for o in outcomes] == [(1, 0, 0), (0, 0, 2), (0, 0, 2)]
    assert [(row["job_id"], row["title"]) for row in list_stored(mongo)] == BOTH
    refresh_stats(now=NOW)
    assert mongo.market_figures.find_one({"scope": "market"})["postings"] == 2


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_posting_without_an_id_matches_one_with_its_url_in_any_order(mongo, order, in_one_batch):
    postings = [CLERK, ENGINEER, change(ENGINEER, job_id=None)]
    ordered = [postings[number] for number in order]

    for batch in [ordered] if in_one_batch else [[posting] for posting in ordered]:
        store(*batch)
    again = store(*ordered)

    assert sorted((row["job_id"], row["title"]) for row in list_stored(mongo)) == BOTH
    assert (again.collected, again.updated, again.unchanged) == (0, 0, 3)


def test_a_posting_keeps_its_id_when_it_is_stored_again_without_one(mongo):
    posting = PostingFactory.build(job_id="1", url="https://jobs.example.com/a")
    store(posting)

    outcome = store(change(posting, job_id=None, description="New.", url="http://jobs.example.com/a/"))

    assert (outcome.collected, outcome.updated) == (0, 1)
    assert [(row["job_id"], row["description"]) for row in list_stored(mongo)] == [("1", "New.")]


def test_a_posting_without_an_id_gets_the_id_of_the_same_url_and_title(mongo):
    posting = PostingFactory.build(job_id=None, url=SHARED, title="Payroll Clerk")
    store(posting)

    store(change(posting, job_id="2"), change(posting, job_id="3", title="Kernel Engineer"))

    assert [(row["job_id"], row["title"]) for row in list_stored(mongo)] == [
        ("2", "Payroll Clerk"),
        ("3", "Kernel Engineer"),
    ]


def test_concurrent_writers_store_every_id_if_a_posting_without_one_has_their_url(mongo):
    store(PostingFactory.build(job_id=None, url=SHARED))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store(PostingFactory.build(job_id=f"w{number}", url=SHARED)), range(12)))

    assert mongo.job_postings.count_documents({"url_key": SHARED, "day": {"$exists": True}}) == 12
    assert sorted(row["job_id"] for row in list_stored(mongo)) == sorted(f"w{number}" for number in range(12))


@pytest.mark.parametrize(
    "urls",
    [
        [
            "https://jobs.example.com/1",
            "https://jobs.example.com/1?utm_source=a",
            "https://jobs.example.com/1/",
            "https://JOBS.example.com/1",
            "http://jobs.example.com/1",
        ],
        ["https://a.example.com:443/x?id=8", "HTTP://a.example.com:80/x?id=8#apply", "https://a.example.com/x/?id=8"],
        ["https://a.example.com", "https://a.example.com/", "http://a.example.com./?", "https://A.EXAMPLE.COM/#"],
        ["https://a.example.com/?id=8&gclid=1&fbclid=2", "https://a.example.com/?utm%5Fmedium=x&id=8&UTM_Source=y"],
        ["https://a.example.com/#/jobs/8", "https://a.example.com/#/jobs/8/"],
        ["https://[2001:DB8::1]/x", "http://[2001:db8::1]:80/x"],
    ],
)
def test_spellings_of_one_url_are_one_posting_with_the_latest_spelling(mongo, urls):
    for url in urls:
        store(PostingFactory.build(job_id=None, url=url))
    store(*(PostingFactory.build(job_id=None, url=url) for url in urls))

    assert [row["url"] for row in list_stored(mongo)] == [urls[-1]]


@pytest.mark.parametrize(
    "urls",
    [
        ["https://a.example.com/?id=8", "https://a.example.com/?id=9", "https://a.example.com/"],
        ["https://a.example.com/#/jobs/8", "https://a.example.com/#/jobs/9", "https://a.example.com/#!8"],
        ["https://a.example.com:8443/x", "https://a.example.com/x", "https://b.example.com/x"],
        ["https://a.example.com/X", "https://a.example.com/x", "https://a.example.com/x?utm=1"],
        ["https://a.example.com:99999/x", "https://a.example.com:99998/x"],
    ],
)
def test_urls_of_different_adverts_are_different_postings(mongo, urls):
    for url in urls:
        store(PostingFactory.build(job_id=None, url=url))

    assert [row["url"] for row in list_stored(mongo)] == urls


@given(url=st.from_regex(r"https?://[A-Za-z.]{1,5}(:(80|443|8080))?(/[a-z/]{0,3})?(\?[a-z&=_]{0,9})?(#[/!a-z]{0,4})?"))
def test_the_key_of_a_url_key_is_the_key_itself(url):
    assert build_url_key(build_url_key(url)) == build_url_key(url)


@pytest.mark.parametrize("missing", ["job_id", "url"])
def test_postings_without_id_or_url_stay_separate(mongo, missing):
    store(
        *(
            PostingFactory.build(**{"job_id": name, "url": f"https://{name}.example.com", missing: None})
            for name in "ab"
        )
    )

    assert len(list_stored(mongo)) == 2


def test_accepts_the_url_of_another_posting(mongo):
    first, second = PostingFactory.build(), PostingFactory.build()
    store(first, second)

    store(change(first, url=second.url, title="Moved"))

    rows = list_stored(mongo)
    assert [row["url"] for row in rows] == [second.url, second.url]
    assert [row["title"] for row in rows] == ["Moved", second.title]


def test_stores_the_last_of_repeated_postings_in_a_batch(mongo):
    posting = PostingFactory.build()

    outcome = store(posting, change(posting, title="Second"), change(posting, title="Third"))

    assert (outcome.collected, outcome.unchanged) == (1, 2)
    assert [row["title"] for row in list_stored(mongo)] == ["Third"]


def test_keeps_the_roles_of_all_searches_that_returned_a_posting(mongo):
    posting = PostingFactory.build(title="Engineer")
    store(posting, role="Backend Developer")

    outcome = store(posting, role="Full-Stack  Developer")

    assert outcome.unchanged == 1
    assert list_stored(mongo)[0]["roles"] == ["backend developer", "full stack developer"]


def test_concurrent_writers_store_each_posting_once(mongo):
    postings = [PostingFactory.build() for _ in range(60)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: store(*postings), range(4)))

    assert len(list_stored(mongo)) == 60
    assert sum(o.collected for o in outcomes) == 60
    assert sum(o.unchanged for o in outcomes) == 180


def test_registering_a_role_adds_it_to_postings_whose_title_names_it(mongo):
    store(
        PostingFactory.build(title="Senior Full-Stack Developer (Remote)"), PostingFactory.build(title="Full Professor")
    )

    assert register_role(role="full stack developer", now=NOW)

    assert [row["roles"] for row in list_stored(mongo)] == [["full stack developer"], []]


@pytest.mark.parametrize(
    ("role", "title"),
    [
        ("Backend Developer", "Senior Back-End Developer"),
        ("Full Stack Developer", "Fullstack Developer"),
        ("Full-Stack Developer", "Full Stack Developer"),
        (".NET Developer", "Lead .NET Developer"),
        ("C++ Developer", "C++ Developer"),
    ],
)
def test_registering_a_role_finds_titles_with_other_spellings(mongo, role, title):
    store(PostingFactory.build(title=title))

    register_role(role=role, now=NOW)

    assert list_stored(mongo)[0]["roles"] == [role.replace("-", " ").lower()]


def test_registering_a_role_again_completes_an_interrupted_registration(mongo):
    store(PostingFactory.build(title="Data Engineer"))
    mongo.known_roles.insert_one({"_id": "data engineer", "label": "Data Engineer", "known_since": NOW})

    register_role(role="Data Engineer", now=LATER)

    assert list_stored(mongo)[0]["roles"] == ["data engineer"]
    assert not register_role(role="Data Engineer", now=LATER)


def test_a_new_posting_gets_the_registered_roles_its_title_names(mongo):
    register_role(role="Data Engineer", now=NOW)

    store(PostingFactory.build(title="Principal Data Engineer"))

    assert list_stored(mongo)[0]["roles"] == ["data engineer"]


def test_takes_skills_from_slugs_without_job_boards(mongo):
    seed_skills(
        entries=[
            {"name": "python", "display_name": "Python", "category": "Programming Languages"},
            {"name": "greenhouse", "category": "Tools/Technologies", "is_skill": False},
        ],
        now=NOW,
    )

    store(PostingFactory.build(technology_slugs=("python", "greenhouse", "apache-nifi")))

    (row,) = list_stored(mongo)
    assert row["skills"] == ["python", "apache nifi"]
    assert row["skills_source"] == "slugs"
    assert row["technology_slugs"] == ["python", "greenhouse", "apache-nifi"]
    assert mongo.unknown_slugs.find_one({"slug": "apache-nifi"})["count"] == 1


def test_extracts_skills_from_the_text_if_no_slug_is_a_skill(mongo):
    entries = [{"name": "python", "display_name": "Python", "category": "Programming Languages"}]
    seed_skills(entries=entries, now=NOW)

    store(PostingFactory.build(technology_slugs=(), description="You write Python all day."))

    (row,) = list_stored(mongo)
    assert (row["skills"], row["skills_source"]) == (["python"], "text")


def test_deletes_whole_days_past_retention_and_keeps_their_stats(mongo):
    store(PostingFactory.build(date_posted=days_ago(30)), PostingFactory.build(date_posted=days_ago(29)))
    refresh_stats(now=NOW)

    deleted = list(delete_expired_postings(days_to_keep=30, now=NOW))

    assert deleted == [(days_ago(30), 1)]
    assert [row["day"] for row in list_stored(mongo)] == [day_start(days_ago(29))]
    stats = mongo.market_figures.find_one({"scope": "market", "day": day_start(days_ago(30))})
    assert (stats["postings"], stats["sealed"]) == (1, True)


def test_rejects_a_posting_of_a_closed_day(mongo):
    store(PostingFactory.build(date_posted=days_ago(40)))
    close_day(day=day_start(days_ago(40)), now=NOW)

    outcome = store(PostingFactory.build(date_posted=days_ago(40)), PostingFactory.build())

    assert outcome.refused == {"sealed_day": 1}
    assert outcome.collected == 1
    refresh_stats(now=NOW)
    stats = mongo.market_figures.find_one({"scope": "market", "day": day_start(days_ago(40))})
    assert stats["postings"] == 1


def test_never_recounts_a_closed_day_even_if_it_has_a_posting(mongo):
    day = day_start(days_ago(40))
    store(PostingFactory.build(date_posted=days_ago(40)))
    close_day(day=day, now=NOW)
    mongo.job_postings.insert_one({"source": "x", "title": "t", "company": "c", "place": "p", "day": day})
    mark_dirty(days=[day])

    refresh_stats(now=NOW)

    assert mongo.market_figures.find_one({"scope": "market", "day": day})["postings"] == 1
    assert list_stored(mongo) == []


def test_closes_a_posting_once(mongo):
    store(PostingFactory.build(job_id="9"))

    closed = [close_posting(source="theirstack", job_id="9", closed_at=LATER, now=NOW) for _ in range(2)]

    assert closed == [True, False]
    assert list_stored(mongo)[0]["closed_at"] == LATER
