"""Content of generated resumes, which must come only from the user's data."""

import re
from contextlib import suppress
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from accounts.resumes.builder import (
    MAX_PROJECTS,
    CannotBuildResume,
    ResumeOwner,
    TargetPosting,
    build_resume,
    find_fitting_role,
)
from accounts.resumes.json_resume import MAX_BYTES, MAX_LINE_LENGTH, MAX_VALUES, InvalidResume, check_resume
from projects.ideas import CompletedProject

ADA = ResumeOwner(
    full_name="Ada Lovelace",
    email="ada@example.org",
    phone_number="+44 20 7946 0000",
    location="London",
    professional_summary="Writes programs for machines that are not built yet.",
    experience=None,
    target_roles=("Data Analyst", "Backend Developer"),
)


MINIMAL_OWNER = ResumeOwner(
    full_name="Ada",
    email="ada@example.org",
    phone_number=None,
    location="London",
    professional_summary=None,
    experience=None,
    target_roles=("Data Analyst",),
)


POSTING = TargetPosting(
    id="65f000000000000000000001",
    title="Senior Backend Engineer (Remote)",
    company="Analytical Engines",
    url="https://jobs.example.org/1",
    skills=("docker", "python", "postgresql", "kafka", "kubernetes"),
    nice_to_have=frozenset({"docker", "kafka"}),
)


DEMAND = {"python": 0.6, "postgresql": 0.7, "docker": 0.9, "kafka": 0.2, "kubernetes": 0.5, "git": 0.8, "excel": 0.1}


DISPLAY_NAMES = {"python": "Python", "postgresql": "PostgreSQL", "docker": "Docker", "git": "Git", "excel": "Excel"}


def build(**changes):
    defaults: dict[str, Any] = {
        "owner": ADA,
        "user_skills": ["excel", "docker", "python", "git", "postgresql"],
        "confirmed_content": None,
        "projects": [],
        "posting": POSTING,
        "demand": DEMAND,
        "display_names": DISPLAY_NAMES,
    }
    return build_resume(**(defaults | changes))


def make_project(title="Ledger", **changes):
    defaults = {
        "description": "Flatmates record who paid for what. Start from a CSV.",
        "skills": ("python", "flask"),
        "url": None,
        "finished_date": date(2026, 5, 2),
    }
    return CompletedProject(title=title, **(defaults | changes))


def list_names(entries):
    return [entry["name"] for entry in entries]


def test_orders_skills_by_required_then_optional_then_demand():
    content = build().content

    assert list_names(content["skills"]) == ["PostgreSQL", "Python", "Docker", "Git", "Excel"]


def test_keeps_the_order_of_the_profile_if_demand_is_unknown():
    content = build(posting=None, demand={}).content

    assert list_names(content["skills"]) == ["Excel", "Docker", "Python", "Git", "PostgreSQL"]
    assert "meta" not in content


def test_lists_missing_skills_separately_and_never_in_the_resume():
    built = build()

    assert built.missing_skills == ("kubernetes", "kafka")
    assert b"kafka" not in orjson.dumps(built.content).lower()
    assert b"kubernetes" not in orjson.dumps(built.content).lower()


@pytest.mark.parametrize(
    ("roles", "title", "expected"),
    [
        (("Data Analyst", "Backend Developer"), "Senior Back-End Developer", "Backend Developer"),
        (("Data Analyst", "Backend Developer"), "Analyst, Data Platform", "Data Analyst"),
        (("Data Analyst", "Backend Developer"), "Florist", "Data Analyst"),
        ((), "Florist", None),
    ],
)
def test_uses_the_target_role_that_fits_the_posting_best(roles, title, expected):
    posting = TargetPosting(id="1", title=title, company="", url=None, skills=(), nice_to_have=frozenset())

    assert find_fitting_role(roles=roles, posting=posting) == expected


def test_uses_the_first_target_role_without_a_posting():
    assert build(posting=None).content["basics"]["label"] == "Data Analyst"


def test_takes_the_basics_from_the_profile():
    assert build().content["basics"] == {
        "name": "Ada Lovelace",
        "label": "Backend Developer",
        "email": "ada@example.org",
        "phone": "+44 20 7946 0000",
        "summary": "Writes programs for machines that are not built yet.",
        "location": {"city": "London"},
    }


def test_records_the_posting_it_was_generated_for():
    assert build().content["meta"] == {
        "writtenFor": {
            "jobId": "65f000000000000000000001",
            "title": "Senior Backend Engineer (Remote)",
            "company": "Analytical Engines",
            "url": "https://jobs.example.org/1",
        }
    }


def test_takes_work_and_education_but_no_contact_from_a_confirmed_resume():
    confirmed: dict[str, Any] = {
        "basics": {
            "name": "A. Other",
            "phone": "0",
            "summary": "Old words.",
            "url": "https://ada.example.org",
            "profiles": [{"network": "GitHub", "url": "https://github.com/ada"}],
        },
        "work": [{"name": "Babbage & Sons", "position": "Analyst", "startDate": "1842"}],
        "education": [{"institution": "At home", "area": "Mathematics"}],
        "skills": [{"name": "Whist"}],
    }

    content = build(confirmed_content=confirmed, owner=MINIMAL_OWNER).content

    assert content["work"] == confirmed["work"]
    assert content["education"] == confirmed["education"]
    assert content["basics"] == {
        "name": "Ada",
        "label": "Data Analyst",
        "email": "ada@example.org",
        "url": "https://ada.example.org",
        "location": {"city": "London"},
        "profiles": confirmed["basics"]["profiles"],
    }
    assert "Whist" not in list_names(content["skills"])


def test_uses_the_experience_text_without_a_confirmed_resume():
    owner = ResumeOwner(
        **{name: getattr(MINIMAL_OWNER, name) for name in MINIMAL_OWNER.__slots__} | {"experience": "3 years of tables"}
    )

    assert build(owner=owner).content["work"] == [{"summary": "3 years of tables"}]


def test_lists_completed_projects_with_acquired_skills_and_best_fit_first():
    projects = [
        make_project("Poster", skills=("figma",), finished_date=date(2026, 9, 1)),
        make_project("Ledger", skills=("python", "flask", "postgresql"), url="https://github.com/ada/ledger"),
        make_project("Newer", skills=("python", "postgresql"), finished_date=date(2026, 6, 1)),
    ]

    entries = build(projects=projects).content["projects"]

    assert list_names(entries) == ["Newer", "Ledger", "Poster"]
    assert entries[1] == {
        "name": "Ledger",
        "description": "Flatmates record who paid for what.",
        "keywords": ["PostgreSQL", "Python"],
        "endDate": "2026-05",
        "url": "https://github.com/ada/ledger",
    }
    assert "keywords" not in entries[2]


def test_limits_the_number_of_projects():
    projects = [make_project(f"Project {number}") for number in range(MAX_PROJECTS + 3)]

    assert len(build(projects=projects).content["projects"]) == MAX_PROJECTS


def test_rejects_a_profile_with_only_name_and_contact():
    with pytest.raises(CannotBuildResume, match="Fill in skills, experience or professional_summary") as error:
        build(owner=MINIMAL_OWNER, user_skills=[])

    assert error.value.reason == "empty_profile"


@pytest.mark.parametrize("change", [{"user_skills": ["git"]}, {"projects": [make_project()]}, {"owner": ADA}])
def test_is_generated_from_any_single_piece_of_content(change):
    assert build(**({"owner": MINIMAL_OWNER, "user_skills": []} | change)).content


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"]), max_size=4)


SKILLS = st.lists(st.sampled_from([f"skill{number}" for number in range(12)]), unique=True)


TEXTS = st.one_of(st.none(), WORDS.map(" ".join).filter(bool))


@st.composite
def draw_inputs(draw):
    posting_skills = draw(SKILLS)
    text = draw(WORDS.map(" ".join))
    return {
        "owner": ResumeOwner(
            full_name="Name " + text,
            email="mail@example.org",
            phone_number=draw(st.sampled_from([None, "123"])),
            location=draw(TEXTS),
            professional_summary=draw(TEXTS),
            experience=draw(TEXTS),
            target_roles=tuple(draw(WORDS)),
        ),
        "user_skills": draw(SKILLS),
        "confirmed_content": draw(
            st.none() | st.fixed_dictionaries({"work": st.lists(st.fixed_dictionaries({"name": st.just("firm")}))})
        ),
        "projects": [
            make_project(f"project{number}", skills=tuple(skills), description=draw(TEXTS) or "built")
            for number, skills in enumerate(draw(st.lists(SKILLS, max_size=3)))
        ],
        "posting": draw(st.none())
        if draw(st.booleans())
        else TargetPosting(
            id="1",
            title="title " + text,
            company="company",
            url=None,
            skills=tuple(posting_skills),
            nice_to_have=frozenset(posting_skills[::2]),
        ),
        "demand": draw(st.dictionaries(st.sampled_from([f"skill{n}" for n in range(12)]), st.floats(0, 1))),
        "display_names": {},
    }


@given(inputs=draw_inputs())
def test_is_generated_for_every_user_with_a_skill(inputs):
    assume(inputs["user_skills"])

    assert build_resume(**inputs).content["skills"]


@given(inputs=draw_inputs())
def test_contains_only_words_of_the_input(inputs):
    owner, skills = inputs["owner"], set(inputs["user_skills"])
    with suppress(CannotBuildResume):
        built = None
        built = build_resume(**inputs)
    if built is None:
        reject()
    content = {part: entries for part, entries in built.content.items() if part != "meta"}

    input_words = {
        *_iterate_words(
            [
                [getattr(owner, name) for name in owner.__slots__],
                inputs["confirmed_content"],
                [(p.title, p.description, p.finished_date.isoformat()[:7]) for p in inputs["projects"]],
            ]
        ),
        *skills,
    }
    assert set(_iterate_words(content)) <= input_words
    assert {entry["name"] for entry in content.get("skills", [])} == skills
    assert not skills.intersection(built.missing_skills)
    if posting := inputs["posting"]:
        assert skills.union(built.missing_skills) >= set(posting.skills)
        required = [skill for skill in built.missing_skills if skill not in posting.nice_to_have]
        assert list(built.missing_skills[: len(required)]) == required
    check_resume(built.content)
    assert orjson.dumps(build_resume(**inputs).content) == orjson.dumps(built.content)


def _iterate_words(value):
    """Yield the words of all texts in a value, without field names."""
    if isinstance(value, str):
        yield from re.findall(r"\S+", value)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _iterate_words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _iterate_words(part)


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        ([], {"content": "This field must be an object."}),
        ({"cv": 1}, {"cv": "This field is not part of the JSON Resume format."}),
        ({"work": {}}, {"work": "This field must be a list."}),
        ({"work": ["x"]}, {"work.0": "This field must be an object."}),
        ({"work": [{"$where": "x"}]}, {"work.0.$where": "This field is not part of the JSON Resume format."}),
        ({"basics": {"name": 7}}, {"basics.name": "This field must be text."}),
        (
            {"basics": {"name": "x" * (MAX_LINE_LENGTH + 1)}},
            {"basics.name": "This field must have at most 300 characters."},
        ),
        ({"basics": {"url": "javascript:alert(1)"}}, {"basics.url": "This field must be an http or https URL."}),
        ({"basics": {"email": "ada"}}, {"basics.email": "This field must be an email address."}),
        (
            {"work": [{"startDate": "2021-13"}, {"endDate": "2021\n"}]},
            {
                "work.0.startDate": "This field must be a date: YYYY, YYYY-MM or YYYY-MM-DD.",
                "work.1.endDate": "This field must be a date: YYYY, YYYY-MM or YYYY-MM-DD.",
            },
        ),
        ({"skills": [{}] * 201}, {"skills": "This field must have at most 200 entries."}),
        ({"basics": {"name": "\ud800"}}, {"content": "This field must be valid JSON."}),
        ({"x": "x" * MAX_BYTES}, {"content": f"This field must have at most {MAX_BYTES} bytes."}),
        ({"x": [0] * (MAX_VALUES + 1)}, {"content": f"This field must have at most {MAX_VALUES} values."}),
    ],
)
def test_names_the_invalid_fields_of_content(content, errors):
    with pytest.raises(InvalidResume) as error:
        check_resume(content)

    assert error.value.errors == {name: [message] for name, message in errors.items()}


def test_accepts_empty_content():
    check_resume({})
