"""Which missing skills another one replaces."""

import json
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.ordering import GROUPS, CandidateSkill, find_alternatives, find_prerequisites
from skills.vocabulary import Skill, Vocabulary

SEEDED = json.loads((Path(__file__).resolve().parents[2] / "fixtures" / "skills.json").read_text(encoding="utf-8"))
NEEDS = {entry["name"]: entry["prerequisites"] for entry in SEEDED}


def find(priorities, held=(), begun=()):
    wanted = [CandidateSkill(name=name, priority=share, held=name in held) for name, share in priorities.items()]
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


@pytest.mark.parametrize(
    ("priorities", "known", "found"),
    [
        # What is asked for more than twice as often as the held one, or by half of the postings.
        ({"aws": 44.0, "azure": 19.0}, {"held": ["azure"]}, {}),
        ({"java": 90.0, "python": 50.0, "go": 20.0}, {"held": ["python"]}, {"go": "python"}),
        # One that replaces others in another group, one that was begun, and one that a skill to learn builds on.
        ({"python": 20.0, "r": 30.0, "java": 15.0}, {}, {"java": "python", "r": "python"}),
        ({"aws": 44.0, "azure": 25.0}, {"begun": ["azure"]}, {"aws": "azure"}),
        ({"java": 40.0, "python": 30.0, "pandas": 20.0}, {}, {"java": "python"}),
    ],
)
def test_does_not_spare_what_has_to_be_learnt(priorities, known, found):
    assert find(priorities, **known) == found


@pytest.mark.parametrize(
    ("others", "stand_in"), [({}, "python"), ({"django": 15.0}, "django")], ids=["the language", "its framework"]
)
def test_spares_what_is_written_in_a_language_that_is_spared(others, stand_in):
    found = find({"python": 40.0, "java": 30.0, "spring boot": 20.0} | others, held=["python"])

    assert found == {"java": "python", "spring boot": stand_in}


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
