"""Tests of choosing the skills of a roadmap from a blueprint and postings, and of its milestones."""

from typing import Any

import pytest

from learning.blueprints import Blueprint, Tier, parse_entries
from learning.milestones import PlanItem, find_milestones
from learning.plans import PlannedSkill, plan_skills
from skills.vocabulary import FIELD, METHOD, SOFT_SKILL, Skill, Vocabulary

LANGUAGES, TOOLS, BUSINESS = ("Programming Languages", ""), ("Databases", ""), ("Tools/Technologies", "Practices")


def build_skill(name: str, place: tuple[str, str] = TOOLS, **fields: Any) -> Skill:
    return Skill(name=name, display_name=name, category=place[0], subcategory=place[1], **fields)


VOCABULARY = Vocabulary(
    [
        build_skill("git"),
        build_skill("python", LANGUAGES),
        build_skill("go", LANGUAGES),
        build_skill("java", LANGUAGES),
        build_skill("django", prerequisites=("python",), implies=("python",)),
        build_skill("gin", prerequisites=("go",)),
        build_skill("linux"),
        build_skill("docker", prerequisites=("linux",)),
        build_skill("kubernetes", prerequisites=("docker",), implies=("docker",)),
        build_skill("aws"),
        build_skill("azure"),
        build_skill("aks", implies=("azure",)),
        build_skill("redis"),
        build_skill("kafka", prerequisites=("message queues",)),
        build_skill("message queues", kind=FIELD),
        build_skill("accounting", BUSINESS, kind=FIELD),
        build_skill("excel", BUSINESS),
        build_skill("spark", prerequisites=("statistics",)),
        build_skill("statistics", BUSINESS, kind=METHOD),
        build_skill("backend development", kind=FIELD),
        build_skill("communication", ("Soft Skills", ""), kind=SOFT_SKILL),
        build_skill("react"),
    ]
)
BLUEPRINT = Blueprint(
    role="Backend Developer",
    names=("Backend Developer",),
    entries=parse_entries(
        {
            Tier.CORE: ["1. git: 10", "1. linux: 30", "2. python | go | java: 100", "3. django | gin: 50"],
            Tier.SPECIALISATION: ["4. docker: 25", "4. aws | azure: 60"],
            Tier.NICE_TO_HAVE: ["5. kubernetes: 50", "5. redis: 10"],
        }
    ),
    never=frozenset({"react"}),
)


def plan(shares: dict[str, float] | None, *, held: tuple[str, ...] = (), started: tuple[str, ...] = ()):
    return plan_skills(
        blueprint=BLUEPRINT,
        shares=shares,
        held=VOCABULARY.get_held_skills(held).names,
        started=started,
        vocabulary=VOCABULARY,
    )


def list_names(planned: list[PlannedSkill]) -> list[str]:
    return [skill.name for skill in planned if skill.alternative is None]


def find_skill(planned: list[PlannedSkill], name: str) -> PlannedSkill:
    return next(skill for skill in planned if skill.name == name)


def test_plans_the_whole_blueprint_without_shares_if_there_are_too_few_postings() -> None:
    planned = plan(None)

    assert list_names(planned) == ["git", "linux", "python", "django", "docker", "aws", "kubernetes", "redis"]
    assert {skill.share for skill in planned} == {None}


def test_orders_a_stage_by_demand_and_keeps_the_order_of_stages() -> None:
    planned = plan({"linux": 12.0, "kubernetes": 90.0, "aws": 40.0, "docker": 50.0})

    assert list_names(planned) == ["linux", "git", "python", "django", "docker", "aws", "kubernetes"]


def test_keeps_the_core_and_leaves_out_the_rest_below_a_tenth() -> None:
    planned = plan({"docker": 9.9, "redis": 10.0, "aws": 0.0})

    assert list_names(planned) == ["git", "linux", "python", "django", "redis"]


def test_chooses_the_option_that_most_postings_require_and_the_framework_that_builds_on_it() -> None:
    planned = plan({"python": 20.0, "go": 60.0})

    assert list_names(planned)[:4] == ["git", "linux", "go", "gin"]
    assert find_skill(planned, "go").one_of == ("python", "java")
    assert find_skill(planned, "python").alternative == "go"
    # No posting requires Java, so it is not listed as an alternative.
    assert "java" not in [skill.name for skill in planned]


def test_prefers_the_blueprints_option_if_almost_as_many_postings_require_it() -> None:
    assert "python" in list_names(plan({"python": 40.0, "go": 45.0}))


@pytest.mark.parametrize(("held", "started"), [(("java",), ()), ((), ("java",))])
def test_prefers_the_option_that_the_person_has_or_has_started(held: tuple[str, ...], started: tuple[str, ...]) -> None:
    planned = plan({"python": 80.0}, held=held, started=started)

    assert "java" in list_names(planned)
    assert find_skill(planned, "python").alternative == "java"
    # Neither framework is for Java.
    assert not {"django", "gin"} & set(list_names(planned))


def test_counts_an_option_as_held_through_another_skill() -> None:
    planned = plan({"go": 80.0}, held=("django",))

    assert find_skill(planned, "go").alternative == "python"


def test_moves_a_nice_to_have_skill_to_the_specialisation_if_a_quarter_of_the_postings_require_it() -> None:
    planned = plan({"kubernetes": 25.0, "redis": 24.9})

    assert find_skill(planned, "kubernetes").tier is Tier.SPECIALISATION
    assert find_skill(planned, "redis").tier is Tier.NICE_TO_HAVE


def test_keeps_the_prerequisites_of_a_chosen_skill_however_few_postings_name_them() -> None:
    planned = plan({"kubernetes": 40.0})

    assert list_names(planned)[-2:] == ["docker", "kubernetes"]
    assert find_skill(planned, "docker").share == 0.0


def test_leaves_out_an_entry_that_only_an_alternative_builds_on() -> None:
    tiers = {Tier.CORE: ["1. aws | kubernetes: 60"], Tier.SPECIALISATION: ["2. docker: 25"]}
    blueprint = Blueprint(role="Cloud Engineer", names=(), entries=parse_entries(tiers), never=frozenset())

    planned = plan_skills(
        blueprint=blueprint, shares={"aws": 50.0, "kubernetes": 20.0}, held=(), started=(), vocabulary=VOCABULARY
    )

    assert [(skill.name, skill.alternative) for skill in planned] == [("aws", None), ("kubernetes", "aws")]


def test_adds_technologies_of_the_trade_that_a_tenth_of_the_postings_require() -> None:
    planned = plan({"kafka": 30.0, "docker": 20.0})

    assert find_skill(planned, "kafka").tier is Tier.SPECIALISATION
    assert find_skill(planned, "kafka").stage > find_skill(planned, "docker").stage
    assert "kafka" not in list_names(plan({"kafka": 9.9}))


@pytest.mark.parametrize(
    "name",
    [
        "accounting",  # a field of another trade
        "excel",  # a tool of a category that joins many trades
        "spark",  # builds on a method that the trade does not need
        "react",  # kept out by the blueprint
        "backend development",  # a field, held through its technologies
        "communication",  # a soft skill
        "basket weaving",  # unknown
    ],
)
def test_never_adds_skills_that_are_foreign_to_the_trade(name: str) -> None:
    assert name not in [skill.name for skill in plan({name: 90.0})]


def test_adds_no_service_of_the_cloud_that_was_not_chosen() -> None:
    assert "aks" not in list_names(plan({"aws": 60.0, "azure": 20.0, "aks": 30.0}))
    assert "aks" in list_names(plan({"azure": 60.0, "aws": 20.0, "aks": 30.0}))


def test_numbers_stages_without_gaps_and_places_alternatives_last() -> None:
    planned = plan({"python": 50.0, "go": 20.0, "redis": 30.0})
    stages = [skill.stage for skill in planned]

    assert stages == sorted(stages)
    assert set(stages) == set(range(1, max(stages) + 1))
    assert planned[-1].name == "go"


def build_items(planned: list[PlannedSkill]) -> list[PlanItem]:
    return [
        PlanItem(name=skill.name, tier=skill.tier, hours=skill.hours or 0, newcomer_hours=skill.hours or 0)
        for skill in planned
        if skill.alternative is None
    ]


def find_both_milestones(shares: dict[str, float], juniors: list[tuple[str, ...]], **changes: Any):
    return find_milestones(
        items=build_items(plan(shares)),
        junior_skills=juniors,
        required={name: name for name in shares},
        held=changes.pop("held", ()),
        vocabulary=VOCABULARY,
    )


SHARES = {"python": 60.0, "docker": 50.0, "aws": 40.0, "redis": 30.0}


def test_the_core_is_enough_to_apply_if_too_few_postings_are_for_juniors() -> None:
    enough, competitive = find_both_milestones(SHARES, [("python", "docker")] * 19)

    assert (enough.name, enough.basis, enough.reachable_percentage) == ("enough_to_apply", "blueprint", None)
    assert enough.skills == ("git", "linux", "python", "django")
    assert enough.newcomer_hours == 190
    assert competitive.name == "competitive"
    assert set(competitive.skills) == {*enough.skills, "docker", "aws", "redis"}


def test_enough_to_apply_brings_half_of_the_junior_postings_within_reach() -> None:
    enough, _ = find_both_milestones(SHARES, [("python", "docker")] * 10 + [("python", "docker", "aws", "redis")] * 10)

    assert (enough.basis, enough.reachable_percentage) == ("junior_postings", 50.0)
    assert enough.skills[-1] == "docker"


def test_falls_back_to_the_core_if_the_plan_does_not_reach_half_of_the_junior_postings() -> None:
    enough, _ = find_both_milestones(SHARES | {"java": 15.0, "react": 15.0}, [("java", "react")] * 20)

    assert (enough.basis, enough.reachable_percentage) == ("blueprint", 0.0)


def test_skills_that_few_postings_require_do_not_keep_a_posting_out_of_reach() -> None:
    enough, _ = find_both_milestones(SHARES, [("python", "basket weaving", "excel", "accounting")] * 20)

    assert enough.reachable_percentage == 100.0
