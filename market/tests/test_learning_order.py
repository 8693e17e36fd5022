"""The order of skills to learn: each step brings the most postings within reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import MAX_NEXT_SKILLS, rank_gaps
from tests.roles_in_memory import build_unpaid_postings, build_window

NAMES = ["python", "sql", "go", "docker", "react", "aws", "kafka", "spark"]
SETS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.just(0)), min_size=1, max_size=60)


def compute_order(postings, held=(), threshold=0.1):
    learning = rank_gaps(window=build_window(postings), held=held, threshold=threshold).learning_order
    return learning.reachable_percentage, [(step.name, step.reachable_percentage) for step in learning.next_skills]


def compute_reachable(postings, held):
    """Compute the percentage of postings of which at least 70% of the skills are held."""
    skill_sets = [skills for skills, _ in postings if skills]
    reached = sum(10 * len(skills & set(held)) >= 7 * len(skills) for skills in skill_sets)
    return round(100 * reached / len(skill_sets), 1) if skill_sets else 0.0


@pytest.mark.parametrize(
    ("size", "held", "reachable"),
    [(1, 0, 0.0), (1, 1, 100.0), (3, 2, 0.0), (3, 3, 100.0), (4, 3, 100.0), (10, 7, 100.0), (10, 6, 0.0), (5, 3, 0.0)],
)
def test_a_posting_is_within_reach_with_70_percent_of_its_skills(size, held, reachable):
    skills = [f"skill {number}" for number in range(size)]

    assert compute_order([*build_unpaid_postings(""), (set(skills), 0)], held=skills[:held])[0] == reachable


def test_starts_with_the_skill_that_brings_most_postings_within_reach():
    # More postings require docker, but kafka is enough for three postings.
    postings = build_unpaid_postings(
        "kafka", "kafka", "kafka", "docker aws", "docker aws", "docker aws", "docker aws go"
    )

    assert compute_order(postings)[1] == [("kafka", 42.9), ("aws", 42.9), ("docker", 85.7), ("go", 100.0)]


def test_takes_the_most_frequent_skill_if_no_single_skill_is_enough():
    assert compute_order(build_unpaid_postings("go sql", "go react", "go sql"))[1] == [
        ("go", 0.0),
        ("sql", 66.7),
        ("react", 100.0),
    ]


def test_stops_when_everything_is_within_reach():
    postings = build_unpaid_postings("go sql react aws")

    assert compute_order(postings, held=["go", "sql", "react"]) == (100.0, [])


def test_suggests_only_skills_that_reach_the_threshold():
    postings = build_unpaid_postings(*["go"] * 9, "sql")

    assert compute_order(postings, threshold=0.25)[1] == [("go", 90.0)]


def test_counts_held_skills_below_the_threshold():
    postings = build_unpaid_postings(*["go"] * 9, "go cobol fortran pascal")

    assert compute_order(postings, held=["cobol", "fortran", "pascal"], threshold=0.5) == (10.0, [("go", 100.0)])


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_percentages_never_fall_and_equal_a_simple_count(postings, held):
    today, steps = compute_order(postings, held=held)

    assert len(steps) <= MAX_NEXT_SKILLS
    assert today == compute_reachable(postings, held)
    learned, last = set(held), today
    for name, reachable in steps:
        assert name not in learned
        learned.add(name)
        assert reachable == compute_reachable(postings, learned)
        assert last <= reachable <= 100
        last = reachable


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_no_other_skill_brings_more_postings_within_reach_than_the_next_one(postings, held):
    gaps = rank_gaps(window=build_window(postings), held=held, threshold=0.1)
    learned = set(held)
    for step in gaps.learning_order.next_skills:
        others = set(gaps.missing) - learned
        assert step.reachable_percentage == max(compute_reachable(postings, learned | {name}) for name in others)
        learned.add(step.name)
