"""Tests of the order of a roadmap and of project suggestions: properties and examples."""

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.ordering import MAX_NEW_SKILLS, CandidateSkill, Phase, choose_projects, find_prerequisites, order_skills
from tests.factories import IdeaFactory

NAMES = [f"s{number}" for number in range(14)]
PRIORITIES = st.integers(10, 100).map(float)


def build_skill(name, priority=50.0, is_held=False):
    return CandidateSkill(name=name, priority=priority, is_held=is_held)


@st.composite
def roadmaps(draw, cycles=False):
    """Generate candidate skills, and prerequisites of all skills, including skills that are not candidates."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    skills = [build_skill(name, draw(PRIORITIES), draw(st.booleans())) for name in chosen]
    prerequisites = {}
    for index, name in enumerate(NAMES):
        choices = NAMES if cycles else NAMES[:index]
        prerequisites[name] = draw(st.lists(st.sampled_from(choices), unique=True, max_size=3)) if choices else []
    return skills, prerequisites


@given(roadmaps())
def test_places_every_skill_after_its_prerequisites(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(candidates=skills, prerequisites=prerequisites)

    positions = {step.candidate.name: index for index, step in enumerate(steps)}
    assert sorted(positions) == sorted(skill.name for skill in skills)
    for name, position in positions.items():
        for need in find_prerequisites(name, prerequisites) & positions.keys():
            assert positions[need] < position


@given(roadmaps())
def test_places_prerequisites_of_missing_skills_in_earlier_stages(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(candidates=skills, prerequisites=prerequisites)

    stages = {step.candidate.name: step.stage for step in steps}
    for step in steps:
        if not step.candidate.is_held:
            for need in find_prerequisites(step.candidate.name, prerequisites) & stages.keys():
                assert stages[need] < step.stage


@given(roadmaps())
def test_places_missing_skills_before_held_ones_in_a_stage_and_sorts_both_by_priority(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(candidates=skills, prerequisites=prerequisites)

    for _, group in groupby(steps, key=lambda step: step.stage):
        in_stage = [step.candidate for step in group]
        assert [skill.is_held for skill in in_stage] == sorted(skill.is_held for skill in in_stage)
        missing = [(-skill.priority, skill.name) for skill in in_stage if not skill.is_held]
        assert missing == sorted(missing)


@given(roadmaps())
def test_numbers_stages_consecutively_from_one(roadmap):
    skills, prerequisites = roadmap

    stages = [step.stage for step in order_skills(candidates=skills, prerequisites=prerequisites)]

    assert stages == sorted(stages)
    assert sorted(set(stages)) == list(range(1, len(set(stages)) + 1))


@given(roadmaps(), st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_of_the_input(roadmap, random):
    skills, prerequisites = roadmap
    shuffled = random.sample(skills, len(skills))

    assert order_skills(candidates=shuffled, prerequisites=prerequisites) == order_skills(
        candidates=skills, prerequisites=prerequisites
    )


@given(roadmaps(cycles=True))
def test_places_each_skill_once_if_prerequisites_form_a_cycle(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(candidates=skills, prerequisites=prerequisites)

    assert sorted(step.candidate.name for step in steps) == sorted(skill.name for skill in skills)


def order(skills, prerequisites):
    return [(step.stage, step.candidate.name) for step in order_skills(candidates=skills, prerequisites=prerequisites)]


def test_prerequisites_inherit_the_priority_of_their_dependents():
    skills = [build_skill("docker", 80), build_skill("linux", 10), *(build_skill(f"other{n}", 40) for n in range(5))]

    in_order = order(skills, {"docker": ["linux"]})

    assert (1, "linux") in in_order
    assert (2, "docker") in in_order


def test_follows_prerequisites_through_skills_outside_the_roadmap():
    in_order = order([build_skill("c", 80), build_skill("a", 10)], {"c": ["b"], "b": ["a"]})

    assert in_order == [(1, "a"), (2, "c")]


def test_places_held_skills_before_their_dependents_or_at_the_end():
    skills = [
        build_skill("python", 90, is_held=True),
        build_skill("git", 95, is_held=True),
        build_skill("django", 60),
        build_skill("sql", 30),
    ]

    in_order = order(skills, {"django": ["python"]})

    assert in_order == [(1, "python"), (2, "django"), (2, "sql"), (2, "git")]


def test_places_higher_priority_skills_before_dependents_of_a_held_skill():
    skills = [build_skill("python", 90, is_held=True), build_skill("django", 60), build_skill("sql", 70)]

    assert order(skills, {"django": ["python"]}) == [(1, "sql"), (1, "python"), (2, "django")]


def test_postpones_skills_with_long_preparation():
    hours = {"distributed": 60, "networking": 60, "concurrency": 60, "git": 10}
    skills = [build_skill("distributed", 60), *(build_skill(f"other{n}", 30 + n) for n in range(5))]
    prerequisites = {"distributed": ["networking", "concurrency"]}

    def get_stage(held=()):
        steps = order_skills(
            candidates=skills, prerequisites=prerequisites, held=held, hours=lambda name: hours.get(name, 10)
        )
        return {step.candidate.name: step.stage for step in steps}["distributed"]

    assert (get_stage(), get_stage(held=["networking", "concurrency"])) == (2, 1)


def test_splits_the_hours_of_shared_prerequisites():
    skills = [*(build_skill(f"web{n}", 40) for n in range(5)), build_skill("other", 30)]
    prerequisites = {f"web{n}": ["networking"] for n in range(5)}

    steps = order_skills(candidates=skills, prerequisites=prerequisites, hours=lambda name: 20)

    # With a fifth of the prerequisite's 20 hours, the weight is 40 * 20 / 24 = 33, more than 30. With all 20 hours, it
    # would be 40 * 20 / 40 = 20.
    assert steps[-1].candidate.name == "other"


@given(roadmaps(), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_places_phases_in_order_except_for_prerequisites(roadmap, alongside, alternatives):
    skills, prerequisites = roadmap
    phases = dict.fromkeys(alongside, Phase.ALONGSIDE) | dict.fromkeys(alternatives, Phase.ALTERNATIVE)
    skills = [replace(skill, phase=phases.get(skill.name, Phase.TECHNICAL)) for skill in skills]

    steps = [
        step for step in order_skills(candidates=skills, prerequisites=prerequisites) if not step.candidate.is_held
    ]

    for index, step in enumerate(steps):
        later_steps = [later for later in steps[index + 1 :] if later.candidate.phase < step.candidate.phase]
        # A skill comes before skills of an earlier phase only if it is a prerequisite of one of them.
        dependents = [
            later
            for later in later_steps
            if step.candidate.name in find_prerequisites(later.candidate.name, prerequisites)
        ]
        assert not later_steps or dependents


def test_uses_one_stage_if_all_skills_are_held():
    in_order = order([build_skill("b", 90, is_held=True), build_skill("a", 20, is_held=True)], {"b": ["a"]})

    assert in_order == [(1, "a"), (1, "b")]


def test_orders_an_empty_roadmap():
    assert order([], {}) == []


def test_divides_a_long_roadmap_into_eight_stages():
    in_order = order([build_skill(f"s{n:03}", 50) for n in range(80)], {})

    assert max(stage for stage, _ in in_order) == 8


def build_project(number, skills, **changes):
    return IdeaFactory(id=number, skills=tuple(skills), **changes)


def choose(projects, *, order=("a", "b", "c"), held=("h",), role="backend developer", finished=(), more=None):
    prerequisites = {name: order[:index] for index, name in enumerate(order)} | (more or {})
    steps = order_skills(
        candidates=[build_skill(name, 90 - index) for index, name in enumerate(order)], prerequisites=prerequisites
    )
    project_options = {name: [option for option in projects if name in option.skills] for name in order}
    chosen = choose_projects(
        steps=steps,
        held=held,
        prerequisites=prerequisites,
        project_options=project_options,
        role_key=role,
        completed=finished,
    )
    ids = {name: [suggestion.project.id for suggestion in suggestions] for name, suggestions in chosen.items()}
    return ids, chosen


def test_suggests_at_most_two_projects_per_skill():
    ids, _ = choose([build_project(number, ["a", "h"]) for number in (1, 2, 3)])

    assert ids == {"a": [1, 2], "b": [], "c": []}


def test_suggests_a_project_once_most_of_its_skills_are_learned():
    ids, chosen = choose([build_project(1, ["a", "b", "x", "h"]), build_project(2, ["a", "b", "c", "x", "y", "z"])])

    assert ids == {"a": [1], "b": [1], "c": [2]}
    assert chosen["a"][0].new_skills == ("b", "x")
    assert chosen["b"][0].new_skills == ("x",)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (build_project(2, ["a", "h"]), build_project(1, ["a", "h", "x"])),
        (build_project(2, ["a", "h"]), build_project(1, ["a", "h"], roles=["Chef"])),
        (build_project(2, ["a", "h"]), build_project(1, ["a", "h"], difficulty="Advanced")),
        (build_project(1, ["a", "h"]), build_project(2, ["a", "h"])),
    ],
    ids=["fewer new skills", "for the role", "easier", "by id"],
)
def test_suggests_the_better_project_first(first, second):
    ids, _ = choose([second, first], order=("a",))

    assert ids["a"] == [first.id, second.id]


def test_prefers_new_suggestions_and_skips_completed_projects():
    projects = [
        build_project(1, ["a", "b"]),
        build_project(2, ["b", "h"]),
        build_project(3, ["b", "h"]),
        build_project(4, ["b", "h"]),
    ]

    ids, _ = choose(projects, finished=[3])

    assert ids == {"a": [1], "b": [2, 4], "c": []}


def test_prerequisites_of_learned_skills_count_as_learned():
    _, chosen = choose([build_project(1, ["a", "x", "y"])], order=("a",), more={"a": ["x"], "h": ["y"]})

    assert chosen["a"][0].new_skills == ()


@given(
    st.lists(st.lists(st.sampled_from("abchxyz"), min_size=1, unique=True), max_size=8),
    st.sets(st.sampled_from("hxy")),
)
def test_never_suggests_projects_with_too_many_new_skills(lists, held):
    _, chosen = choose([build_project(number, skills) for number, skills in enumerate(lists, 1)], held=held)

    learned = set(held)
    for name, suggestions in chosen.items():
        learned.add(name)
        assert len(suggestions) <= 2
        for suggestion in suggestions:
            assert name in suggestion.project.skills
            assert set(suggestion.new_skills) == set(suggestion.project.skills) - learned
            assert len(suggestion.new_skills) <= min(MAX_NEW_SKILLS, len(suggestion.project.skills) / 2)
