"""The steps of learning: each one lists skills that together bring more postings within reach."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import rank_gaps
from market.learning_order import MAX_FIRST_STEP_SKILLS, MAX_STEPS
from skills.vocabulary import FIELD, METHOD, SOFT_SKILL, SPOKEN_LANGUAGE, Skill, Vocabulary
from tests.roles_in_memory import build_unpaid_postings, build_window

NAMES = ["python", "sql", "go", "docker", "react", "aws", "kafka", "spark"]
SETS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.just(0)), min_size=1, max_size=60)


def build_vocabulary(**skills: dict[str, Any]) -> Vocabulary:
    return Vocabulary(
        Skill(name=name, display_name=name, category="Databases", **fields) for name, fields in skills.items()
    )


NO_VOCABULARY = build_vocabulary()


def compute_order(postings, held=(), threshold=0.1, vocabulary=NO_VOCABULARY, hours=None):
    learning = rank_gaps(
        window=build_window(postings),
        held=vocabulary.get_held_skills(held),
        threshold=threshold,
        vocabulary=vocabulary,
        hours=hours,
    ).learning_order
    steps = [(" ".join(step.skills), step.reachable_percentage) for step in learning.next_skills]
    return learning.reachable_percentage, steps


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

    assert compute_order(postings)[1] == [("kafka", 42.9), ("aws docker", 85.7), ("go", 100.0)]


def test_a_step_lists_the_skills_that_raise_the_reach_together():
    assert compute_order(build_unpaid_postings("go sql", "go react", "go sql"))[1] == [
        ("go sql", 66.7),
        ("react", 100.0),
    ]


def test_the_first_skill_of_a_step_stands_for_the_step():
    learning = rank_gaps(
        window=build_window(build_unpaid_postings("go sql aws")), held=(), threshold=0.1
    ).learning_order
    (step,) = learning.next_skills

    assert (step.name, set(step.skills), step.hours) == (step.skills[0], {"go", "sql", "aws"}, 60)


def test_lists_no_step_that_raises_nothing():
    # Nobody reaches the last posting with one skill of three, and none of the three is frequent enough for 0.2.
    postings = build_unpaid_postings(*["go"] * 9, "sql cobol fortran")

    assert compute_order(postings, held=["go"], threshold=0.1)[1] == [("cobol fortran sql", 100.0)]
    assert compute_order(postings, held=["go"], threshold=0.2)[1] == []


def test_stops_when_everything_is_within_reach():
    assert compute_order(build_unpaid_postings("go sql react aws"), held=["go", "sql", "react"]) == (100.0, [])


def test_suggests_only_skills_that_reach_the_threshold():
    assert compute_order(build_unpaid_postings(*["go"] * 9, "sql"), threshold=0.25)[1] == [("go", 90.0)]


def test_counts_held_skills_below_the_threshold():
    postings = build_unpaid_postings(*["go"] * 9, "go cobol fortran pascal")

    assert compute_order(postings, held=["cobol", "fortran", "pascal"], threshold=0.5) == (10.0, [("go", 100.0)])


def test_an_implied_skill_counts_towards_the_reach():
    vocabulary = build_vocabulary(postgresql={"implies": ("sql",)}, sql={"implies": ("databases",)}, databases={})

    assert compute_order(build_unpaid_postings("sql databases"), held=["postgresql"], vocabulary=vocabulary) == (
        100.0,
        [],
    )


def test_a_step_counts_what_its_skills_imply_and_suggests_no_field():
    vocabulary = build_vocabulary(postgresql={"implies": ("databases",)}, databases={"kind": FIELD})

    assert compute_order(build_unpaid_postings("databases postgresql", "databases"), vocabulary=vocabulary)[1] == [
        ("postgresql", 100.0)
    ]


def test_what_a_skill_needs_comes_first_in_its_step():
    vocabulary = build_vocabulary(
        react={"implies": ("javascript",), "prerequisites": ("html",)}, javascript={}, html={}
    )

    assert compute_order(
        build_unpaid_postings("react javascript html", "react javascript html"), vocabulary=vocabulary
    )[1] == [("html javascript react", 100.0)]


def test_soft_skills_and_spoken_languages_count_nowhere():
    vocabulary = build_vocabulary(communication={"kind": SOFT_SKILL}, english={"kind": SPOKEN_LANGUAGE}, go={}, sql={})
    postings = build_unpaid_postings("go communication english", "communication english", "sql communication english")

    assert compute_order(postings, held=["go"], vocabulary=vocabulary) == (50.0, [("sql", 100.0)])


def test_a_newcomer_starts_with_a_technology():
    vocabulary = build_vocabulary(agile={"kind": METHOD}, go={}, sql={})
    postings = build_unpaid_postings("agile", "agile", "agile", "go agile", "go agile")

    assert compute_order(postings, vocabulary=vocabulary)[1][0] == ("go agile", 100.0)
    assert compute_order(postings, vocabulary=vocabulary, held=["go"])[1] == [("agile", 100.0)]


def test_prefers_what_takes_fewer_hours():
    hours = {"go": 80, "sql": 10}.__getitem__

    assert compute_order(build_unpaid_postings("go", "go", "sql"), hours=hours)[1] == [("sql", 33.3), ("go", 100.0)]


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_percentages_rise_with_every_step_and_equal_a_simple_count(postings, held):
    today, steps = compute_order(postings, held=held)

    assert len(steps) <= MAX_STEPS
    assert today == compute_reachable(postings, held)
    learned, last = set(held), today
    for skills, reachable in steps:
        assert 0 < len(skills.split()) <= MAX_FIRST_STEP_SKILLS
        assert learned.isdisjoint(skills.split())
        learned.update(skills.split())
        assert reachable == compute_reachable(postings, learned)
        assert last < reachable <= 100
        last = reachable


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_no_skill_of_a_step_can_be_left_out(postings, held):
    _, steps = compute_order(postings, held=held)

    learned = set(held)
    for text, reachable in steps:
        skills = set(text.split())
        if len(skills) > 1:
            assert all(compute_reachable(postings, learned | skills - {name}) < reachable for name in skills)
        learned |= skills


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_whoever_has_no_next_step_can_learn_nothing_that_raises_the_reach(postings, held):
    gaps = rank_gaps(window=build_window(postings), held=held, threshold=0.1)

    if not gaps.learning_order.next_skills:
        everything = {*held, *gaps.missing}
        assert compute_reachable(postings, everything) == gaps.learning_order.reachable_percentage
