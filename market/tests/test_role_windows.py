"""A role's window agrees with its postings, whatever happens to them later."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from market import refresh, services
from market.daily_stats import day_start, get_usable_salary
from market.documents import MARKET_SCOPE
from market.gaps import rank_gaps
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.selectors import get_role_demands, get_role_stats, has_rows, load_role_stats
from market.services import compute_role_stats, delete_expired_postings, store_postings
from market.stats_rows import mark_dirty
from tests.factories import NOW, TODAY, PostingFactory, days_ago
from tests.roles_in_memory import build_window

ROLE = "backend developer"


pytestmark = pytest.mark.usefixtures("empty_servers")


def store(*postings, role="Backend Developer"):
    store_postings(postings=postings, role=role, now=NOW)
    refresh_stats(now=NOW)


def get_counts(stats):
    return {skill.name: skill.count for skill in stats.window.demand.skills}


def build_random_posting(random_source, title="Backend Developer"):
    low = random_source.choice([None, 1_000, 50_000, 80_000, 120_000])
    return PostingFactory(
        title=title,
        company=f"Employer {random_source.random()}",
        technology_slugs=tuple(random_source.sample(["python", "go", "sql", "docker", "kafka", "rare-thing"], 3)),
        date_posted=days_ago(random_source.randrange(90)),
        min_annual_salary_usd=low,
        max_annual_salary_usd=low and low + random_source.choice([-10, 0, 30_000]),
    )


@pytest.mark.parametrize("days", [1, 7, 30, 45, 365])
def test_equals_a_recount_of_the_postings(mongo, days):
    random_source = random.Random(days)
    store(PostingFactory(job_id="today"), *(build_random_posting(random_source) for _ in range(300)))
    mongo.job_postings.update_many({"job_id": {"$regex": "7$"}}, {"$set": {"hidden": True}})
    mark_dirty(days=mongo.job_postings.distinct("day"))
    refresh_stats(now=NOW)

    stats = load_role_stats(role=ROLE, days=days, now=NOW)

    def list_postings(first, last):
        query = {"roles": ROLE, "hidden": {"$ne": True}, "day": {"$gte": day_start(first), "$lte": day_start(last)}}
        return [(set(row["skills"]), sum(get_usable_salary(row) or ())) for row in mongo.job_postings.find(query)]

    expected = build_window(
        list_postings(days_ago(days - 1), TODAY), before=list_postings(days_ago(2 * days - 1), days_ago(days))
    )
    assert stats is not None
    assert stats.window.demand.skills == expected.demand.skills
    assert stats.window.demand.jobs == expected.demand.jobs
    for held in ([], ["python", "kafka"]):
        gaps = rank_gaps(window=stats.window, held=held)
        assert replace(gaps, sample=expected.demand.sample) == rank_gaps(window=expected, held=held)
    assert stats.computed_at == NOW


def test_has_no_stats_for_a_role_without_postings():
    store(PostingFactory(date_posted=days_ago(40)))

    assert load_role_stats(role="astronaut", days=30, now=NOW) is None
    assert load_role_stats(role=ROLE, days=30, now=NOW) is None
    assert load_role_stats(role=ROLE, days=41, now=NOW) is not None


def test_changes_with_the_postings():
    store(PostingFactory(technology_slugs=("go",)))
    first = get_role_stats(role=ROLE, days=30, now=NOW)
    again = get_role_stats(role=ROLE, days=30, now=NOW)

    store(PostingFactory(technology_slugs=("sql",)))

    assert again is first
    assert get_counts(get_role_stats(role=ROLE, days=30, now=NOW)) == {"go": 1, "sql": 1}


def test_moves_at_midnight_without_a_refresh():
    store(PostingFactory(date_posted=days_ago(29)))
    today = get_role_stats(role=ROLE, days=30, now=NOW)

    assert today is not None
    assert get_role_stats(role=ROLE, days=30, now=NOW + timedelta(days=1)) is None


def test_does_not_cache_without_a_version_in_redis(redis):
    store(PostingFactory())
    redis.flushdb()

    first = get_role_stats(role=ROLE, days=30, now=NOW)

    assert get_role_stats(role=ROLE, days=30, now=NOW) is not first


def test_does_not_change_when_postings_expire(mongo):
    store(*(PostingFactory(date_posted=days_ago(days), technology_slugs=("go", "sql")) for days in (5, 50)))
    before = load_role_stats(role=ROLE, days=60, now=NOW)

    list(delete_expired_postings(days_to_keep=30, now=NOW))
    refresh_stats(now=NOW)

    after = load_role_stats(role=ROLE, days=60, now=NOW)
    assert mongo.job_postings.count_documents({}) == 1
    assert before is not None
    assert after is not None
    assert after.window.demand == before.window.demand
    assert rank_gaps(window=after.window, held=["go"]) == rank_gaps(window=before.window, held=["go"])
    assert check_stats().differing == []


def test_rows_have_no_text_and_rows_of_the_market_have_no_postings(mongo):
    store(PostingFactory(title="Backend Developer", description="Secret words."))

    rows = {row["scope"]: row for row in mongo.market_figures.find()}

    assert {"skill_keys", "posting_sizes", "posting_skills", "posting_pay"} <= set(rows[ROLE])
    assert not [name for name in rows[MARKET_SCOPE] if name.startswith(("posting_", "skill_keys", "skill_tallies"))]
    assert "Secret" not in str(rows)


def test_skips_rows_without_packed_postings_until_a_check_repairs_them(mongo):
    store(PostingFactory(technology_slugs=("go",)))
    mongo.market_figures.update_many({}, {"$unset": {"skill_keys": "", "posting_skills": ""}})

    assert load_role_stats(role=ROLE, days=30, now=NOW) is None
    assert get_role_demands(days=30, now=NOW + timedelta(days=1)) == {}
    assert check_stats().differing == [TODAY]
    refresh_stats(now=NOW)
    assert get_counts(load_role_stats(role=ROLE, days=30, now=NOW)) == {"go": 1}


def compute_stats(role="Data Engineer", days=30):
    """Return the role's stats, and how many refreshes were queued."""
    queued = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "queue_refresh", lambda: queued.append(role))
        stats = compute_role_stats(role=role, days=days, now=NOW)
    return stats, len(queued)


def test_returns_the_rows_that_a_concurrent_request_stores(monkeypatch):
    store(PostingFactory(title="Data Engineer", technology_slugs=("sql",)))
    register_role(role="Data Engineer", now=NOW)

    def store_and_check_rows(*, role):
        refresh.compute_role(role=role, now=NOW)
        return has_rows(role=role)

    monkeypatch.setattr(services, "has_rows", store_and_check_rows)

    stats, queued_refreshes = compute_stats()

    assert (get_counts(stats), queued_refreshes) == ({"sql": 1}, 0)


def test_computes_the_stats_of_a_new_role_immediately():
    store(PostingFactory(title="Senior Data-Engineer (m/f/d)", technology_slugs=("sql",)), role="Backend Developer")

    stats, queued_refreshes = compute_stats()

    assert (get_counts(stats), queued_refreshes) == ({"sql": 1}, 1)
    assert get_counts(get_role_stats(role="data engineer", days=30, now=NOW)) == {"sql": 1}
    assert compute_stats(role="data  engineer")[1] == 0
    assert check_stats().differing == []
    refresh_stats(now=NOW)
    assert check_stats().differing == []


def test_computes_no_stats_of_a_new_role_on_closed_days(mongo):
    store(*(PostingFactory(title="Data Engineer", date_posted=days_ago(days)) for days in (5, 50)))
    list(delete_expired_postings(days_to_keep=30, now=NOW))

    compute_stats()

    stats = load_role_stats(role="data engineer", days=60, now=NOW)
    assert stats is not None
    assert stats.window.demand.postings == 1
    assert not mongo.market_figures.count_documents({"scope": "data engineer", "sealed": True})


def test_a_role_named_market_is_not_counted_twice(mongo):
    register_role(role="Market", now=NOW)
    store(PostingFactory(title="Market Developer"))

    (row,) = mongo.market_figures.find({"scope": MARKET_SCOPE})

    assert row["postings"] == 1
    assert load_role_stats(role="market", days=30, now=NOW) is None


def test_lists_the_demand_of_every_role():
    store(PostingFactory(technology_slugs=("go",)), PostingFactory(technology_slugs=("go", "sql")))
    store(PostingFactory(title="Plumber", technology_slugs=("sql",)), role="Plumber")
    store(PostingFactory(title="Old", date_posted=days_ago(31)), role="Old")

    demands = get_role_demands(days=30, now=NOW)

    assert {role: demand.postings for role, demand in demands.items()} == {ROLE: 2, "plumber": 1}
    assert Counter({skill.name: skill.count for skill in demands[ROLE].skills}) == {"go": 2, "sql": 1}
