"""Gap analysis of a role's demand and a user's skills."""

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import RoleDemand, SalaryMedians, compute_coverage, rank_gaps
from tests.roles_in_memory import build_unpaid_postings, build_window

NAMES = ["python", "sql", "go", "docker", "react", "aws"]
SETS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.just(0)), min_size=1, max_size=40)
THRESHOLDS = st.floats(0.1, 1.0)


def list_required(postings, threshold):
    return [skill.name for skill in rank_gaps(window=build_window(postings), held=(), threshold=threshold).required]


def test_lists_required_skills_by_demand_then_by_name():
    postings = build_unpaid_postings("python sql", "python docker", "python", "go")

    gaps = rank_gaps(window=build_window(postings), held=["docker"], threshold=0.25)

    assert [(skill.name, skill.percentage, skill.held) for skill in gaps.required] == [
        ("python", 75.0, False),
        ("docker", 25.0, True),
        ("go", 25.0, False),
        ("sql", 25.0, False),
    ]
    assert gaps.missing == ("python", "go", "sql")
    assert (gaps.coverage.held, gaps.coverage.required) == (1, 4)
    assert gaps.coverage.percentage == 25.0
    assert gaps.coverage.weighted_percentage == 16.7


@pytest.mark.parametrize(
    ("count", "postings", "threshold", "required"),
    [
        (1, 10, 0.1, True),
        (1, 11, 0.1, False),
        (7, 25, 0.28, True),  # 0.28 * 25 is 7.000000000000001 in floats
        (6, 25, 0.28, False),
        (3, 10, 0.3, True),
        (10, 10, 1.0, True),
        (9, 10, 1.0, False),
        (1, 4, 0.25, True),
        (29, 100, 0.29, True),
    ],
)
def test_requires_skills_that_reach_the_threshold_exactly(count, postings, threshold, required):
    rows = build_unpaid_postings(*["go"] * count, *["sql"] * (postings - count))

    assert ("go" in list_required(rows, threshold)) is required


def test_returns_empty_lists_if_no_skill_reaches_the_threshold():
    gaps = rank_gaps(window=build_window(build_unpaid_postings("go", "sql", "react")), held=["go"], threshold=0.5)

    assert (gaps.postings, gaps.required, gaps.missing) == (3, (), ())
    assert (gaps.coverage.percentage, gaps.coverage.weighted_percentage) == (0.0, 0.0)
    assert gaps.learning_order.next_skills == ()


def test_accepts_postings_without_skills():
    gaps = rank_gaps(window=build_window(build_unpaid_postings("", "")), held=["go"])

    assert (gaps.postings, gaps.required) == (2, ())
    assert gaps.learning_order.reachable_percentage == 0.0


def test_percentages_include_postings_without_skills():
    gaps = rank_gaps(window=build_window(build_unpaid_postings("go", "")), held=())

    assert [skill.percentage for skill in gaps.required] == [50.0]


@pytest.mark.parametrize(
    ("now", "before", "growth"),
    [
        ((30, 40), (20, 40), 50.0),
        ((10, 40), (20, 40), -50.0),
        ((20, 20), (10, 20), 100.0),
        ((19, 19), (10, 40), None),  # too few now
        ((20, 40), (10, 19), None),  # too few before
        ((20, 40), (0, 40), None),  # no postings before
    ],
)
def test_compares_with_the_previous_window(now, before, growth):
    def rows(counts):
        count, postings = counts
        return build_unpaid_postings(*["go"] * count, *["sql"] * (postings - count))

    gaps = rank_gaps(window=build_window(rows(now), rows(before)), held=())

    assert {skill.name: skill.comparison.growth_percentage for skill in gaps.required}["go"] == growth


def test_compares_the_pay_of_postings_with_and_without_a_skill():
    # The pay is minimum plus maximum: midpoints are 100,000 + n with the skill and 60,000 + n without it.
    postings = [({"go", "sql"}, 200_000 + 2 * n) for n in range(20)] + [({"sql"}, 120_000 + 2 * n) for n in range(21)]

    medians = build_window(postings).salary_medians

    assert medians["go"] == SalaryMedians(with_skill=round(100_009.5), without_skill=60_010)
    assert medians["sql"].without_skill is None


@pytest.mark.parametrize(("paid", "median"), [(19, None), (20, 50_000)])
def test_computes_a_median_only_from_20_salaries_or_more(paid, median):
    postings = [({"go"}, 100_000)] * paid + [({"go"}, 0)] * 30

    assert build_window(postings).salary_medians["go"] == SalaryMedians(with_skill=median)


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(NAMES)), st.sampled_from([0, 10_000]) | st.integers(10_000, 4_000_000)),
        min_size=1,
        max_size=90,
    )
)
def test_medians_equal_those_of_a_simple_computation(postings):
    medians = build_window(postings).salary_medians

    for name, actual in medians.items():
        with_skill = [pay / 2 for skills, pay in postings if pay and name in skills]
        without = [pay / 2 for skills, pay in postings if pay and name not in skills]
        for midpoints, median in ((with_skill, actual.with_skill), (without, actual.without_skill)):
            assert median == (round(statistics.median(midpoints)) if len(midpoints) >= 20 else None)


@given(SETS, THRESHOLDS)
def test_required_skills_equal_those_of_a_simple_count(postings, threshold):
    counts = Counter(name for skills, _ in postings for name in skills)
    expected = sorted((n for n in counts if counts[n] / len(postings) >= threshold), key=lambda n: (-counts[n], n))

    assert list_required(postings, threshold) == expected


@given(SETS, THRESHOLDS, st.sets(st.sampled_from(NAMES)))
def test_acquiring_a_required_skill_never_lowers_coverage(postings, threshold, held):
    window = build_window(postings)
    gaps = rank_gaps(window=window, held=held, threshold=threshold)

    for name in gaps.missing:
        after = rank_gaps(window=window, held=held | {name}, threshold=threshold)
        assert after.coverage.percentage > gaps.coverage.percentage
        assert after.coverage.weighted_percentage >= gaps.coverage.weighted_percentage
        assert after.learning_order.reachable_percentage >= gaps.learning_order.reachable_percentage


@given(SETS, THRESHOLDS, st.lists(st.sampled_from([*NAMES, "cobol"])), st.randoms(use_true_random=False))
def test_order_of_skills_and_postings_never_matters(postings, threshold, held, random):
    shuffled, repeated = list(postings), list(held) * 2
    random.shuffle(shuffled)
    random.shuffle(repeated)

    gaps = rank_gaps(window=build_window(postings), held=held, threshold=threshold)

    assert rank_gaps(window=build_window(shuffled), held=repeated, threshold=threshold) == gaps


@given(SETS, THRESHOLDS, st.sets(st.sampled_from(NAMES)))
def test_all_numbers_stay_within_bounds(postings, threshold, held):
    gaps = rank_gaps(window=build_window(postings), held=held, threshold=threshold)

    assert len(gaps.missing) == gaps.coverage.required - gaps.coverage.held
    assert set(gaps.missing).isdisjoint(held)
    assert 0 <= gaps.coverage.percentage <= 100
    assert 0 <= gaps.coverage.weighted_percentage <= 100
    for skill in gaps.required:
        low, high = skill.confidence_interval
        assert 100 * threshold - 0.1 <= skill.percentage <= 100
        assert 0 <= low <= skill.percentage <= high <= 100


def test_coverage_of_no_skills_is_zero():
    coverage = compute_coverage(skills=RoleDemand(postings=0).list_required(threshold=0.25), held=["go"])

    assert (coverage.held, coverage.required, coverage.percentage, coverage.weighted_percentage) == (0, 0, 0.0, 0.0)
