"""Tests of estimated hours, recommendations, study plans and Markdown pages of a roadmap."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from learning.hours import estimate_hours
from learning.ordering import find_prerequisites
from learning.renderers import build_recommendations, get_next_monday, plan_study, render_calendar, render_page
from learning.resources import Resource, ResourceCatalogue
from learning.roadmaps import Learner, RoadmapSource, build_roadmap
from projects.ideas import Idea
from skills.vocabulary import Skill, Vocabulary
from tests.fixtures.catalogues import IDEAS, RESOURCES, SKILLS

VOCABULARY = Vocabulary(Skill.from_entry(entry) for entry in SKILLS)
PREREQUISITES = {"docker": ("linux",), "kubernetes": ("docker",), "django": ("python",), "postgresql": ("sql",)}
CATALOGUE = ResourceCatalogue((Resource(**entry) for entry in RESOURCES), canonical={})
FIELDS: list[dict[str, Any]] = [
    {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()} for entry in IDEAS
]
PROJECTS = [Idea(**fields) for fields in FIELDS]
MONDAY = date(2026, 11, 23)


def build(
    priorities,
    *,
    held=(),
    statuses=None,
    source=RoadmapSource.POSTINGS,
    role="Backend Developer",
    finished=(),
    prerequisites=PREREQUISITES,
):
    return build_roadmap(
        target_role=role,
        role_key="backend developer",
        source=source,
        postings=200 if source is RoadmapSource.POSTINGS else 0,
        priorities=priorities,
        learner=Learner(named_skills=list(held), statuses=statuses or {}, completed_projects=finished),
        vocabulary=VOCABULARY,
        prerequisites=prerequisites,
        resources=CATALOGUE,
        project_options={name: [project for project in PROJECTS if name in project.skills] for name in PREREQUISITES},
    )


@pytest.mark.parametrize(
    ("skill", "held", "implied", "hours"),
    [
        ("python", ["python"], [], 0),
        ("python", [], [], 60),
        ("sql", [], [], 30),
        ("communication", [], [], 10),
        ("python", [], ["python"], 15),
        ("docker", [], [], 20),
    ],
)
def test_estimates_hours_by_category(skill, held, implied, hours):
    entry = VOCABULARY.get(skill)

    assert entry is not None
    assert estimate_hours(skill=entry, held=held, implied=implied) == hours


def test_estimates_fewer_hours_if_a_related_skill_is_held():
    skill = Skill(name="mysql", display_name="MySQL", category="Databases", related=("postgresql",))

    assert estimate_hours(skill=skill, held=["postgresql"]) == 18
    assert estimate_hours(skill=skill, held=["python"]) == 30


def test_estimates_a_quarter_of_the_hours_for_implied_skills():
    roadmap = build({"linux": 50.0}, held=["docker"])

    assert roadmap.missing[0].estimated_hours == 5


def test_lists_foundations_and_counts_their_hours_once():
    roadmap = build({"docker": 70.0, "kubernetes": 60.0, "postgresql": 50.0, "django": 40.0}, held=["django"])

    paths = {path.skill: path for path in roadmap.paths}
    assert {name: path.foundations for name, path in paths.items()} == {
        "docker": ("linux",),
        "kubernetes": (),
        "postgresql": ("sql",),
        # Held, so no prerequisite needs to be learned first.
        "django": (),
    }
    assert paths["docker"].estimated_hours == 20 + 20
    assert paths["postgresql"].estimated_hours == 30 + 30
    sentences = build_recommendations(roadmap=roadmap)
    assert "Begin with Linux, which Docker builds on. 70.0% of the postings require Docker." in sentences
    assert "Learn SQL before PostgreSQL, although few postings mention the prerequisites." in sentences
    page = render_page(roadmap=roadmap, recommendations=[])
    assert "builds on linux; learn first: Linux" in page


def test_prerequisites_of_held_skills_are_not_foundations():
    assert build({"kubernetes": 60.0}, held=["docker"]).paths[0].foundations == ()
    assert build({"kubernetes": 60.0}).paths[0].foundations == ("linux", "docker")
    assert build({"docker": 60.0}, held=["kubernetes"]).paths[0].foundations == ()


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple)),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(1, 100), min_size=1),
    st.lists(st.sampled_from("abcdef"), max_size=3),
)
def test_lists_all_prerequisites_of_a_missing_skill_before_it(prerequisites, priorities, held):
    paths = build(priorities, held=held, prerequisites=prerequisites).paths

    covered = set(held).union(*(find_prerequisites(name, prerequisites) for name in held))
    for path in paths:
        if path.is_missing:
            assert find_prerequisites(path.skill, prerequisites) <= covered | set(path.foundations) | priorities.keys()
        covered |= set(path.foundations)


def test_recommends_only_finishing_skills_in_progress():
    roadmap = build({"docker": 70.0, "sql": 50.0}, statuses={"sql": "learning"})

    sentences = build_recommendations(roadmap=roadmap)

    assert "Finish SQL before you start anything new." in sentences
    assert not any(sentence.startswith("Begin") for sentence in sentences)
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=date(2026, 11, 30))
    assert [block.path.skill for block in blocks] == ["sql", "docker"]


def test_includes_skills_without_resources():
    path = build({"ci/cd": 30.0}).paths[0]

    assert path.resources == ()
    assert path.display_name == "CI/CD"


def test_includes_skills_that_are_not_in_the_vocabulary():
    path = build({"apache nifi": 30.0}).paths[0]

    assert (path.display_name, path.prerequisites, path.estimated_hours) == ("apache nifi", (), 20)


@pytest.mark.parametrize(
    ("held", "statuses", "status"),
    [
        ([], {}, "open"),
        (["sql"], {}, "held"),
        ([], {"sql": "planned"}, "planned"),
        ([], {"sql": "learning"}, "learning"),
        (["sql"], {"sql": "done"}, "done"),
        (["sql"], {"sql": "learning"}, "held"),
    ],
)
def test_sets_the_status_of_a_skill(held, statuses, status):
    assert build({"sql": 50.0}, held=held, statuses=statuses).paths[0].status == status


def test_builds_recommendations_from_the_roadmap():
    roadmap = build({"python": 90.0, "kubernetes": 71.5, "docker": 70.0, "linux": 20.0}, held=["python"])

    assert build_recommendations(roadmap=roadmap) == [
        "You have 1 of the 4 skills that at least 10% of the postings for Backend Developer require (25.0%).",
        "Begin with Linux, which 20.0% of the postings require.",
        "Linux comes first because Docker builds on it.",
        "Of the skills you lack, Kubernetes is required by the most postings (71.5%). It is in stage 3.",
        "Learning the 3 missing skills takes about 90 hours.",
    ]


def test_does_not_recommend_beginning_with_soft_skills():
    sentences = build_recommendations(roadmap=build({"communication": 90.0, "sql": 20.0}))

    assert "Begin with SQL, which 20.0% of the postings require." in sentences


def test_lists_alternatives_and_plans_no_hours_for_them():
    roadmap = build({"aws": 40.0, "azure": 20.0, "google cloud": 30.0, "sql": 50.0, "linux": 20.0}, held=["linux"])

    sentences = build_recommendations(roadmap=roadmap)

    aws, azure = (next(path for path in roadmap.paths if path.skill == name) for name in ("aws", "azure"))
    assert (aws.alternative, azure.alternative, azure.estimated_hours) == (None, "aws", 0)
    assert [path.skill for path in roadmap.paths[-3:]] == ["google cloud", "azure", "linux"]
    assert sentences[-2:] == [
        "Learn 2 of the 4 missing skills, which takes about 90 hours. The other 2 have alternatives.",
        "aws replaces google cloud and azure. Learn more than one skill of a kind only if a posting requires it.",
    ]
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=MONDAY)
    assert [block.path.skill for block in blocks] == ["sql", "aws"]
    page = render_page(roadmap=roadmap, recommendations=sentences)
    assert "### azure\n\nopen, 20.0% of the postings, replaced by aws" in page


def test_recommends_nothing_to_learn_if_held_skills_replace_all_missing_ones():
    sentences = build_recommendations(roadmap=build({"aws": 40.0, "azure": 20.0}, held=["aws"]))

    assert sentences == [
        "You have 1 of the 2 skills that at least 10% of the postings for Backend Developer require (50.0%).",
        "aws replaces azure. Learn more than one skill of a kind only if a posting requires it.",
    ]


def test_recommends_finishing_a_skill_in_progress():
    sentences = build_recommendations(roadmap=build({"sql": 50.0, "linux": 20.0}, statuses={"linux": "learning"}))

    assert "Finish Linux before you start anything new." in sentences


@pytest.mark.parametrize(
    ("source", "role", "opening"),
    [
        (RoadmapSource.NO_POSTINGS, "Chef", "There are no postings for Chef from the last 30 days"),
        (RoadmapSource.NO_ROLE, None, "Your profile has no target role"),
        (RoadmapSource.OWN_SKILLS, "Chef", "This roadmap is based on your own skills"),
    ],
)
def test_explains_why_the_roadmap_is_based_on_own_skills(source, role, opening):
    with_skills = build_recommendations(roadmap=build({"sql": 0.0}, source=source, role=role))
    without = build_recommendations(roadmap=build({}, source=source, role=role))

    assert with_skills[0].startswith(opening)
    assert without[0].startswith(opening)
    assert without[1] == "To get started, add your skills to your profile."
    assert "%" not in " ".join(with_skills)


def test_explains_if_all_skills_are_held_or_none_is_required():
    assert build_recommendations(roadmap=build({"sql": 50.0}, held=["sql"]))[-1].startswith("You have all of these")
    assert build_recommendations(roadmap=build({})) == [
        "No skill is required by at least 10% of the 200 postings for Backend Developer."
    ]


@given(
    st.dictionaries(st.sampled_from([entry["name"] for entry in SKILLS]), st.integers(100, 1000).map(lambda n: n / 10)),
    st.sets(st.sampled_from([entry["name"] for entry in SKILLS])),
)
def test_recommendations_contain_only_percentages_of_the_roadmap(priorities, held):
    roadmap = build(priorities, held=held)

    sentences = build_recommendations(roadmap=roadmap)

    assert sentences == build_recommendations(roadmap=build(dict(reversed(priorities.items())), held=sorted(held)))
    shares = {str(share) for share in [*priorities.values(), roadmap.coverage_percentage]}
    # "at least 10%" is a fixed threshold.
    mentioned = set(re.findall(r"(?<!at least )\b([\d.]+) %", " ".join(sentences)))
    assert mentioned <= shares
    for path in roadmap.paths:
        if f"Begin with {path.display_name}," in " ".join(sentences):
            assert path.is_missing
            assert path.stage == 1 or roadmap.paths[0].stage == 1


@given(st.integers(1, 80), st.sets(st.sampled_from([entry["name"] for entry in SKILLS if entry.get("is_skill", True)])))
def test_plans_skills_consecutively_without_gaps(hours_per_week, names):
    roadmap = build(dict.fromkeys(names, 50.0), held=["python"])

    blocks = plan_study(roadmap=roadmap, hours_per_week=hours_per_week, first_day=MONDAY)

    assert [block.path for block in blocks] == roadmap.missing
    day = MONDAY
    for block in blocks:
        assert block.first_day == day
        assert block.last_day >= block.first_day
        day = block.last_day + timedelta(days=1)
    # Each skill is rounded up to whole days, so the plan exceeds the required time by at most one day per skill.
    days = (day - MONDAY).days
    needed = roadmap.estimated_hours * 7 / hours_per_week
    assert needed <= days + 1e-9
    assert days <= needed + len(blocks)


def test_returns_the_next_monday():
    assert [get_next_monday(MONDAY + timedelta(days=day)) for day in (-1, 0, 1, 6)] == [
        MONDAY,
        *[MONDAY + timedelta(days=7)] * 3,
    ]


def test_renders_a_calendar_if_nothing_is_left_to_learn():
    now = datetime(2026, 11, 27, tzinfo=UTC)

    (event,) = Calendar.from_ical(render_calendar(blocks=[], role="Backend Developer", owner="u1", now=now)).events

    assert event["summary"] == "Nothing left to learn for Backend Developer"


def test_plans_for_different_roles_have_different_event_ids():
    now = datetime(2026, 11, 27, tzinfo=UTC)
    blocks = plan_study(roadmap=build({"sql": 50.0}), hours_per_week=10, first_day=MONDAY)

    ids = {
        Calendar.from_ical(render_calendar(blocks=blocks, role=role, owner="u1", now=now)).events[0]["uid"]
        for role in ("Backend Developer", "backend-developer", "Data Scientist")
    }

    assert len(ids) == 2


def test_renders_a_calendar_that_can_be_parsed():
    roadmap = build({"linux": 50.0, "docker": 70.0})
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=MONDAY)
    now = datetime(2026, 11, 21, 8, tzinfo=UTC)

    content = render_calendar(blocks=blocks, role="Backend, Developer;\n", owner="u1", now=now)

    events = Calendar.from_ical(content).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Learn Linux (20 hours)", "Learn Docker (20 hours)"]
    assert [event.decoded("dtstart") for event in events] == [MONDAY, MONDAY + timedelta(days=14)]
    assert [event.decoded("dtend") for event in events] == [MONDAY + timedelta(days=14), MONDAY + timedelta(days=28)]
    assert len({str(event["uid"]) for event in events}) == 2
    assert "https://example.org/docker-docs" in str(events[1]["description"])
    assert content == render_calendar(blocks=blocks, role="Backend, Developer;\n", owner="u1", now=now)


def test_escapes_markdown_in_the_page():
    roadmap = build({"linux": 50.0, "docker": 70.0}, held=["linux"], role="<b>*Chef*</b>\n# [x](y)")

    page = render_page(roadmap=roadmap, recommendations=["Do *this*."])

    assert page.startswith(r"# Roadmap: \<b\>\*Chef\*\</b\> \# \[x\](y)" + "\n")
    assert r"- Do \*this\*." in page
    assert "## Stage 1" in page
    assert "### Docker\n\nopen" in page
    assert "### Linux\n\nheld" in page
    assert "- Documentation: [Docker Docs](<https://example.org/docker-docs>). Teaches docker well." in page


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], "Learning the 2 missing skills takes about"),
        (["sql"], "Learning the 1 missing skill takes about"),
        (["sql", "linux"], "You have all of these"),
    ],
)
def test_recommendations_use_singular_and_plural_correctly(held, expected):
    roadmap = build({"sql": 50.0, "linux": 20.0}, held=held)

    sentences = " ".join(build_recommendations(roadmap=roadmap))

    assert expected in sentences
    assert f"You have {len(held) or 'none'} of the 2 skills" in sentences
    assert len(roadmap.missing) == len(roadmap.to_learn) == 2 - len(held)


def test_mentions_a_single_alternative():
    roadmap = build({"aws": 40.0, "azure": 20.0}, held=[])

    assert any(
        sentence.startswith("Learn 1 of the 2 missing skills, which takes about")
        and sentence.endswith("The other one has an alternative.")
        for sentence in build_recommendations(roadmap=roadmap)
    )
