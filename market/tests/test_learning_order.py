"""The steps of learning: sets of skills that together bring more postings within reach."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.gaps import rank_gaps
from market.learning_order import MAX_STEPS
from market.learning_search import MAX_STEP_SKILLS
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


def compute_steps(postings, held=(), **fields):
    return rank_gaps(window=build_window(postings), held=held, **fields).learning_order.next_skills


def build_far_postings(names, count):
    """Return postings with these skills and seven others each, which no other posting requires."""
    return [({*names.split(), *(f"rare {number} {other}" for other in range(7))}, 0) for number in range(count)]


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


def test_a_step_contains_a_required_skill_even_if_its_prerequisite_is_enough():
    vocabulary = build_vocabulary(postgresql={"prerequisites": ("sql",)}, sql={}, go={})
    postings = [*build_unpaid_postings("sql", "sql", "go"), *build_far_postings("postgresql", 17)]

    assert compute_order(postings, vocabulary=vocabulary, held=["go"], threshold=0.5)[1] == [("sql postgresql", 15.0)]


def test_soft_skills_and_spoken_languages_count_nowhere():
    vocabulary = build_vocabulary(communication={"kind": SOFT_SKILL}, english={"kind": SPOKEN_LANGUAGE}, go={}, sql={})
    postings = build_unpaid_postings("go communication english", "communication english", "sql communication english")

    assert compute_order(postings, held=["go"], vocabulary=vocabulary) == (50.0, [("sql", 100.0)])


def test_a_newcomer_starts_with_a_technology():
    vocabulary = build_vocabulary(agile={"kind": METHOD}, go={}, sql={})
    postings = build_unpaid_postings("agile", "agile", "agile", "go agile", "go agile")

    assert compute_order(postings, vocabulary=vocabulary)[1][0] == ("go agile", 100.0)
    assert compute_order(postings, vocabulary=vocabulary, held=["go"])[1] == [("agile", 100.0)]


def test_a_newcomer_whom_only_a_method_helps_starts_with_the_method():
    vocabulary = build_vocabulary(agile={"kind": METHOD}, go={})
    postings = [*build_unpaid_postings(*["agile"] * 10), *build_far_postings("go", 10)]

    assert compute_order(postings, vocabulary=vocabulary)[1] == [("agile", 50.0)]


def test_prefers_what_takes_fewer_hours():
    hours = {"go": 80, "sql": 10}.__getitem__

    assert compute_order(build_unpaid_postings("go", "go", "sql"), hours=hours)[1] == [("sql", 33.3), ("go", 100.0)]


def test_divides_a_set_of_more_than_five_skills_into_steps():
    first, second = compute_steps(build_unpaid_postings("go sql aws kafka docker react spark python"))

    assert [len(first.skills), len(second.skills)] == [3, 3]
    assert [first.reachable_percentage, second.reachable_percentage] == [0.0, 100.0]
    assert [first.coverage_percentage, second.coverage_percentage] == [37.5, 75.0]


def test_lists_no_part_of_a_set_that_has_more_skills_than_the_steps_can_hold():
    postings = [({f"skill {number}" for number in range(40)}, 0)]

    assert compute_steps(postings, held=["skill 0"]) == ()


def test_a_newcomer_whom_no_set_brings_within_reach_starts_with_what_most_postings_require():
    postings = build_far_postings("go sql", 20)

    (step,) = compute_steps(postings)

    assert (step.skills, step.reachable_percentage, step.coverage_percentage) == (("go", "sql"), 0.0, 100.0)
    assert compute_steps(postings, held=["go"]) == ()


def test_coverage_counts_what_a_step_implies():
    vocabulary = build_vocabulary(postgresql={"implies": ("databases",)}, databases={"kind": FIELD}, go={})
    postings = build_unpaid_postings("databases postgresql", "databases postgresql", "go")

    first, second = compute_steps(postings, vocabulary=vocabulary)

    assert (first.skills, first.coverage_percentage) == (("postgresql",), 66.7)
    assert (second.skills, second.coverage_percentage) == (("go",), 100.0)


def test_percentages_of_a_large_window_count_every_posting():
    postings = build_unpaid_postings(*["go"] * 1501, *["sql"] * 1103, *["go sql aws"] * 407, *["rust"] * 7)

    assert compute_order(postings)[1] == [
        ("go", compute_reachable(postings, {"go"})),
        ("sql", compute_reachable(postings, {"go", "sql"})),
        ("aws", compute_reachable(postings, {"go", "sql", "aws"})),
    ]


def test_lists_no_step_that_changes_no_percentage():
    # Learning SQL brings one posting of 4,001 within reach.
    postings = [*build_unpaid_postings(*["go"] * 3000, "sql"), *build_far_postings("sql", 1000)]

    assert compute_order(postings, held=["go"]) == (75.0, [])


def test_counts_rare_held_skills():
    rare = [f"rare {number}" for number in range(7)]
    postings = [*build_unpaid_postings(*["go"] * 60), ({"go", "sql", "aws", *rare}, 0)]

    assert compute_order(postings, held=[*rare, "cobol"])[0] == compute_reachable(postings, rare) == 1.6


def join_steps(steps, today):
    """Return the skills and the reach of each set. A step that leaves the reach as it is belongs to the next set."""
    sets, skills = [], set()
    for text, reachable in steps:
        skills |= set(text.split())
        if reachable > today:
            sets.append((skills, reachable))
            skills, today = set(), reachable
    return sets


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_percentages_equal_a_simple_count_and_never_fall(postings, held):
    today, steps = compute_order(postings, held=held)

    assert len(steps) <= MAX_STEPS
    assert today == compute_reachable(postings, held)
    learned, last = set(held), today
    for skills, reachable in steps:
        assert 0 < len(skills.split()) <= MAX_STEP_SKILLS
        assert learned.isdisjoint(skills.split())
        learned.update(skills.split())
        assert reachable == compute_reachable(postings, learned)
        assert last <= reachable <= 100
        last = reachable


@given(SETS, st.sets(st.sampled_from(NAMES), min_size=1))
def test_the_last_step_raises_the_reach(postings, held):
    today, steps = compute_order(postings, held=held)

    assert not steps or steps[-1][1] > max([today, *(reachable for _, reachable in steps[:-1])])


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_no_skill_of_a_set_can_be_left_out(postings, held):
    today, steps = compute_order(postings, held=held)

    learned = set(held)
    for skills, reachable in join_steps(steps, today):
        if len(skills) > 1:
            assert all(compute_reachable(postings, learned | skills - {name}) < reachable for name in skills)
        learned |= skills


@given(SETS, st.sets(st.sampled_from(NAMES)))
def test_without_a_next_step_no_skills_raise_the_reach(postings, held):
    gaps = rank_gaps(window=build_window(postings), held=held, threshold=0.1)

    if not gaps.learning_order.next_skills:
        everything = {*held, *gaps.missing}
        assert compute_reachable(postings, everything) == gaps.learning_order.reachable_percentage
