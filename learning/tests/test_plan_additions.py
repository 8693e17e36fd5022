"""Tests of adding skills that postings require to a blueprint, and of their hours."""

from typing import Any

from learning.blueprints import Blueprint, BlueprintCatalogue, FoundBlueprint, Tier, parse_entries
from learning.plans import PlannedSkill, plan_skills
from learning.resources import ResourceCatalogue
from learning.roadmaps import Learner, RoadmapSource, build_roadmap
from market.role_table import load_default_table
from skills.vocabulary import METHOD, Skill, Vocabulary


def build_skill(name: str, **fields: Any) -> Skill:
    return Skill(
        name=name, display_name=name, category="Tools/Technologies", subcategory="Testing", kind=METHOD, **fields
    )


VOCABULARY = Vocabulary(
    [
        build_skill("test planning"),
        build_skill("unit testing"),
        build_skill("integration testing", prerequisites=("unit testing",)),
        build_skill("performance testing"),
        build_skill("end-to-end testing", prerequisites=("integration testing",)),
        build_skill("uipath"),
    ]
)


def build_blueprint(role: str = "QA Engineer", **tiers: list[str]) -> Blueprint:
    entries = parse_entries({Tier(name): texts for name, texts in tiers.items()})
    return Blueprint(role=role, names=(role,), entries=entries, never=frozenset())


BLUEPRINT = build_blueprint(
    core=["1. test planning: 20", "2. integration testing: 12"],
    specialisation=["3. performance testing: 20"],
    nice_to_have=["4. uipath: 30"],
)


def plan(shares: dict[str, float], **arguments: Any) -> list[PlannedSkill]:
    return plan_skills(
        blueprint=BLUEPRINT, shares=shares, vocabulary=VOCABULARY, **{"held": (), "started": ()} | arguments
    )


def list_places(planned: list[PlannedSkill]) -> list[tuple[str, Tier, int]]:
    return [(skill.name, skill.tier, skill.stage) for skill in planned]


def test_adds_a_prerequisite_of_the_core_to_the_core_and_before_the_skill_that_builds_on_it() -> None:
    planned = plan({"unit testing": 12.0, "performance testing": 30.0})

    assert list_places(planned) == [
        ("test planning", Tier.CORE, 1),
        ("unit testing", Tier.CORE, 2),
        ("integration testing", Tier.CORE, 3),
        ("performance testing", Tier.SPECIALISATION, 4),
    ]


def test_adds_a_skill_that_nothing_builds_on_after_the_specialisation() -> None:
    planned = plan({"end-to-end testing": 30.0, "performance testing": 30.0}, held=("unit testing",))

    assert list_places(planned) == [
        ("test planning", Tier.CORE, 1),
        ("integration testing", Tier.CORE, 2),
        ("performance testing", Tier.SPECIALISATION, 3),
        ("end-to-end testing", Tier.SPECIALISATION, 4),
    ]


def test_adds_a_skill_together_with_its_prerequisite_although_fewer_postings_require_that() -> None:
    planned = plan({"end-to-end testing": 30.0, "unit testing": 10.0})

    assert [skill.name for skill in planned] == [
        "test planning",
        "unit testing",
        "integration testing",
        "end-to-end testing",
    ]
    assert "end-to-end testing" not in [skill.name for skill in plan({"end-to-end testing": 30.0})]


def test_leaves_out_skills_outside_the_core_that_mainly_one_employer_requires() -> None:
    shares = {"uipath": 30.0, "end-to-end testing": 30.0, "test planning": 30.0}

    planned = plan(shares, employer_specific={"uipath", "end-to-end testing", "test planning"})

    assert [skill.name for skill in planned] == ["test planning", "integration testing"]
    assert "uipath" in [skill.name for skill in plan(shares)]


def test_keeps_a_skill_that_mainly_one_employer_requires_if_the_person_has_started_it() -> None:
    planned = plan({"uipath": 30.0}, employer_specific={"uipath"}, started=("uipath",))

    assert "uipath" in [skill.name for skill in planned]


def test_estimates_added_skills_by_the_median_hours_of_the_blueprints_that_name_them() -> None:
    others = [
        build_blueprint(role, core=[f"1. unit testing | end-to-end testing: {hours}"])
        for role, hours in (("Java Developer", 10), ("Go Developer", 14), ("PHP Developer", 90))
    ]
    catalogue = BlueprintCatalogue([BLUEPRINT, *others], table=load_default_table())

    roadmap = build_roadmap(
        target_role="QA Engineer",
        role_key="qa engineer",
        source=RoadmapSource.POSTINGS,
        postings=20,
        priorities={"unit testing": 12.0},
        learner=Learner(named_skills=(), statuses={}),
        vocabulary=VOCABULARY,
        prerequisites=VOCABULARY.prerequisites,
        resources=ResourceCatalogue([], canonical={}),
        project_options={},
        blueprint=FoundBlueprint(blueprint=BLUEPRINT, is_exact=True),
        typical_hours=catalogue.typical_hours,
    )

    hours = {path.skill: path.estimated_hours for path in roadmap.paths}
    assert hours == {"test planning": 20, "unit testing": 14, "integration testing": 12}
    assert roadmap.milestones[0].newcomer_hours == 46


def test_places_the_specialisation_before_what_is_nice_to_have() -> None:
    blueprint = build_blueprint(
        core=["1. test planning: 20"], nice_to_have=["2. uipath: 30", "3. performance testing: 20"]
    )

    planned = plan_skills(
        blueprint=blueprint,
        shares={"uipath": 10.0, "performance testing": 25.0},
        held=(),
        started=(),
        vocabulary=VOCABULARY,
    )

    assert list_places(planned) == [
        ("test planning", Tier.CORE, 1),
        ("performance testing", Tier.SPECIALISATION, 2),
        ("uipath", Tier.NICE_TO_HAVE, 3),
    ]
