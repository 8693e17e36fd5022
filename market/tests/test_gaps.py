"""What of a role's demand a person lacks."""

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import RoleDemand, SalaryMedians, cover, rank_gaps
from tests.roles_in_memory import unpaid, window_of

NAMES = ["python", "sql", "go", "docker", "react", "aws"]
SETS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.just(0)), min_size=1, max_size=40)
THRESHOLDS = st.floats(0.1, 1.0)


def names_required(postings, threshold):
    return [skill.name for skill in rank_gaps(window=window_of(postings), held=(), threshold=threshold).required]


def test_lists_what_is_required_in_order_of_demand_then_by_name():
    postings = unpaid("python sql", "python docker", "python", "go")

    gaps = rank_gaps(window=window_of(postings), held=["docker"], threshold=0.25)

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
def test_requires_what_reaches_the_threshold_exactly(count, postings, threshold, required):
    rows = unpaid(*["go"] * count, *["sql"] * (postings - count))

    assert ("go" in names_required(rows, threshold)) is required


def test_answers_empty_lists_when_nothing_reaches_the_threshold():
    gaps = rank_gaps(window=window_of(unpaid("go", "sql", "react")), held=["go"], threshold=0.5)

    assert (gaps.postings, gaps.required, gaps.missing) == (3, (), ())
    assert (gaps.coverage.percentage, gaps.coverage.weighted_percentage) == (0.0, 0.0)
    assert gaps.learning_order.next_skills == ()


def test_answers_for_postings_that_name_no_skill():
    gaps = rank_gaps(window=window_of(unpaid("", "")), held=["go"])

    assert (gaps.postings, gaps.required) == (2, ())
    assert gaps.learning_order.reachable_percentage == 0.0


def test_counts_postings_without_skills_into_percentages():
    gaps = rank_gaps(window=window_of(unpaid("go", "")), held=())

    assert [skill.percentage for skill in gaps.required] == [50.0]


@pytest.mark.parametrize(
    ("now", "before", "growth"),
    [
        ((30, 40), (20, 40), 50.0),
        ((10, 40), (20, 40), -50.0),
        ((20, 20), (10, 20), 100.0),
        ((19, 19), (10, 40), None),  # too few now
        ((20, 40), (10, 19), None),  # too few before
        ((20, 40), (0, 40), None),  # nothing to grow from
    ],
)
def test_grows_against_the_window_before(now, before, growth):
    def rows(counts):
        asked, postings = counts
        return unpaid(*["go"] * asked, *["sql"] * (postings - asked))

    gaps = rank_gaps(window=window_of(rows(now), rows(before)), held=())

    assert {skill.name: skill.comparison.growth_percentage for skill in gaps.required}["go"] == growth


def test_compares_the_pay_of_postings_with_and_without_a_skill():
    # Sums of both ends: middles are 100,000 + n with the skill and 60,000 + n without it.
    postings = [({"go", "sql"}, 200_000 + 2 * n) for n in range(20)] + [({"sql"}, 120_000 + 2 * n) for n in range(21)]

    medians = window_of(postings).salary_medians

    assert medians["go"] == SalaryMedians(with_skill=round(100_009.5), without_skill=60_010)
    assert medians["sql"].without_skill is None


@pytest.mark.parametrize(("paid", "median"), [(19, None), (20, 50_000)])
def test_takes_a_median_of_at_least_20_salaries(paid, median):
    postings = [({"go"}, 100_000)] * paid + [({"go"}, 0)] * 30

    assert window_of(postings).salary_medians["go"] == SalaryMedians(with_skill=median)


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(NAMES)), st.sampled_from([0, 10_000]) | st.integers(10_000, 4_000_000)),
        min_size=1,
        max_size=90,
    )
)
def test_medians_are_those_of_a_plain_count(postings):
    medians = window_of(postings).salary_medians

    for name, found in medians.items():
        with_skill = [pay / 2 for skills, pay in postings if pay and name in skills]
        without = [pay / 2 for skills, pay in postings if pay and name not in skills]
        for middles, median in ((with_skill, found.with_skill), (without, found.without_skill)):
            assert median == (round(statistics.median(middles)) if len(middles) >= 20 else None)


@given(SETS, THRESHOLDS)
def test_requires_what_a_plain_count_requires(postings, threshold):
    counts = Counter(name for skills, _ in postings for name in skills)
    plain = sorted((n for n in counts if counts[n] / len(postings) >= threshold), key=lambda n: (-counts[n], n))

    assert names_required(postings, threshold) == plain


@given(SETS, THRESHOLDS, st.sets(st.sampled_from(NAMES)))
def test_another_required_skill_never_lowers_coverage(postings, threshold, held):
    window = window_of(postings)
    gaps = rank_gaps(window=window, held=held, threshold=threshold)

    for name in gaps.missing:
        more = rank_gaps(window=window, held=held | {name}, threshold=threshold)
        assert more.coverage.percentage > gaps.coverage.percentage
        assert more.coverage.weighted_percentage >= gaps.coverage.weighted_percentage
        assert more.learning_order.reachable_percentage >= gaps.learning_order.reachable_percentage


@given(SETS, THRESHOLDS, st.lists(st.sampled_from([*NAMES, "cobol"])), st.randoms(use_true_random=False))
def test_order_of_skills_and_postings_never_matters(postings, threshold, held, random):
    shuffled, others = list(postings), list(held) * 2
    random.shuffle(shuffled)
    random.shuffle(others)

    gaps = rank_gaps(window=window_of(postings), held=held, threshold=threshold)

    assert rank_gaps(window=window_of(shuffled), held=others, threshold=threshold) == gaps


@given(SETS, THRESHOLDS, st.sets(st.sampled_from(NAMES)))
def test_every_figure_stays_in_its_bounds(postings, threshold, held):
    gaps = rank_gaps(window=window_of(postings), held=held, threshold=threshold)

    assert len(gaps.missing) == gaps.coverage.required - gaps.coverage.held
    assert set(gaps.missing).isdisjoint(held)
    assert 0 <= gaps.coverage.percentage <= 100
    assert 0 <= gaps.coverage.weighted_percentage <= 100
    for skill in gaps.required:
        low, high = skill.confidence_interval
        assert 100 * threshold - 0.1 <= skill.percentage <= 100
        assert 0 <= low <= skill.percentage <= high <= 100


def test_covers_nothing_of_nothing():
    coverage = cover(skills=RoleDemand(postings=0).required(threshold=0.25), held=["go"])

    assert (coverage.held, coverage.required, coverage.percentage, coverage.weighted_percentage) == (0, 0, 0.0, 0.0)
