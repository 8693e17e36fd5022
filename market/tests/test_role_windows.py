"""A role's window is that of its postings, whatever happened to them since."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from market import refresh, services
from market.daily_stats import day_start, get_usable_salary
from market.documents import MARKET_SCOPE
from market.gaps import rank_gaps
from market.membership import register_role
from market.refresh import check_stats, mark_dirty, refresh_stats
from market.selectors import get_role_demands, get_role_stats, load_role_stats
from market.services import compute_role_stats, delete_expired_postings, store_postings
from tests.factories import NOW, TODAY, PostingFactory, days_ago
from tests.roles_in_memory import window_of

ROLE = "backend developer"


pytestmark = pytest.mark.usefixtures("servers_emptied")


def store(*postings, role="Backend Developer"):
    store_postings(postings=postings, role=role, now=NOW)
    refresh_stats(now=NOW)


def demanded(stats):
    return {skill.name: skill.count for skill in stats.window.demand.skills}


def random_posting(choose, title="Backend Developer"):
    low = choose.choice([None, 1_000, 50_000, 80_000, 120_000])
    return PostingFactory(
        title=title,
        technology_slugs=tuple(choose.sample(["python", "go", "sql", "docker", "kafka", "rare-thing"], 3)),
        date_posted=days_ago(choose.randrange(90)),
        min_annual_salary_usd=low,
        max_annual_salary_usd=low and low + choose.choice([-10, 0, 30_000]),
    )


@pytest.mark.parametrize("days", [1, 7, 30, 45, 365])
def test_equals_a_plain_recount_of_the_postings(mongo, days):
    choose = random.Random(days)
    store(PostingFactory(job_id="today"), *(random_posting(choose) for _ in range(300)))
    mongo.job_postings.update_many({"job_id": {"$regex": "7$"}}, {"$set": {"hidden": True}})
    mark_dirty(days=mongo.job_postings.distinct("day"))
    refresh_stats(now=NOW)

    stats = load_role_stats(role=ROLE, days=days, now=NOW)

    def recounted(first, last):
        wanted = {"roles": ROLE, "hidden": {"$ne": True}, "day": {"$gte": day_start(first), "$lte": day_start(last)}}
        return [(set(row["skills"]), sum(get_usable_salary(row) or ())) for row in mongo.job_postings.find(wanted)]

    plain = window_of(recounted(days_ago(days - 1), TODAY), before=recounted(days_ago(2 * days - 1), days_ago(days)))
    assert stats.window.demand == plain.demand
    for held in ([], ["python", "kafka"]):
        assert rank_gaps(window=stats.window, held=held) == rank_gaps(window=plain, held=held)
    assert stats.computed_at == NOW


def test_has_nothing_for_a_role_without_postings():
    store(PostingFactory(date_posted=days_ago(40)))

    assert load_role_stats(role="astronaut", days=30, now=NOW) is None
    assert load_role_stats(role=ROLE, days=30, now=NOW) is None
    assert load_role_stats(role=ROLE, days=41, now=NOW) is not None


def test_follows_a_change_of_the_postings():
    store(PostingFactory(technology_slugs=("go",)))
    first = get_role_stats(role=ROLE, days=30, now=NOW)
    again = get_role_stats(role=ROLE, days=30, now=NOW)

    store(PostingFactory(technology_slugs=("sql",)))

    assert again is first
    assert demanded(get_role_stats(role=ROLE, days=30, now=NOW)) == {"go": 1, "sql": 1}


def test_moves_on_at_midnight_without_a_refresh():
    store(PostingFactory(date_posted=days_ago(29)))
    today = get_role_stats(role=ROLE, days=30, now=NOW)

    assert today is not None
    assert get_role_stats(role=ROLE, days=30, now=NOW + timedelta(days=1)) is None


def test_keeps_nothing_that_redis_does_not_vouch_for(redis):
    store(PostingFactory())
    redis.flushdb()

    first = get_role_stats(role=ROLE, days=30, now=NOW)

    assert get_role_stats(role=ROLE, days=30, now=NOW) is not first


def test_lasts_when_the_postings_are_past_retention(mongo):
    store(*(PostingFactory(date_posted=days_ago(days), technology_slugs=("go", "sql")) for days in (5, 50)))
    before = load_role_stats(role=ROLE, days=60, now=NOW)

    list(delete_expired_postings(days_to_keep=30, now=NOW))
    refresh_stats(now=NOW)

    after = load_role_stats(role=ROLE, days=60, now=NOW)
    assert mongo.job_postings.count_documents({}) == 1
    assert after.window.demand == before.window.demand
    assert rank_gaps(window=after.window, held=["go"]) == rank_gaps(window=before.window, held=["go"])
    assert check_stats().differing == []


def test_no_row_holds_text_of_postings_and_the_markets_rows_no_postings(mongo):
    store(PostingFactory(title="Backend Developer", description="Secret words."))

    rows = {row["scope"]: row for row in mongo.market_figures.find()}

    assert {"skill_keys", "posting_sizes", "posting_skills", "posting_pay"} <= set(rows[ROLE])
    assert not [name for name in rows[MARKET_SCOPE] if name.startswith(("posting_", "skill_keys", "skill_tallies"))]
    assert "Secret" not in str(rows)


def test_passes_over_rows_from_before_postings_were_kept_until_a_check_mends_them(mongo):
    store(PostingFactory(technology_slugs=("go",)))
    mongo.market_figures.update_many({}, {"$unset": {"skill_keys": "", "posting_skills": ""}})

    assert load_role_stats(role=ROLE, days=30, now=NOW) is None
    assert get_role_demands(days=30, now=NOW + timedelta(days=1)) == {}
    assert check_stats().differing == [TODAY]
    refresh_stats(now=NOW)
    assert demanded(load_role_stats(role=ROLE, days=30, now=NOW)) == {"go": 1}


def compute(role="Data Engineer", days=30):
    """The role's stats, and how often a refresh was asked for."""
    announced = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "queue_refresh", lambda: announced.append(role))
        stats = compute_role_stats(role=role, days=days, now=NOW)
    return stats, len(announced)


def test_answers_with_the_rows_that_another_request_stores_between_two_looks(monkeypatch):
    store(PostingFactory(title="Data Engineer", technology_slugs=("sql",)))
    register_role(role="Data Engineer", now=NOW)
    has_rows = services.has_rows

    def has_rows_a_moment_later(*, role):
        refresh.compute_role(role=role, now=NOW)
        return has_rows(role=role)

    monkeypatch.setattr(services, "has_rows", has_rows_a_moment_later)

    stats, announced = compute()

    assert (demanded(stats), announced) == ({"sql": 1}, 0)


def test_gives_a_new_role_its_figures_at_once():
    store(PostingFactory(title="Senior Data-Engineer (m/f/d)", technology_slugs=("sql",)), role="Backend Developer")

    stats, announced = compute()

    assert (demanded(stats), announced) == ({"sql": 1}, 1)
    assert demanded(get_role_stats(role="data engineer", days=30, now=NOW)) == {"sql": 1}
    assert compute(role="data  engineer")[1] == 0
    assert check_stats().differing == []
    refresh_stats(now=NOW)
    assert check_stats().differing == []


def test_figures_a_new_role_beside_sealed_days(mongo):
    store(*(PostingFactory(title="Data Engineer", date_posted=days_ago(days)) for days in (5, 50)))
    list(delete_expired_postings(days_to_keep=30, now=NOW))

    compute()

    assert load_role_stats(role="data engineer", days=60, now=NOW).window.demand.postings == 1
    assert not mongo.market_figures.count_documents({"scope": "data engineer", "sealed": True})


def test_a_role_called_like_the_market_counts_nothing_twice(mongo):
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
