"""Tests of filtering, matching and ranking ideas, and of the recommendation sentences."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ideas import (
    DIFFICULTIES,
    Criteria,
    IdeaCatalogue,
    IdeaMatch,
    build_recommendations,
    filter_ideas,
    get_level,
    rank_for_skills,
    rank_recommendations,
)
from tests.factories import IdeaFactory

SKILLS = ["a", "b", "c", "d", "e", "f"]
ROLES = ["Backend Developer", "Data Engineer"]


def build_idea(number, skills=("a",), difficulty="Beginner", roles=("Backend Developer",)):
    return IdeaFactory(id=number, skills=tuple(skills), difficulty=difficulty, roles=tuple(roles))


IDEAS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(SKILLS), min_size=1, unique=True),
        st.sampled_from(DIFFICULTIES),
        st.lists(st.sampled_from(ROLES), unique=True),
    ),
    max_size=12,
).map(lambda rows: [build_idea(number, *row) for number, row in enumerate(rows, 1)])
HELD = st.sets(st.sampled_from(SKILLS))
CRITERIA = st.builds(
    Criteria,
    difficulty=st.none() | st.sampled_from(DIFFICULTIES),
    focus=st.sets(st.sampled_from(SKILLS)).map(frozenset),
    role_key=st.sampled_from(["", "backend developer", "chef"]),
    only_role=st.booleans(),
)


@given(IDEAS, HELD)
def test_computes_match_percentage_and_missing_skills(ideas, held):
    for idea in ideas:
        match = IdeaMatch.build(idea, held)

        matched = [skill for skill in idea.skills if skill in held]
        assert 0 <= match.percentage <= 100
        assert match.percentage == round(100 * len(matched) / len(idea.skills), 1)
        assert [*match.missing] == [skill for skill in idea.skills if skill not in held]


@given(IDEAS, CRITERIA)
def test_returns_exactly_the_ideas_that_meet_the_criteria(ideas, criteria):
    filtered = filter_ideas(ideas=ideas, criteria=criteria)

    for idea in ideas:
        expected = (
            criteria.difficulty in (None, idea.difficulty)
            and (not criteria.focus or bool(criteria.focus & set(idea.skills)))
            and (not criteria.only_role or criteria.role_key in idea.role_keys)
        )
        assert (idea in filtered) == expected


@given(IDEAS, HELD, CRITERIA, st.dictionaries(st.sampled_from(SKILLS), st.floats(0, 100)), st.integers(0, 2))
def test_ranking_is_complete_and_deterministic(ideas, held, criteria, demand, level):
    ordered = list(rank_recommendations(ideas=ideas, held=held, criteria=criteria, demand=demand, level=level))

    assert sorted(idea.id for idea in ordered) == [idea.id for idea in ideas]
    again = rank_recommendations(ideas=reversed(ideas), held=held, criteria=criteria, demand=demand, level=level)
    assert list(again) == ordered


def rank(ideas, *, held=(), criteria=None, demand=None, level=0):
    ordered = rank_recommendations(
        ideas=ideas, held=held, criteria=criteria or Criteria(), demand=demand or {}, level=level
    )
    return [idea.id for idea in ordered]


@pytest.mark.parametrize(
    ("ideas", "arguments"),
    [
        ([build_idea(1), build_idea(2, ["a", "b"])], {"criteria": Criteria(focus=frozenset("ab"))}),
        ([build_idea(1, roles=["Chef"]), build_idea(2)], {"criteria": Criteria(role_key="backend developer")}),
        ([build_idea(1, difficulty="Beginner"), build_idea(2, difficulty="Advanced")], {"level": 2}),
        ([build_idea(1, ["a"]), build_idea(2, ["a", "b"])], {"held": ["a"]}),
        ([build_idea(1, ["b", "c", "d"]), build_idea(2, ["a", "b", "c"])], {"held": ["a"]}),
        ([build_idea(1, ["a", "b"]), build_idea(2, ["a", "c"])], {"held": ["a"], "demand": {"c": 40.0}}),
        ([build_idea(1, ["a", "b"]), build_idea(2, ["a", "c", "d"])], {"held": ["a", "c"]}),
    ],
    ids=["more focus skills", "role", "level", "new skills", "fewer new skills", "demand", "more held"],
)
def test_ranks_the_better_project_first(ideas, arguments):
    assert rank(ideas, **arguments) == [2, 1]


def test_ranks_by_practised_skills_then_held_skills_then_difficulty():
    ideas = [
        build_idea(1, ["a", "x", "y"]),
        build_idea(2, ["a", "b", "x"]),
        build_idea(3, ["a", "h"], difficulty="Advanced"),
        build_idea(4, ["a", "h"]),
    ]

    ordered = rank_for_skills(ideas=ideas, held={"h"}, skills=["a", "b"])

    assert [match.idea.id for match in ordered] == [2, 4, 3, 1]


@pytest.mark.parametrize(
    ("skills", "experience", "level"),
    [
        (0, None, 0),
        (4, "4th Year", 0),
        (5, "1st Year", 1),
        (11, None, 1),
        (12, None, 2),
        (30, "12th Pass Out", 1),
        (30, "Mid", 2),
    ],
)
def test_derives_the_level_from_skills_and_experience(skills, experience, level):
    assert get_level(skill_count=skills, experience_level=experience) == level


def test_finds_ideas_by_id_and_by_skill():
    catalogue = IdeaCatalogue([build_idea(2, ["a"]), build_idea(1, ["a", "b"])])

    assert [idea.id for idea in catalogue.ideas] == [1, 2]
    assert catalogue.by_id[2].skills == ("a",)
    assert [idea.id for idea in catalogue.by_skill["a"]] == [1, 2]
    assert catalogue.role_keys == {"backend developer"}


def recommend(ideas, *, held=(), role="Chef", has_role_projects=True, demand=None):
    shown = [IdeaMatch.build(idea, held) for idea in ideas]
    names = {skill: skill.upper() for skill in SKILLS}
    return build_recommendations(
        shown_matches=shown, total=9, role=role, has_role_projects=has_role_projects, demand=demand or {}, names=names
    )


def test_builds_sentences_from_the_projects_shown():
    ideas = [build_idea(1, ["a", "b"]), build_idea(2, ["a", "b"]), build_idea(3, ["a"]), build_idea(4, ["c", "d"])]

    assert recommend(ideas, held=["a"], demand={"b": 45.2}) == [
        "Begin with Project 1. The only new skill in it is B.",
        "You have all the skills for 1 of the 4 projects shown. 9 projects match in total.",
        "B is the only skill you lack for 2 of the projects shown. 45.2% of the postings for Chef require it.",
    ]


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (["a", "b", "c"], "Begin with Project 1. You have all the skills for it."),
        (["c"], "Begin with Project 1. The new skills in it are A and B."),
        ([], "Begin with Project 1. The new skills in it are A, B and C."),
    ],
)
def test_lists_the_new_skills_of_the_first_project(held, sentence):
    assert recommend([build_idea(1, ["a", "b", "c"])], held=held)[0] == sentence


def test_explains_missing_matches_and_missing_role_projects():
    assert recommend([]) == ["No project matches all filters. Remove a filter to see more projects."]
    assert recommend([build_idea(1)], has_role_projects=False)[0].startswith("No project is specifically for Chef")
    assert not any("Chef" in sentence for sentence in recommend([build_idea(1)], role=None, has_role_projects=False))


@given(IDEAS, HELD, st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 1000).map(lambda n: n / 10)))
def test_sentences_contain_only_given_percentages(ideas, held, demand):
    text = " ".join(recommend(ideas, held=held, demand=demand))

    assert text == " ".join(recommend(ideas, held=held, demand=dict(reversed(demand.items()))))
    assert set(re.findall(r"([\d.]+) %", text)) <= {str(share) for share in demand.values()}
