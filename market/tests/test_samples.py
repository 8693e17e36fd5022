"""Copies of an advert count once, and intervals account for several adverts of one employer."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.samples import INTRACLASS_CORRELATION, build_sample, compute_design_effect, pack_employers
from market.selectors import get_skill_market, load_role_stats
from market.services import delete_expired_postings, store_postings
from market.tests.candidates import ENTRIES, sign_up
from market.trends import DayRecord, build_trending_responses, build_window_samples, compare_counts
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

TEXT = "We need COBOL for the ledger."
CITIES = ("Lisbon", "Porto", "Berlin", "Paris", "Rome", "Oslo")
ROLE = "Ropewalk Keeper"


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    seed_skills(
        entries=[*ENTRIES, {"name": "cobol", "display_name": "COBOL", "category": "Programming Languages"}], now=NOW
    )


def build_copies(count=6, **fields):
    return [
        PostingFactory(title=ROLE, description=TEXT, technology_slugs=("cobol",), place=city, location=city, **fields)
        for city in CITIES[:count]
    ]


def build_others(count=4, **fields):
    return [
        PostingFactory(title=ROLE, company=f"Other {number}", technology_slugs=("python",), place="Rome", **fields)
        for number in range(count)
    ]


def store(*postings, now=NOW):
    register_role(role=ROLE, now=now)
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)


def get_demand(days=30, now=NOW):
    stats = load_role_stats(role=ROLE.lower(), days=days, now=now)
    assert stats is not None
    return stats.window.demand


def test_copies_count_once_in_shares_and_pay_but_not_in_totals(client):
    today = timezone.now()
    pay = {"min_annual_salary_usd": 90_000, "max_annual_salary_usd": 110_000, "date_posted": today.date()}
    store(*build_copies(**pay), *build_others(date_posted=today.date()), now=today)
    user = sign_up(skills=[], target_roles=[ROLE])

    gaps = user.get_gaps(role=ROLE, threshold=0.1)
    trends = client.get("/market/trending").json()
    market = client.get("/skills/cobol").json()["market"]
    roadmap = user.get("/learning/roadmap", target_role=ROLE).json()

    shares = {each["skill"]: each["required_percentage"] for each in gaps["required_skills"]}
    assert shares == {"python": 80.0, "cobol": 20.0}
    assert {each["skill"]: each["percentage"] for each in trends["top_skills"]} == shares
    assert (market["count"], market["percentage"], market["total_postings"]) == (1, 20.0, 10)
    assert (gaps["total_postings_analyzed"], trends["total_jobs_analyzed"]) == (10, 10)
    assert roadmap["total_postings_analyzed"] == 10
    for response in (gaps, trends, market, roadmap):
        assert (response["distinct_jobs"], response["employers"]) == (5, 5)
        assert (response["top_employer_share"], response["warning"]) == (20.0, None)
        assert response["approximate_before"] is None
    assert {each["location"]: each["count"] for each in trends["top_locations"]} == {
        "Rome": 5,
        "Lisbon": 1,
        "Porto": 1,
        "Berlin": 1,
        "Paris": 1,
        "Oslo": 1,
    }
    assert trends["salary_quartiles"]["sample_size"] == 1


def test_a_copy_in_a_later_window_counts_nothing_there(mongo):
    first, second = build_copies(2)
    store(PostingFactory(**vars_of(first) | {"date_posted": days_ago(40)}), second, *build_others(1))

    assert (get_demand().postings, get_demand().jobs) == (2, 1)
    assert (get_demand(days=60).postings, get_demand(days=60).jobs) == (3, 2)
    assert {skill.name for skill in get_demand().skills} == {"python"}


def vars_of(posting):
    return {name: getattr(posting, name) for name in posting.__dataclass_fields__}


def test_stays_exact_after_the_postings_are_deleted():
    store(*build_copies(date_posted=days_ago(50)), *build_others(date_posted=days_ago(50)), PostingFactory(title=ROLE))
    before = get_demand(days=60)

    list(delete_expired_postings(days_to_keep=30, now=NOW))
    refresh_stats(now=NOW)

    assert get_demand(days=60) == before
    assert (before.sample.distinct_jobs, before.sample.employers) == (6, 5)
    assert check_stats().differing == []


def test_says_from_which_day_on_older_stats_are_approximate(mongo):
    store(*build_copies(date_posted=days_ago(50)), *build_others())
    list(delete_expired_postings(days_to_keep=30, now=NOW))
    added = dict.fromkeys(("jobs", "employer_keys", "employer_jobs"), "")
    mongo.market_figures.update_many({"sealed": True}, {"$unset": added})
    refresh_stats(now=NOW)

    sample = get_demand(days=60).sample

    assert (sample.approximate_before, sample.distinct_jobs, sample.employers) == (days_ago(49), 10, 4)
    assert get_demand(days=30).sample.approximate_before is None
    market = get_skill_market(skill="python", now=NOW)
    assert (market.sample.approximate_before, market.sample.distinct_jobs) == (None, 4)


def test_the_check_finds_wrong_employers(mongo):
    store(*build_others())
    mongo.market_figures.update_many({}, {"$set": {"jobs": 3}})

    assert check_stats().differing == [days_ago(0)]
    refresh_stats(now=NOW)
    assert get_demand().jobs == 4


def test_warns_if_one_employer_has_more_than_a_fifth():
    day = {"day": NOW, "postings": 10, "jobs": 10}

    fifth = build_sample([day | pack_employers({"a": 2, **{str(number): 1 for number in range(8)}})])
    more = build_sample([day | pack_employers({"a": 3, **{str(number): 1 for number in range(7)}})])

    assert fifth.warning is None
    assert (more.warning or "").startswith("One employer has 30% of the 10 distinct postings")


@pytest.mark.parametrize(
    ("jobs", "expected"), [([1, 1, 1], 1.0), ([3], 1 + 2 * INTRACLASS_CORRELATION), ([], 1.0), ([0, 2, 2], 1.4)]
)
def test_computes_the_design_effect_of_kish(jobs, expected):
    assert compute_design_effect(np.array(jobs)) == pytest.approx(expected)


def test_calls_a_change_a_trend_only_if_its_interval_excludes_zero():
    clear = compare_counts(count=60, postings=100, previous=30, postings_before=100)
    clustered = compare_counts(
        count=60, postings=100, previous=30, postings_before=100, design_effect=8, design_effect_before=8
    )

    assert (clear.trend, clear.change_interval) == ("rising", (16.3, 42.2))
    assert clustered.trend == "unclear"
    assert clustered.change_interval is not None
    assert clustered.change_interval.low < 0 < clustered.change_interval.high
    assert compare_counts(count=30, postings=100, previous=60, postings_before=100).trend == "falling"
    assert compare_counts(count=19, postings=19, previous=0, postings_before=100).trend is None


EMPLOYERS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5), max_size=4)


@given(st.lists(EMPLOYERS, max_size=12))
def test_each_window_has_the_sample_of_its_days(days):
    records = {}
    for age, employers in enumerate(days):
        jobs = sum(employers.values())
        records[age] = DayRecord(day=days_ago(age), postings=jobs, remote=0, on_site=0, jobs=jobs, **pack(employers))
    rows = [
        {"day": NOW - timedelta(days=age), "postings": 0, "jobs": record.jobs, **pack(days[age])}
        for age, record in records.items()
    ]

    samples = build_window_samples(records, 8)

    for length in range(1, 9):
        sample, effect_before = samples[length]
        expected = build_sample(rows[:length])
        assert (sample.distinct_jobs, sample.employers or 0) == (expected.distinct_jobs, expected.employers or 0)
        assert (sample.top_employer_jobs or 0) == (expected.top_employer_jobs or 0)
        assert sample.design_effect == pytest.approx(expected.design_effect)
        assert effect_before == pytest.approx(build_sample(rows[length : 2 * length]).design_effect)


def pack(employers):
    return pack_employers(employers)


def test_windows_of_older_days_count_each_posting():
    records = [
        DayRecord(day=days_ago(0), postings=3, remote=0, on_site=0, jobs=2, **pack({"a": 2})),
        DayRecord(day=days_ago(5), postings=4, remote=0, on_site=0),
    ]

    responses = dict(build_trending_responses(records, today=days_ago(0), windows=[3, 10], generated_at="now"))

    assert [(each["total_jobs_analyzed"], each["distinct_jobs"]) for each in responses.values()] == [(3, 2), (7, 6)]
    assert [each["approximate_before"] for each in responses.values()] == [None, days_ago(4).isoformat()]
