"""Windows over daily stats, compared with simple counting."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.trends import DayRecord, build_trending_responses
from tests.factories import TODAY, days_ago


def record(age: int, *, skills=None, technologies=None, places=None, salaries=(), remote=0, on_site=0, postings=None):
    skills, technologies, places = dict(skills or {}), dict(technologies or {}), dict(places or {})
    return DayRecord(
        day=days_ago(age),
        postings=sum(places.values()) if postings is None else postings,
        remote=remote,
        on_site=on_site,
        skill_names=list(skills),
        skill_counts=list(skills.values()),
        technology_names=list(technologies),
        technology_counts=list(technologies.values()),
        place_names=list(places),
        place_counts=list(places.values()),
        salary_places=[place for place, _, _ in salaries],
        salary_minimums=[low for _, low, _ in salaries],
        salary_maximums=[high for _, _, high in salaries],
    )


def build_response(records, days=30):
    return dict(build_trending_responses(records, today=TODAY, windows=[days], generated_at="now"))[days]


def test_an_empty_market_has_empty_lists_and_zeros():
    empty = build_response([])

    assert empty == {
        "top_skills": [],
        "top_locations": [],
        "technology_trends": [],
        "salary_trends": [],
        "salary_quartiles": {"lower": None, "median": None, "upper": None, "sample_size": 0},
        "remote_distribution": [{"remote": True, "count": 0}, {"remote": False, "count": 0}],
        "remote_unknown": 0,
        "total_jobs_analyzed": 0,
        "distinct_jobs": 0,
        "employers": 0,
        "top_employer_share": None,
        "warning": None,
        "approximate_before": None,
        "generated_at": "now",
        "window_days": 30,
    }


def test_a_window_ends_today_and_has_the_requested_number_of_days():
    records = [record(age, places={"Austin, TX": 1}) for age in range(-2, 40)]

    assert build_response(records, 1)["total_jobs_analyzed"] == 1
    assert build_response(records, 30)["total_jobs_analyzed"] == 30


def test_orders_skills_by_count_and_then_by_name():
    rows = build_response([record(0, skills={"go": 2, "sql": 3, "c#": 2}, postings=4)])["top_skills"]

    assert [(row["skill"], row["count"], row["percentage"]) for row in rows] == [
        ("sql", 3, 75.0),
        ("c#", 2, 50.0),
        ("go", 2, 50.0),
    ]


def test_compares_each_skill_with_the_previous_window():
    now = record(0, skills={"go": 15, "sql": 5, "zig": 1}, postings=20)
    before = record(30, skills={"go": 10, "sql": 10}, postings=40)

    rows = {row["skill"]: row for row in build_response([now, before])["top_skills"]}

    assert (rows["go"]["previous_count"], rows["go"]["growth_percentage"]) == (10, 50.0)
    assert (rows["sql"]["previous_count"], rows["sql"]["growth_percentage"]) == (10, -50.0)
    assert (rows["go"]["percentage"], rows["go"]["previous_percentage"]) == (75.0, 25.0)
    assert (rows["zig"]["previous_count"], rows["zig"]["growth_percentage"]) == (0, None)


@pytest.mark.parametrize(("postings", "before"), [(19, 20), (20, 19), (20, 0)])
def test_compares_nothing_if_either_window_is_small(postings, before):
    records = [record(0, skills={"go": 9}, postings=postings), record(30, skills={"go": 9}, postings=before)]

    (row,) = build_response(records)["top_skills"]

    assert (row["previous_count"], row["previous_percentage"], row["growth_percentage"]) == (None, None, None)


def test_averages_salaries_by_place_and_computes_quartiles_of_midpoints():
    salaries = [("Austin, TX", 100, 200), ("Austin, TX", 201, 300), ("Berlin, Germany", 50, 70)]

    response = build_response([record(0, salaries=salaries)])

    assert response["salary_trends"] == [
        {"location": "Austin, TX", "avg_min": 150, "avg_max": 250, "count": 2},
        {"location": "Berlin, Germany", "avg_min": 50, "avg_max": 70, "count": 1},
    ]
    # The midpoints are 60, 150 and 250.5.
    assert response["salary_quartiles"] == {"lower": 105, "median": 150, "upper": 200, "sample_size": 3}


def test_counts_postings_that_are_neither_remote_nor_on_site():
    response = build_response([record(0, postings=10, remote=3, on_site=5)])

    assert response["remote_distribution"] == [{"remote": True, "count": 3}, {"remote": False, "count": 5}]
    assert response["remote_unknown"] == 2


counts = st.dictionaries(st.sampled_from(["go", "sql", ".net", "c#", "$x"]), st.integers(1, 9), max_size=4)


@given(
    days=st.lists(st.tuples(st.integers(0, 60), counts, counts), max_size=12, unique_by=lambda day: day[0]),
    window=st.integers(1, 30),
)
def test_equals_simple_counting_over_the_same_days(days, window):
    records = [record(age, skills=skills, places=places) for age, skills, places in days]

    response = build_response(records, window)

    skills: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for age, day_skills, day_places in days:
        if age < window:
            skills.update(day_skills)
            places.update(day_places)
    assert {row["skill"]: row["count"] for row in response["top_skills"]} == dict(skills)
    assert {row["location"]: row["count"] for row in response["top_locations"]} == dict(places)
    assert response["total_jobs_analyzed"] == places.total()


def test_rendering_all_windows_equals_rendering_each_window():
    records = [record(age, skills={"go": age % 7 + 1}, places={"Austin, TX": 20}) for age in range(0, 730, 3)]

    together = dict(build_trending_responses(records, today=TODAY, windows=range(1, 366), generated_at="now"))

    assert all(together[days] == build_response(records, days) for days in (1, 2, 30, 364, 365))


def test_ignores_days_outside_the_windows():
    far = DayRecord(day=TODAY - timedelta(days=800), postings=5, remote=0, on_site=0)

    assert build_response([far], 365)["total_jobs_analyzed"] == 0
