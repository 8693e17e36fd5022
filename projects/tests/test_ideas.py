"""Filtering, matching and ordering of ideas, and the sentences beside them."""

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
    order_for_building,
    order_recommended,
)
from tests.factories import IdeaFactory

SKILLS = ["a", "b", "c", "d", "e", "f"]
ROLES = ["Backend Developer", "Data Engineer"]


def idea(number, skills=("a",), difficulty="Beginner", roles=("Backend Developer",)):
    return IdeaFactory(id=number, skills=tuple(skills), difficulty=difficulty, roles=tuple(roles))


IDEAS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(SKILLS), min_size=1, unique=True),
        st.sampled_from(DIFFICULTIES),
        st.lists(st.sampled_from(ROLES), unique=True),
    ),
    max_size=12,
).map(lambda rows: [idea(number, *row) for number, row in enumerate(rows, 1)])
HELD = st.sets(st.sampled_from(SKILLS))
CRITERIA = st.builds(
    Criteria,
    difficulty=st.none() | st.sampled_from(DIFFICULTIES),
    focus=st.sets(st.sampled_from(SKILLS)).map(frozenset),
    role_key=st.sampled_from(["", "backend developer", "chef"]),
    only_role=st.booleans(),
)


@given(IDEAS, HELD)
def test_matches_from_0_to_100_percent_of_the_skills_listed(ideas, held):
    for each in ideas:
        match = IdeaMatch.of(each, held)

        matched = [skill for skill in each.skills if skill in held]
        assert 0 <= match.percentage <= 100
        assert match.percentage == round(100 * len(matched) / len(each.skills), 1)
        assert [*match.missing] == [skill for skill in each.skills if skill not in held]


@given(IDEAS, CRITERIA)
def test_keeps_what_meets_the_criteria_and_nothing_else(ideas, criteria):
    kept = filter_ideas(ideas=ideas, criteria=criteria)

    for each in ideas:
        fits = (
            criteria.difficulty in (None, each.difficulty)
            and (not criteria.focus or bool(criteria.focus & set(each.skills)))
            and (not criteria.only_role or criteria.role_key in each.role_keys)
        )
        assert (each in kept) == fits


@given(IDEAS, HELD, CRITERIA, st.dictionaries(st.sampled_from(SKILLS), st.floats(0, 100)), st.integers(0, 2))
def test_orders_every_idea_once_and_always_the_same(ideas, held, criteria, demand, level):
    ordered = list(order_recommended(ideas=ideas, held=held, criteria=criteria, demand=demand, level=level))

    assert sorted(each.id for each in ordered) == [each.id for each in ideas]
    again = order_recommended(ideas=reversed(ideas), held=held, criteria=criteria, demand=demand, level=level)
    assert list(again) == ordered


def best(ideas, *, held=(), criteria=None, demand=None, level=0):
    ordered = order_recommended(
        ideas=ideas, held=held, criteria=criteria or Criteria(), demand=demand or {}, level=level
    )
    return [each.id for each in ordered]


@pytest.mark.parametrize(
    ("ideas", "arguments"),
    [
        ([idea(1), idea(2, ["a", "b"])], {"criteria": Criteria(focus=frozenset("ab"))}),
        ([idea(1, roles=["Chef"]), idea(2)], {"criteria": Criteria(role_key="backend developer")}),
        ([idea(1, difficulty="Beginner"), idea(2, difficulty="Advanced")], {"level": 2}),
        ([idea(1, ["a"]), idea(2, ["a", "b"])], {"held": ["a"]}),
        ([idea(1, ["b", "c", "d"]), idea(2, ["a", "b", "c"])], {"held": ["a"]}),
        ([idea(1, ["a", "b"]), idea(2, ["a", "c"])], {"held": ["a"], "demand": {"c": 40.0}}),
        ([idea(1, ["a", "b"]), idea(2, ["a", "c", "d"])], {"held": ["a", "c"]}),
    ],
    ids=["more of the focus", "role", "level", "something new", "not too much", "asked for", "more held"],
)
def test_recommends_the_better_project_first(ideas, arguments):
    assert best(ideas, **arguments) == [2, 1]


def test_orders_for_building_by_skills_then_what_is_held_then_ease():
    ideas = [
        idea(1, ["a", "x", "y"]),
        idea(2, ["a", "b", "x"]),
        idea(3, ["a", "h"], difficulty="Advanced"),
        idea(4, ["a", "h"]),
    ]

    ordered = order_for_building(ideas=ideas, held={"h"}, skills=["a", "b"])

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
def test_tells_the_level_from_skills_and_experience(skills, experience, level):
    assert get_level(skills=skills, experience_level=experience) == level


def test_knows_ideas_by_id_and_by_skill():
    catalogue = IdeaCatalogue([idea(2, ["a"]), idea(1, ["a", "b"])])

    assert [each.id for each in catalogue.ideas] == [1, 2]
    assert catalogue.by_id[2].skills == ("a",)
    assert [each.id for each in catalogue.by_skill["a"]] == [1, 2]
    assert catalogue.role_keys == {"backend developer"}


def sentences(ideas, *, held=(), role="Chef", known=True, demand=None):
    shown = [IdeaMatch.of(each, held) for each in ideas]
    names = {skill: skill.upper() for skill in SKILLS}
    return build_recommendations(shown=shown, total=9, role=role, role_is_known=known, demand=demand or {}, names=names)


def test_composes_sentences_from_what_is_shown():
    ideas = [idea(1, ["a", "b"]), idea(2, ["a", "b"]), idea(3, ["a"]), idea(4, ["c", "d"])]

    assert sentences(ideas, held=["a"], demand={"b": 45.2}) == [
        "Begin with Project 1: the only thing new in it is B.",
        "You hold every skill of 1 of the 4 projects shown; 9 fit in all.",
        "B is the one skill you lack for 2 projects shown; 45.2 % of the postings for Chef ask for it.",
    ]


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (["a", "b", "c"], "Begin with Project 1: you hold all it needs."),
        (["c"], "Begin with Project 1: new in it are A and B."),
        ([], "Begin with Project 1: new in it are A, B and C."),
    ],
)
def test_says_what_is_new_in_the_first(held, sentence):
    assert sentences([idea(1, ["a", "b", "c"])], held=held)[0] == sentence


def test_says_when_nothing_fits_and_when_no_project_is_for_the_role():
    assert sentences([]) == ["No project has all that you asked for; leave out a filter to see more."]
    assert sentences([idea(1)], known=False)[0].startswith("No project is made for Chef in particular")
    assert not any("Chef" in sentence for sentence in sentences([idea(1)], role=None, known=False))


@given(IDEAS, HELD, st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 1000).map(lambda n: n / 10)))
def test_names_no_figure_that_is_not_shown(ideas, held, demand):
    text = " ".join(sentences(ideas, held=held, demand=demand))

    assert text == " ".join(sentences(ideas, held=held, demand=dict(reversed(demand.items()))))
    assert set(re.findall(r"([\d.]+) %", text)) <= {str(share) for share in demand.values()}
