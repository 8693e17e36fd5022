"""Which missing skill brings the most postings within reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import MAX_NEXT_SKILLS, rank_gaps
from tests.roles_in_memory import unpaid, window_of

NAMES = ["python", "sql", "go", "docker", "react", "aws", "kafka", "spark"]
SETS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.just(0)), min_size=1, max_size=60)


def order(postings, held=(), threshold=0.1):
    learning = rank_gaps(window=window_of(postings), held=held, threshold=threshold).learning_order
    return learning.reachable_percentage, [(step.name, step.reachable_percentage) for step in learning.next_skills]


def in_reach(postings, held):
    """The plain count: at least 70 % of a posting's skills are held."""
    named = [skills for skills, _ in postings if skills]
    reached = sum(10 * len(skills & set(held)) >= 7 * len(skills) for skills in named)
    return round(100 * reached / len(named), 1) if named else 0.0


@pytest.mark.parametrize(
    ("size", "held", "reachable"),
    [(1, 0, 0.0), (1, 1, 100.0), (3, 2, 0.0), (3, 3, 100.0), (4, 3, 100.0), (10, 7, 100.0), (10, 6, 0.0), (5, 3, 0.0)],
)
def test_a_posting_is_within_reach_from_70_percent_of_its_skills_on(size, held, reachable):
    skills = [f"skill {number}" for number in range(size)]

    assert order([*unpaid(""), (set(skills), 0)], held=skills[:held])[0] == reachable


def test_takes_first_what_brings_most_postings_within_reach():
    # More postings ask for docker, but kafka alone already opens three.
    postings = unpaid("kafka", "kafka", "kafka", "docker aws", "docker aws", "docker aws", "docker aws go")

    assert order(postings)[1] == [("kafka", 42.9), ("aws", 42.9), ("docker", 85.7), ("go", 100.0)]


def test_takes_the_most_wanted_when_no_single_skill_opens_a_posting():
    assert order(unpaid("go sql", "go react", "go sql"))[1] == [("go", 0.0), ("sql", 66.7), ("react", 100.0)]


def test_stops_when_everything_is_within_reach():
    postings = unpaid("go sql react aws")

    assert order(postings, held=["go", "sql", "react"]) == (100.0, [])


def test_names_only_skills_that_pass_the_threshold():
    postings = unpaid(*["go"] * 9, "sql")

    assert order(postings, threshold=0.25)[1] == [("go", 90.0)]


def test_counts_held_skills_that_nobody_requires():
    postings = unpaid(*["go"] * 9, "go cobol fortran pascal")

    assert order(postings, held=["cobol", "fortran", "pascal"], threshold=0.5) == (10.0, [("go", 100.0)])


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_percentages_never_fall_and_are_those_of_a_plain_count(postings, held):
    today, steps = order(postings, held=held)

    assert len(steps) <= MAX_NEXT_SKILLS
    assert today == in_reach(postings, held)
    learned, last = set(held), today
    for name, reachable in steps:
        assert name not in learned
        learned.add(name)
        assert reachable == in_reach(postings, learned)
        assert last <= reachable <= 100
        last = reachable


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_no_other_skill_would_open_more_than_the_next_one(postings, held):
    gaps = rank_gaps(window=window_of(postings), held=held, threshold=0.1)
    learned = set(held)
    for step in gaps.learning_order.next_skills:
        others = set(gaps.missing) - learned
        assert step.reachable_percentage == max(in_reach(postings, learned | {name}) for name in others)
        learned.add(step.name)
