"""Requirements of postings: extracted, stored, extracted again and renamed."""

from datetime import UTC, datetime

import pytest

from career_navigator.cache import reset_caches
from market.jobs.match_profiles import JOB_PROFILE_FIELDS, build_job_profile
from market.membership import register_role
from market.posting_skills import extract_posting_skills
from market.refresh import refresh_stats
from market.selectors import get_posting_demand
from market.services import store_postings
from market.stored_skills import update_stored_skills
from skills.services import merge_skills, seed_skills
from tests.factories import NOW, PostingFactory

DESCRIPTION = "You have 3+ years of experience with Python.\nNice to have: Kafka, Redis\n"
FIELDS = ("skills", "nice_to_have", "years_asked")


@pytest.fixture(autouse=True)
def _seeded(mongo, redis):
    entries = [
        {"name": name, "display_name": name.title(), "category": "Databases", "slugs": [name]}
        for name in ("python", "kafka", "redis", "valkey")
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))
    reset_caches()


def find_posting(mongo):
    return mongo.job_postings.find_one()


def get_requirements(row):
    return tuple(row.get(name) for name in FIELDS)


@pytest.mark.parametrize("slugs", [(), ("python", "kafka", "redis")])
def test_parses_the_text_regardless_of_the_source_of_the_skills(mongo, slugs):
    store_postings(postings=[PostingFactory.build(description=DESCRIPTION, technology_slugs=slugs)], now=NOW)

    assert get_requirements(find_posting(mongo)) == (["python", "kafka", "redis"], ["kafka", "redis"], 3)


def test_skills_in_the_title_are_required():
    extracted = extract_posting_skills(title="Kafka Engineer", description="Kafka is a plus.", slugs=())

    assert (extracted.skills, extracted.nice_to_have) == (["kafka"], [])


def test_nice_to_have_is_a_subset_of_the_skills():
    extracted = extract_posting_skills(
        title="Engineer", description="Kafka and Redis are a plus.", slugs=("python", "redis")
    )

    assert (extracted.skills, extracted.nice_to_have) == (["python", "redis"], ["redis"])


def test_removes_requirements_that_a_changed_text_no_longer_has(mongo):
    posting = PostingFactory.build(job_id="1", description=DESCRIPTION, technology_slugs=())
    store_postings(postings=[posting], now=NOW)

    store_postings(postings=[PostingFactory.build(job_id="1", description="Python.", technology_slugs=())], now=NOW)

    assert get_requirements(find_posting(mongo)) == (["python"], None, None)


def test_rereading_nice_to_have_skills_does_not_mark_days_dirty(mongo):
    store_postings(postings=[PostingFactory.build(description=DESCRIPTION, technology_slugs=())], now=NOW)
    refresh_stats(now=NOW)
    mongo.job_postings.update_one({}, {"$unset": {"nice_to_have": ""}, "$set": {"years_asked": 9}})

    first, again = (list(update_stored_skills(dry_run=False, now=NOW)) for _ in range(2))

    assert ([each.changed for each in first], [each.changed for each in again]) == ([1], [0])
    assert get_requirements(find_posting(mongo)) == (["python", "kafka", "redis"], ["kafka", "redis"], 3)
    assert mongo.dirty_days.count_documents({}) == 0


@pytest.mark.parametrize(
    ("skills", "nice", "renamed"),
    [
        (["python", "redis"], ["redis"], ["valkey"]),
        (["redis", "valkey"], ["redis", "valkey"], ["valkey"]),
        # One of the two names is required, so the merged skill is required.
        (["redis", "valkey", "kafka"], ["redis", "kafka"], ["kafka"]),
        (["redis", "valkey"], ["valkey"], []),
        (["redis"], [], []),
    ],
)
def test_merging_skills_renames_nice_to_have_skills(mongo, skills, nice, renamed):
    store_postings(postings=[PostingFactory.build()], now=NOW)
    mongo.job_postings.update_one({}, {"$set": {"skills": skills, "nice_to_have": nice}})

    merge_skills(source="redis", target="valkey", now=NOW)

    row = find_posting(mongo)
    assert row["nice_to_have"] == renamed
    assert set(renamed) <= set(row["skills"])
    assert "redis" not in row["skills"]


def test_builds_a_job_profile_from_a_row_without_text(mongo):
    posting = PostingFactory.build(
        description=DESCRIPTION,
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


def test_ignores_pay_in_another_currency():
    job_profile = build_job_profile({"title": "Developer", "salary_currency": "EUR", "min_annual_salary": 90_000.0})

    assert (job_profile.min_salary_usd, job_profile.max_salary_usd) == (None, None)


def test_takes_the_demand_of_the_role_in_the_title_or_else_of_the_market(mongo):
    for role in ("Developer", "Backend Developer"):
        register_role(role=role, now=NOW)
    with_role = [
        PostingFactory.build(technology_slugs=("python",)),
        PostingFactory.build(technology_slugs=("python", "kafka")),
    ]
    other = PostingFactory.build(title="Gardener", technology_slugs=("redis",))
    store_postings(postings=[*with_role, other], now=NOW)
    refresh_stats(now=NOW)

    role_demand = get_posting_demand(mongo.job_postings.find_one({"job_id": with_role[0].job_id}), now=NOW)
    market_demand = get_posting_demand(mongo.job_postings.find_one({"job_id": other.job_id}), now=NOW)

    assert (role_demand.role, dict(role_demand.shares)) == ("backend developer", {"python": 1.0, "kafka": 0.5})
    assert market_demand.role is None
    assert market_demand.shares == pytest.approx({"python": 2 / 3, "kafka": 1 / 3, "redis": 1 / 3})
