"""Hours, sentences, plans and pages of a roadmap."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from learning.ordering import find_prerequisites
from learning.renderers import build_recommendations, get_next_monday, plan_study, render_calendar, render_page
from learning.resources import Resource, ResourceCatalogue
from learning.roadmaps import Learner, RoadmapSource, build_roadmap, estimate_hours
from projects.ideas import Idea
from skills.vocabulary import Skill, Vocabulary
from tests.fixtures.catalogues import IDEAS, RESOURCES, SKILLS

WORDS = Vocabulary(Skill.from_entry(entry) for entry in SKILLS)
PREREQUISITES = {"docker": ("linux",), "kubernetes": ("docker",), "django": ("python",), "postgresql": ("sql",)}
CATALOGUE = ResourceCatalogue((Resource(**entry) for entry in RESOURCES), canonical={})
PROJECTS = [Idea(**{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}) for entry in IDEAS]
MONDAY = date(2026, 11, 23)


def lay(
    priorities,
    *,
    held=(),
    statuses=None,
    basis=RoadmapSource.POSTINGS,
    role="Backend Developer",
    finished=(),
    prerequisites=PREREQUISITES,
):
    return build_roadmap(
        target_role=role,
        role_key="backend developer",
        basis=basis,
        postings=200 if basis is RoadmapSource.POSTINGS else 0,
        priorities=priorities,
        person=Learner(held=list(held), statuses=statuses or {}, completed_projects=finished),
        words=WORDS,
        prerequisites=prerequisites,
        resources=CATALOGUE,
        project_options={name: [each for each in PROJECTS if name in each.skills] for name in PREREQUISITES},
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
def test_estimates_hours_by_kind(skill, held, implied, hours):
    assert estimate_hours(skill=WORDS.get(skill), held=held, implied=implied) == hours


def test_estimates_fewer_hours_where_a_related_skill_is_held():
    skill = Skill(name="mysql", display_name="MySQL", category="Databases", related=("postgresql",))

    assert estimate_hours(skill=skill, held=["postgresql"]) == 18
    assert estimate_hours(skill=skill, held=["python"]) == 30


def test_counts_a_skill_that_a_held_one_builds_on_as_nearly_learnt():
    roadmap = lay({"linux": 50.0}, held=["docker"])

    assert roadmap.missing[0].estimated_hours == 5


def test_names_what_is_to_be_learnt_first_and_counts_its_hours_once():
    roadmap = lay({"docker": 70.0, "kubernetes": 60.0, "postgresql": 50.0, "django": 40.0}, held=["django"])

    paths = {path.skill: path for path in roadmap.paths}
    assert {name: path.foundations for name, path in paths.items()} == {
        "docker": ("linux",),
        "kubernetes": (),
        "postgresql": ("sql",),
        # Held, so that nothing is left to learn before it.
        "django": (),
    }
    assert paths["docker"].estimated_hours == 20 + 20
    assert paths["postgresql"].estimated_hours == 30 + 30
    sentences = build_recommendations(roadmap=roadmap)
    assert "Begin with Linux, which Docker builds on; 70.0 % of the postings ask for Docker." in sentences
    assert "Learn SQL before PostgreSQL, though few postings name what comes first." in sentences
    page = render_page(roadmap=roadmap, recommendations=[])
    assert "builds on linux; to be learnt first: Linux" in page


def test_takes_for_known_what_a_held_skill_builds_on():
    assert lay({"kubernetes": 60.0}, held=["docker"]).paths[0].foundations == ()
    assert lay({"kubernetes": 60.0}).paths[0].foundations == ("linux", "docker")
    assert lay({"docker": 60.0}, held=["kubernetes"]).paths[0].foundations == ()


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple)),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(1, 100), min_size=1),
    st.lists(st.sampled_from("abcdef"), max_size=3),
)
def test_names_all_that_a_missing_skill_builds_on_before_it(prerequisites, priorities, held):
    paths = lay(priorities, held=held, prerequisites=prerequisites).paths

    known = set(held).union(*(find_prerequisites(name, prerequisites) for name in held))
    for path in paths:
        if path.is_missing:
            assert find_prerequisites(path.skill, prerequisites) <= known | set(path.foundations) | priorities.keys()
        known |= set(path.foundations)


def test_names_one_beginning_where_something_is_begun():
    roadmap = lay({"docker": 70.0, "sql": 50.0}, statuses={"sql": "learning"})

    sentences = build_recommendations(roadmap=roadmap)

    assert "Finish SQL before you begin anything new." in sentences
    assert not any(sentence.startswith("Begin") for sentence in sentences)
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=date(2026, 11, 30))
    assert [block.path.skill for block in blocks] == ["sql", "docker"]


@pytest.mark.parametrize(("postings", "warned"), [(1, True), (9, True), (10, False)])
def test_warns_of_few_postings(postings, warned):
    sentences = build_recommendations(roadmap=replace(lay({"sql": 50.0}), postings=postings))

    assert any("too few to rely on" in sentence for sentence in sentences) == warned


def test_keeps_a_skill_without_resources():
    path = lay({"ci/cd": 30.0}).paths[0]

    assert path.resources == ()
    assert path.display_name == "CI/CD"


def test_keeps_a_skill_that_the_vocabulary_does_not_know():
    path = lay({"apache nifi": 30.0}).paths[0]

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
def test_tells_the_status(held, statuses, status):
    assert lay({"sql": 50.0}, held=held, statuses=statuses).paths[0].status == status


def test_recommends_in_sentences_with_the_roadmaps_figures():
    roadmap = lay({"python": 90.0, "kubernetes": 71.5, "docker": 70.0, "linux": 20.0}, held=["python"])

    assert build_recommendations(roadmap=roadmap) == [
        "You hold 1 of the 4 skills that at least a tenth of the postings for Backend Developer asks for (25.0 %).",
        "Begin with Linux, which 20.0 % of the postings ask for.",
        "Linux comes first because Docker builds on it.",
        "Kubernetes is what most postings ask for of all that you lack (71.5 %); it is in stage 3.",
        "The 3 missing skills take some 90 hours.",
    ]


def test_does_not_tell_anybody_to_begin_with_manners():
    sentences = build_recommendations(roadmap=lay({"communication": 90.0, "sql": 20.0}))

    assert "Begin with SQL, which 20.0 % of the postings ask for." in sentences


def test_says_what_stands_in_for_what_and_plans_no_time_for_it():
    roadmap = lay({"aws": 40.0, "azure": 20.0, "google cloud": 30.0, "sql": 50.0, "linux": 20.0}, held=["linux"])

    sentences = build_recommendations(roadmap=roadmap)

    aws, azure = (next(path for path in roadmap.paths if path.skill == name) for name in ("aws", "azure"))
    assert (aws.alternative, azure.alternative, azure.estimated_hours) == (None, "aws", 0)
    assert [path.skill for path in roadmap.paths[-3:]] == ["google cloud", "azure", "linux"]
    assert sentences[-2:] == [
        "Of the 4 missing skills 2 are to learn, in some 90 hours; the other 2 have alternatives.",
        "aws replaces google cloud and azure. Learn more than one of a kind only where an advert asks for it.",
    ]
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=MONDAY)
    assert [block.path.skill for block in blocks] == ["sql", "aws"]
    page = render_page(roadmap=roadmap, recommendations=sentences)
    assert "### azure\n\nopen, 20.0 % of the postings, not needed beside aws" in page


def test_has_nothing_to_learn_where_what_is_held_stands_in_for_all_that_is_missing():
    sentences = build_recommendations(roadmap=lay({"aws": 40.0, "azure": 20.0}, held=["aws"]))

    assert sentences == [
        "You hold 1 of the 2 skills that at least a tenth of the postings for Backend Developer asks for (50.0 %).",
        "aws replaces azure. Learn more than one of a kind only where an advert asks for it.",
    ]


def test_asks_to_finish_what_was_begun():
    sentences = build_recommendations(roadmap=lay({"sql": 50.0, "linux": 20.0}, statuses={"linux": "learning"}))

    assert "Finish Linux before you begin anything new." in sentences


@pytest.mark.parametrize(
    ("basis", "role", "opening"),
    [
        (RoadmapSource.NO_POSTINGS, "Chef", "No posting of the last 30 days is for Chef"),
        (RoadmapSource.NO_ROLE, None, "Your profile has no target role"),
        (RoadmapSource.OWN_SKILLS, "Chef", "This roadmap goes by your own skills"),
    ],
)
def test_says_why_it_goes_by_ones_own_skills(basis, role, opening):
    with_skills = build_recommendations(roadmap=lay({"sql": 0.0}, basis=basis, role=role))
    without = build_recommendations(roadmap=lay({}, basis=basis, role=role))

    assert with_skills[0].startswith(opening)
    assert without[0].startswith(opening)
    assert without[1] == "Add the skills you hold to your profile to begin with."
    assert "%" not in " ".join(with_skills)


def test_says_when_everything_is_held_and_when_nothing_is_asked_for():
    assert build_recommendations(roadmap=lay({"sql": 50.0}, held=["sql"]))[-1].startswith("You hold them all")
    assert build_recommendations(roadmap=lay({})) == [
        "Among the 200 postings for Backend Developer, no skill is asked for by a tenth or more."
    ]


@given(
    st.dictionaries(st.sampled_from([each["name"] for each in SKILLS]), st.integers(100, 1000).map(lambda n: n / 10)),
    st.sets(st.sampled_from([each["name"] for each in SKILLS])),
)
def test_names_no_figure_that_the_roadmap_does_not_have(priorities, held):
    roadmap = lay(priorities, held=held)

    sentences = build_recommendations(roadmap=roadmap)

    assert sentences == build_recommendations(roadmap=lay(dict(reversed(priorities.items())), held=sorted(held)))
    shares = {str(share) for share in [*priorities.values(), roadmap.coverage_percentage]}
    named = set(re.findall(r"([\d.]+) %", " ".join(sentences)))
    assert named <= shares
    for path in roadmap.paths:
        if f"Begin with {path.display_name}," in " ".join(sentences):
            assert path.is_missing
            assert path.stage == 1 or roadmap.paths[0].stage == 1


@given(st.integers(1, 80), st.sets(st.sampled_from([each["name"] for each in SKILLS if each.get("is_skill", True)])))
def test_plans_skills_one_after_the_other_without_a_gap(hours_per_week, names):
    roadmap = lay(dict.fromkeys(names, 50.0), held=["python"])

    blocks = plan_study(roadmap=roadmap, hours_per_week=hours_per_week, first_day=MONDAY)

    assert [block.path for block in blocks] == roadmap.missing
    day = MONDAY
    for block in blocks:
        assert block.first_day == day
        assert block.last_day >= block.first_day
        day = block.last_day + timedelta(days=1)
    # Rounded up to days: never less time than is needed, and at most a day a skill more.
    days = (day - MONDAY).days
    needed = roadmap.estimated_hours * 7 / hours_per_week
    assert needed <= days + 1e-9
    assert days <= needed + len(blocks)


def test_begins_on_the_next_monday():
    assert [get_next_monday(MONDAY + timedelta(days=day)) for day in (-1, 0, 1, 6)] == [
        MONDAY,
        *[MONDAY + timedelta(days=7)] * 3,
    ]


def test_writes_a_calendar_also_where_nothing_is_left():
    now = datetime(2026, 11, 27, tzinfo=UTC)

    (event,) = Calendar.from_ical(render_calendar(blocks=[], role="Backend Developer", owner="u1", now=now)).events

    assert event["summary"] == "Nothing left to learn for Backend Developer"


def test_plans_for_two_roles_stand_side_by_side():
    now = datetime(2026, 11, 27, tzinfo=UTC)
    blocks = plan_study(roadmap=lay({"sql": 50.0}), hours_per_week=10, first_day=MONDAY)

    ids = {
        Calendar.from_ical(render_calendar(blocks=blocks, role=role, owner="u1", now=now)).events[0]["uid"]
        for role in ("Backend Developer", "backend-developer", "Data Scientist")
    }

    assert len(ids) == 2


def test_writes_a_calendar_that_can_be_read_again():
    roadmap = lay({"linux": 50.0, "docker": 70.0})
    blocks = plan_study(roadmap=roadmap, hours_per_week=10, first_day=MONDAY)
    now = datetime(2026, 11, 21, 8, tzinfo=UTC)

    content = render_calendar(blocks=blocks, role="Backend, Developer;\n", owner="u1", now=now)

    events = Calendar.from_ical(content).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Learn Linux (20 hours)", "Learn Docker (20 hours)"]
    assert [event["dtstart"].dt for event in events] == [MONDAY, MONDAY + timedelta(days=14)]
    assert [event["dtend"].dt for event in events] == [MONDAY + timedelta(days=14), MONDAY + timedelta(days=28)]
    assert len({str(event["uid"]) for event in events}) == 2
    assert "https://example.org/docker-docs" in str(events[1]["description"])
    assert content == render_calendar(blocks=blocks, role="Backend, Developer;\n", owner="u1", now=now)


def test_writes_a_page_in_which_nothing_is_taken_for_a_sign():
    roadmap = lay({"linux": 50.0, "docker": 70.0}, held=["linux"], role="<b>*Chef*</b>\n# [x](y)")

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
        ([], "The 2 missing skills take some"),
        (["sql"], "The 1 missing skill takes some"),
        (["sql", "linux"], "You hold them all"),
    ],
)
def test_sentences_have_the_numbers_of_the_roadmap_in_right_grammar(held, expected):
    roadmap = lay({"sql": 50.0, "linux": 20.0}, held=held)

    sentences = " ".join(build_recommendations(roadmap=roadmap))

    assert expected in sentences
    assert f"You hold {len(held) or 'none'} of the 2 skills" in sentences
    assert len(roadmap.missing) == len(roadmap.to_learn) == 2 - len(held)


def test_says_of_one_missing_skill_that_another_stands_in_for_it():
    roadmap = lay({"aws": 40.0, "azure": 20.0}, held=[])

    assert any(
        sentence.startswith("Of the 2 missing skills 1 is to learn, in some")
        and sentence.endswith("the other one has an alternative.")
        for sentence in build_recommendations(roadmap=roadmap)
    )
