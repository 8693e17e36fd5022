"""Tests of the sentences that describe the milestones and the first skill of a roadmap."""

from typing import Any

import pytest

from learning.blueprints import Blueprint, FoundBlueprint, Tier, parse_entries
from learning.milestones import Milestone
from learning.renderers import build_recommendations, describe_milestone
from learning.resources import ResourceCatalogue
from learning.roadmaps import Learner, RoadmapSource, build_roadmap
from market.samples import Sample
from skills.vocabulary import Skill, Vocabulary


def build_milestone(**changes: Any) -> Milestone:
    fields: dict[str, Any] = {
        "name": "enough_to_apply",
        "basis": "blueprint",
        "skills": ("git", "python"),
        "estimated_hours": 115,
        "newcomer_hours": 115,
        "junior_postings": 3,
        "reachable_percentage": None,
    }
    return Milestone(**fields | changes)


@pytest.mark.parametrize(
    ("milestone", "sentences"),
    [
        (
            build_milestone(),
            "Enough to apply: 2 skills, about 115 hours. The core of the curated blueprint. There are too few junior "
            "postings to compute how many would be within reach.",
        ),
        (
            build_milestone(estimated_hours=15, junior_postings=32, reachable_percentage=6.2),
            "Enough to apply: 2 skills, about 15 hours (115 hours for a newcomer). The core of the curated blueprint. "
            "After that, 6.2% of 32 junior postings are within reach. Even after 900 hours, fewer than half of them "
            "are within reach.",
        ),
        (
            build_milestone(basis="junior_postings", junior_postings=20, reachable_percentage=55.0),
            "Enough to apply: 2 skills, about 115 hours. The core and the additional skills that bring half of the "
            "junior postings within reach. After that, 55.0% of 20 junior postings are within reach.",
        ),
        (
            build_milestone(name="competitive"),
            "Competitive: 2 skills, about 115 hours. The core and the specialisation.",
        ),
        (
            build_milestone(name="competitive", junior_postings=20, reachable_percentage=60.0),
            "Competitive: 2 skills, about 115 hours. The core and the specialisation. After that, 60.0% of 20 "
            "junior postings are within reach.",
        ),
    ],
)
def test_describes_what_a_milestone_is_based_on(milestone: Milestone, sentences: str) -> None:
    assert describe_milestone(milestone) == sentences


def recommend(
    core: list[str],
    skills: list[Skill],
    shares: dict[str, float],
    source: RoadmapSource = RoadmapSource.POSTINGS,
) -> list[str]:
    blueprint = Blueprint(
        role="Frontend Developer", names=(), entries=parse_entries({Tier.CORE: core}), never=frozenset()
    )
    vocabulary = Vocabulary(skills)
    roadmap = build_roadmap(
        target_role="Frontend Developer",
        role_key="frontend developer",
        source=source,
        postings=25,
        priorities=shares,
        learner=Learner(named_skills=(), statuses={}),
        vocabulary=vocabulary,
        prerequisites=vocabulary.prerequisites,
        resources=ResourceCatalogue([], canonical={}),
        project_options={},
        days=90,
        sample=Sample(distinct_jobs=24, employers=9),
        blueprint=FoundBlueprint(blueprint=blueprint, is_exact=True),
    )
    return build_recommendations(roadmap=roadmap)


def build_skill(name: str, **fields: Any) -> Skill:
    return Skill(name=name, display_name=name.upper(), category="Frameworks/Libraries", **fields)


def test_says_how_many_postings_and_employers_the_shares_are_based_on() -> None:
    sentences = recommend(["1. npm: 5"], [build_skill("npm")], {"npm": 50.0})

    assert sentences[1] == (
        "Shares are based on 24 distinct postings from 9 employers in the last 90 days. The order follows the curated "
        "blueprint of the role."
    )


@pytest.mark.parametrize(
    ("prerequisites", "start"),
    [
        ((), "Begin with NPM."),
        (("npm",), "Begin with NPM, which VITE builds on."),
    ],
)
def test_says_that_skills_build_on_the_first_one_only_if_they_do(prerequisites: tuple[str, ...], start: str) -> None:
    skills = [build_skill("npm"), build_skill("vite", prerequisites=prerequisites)]

    assert start in recommend(["1. npm: 5", "2. vite: 10"], skills, {"npm": 2.0, "vite": 60.0})


def test_says_so_if_the_specialisation_adds_nothing() -> None:
    sentences = recommend(["1. npm: 5"], [build_skill("npm")], {"npm": 50.0})

    assert sentences[3] == (
        "Competitive: the same skills, because no skill of the specialisation is required by at least 10% of the "
        "postings."
    )


def test_does_not_mention_shares_of_the_specialisation_without_enough_postings() -> None:
    sentences = recommend(["1. npm: 5"], [build_skill("npm")], {}, source=RoadmapSource.FEW_POSTINGS)

    assert "Competitive: 1 skill, about 5 hours. The core and the specialisation." in sentences
    assert not any("%" in sentence for sentence in sentences)
