"""Tests of which missing skills are replaced by another skill."""

import json
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.ordering import GROUPS, CandidateSkill, find_alternatives, find_prerequisites
from skills.vocabulary import Skill, Vocabulary

SEEDED = json.loads((Path(__file__).resolve().parents[2] / "fixtures" / "skills.json").read_text(encoding="utf-8"))
PREREQUISITES = {entry["name"]: entry["prerequisites"] for entry in SEEDED}


def find(priorities, held=(), started=()):
    candidates = [CandidateSkill(name=name, priority=share, is_held=name in held) for name, share in priorities.items()]
    return find_alternatives(candidates=candidates, started=started, prerequisites=PREREQUISITES)


def test_groups_contain_canonical_names():
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in SEEDED)

    assert [name for name in chain.from_iterable(GROUPS) if vocabulary.get_canonical_name(name) != name] == []
    assert all(len(set(group)) == len(group) > 1 for group in GROUPS)


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ([], {"azure": "aws", "google cloud": "aws"}),
        (["google cloud"], {"azure": "google cloud", "aws": "google cloud"}),
        (["azure", "aws"], {"google cloud": "aws"}),
    ],
)
def test_keeps_the_held_or_most_required_skill_of_a_group(held, found):
    assert find({"aws": 44.0, "google cloud": 27.0, "azure": 19.0, "cloud computing": 30.0}, held) == found


@pytest.mark.parametrize(
    ("priorities", "profile", "found"),
    [
        # Required by more than twice as many postings as the held skill, or by half of the postings.
        ({"aws": 44.0, "azure": 19.0}, {"held": ["azure"]}, {}),
        ({"java": 90.0, "python": 50.0, "go": 20.0}, {"held": ["python"]}, {"go": "python"}),
        # A skill that replaces skills of another group, a started skill, and a prerequisite of a skill to learn.
        ({"python": 20.0, "r": 30.0, "java": 15.0}, {}, {"java": "python", "r": "python"}),
        ({"aws": 44.0, "azure": 25.0}, {"started": ["azure"]}, {"aws": "azure"}),
        ({"java": 40.0, "python": 30.0, "pandas": 20.0}, {}, {"java": "python"}),
    ],
)
def test_does_not_replace_skills_that_have_to_be_learned(priorities, profile, found):
    assert find(priorities, **profile) == found


@pytest.mark.parametrize(
    ("others", "replacement"), [({}, "python"), ({"django": 15.0}, "django")], ids=["the language", "its framework"]
)
def test_replaces_frameworks_of_a_replaced_language(others, replacement):
    found = find({"python": 40.0, "java": 30.0, "spring boot": 20.0} | others, held=["python"])

    assert found == {"java": "python", "spring boot": replacement}


@given(
    st.dictionaries(st.sampled_from(sorted(PREREQUISITES)), st.integers(10, 100).map(float), max_size=40),
    st.dictionaries(st.sampled_from(sorted(set(chain(*GROUPS[:3])))), st.integers(10, 49).map(float)),
    st.sets(st.sampled_from(sorted(PREREQUISITES))),
)
def test_never_replaces_replacements_or_prerequisites(others, grouped, held):
    priorities = others | grouped

    found = find(priorities, held)

    for name, replacement in found.items():
        assert name not in held
        assert replacement in priorities
        assert replacement not in found
    to_learn = [name for name in priorities if name not in held and name not in found]
    for name in to_learn:
        assert not find_prerequisites(name, PREREQUISITES) & found.keys()
