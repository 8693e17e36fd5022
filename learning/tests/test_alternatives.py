"""Which missing skills another one stands in for."""

import json
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.ordering import GROUPS, Candidate, find_alternatives, find_prerequisites
from skills.vocabulary import Skill, Vocabulary

SEEDED = json.loads((Path(__file__).resolve().parents[2] / "fixtures" / "skills.json").read_text(encoding="utf-8"))
NEEDS = {entry["name"]: entry["prerequisites"] for entry in SEEDED}


def find(priorities, held=(), begun=()):
    wanted = [Candidate(name=name, priority=share, held=name in held) for name, share in priorities.items()]
    return find_alternatives(wanted=wanted, begun=begun, prerequisites=NEEDS)


def test_names_skills_of_the_vocabulary_by_their_canonical_names():
    words = Vocabulary(Skill.from_entry(entry) for entry in SEEDED)

    assert [name for name in chain.from_iterable(GROUPS) if words.canonical(name) != name] == []
    assert all(len(set(group)) == len(group) > 1 for group in GROUPS)


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ([], {"azure": "aws", "google cloud": "aws"}),
        (["google cloud"], {"azure": "google cloud", "aws": "google cloud"}),
        (["azure", "aws"], {"google cloud": "aws"}),
    ],
)
def test_has_one_of_a_kind_learnt_the_held_one_or_else_the_one_asked_for_most(held, found):
    assert find({"aws": 44.0, "google cloud": 27.0, "azure": 19.0, "cloud computing": 30.0}, held) == found


def test_does_not_spare_what_is_asked_for_more_than_twice_as_often_as_the_held_one():
    assert find({"aws": 44.0, "azure": 19.0}, held=["azure"]) == {}


def test_does_not_spare_what_half_of_the_postings_ask_for():
    assert find({"java": 90.0, "python": 50.0, "go": 20.0}, held=["python"]) == {"go": "python"}


def test_does_not_spare_in_one_group_what_stands_in_for_others_in_another():
    assert find({"python": 20.0, "r": 30.0, "java": 15.0}) == {"java": "python", "r": "python"}


def test_does_not_spare_what_was_begun():
    assert find({"aws": 44.0, "azure": 25.0}, begun=["azure"]) == {"aws": "azure"}


def test_does_not_spare_what_a_skill_to_learn_builds_on():
    assert find({"java": 40.0, "python": 30.0, "pandas": 20.0}) == {"java": "python"}


def test_spares_what_is_written_in_a_language_that_is_spared():
    found = find({"python": 40.0, "java": 30.0, "spring boot": 20.0}, held=["python"])

    assert found == {"java": "python", "spring boot": "python"}


def test_prefers_a_framework_of_the_language_that_is_learnt():
    found = find({"python": 40.0, "java": 30.0, "spring boot": 20.0, "django": 15.0}, held=["python"])

    assert found == {"java": "python", "spring boot": "django"}


@given(
    st.dictionaries(st.sampled_from(sorted(NEEDS)), st.integers(10, 100).map(float), max_size=40),
    st.dictionaries(st.sampled_from(sorted(set(chain(*GROUPS[:3])))), st.integers(10, 49).map(float)),
    st.sets(st.sampled_from(sorted(NEEDS))),
)
def test_leaves_to_learn_all_that_stands_in_and_all_that_is_built_on(others, grouped, held):
    priorities = others | grouped

    found = find(priorities, held)

    for name, stand_in in found.items():
        assert name not in held
        assert stand_in in priorities
        assert stand_in not in found
    to_learn = [name for name in priorities if name not in held and name not in found]
    for name in to_learn:
        assert not find_prerequisites(name, NEEDS) & found.keys()
