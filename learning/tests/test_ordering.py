"""The order of a roadmap, and the projects beside it: laws, and cases that show them."""

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.ordering import MAX_NEW_SKILLS, CandidateSkill, Phase, choose_projects, find_prerequisites, order_skills
from tests.factories import IdeaFactory

NAMES = [f"s{number}" for number in range(14)]
PRIORITIES = st.integers(10, 100).map(float)


def wanted(name, priority=50.0, held=False):
    return CandidateSkill(name=name, priority=priority, held=held)


@st.composite
def roadmaps(draw, circles=False):
    """Wanted skills, and what any skills build on, wanted or not."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    skills = [wanted(name, draw(PRIORITIES), draw(st.booleans())) for name in chosen]
    prerequisites = {}
    for place, name in enumerate(NAMES):
        below = NAMES if circles else NAMES[:place]
        prerequisites[name] = draw(st.lists(st.sampled_from(below), unique=True, max_size=3)) if below else []
    return skills, prerequisites


@given(roadmaps())
def test_puts_every_skill_after_all_it_builds_on(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(wanted=skills, prerequisites=prerequisites)

    place = {step.wanted.name: index for index, step in enumerate(steps)}
    assert sorted(place) == sorted(skill.name for skill in skills)
    for name in place:
        for need in find_prerequisites(name, prerequisites) & place.keys():
            assert place[need] < place[name]


@given(roadmaps())
def test_puts_what_a_missing_skill_builds_on_into_an_earlier_stage(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(wanted=skills, prerequisites=prerequisites)

    stages = {step.wanted.name: step.stage for step in steps}
    for step in steps:
        if not step.wanted.held:
            for need in find_prerequisites(step.wanted.name, prerequisites) & stages.keys():
                assert stages[need] < step.stage


@given(roadmaps())
def test_puts_missing_before_held_within_a_stage_and_missing_ones_by_priority(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(wanted=skills, prerequisites=prerequisites)

    for _, stage in groupby(steps, key=lambda step: step.stage):
        in_stage = [step.wanted for step in stage]
        assert [skill.held for skill in in_stage] == sorted(skill.held for skill in in_stage)
        missing = [(-skill.priority, skill.name) for skill in in_stage if not skill.held]
        assert missing == sorted(missing)


@given(roadmaps())
def test_numbers_stages_from_one_without_a_gap(roadmap):
    skills, prerequisites = roadmap

    stages = [step.stage for step in order_skills(wanted=skills, prerequisites=prerequisites)]

    assert stages == sorted(stages)
    assert sorted(set(stages)) == list(range(1, len(set(stages)) + 1))


@given(roadmaps(), st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_in_which_skills_are_given(roadmap, random):
    skills, prerequisites = roadmap
    shuffled = random.sample(skills, len(skills))

    assert order_skills(wanted=shuffled, prerequisites=prerequisites) == order_skills(
        wanted=skills, prerequisites=prerequisites
    )


@given(roadmaps(circles=True))
def test_names_each_skill_once_where_skills_need_each_other(roadmap):
    skills, prerequisites = roadmap

    steps = order_skills(wanted=skills, prerequisites=prerequisites)

    assert sorted(step.wanted.name for step in steps) == sorted(skill.name for skill in skills)


def order(skills, prerequisites):
    return [(step.stage, step.wanted.name) for step in order_skills(wanted=skills, prerequisites=prerequisites)]


def test_brings_what_much_wanted_skills_build_on_forward():
    skills = [wanted("docker", 80), wanted("linux", 10), *(wanted(f"other{n}", 40) for n in range(5))]

    in_order = order(skills, {"docker": ["linux"]})

    assert (1, "linux") in in_order
    assert (2, "docker") in in_order


def test_finds_what_a_skill_builds_on_by_way_of_skills_that_are_not_wanted():
    in_order = order([wanted("c", 80), wanted("a", 10)], {"c": ["b"], "b": ["a"]})

    assert in_order == [(1, "a"), (2, "c")]


def test_puts_a_held_skill_just_before_what_builds_on_it_and_at_the_end_where_nothing_does():
    skills = [wanted("python", 90, held=True), wanted("git", 95, held=True), wanted("django", 60), wanted("sql", 30)]

    in_order = order(skills, {"django": ["python"]})

    assert in_order == [(1, "python"), (2, "django"), (2, "sql"), (2, "git")]


def test_begins_with_what_weighs_more_than_what_a_held_skill_opens():
    skills = [wanted("python", 90, held=True), wanted("django", 60), wanted("sql", 70)]

    assert order(skills, {"django": ["python"]}) == [(1, "sql"), (1, "python"), (2, "django")]


def test_puts_off_what_takes_long_to_come_to():
    hours = {"distributed": 60, "networking": 60, "concurrency": 60, "git": 10}
    skills = [wanted("distributed", 60), *(wanted(f"other{n}", 30 + n) for n in range(5))]
    below = {"distributed": ["networking", "concurrency"]}

    def stage(acquired=()):
        steps = order_skills(
            wanted=skills, prerequisites=below, acquired=acquired, hours=lambda name: hours.get(name, 10)
        )
        return {step.wanted.name: step.stage for step in steps}["distributed"]

    assert (stage(), stage(acquired=["networking", "concurrency"])) == (2, 1)


def test_divides_what_several_skills_build_on_among_them():
    skills = [*(wanted(f"web{n}", 40) for n in range(5)), wanted("other", 30)]
    below = {f"web{n}": ["networking"] for n in range(5)}

    steps = order_skills(wanted=skills, prerequisites=below, hours=lambda name: 20)

    # A fifth of 20 hours beside 20 of one's own leaves 33 of 40 %, more than 30; all of them would leave 20.
    assert steps[-1].wanted.name == "other"


@given(roadmaps(), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_takes_what_is_learnt_alongside_after_the_rest_and_alternatives_last(roadmap, alongside, alternatives):
    skills, prerequisites = roadmap
    phases = dict.fromkeys(alongside, Phase.ALONGSIDE) | dict.fromkeys(alternatives, Phase.ALTERNATIVE)
    skills = [replace(skill, phase=phases.get(skill.name, Phase.TECHNICAL)) for skill in skills]

    steps = [step for step in order_skills(wanted=skills, prerequisites=prerequisites) if not step.wanted.held]

    for place, step in enumerate(steps):
        waited_for = [later.wanted for later in steps[place + 1 :] if later.wanted.phase < step.wanted.phase]
        # Only what something of an earlier turn builds on is taken before its own.
        needed_by = [
            later
            for later in steps[place + 1 :]
            if later.wanted.phase < step.wanted.phase
            and step.wanted.name in find_prerequisites(later.wanted.name, prerequisites)
        ]
        assert not waited_for or needed_by


def test_puts_all_into_one_stage_where_everything_is_held():
    in_order = order([wanted("b", 90, held=True), wanted("a", 20, held=True)], {"b": ["a"]})

    assert in_order == [(1, "a"), (1, "b")]


def test_orders_nothing():
    assert order([], {}) == []


def test_fills_a_long_roadmap_into_some_eight_stages():
    in_order = order([wanted(f"s{n:03}", 50) for n in range(80)], {})

    assert max(stage for stage, _ in in_order) == 8


def project(number, skills, **changes):
    return IdeaFactory(id=number, skills=tuple(skills), **changes)


def choose(projects, *, order=("a", "b", "c"), held=("h",), role="backend developer", finished=(), below=None):
    prerequisites = {name: order[:place] for place, name in enumerate(order)} | (below or {})
    steps = order_skills(
        wanted=[wanted(name, 90 - place) for place, name in enumerate(order)], prerequisites=prerequisites
    )
    project_options = {name: [each for each in projects if name in each.skills] for name in order}
    chosen = choose_projects(
        steps=steps,
        held=held,
        prerequisites=prerequisites,
        project_options=project_options,
        role_key=role,
        finished=finished,
    )
    return {name: [each.exercise.id for each in of_skill] for name, of_skill in chosen.items()}, chosen


def test_proposes_at_most_two_projects_that_exercise_the_skill():
    ids, _ = choose([project(number, ["a", "h"]) for number in (1, 2, 3)])

    assert ids == {"a": [1, 2], "b": [], "c": []}


def test_waits_with_a_project_until_most_of_it_is_learnt():
    ids, chosen = choose([project(1, ["a", "b", "x", "h"]), project(2, ["a", "b", "c", "x", "y", "z"])])

    assert ids == {"a": [1], "b": [1], "c": [2]}
    assert chosen["a"][0].new_skills == ("b", "x")
    assert chosen["b"][0].new_skills == ("x",)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (project(2, ["a", "h"]), project(1, ["a", "h", "x"])),
        (project(2, ["a", "h"]), project(1, ["a", "h"], roles=["Chef"])),
        (project(2, ["a", "h"]), project(1, ["a", "h"], difficulty="Advanced")),
        (project(1, ["a", "h"]), project(2, ["a", "h"])),
    ],
    ids=["fewer new skills", "for the role", "easier", "by id"],
)
def test_proposes_the_better_project_first(first, second):
    ids, _ = choose([second, first], order=("a",))

    assert ids["a"] == [first.id, second.id]


def test_prefers_what_was_not_proposed_before_and_leaves_out_what_is_finished():
    projects = [project(1, ["a", "b"]), project(2, ["b", "h"]), project(3, ["b", "h"]), project(4, ["b", "h"])]

    ids, _ = choose(projects, finished=[3])

    assert ids == {"a": [1], "b": [2, 4], "c": []}


def test_counts_what_a_learnt_or_held_skill_builds_on_as_learnt():
    _, chosen = choose([project(1, ["a", "x", "y"])], order=("a",), below={"a": ["x"], "h": ["y"]})

    assert chosen["a"][0].new_skills == ()


@given(
    st.lists(st.lists(st.sampled_from("abchxyz"), min_size=1, unique=True), max_size=8),
    st.sets(st.sampled_from("hxy")),
)
def test_never_proposes_what_needs_more_than_three_new_skills_or_is_mostly_new(lists, held):
    _, chosen = choose([project(number, skills) for number, skills in enumerate(lists, 1)], held=held)

    acquired = set(held)
    for name, practices in chosen.items():
        acquired.add(name)
        assert len(practices) <= 2
        for practice in practices:
            assert name in practice.exercise.skills
            assert set(practice.new_skills) == set(practice.exercise.skills) - acquired
            assert len(practice.new_skills) <= min(MAX_NEW_SKILLS, len(practice.exercise.skills) / 2)
