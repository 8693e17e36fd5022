"""What postings ask for by their wording, as it is stored, read again and renamed."""

from datetime import UTC, datetime

import pytest

from career_navigator.cache import reset_caches
from market.jobs.match_score import JOB_PROFILE_FIELDS, build_job_profile
from market.membership import register_role
from market.posting_skills import extract_posting_skills, reread_posting_skills
from market.refresh import refresh_stats
from market.selectors import get_posting_demand
from market.services import store_postings
from skills.services import merge_skills, seed_skills
from tests.factories import NOW, PostingFactory

WORDING = "You have 3+ years of experience with Python.\nNice to have: Kafka, Redis\n"
FIELDS = ("skills", "nice_to_have", "years_asked")


@pytest.fixture(autouse=True)
def _seeded(mongo, redis):
    entries = [
        {"name": name, "display_name": name.title(), "category": "Databases", "slugs": [name]}
        for name in ("python", "kafka", "redis", "valkey")
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))
    reset_caches()


def stored(mongo):
    return mongo.job_postings.find_one()


def asked(row):
    return tuple(row.get(name) for name in FIELDS)


@pytest.mark.parametrize("slugs", [(), ("python", "kafka", "redis")])
def test_reads_the_wording_whatever_the_skills_come_from(mongo, slugs):
    store_postings(postings=[PostingFactory(description=WORDING, technology_slugs=slugs)], now=NOW)

    assert asked(stored(mongo)) == (["python", "kafka", "redis"], ["kafka", "redis"], 3)


def test_takes_what_the_title_names_for_a_must():
    read = extract_posting_skills(title="Kafka Engineer", description="Kafka is a plus.", slugs=())

    assert (read.skills, read.nice_to_have) == (["kafka"], [])


def test_names_nothing_that_the_posting_does_not_ask_for():
    read = extract_posting_skills(
        title="Engineer", description="Kafka and Redis are a plus.", slugs=("python", "redis")
    )

    assert (read.skills, read.nice_to_have) == (["python", "redis"], ["redis"])


def test_forgets_what_a_changed_wording_says_no_more(mongo):
    posting = PostingFactory(job_id="1", description=WORDING, technology_slugs=())
    store_postings(postings=[posting], now=NOW)

    store_postings(postings=[PostingFactory(job_id="1", description="Python.", technology_slugs=())], now=NOW)

    assert asked(stored(mongo)) == (["python"], None, None)


def test_reads_stored_postings_anew_without_touching_their_days(mongo):
    store_postings(postings=[PostingFactory(description=WORDING, technology_slugs=())], now=NOW)
    refresh_stats(now=NOW)
    mongo.job_postings.update_one({}, {"$unset": {"nice_to_have": ""}, "$set": {"years_asked": 9}})

    first, again = (list(reread_posting_skills(dry_run=False, now=NOW)) for _ in range(2))

    assert ([each.changed for each in first], [each.changed for each in again]) == ([1], [0])
    assert asked(stored(mongo)) == (["python", "kafka", "redis"], ["kafka", "redis"], 3)
    assert mongo.dirty_days.count_documents({}) == 0


@pytest.mark.parametrize(
    ("skills", "nice", "renamed"),
    [
        (["python", "redis"], ["redis"], ["valkey"]),
        (["redis", "valkey"], ["redis", "valkey"], ["valkey"]),
        # Asked for by the one name, wished for by the other: asked for.
        (["redis", "valkey", "kafka"], ["redis", "kafka"], ["kafka"]),
        (["redis", "valkey"], ["valkey"], []),
        (["redis"], [], []),
    ],
)
def test_follows_a_merge_of_skills(mongo, skills, nice, renamed):
    store_postings(postings=[PostingFactory()], now=NOW)
    mongo.job_postings.update_one({}, {"$set": {"skills": skills, "nice_to_have": nice}})

    merge_skills(source="redis", target="valkey", now=NOW)

    row = stored(mongo)
    assert row["nice_to_have"] == renamed
    assert set(renamed) <= set(row["skills"])
    assert "redis" not in row["skills"]


def test_makes_an_opening_of_a_row_without_text(mongo):
    posting = PostingFactory(
        description=WORDING,
        technology_slugs=(),
        country_code="US",
        remote=True,
        salary_currency="USD",
        min_annual_salary=90_000.0,
        max_annual_salary=120_000.0,
    )
    store_postings(postings=[posting], now=NOW)

    job_profile = build_job_profile(mongo.job_postings.find_one({}, JOB_PROFILE_FIELDS))

    assert (job_profile.title, job_profile.place, job_profile.country_code) == ("Backend Developer", "Austin, TX", "US")
    assert (job_profile.skills, job_profile.nice_to_have) == (
        ("python", "kafka", "redis"),
        frozenset({"kafka", "redis"}),
    )
    assert (job_profile.years_asked, job_profile.remote, job_profile.hybrid) == (3, True, None)
    assert (job_profile.min_salary_usd, job_profile.max_salary_usd) == (90_000, 120_000)


def test_compares_no_pay_in_another_currency():
    job_profile = build_job_profile({"title": "Developer", "salary_currency": "EUR", "min_annual_salary": 90_000.0})

    assert (job_profile.min_salary_usd, job_profile.max_salary_usd) == (None, None)


def test_weighs_by_the_role_that_the_title_names_else_by_the_market(mongo):
    for role in ("Developer", "Backend Developer"):
        register_role(role=role, now=NOW)
    named = [PostingFactory(technology_slugs=("python",)), PostingFactory(technology_slugs=("python", "kafka"))]
    other = PostingFactory(title="Gardener", technology_slugs=("redis",))
    store_postings(postings=[*named, other], now=NOW)
    refresh_stats(now=NOW)

    of_role = get_posting_demand(mongo.job_postings.find_one({"job_id": named[0].job_id}), now=NOW)
    of_market = get_posting_demand(mongo.job_postings.find_one({"job_id": other.job_id}), now=NOW)

    assert (of_role.role, dict(of_role.shares)) == ("backend developer", {"python": 1.0, "kafka": 0.5})
    assert of_market.role is None
    assert of_market.shares == pytest.approx({"python": 2 / 3, "kafka": 1 / 3, "redis": 1 / 3})
