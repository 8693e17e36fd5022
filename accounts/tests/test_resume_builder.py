"""Content of generated resumes, which must come only from the user's data."""

import re
from contextlib import suppress
from datetime import date

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.resumes.builder import (
    MAX_PROJECTS,
    NotEnoughContent,
    ResumeOwner,
    TargetPosting,
    build_resume,
    find_fitting_role,
)
from accounts.resumes.json_resume import MAX_BYTES, MAX_LINE_LENGTH, MAX_TEXTS, InvalidResume, check_resume
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


NOBODY = ResumeOwner(
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


NAMES = {"python": "Python", "postgresql": "PostgreSQL", "docker": "Docker", "git": "Git", "excel": "Excel"}


def write(**changes):
    usual = {
        "person": ADA,
        "held": ["excel", "docker", "python", "git", "postgresql"],
        "confirmed": None,
        "projects": [],
        "posting": POSTING,
        "demand": DEMAND,
        "names": NAMES,
    }
    return build_resume(**(usual | changes))


def project(title="Ledger", **changes):
    usual = {
        "description": "Flatmates record who paid for what. Start from a CSV.",
        "skills": ("python", "flask"),
        "url": None,
        "finished_date": date(2026, 5, 2),
    }
    return CompletedProject(title=title, **(usual | changes))


def list_names(entries):
    return [entry["name"] for entry in entries]


def test_orders_skills_by_required_then_optional_then_demand():
    content = write().content

    assert list_names(content["skills"]) == ["PostgreSQL", "Python", "Docker", "Git", "Excel"]


def test_keeps_the_order_of_the_profile_if_demand_is_unknown():
    content = write(posting=None, demand={}).content

    assert list_names(content["skills"]) == ["Excel", "Docker", "Python", "Git", "PostgreSQL"]
    assert "meta" not in content


def test_lists_missing_skills_separately_and_never_in_the_resume():
    written = write()

    assert written.missing_skills == ("kubernetes", "kafka")
    assert b"kafka" not in orjson.dumps(written.content).lower()
    assert b"kubernetes" not in orjson.dumps(written.content).lower()


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
    assert write(posting=None).content["basics"]["label"] == "Data Analyst"


def test_takes_the_basics_from_the_profile():
    assert write().content["basics"] == {
        "name": "Ada Lovelace",
        "label": "Backend Developer",
        "email": "ada@example.org",
        "phone": "+44 20 7946 0000",
        "summary": "Writes programs for machines that are not built yet.",
        "location": {"city": "London"},
    }


def test_records_the_posting_it_was_generated_for():
    assert write().content["meta"] == {
        "writtenFor": {
            "jobId": "65f000000000000000000001",
            "title": "Senior Backend Engineer (Remote)",
            "company": "Analytical Engines",
            "url": "https://jobs.example.org/1",
        }
    }


def test_takes_work_and_education_but_no_contact_from_a_confirmed_resume():
    confirmed = {
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

    content = write(confirmed=confirmed, person=NOBODY).content

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
    person = ResumeOwner(
        **{name: getattr(NOBODY, name) for name in NOBODY.__slots__} | {"experience": "3 years of tables"}
    )

    assert write(person=person).content["work"] == [{"summary": "3 years of tables"}]


def test_lists_completed_projects_with_acquired_skills_and_best_fit_first():
    projects = [
        project("Poster", skills=("figma",), finished_date=date(2026, 9, 1)),
        project("Ledger", skills=("python", "flask", "postgresql"), url="https://github.com/ada/ledger"),
        project("Newer", skills=("python", "postgresql"), finished_date=date(2026, 6, 1)),
    ]

    entries = write(projects=projects).content["projects"]

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
    projects = [project(f"Project {number}") for number in range(MAX_PROJECTS + 3)]

    assert len(write(projects=projects).content["projects"]) == MAX_PROJECTS


def test_rejects_a_profile_with_only_name_and_contact():
    with pytest.raises(NotEnoughContent, match="Fill in skills, experience or professional_summary") as error:
        write(person=NOBODY, held=[])

    assert error.value.reason == "empty_profile"


@pytest.mark.parametrize("change", [{"held": ["git"]}, {"projects": [project()]}, {"person": ADA}])
def test_is_generated_from_any_single_piece_of_content(change):
    assert write(**({"person": NOBODY, "held": []} | change)).content


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"]), max_size=4)


SKILLS = st.lists(st.sampled_from([f"skill{number}" for number in range(12)]), unique=True)


TEXTS = st.one_of(st.none(), WORDS.map(" ".join).filter(bool))


@st.composite
def draw_inputs(draw):
    posting_skills = draw(SKILLS)
    text = draw(WORDS.map(" ".join))
    return {
        "person": ResumeOwner(
            full_name="Name " + text,
            email="mail@example.org",
            phone_number=draw(st.sampled_from([None, "123"])),
            location=draw(TEXTS),
            professional_summary=draw(TEXTS),
            experience=draw(TEXTS),
            target_roles=tuple(draw(WORDS)),
        ),
        "held": draw(SKILLS),
        "confirmed": draw(
            st.none() | st.fixed_dictionaries({"work": st.lists(st.fixed_dictionaries({"name": st.just("firm")}))})
        ),
        "projects": [
            project(f"project{number}", skills=tuple(skills), description=draw(TEXTS) or "built")
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
        "names": {},
    }


@given(given_inputs=draw_inputs())
def test_is_generated_for_every_user_with_a_skill(given_inputs):
    assume(given_inputs["held"])

    assert build_resume(**given_inputs).content["skills"]


@given(given_inputs=draw_inputs())
def test_contains_only_words_of_the_input(given_inputs):
    person, held = given_inputs["person"], set(given_inputs["held"])
    with suppress(NotEnoughContent):
        written = None
        written = build_resume(**given_inputs)
    assume(written is not None)
    content = {part: entries for part, entries in written.content.items() if part != "meta"}

    input_words = {
        *_words(
            [
                [getattr(person, name) for name in person.__slots__],
                given_inputs["confirmed"],
                [(p.title, p.description, p.finished_date.isoformat()[:7]) for p in given_inputs["projects"]],
            ]
        ),
        *held,
    }
    assert set(_words(content)) <= input_words
    assert {entry["name"] for entry in content.get("skills", [])} == held
    assert not held.intersection(written.missing_skills)
    if posting := given_inputs["posting"]:
        assert held.union(written.missing_skills) >= set(posting.skills)
        required = [kept for kept in written.missing_skills if kept not in posting.nice_to_have]
        assert list(written.missing_skills[: len(required)]) == required
    check_resume(written.content)
    assert orjson.dumps(build_resume(**given_inputs).content) == orjson.dumps(written.content)


def _words(value):
    """Yield the words of all texts in a value, without field names."""
    if isinstance(value, str):
        yield from re.findall(r"\S+", value)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        ([], {"content": "This field has to be an object."}),
        ({"cv": 1}, {"cv": "This field is not one of a resume."}),
        ({"work": {}}, {"work": "This field has to be a list."}),
        ({"work": ["x"]}, {"work.0": "This field has to be an object."}),
        ({"work": [{"$where": "x"}]}, {"work.0.$where": "This field is not one of a resume."}),
        ({"basics": {"name": 7}}, {"basics.name": "This field has to be text."}),
        ({"basics": {"name": "x" * (MAX_LINE_LENGTH + 1)}}, {"basics.name": "This field has at most 300 characters."}),
        ({"basics": {"url": "javascript:alert(1)"}}, {"basics.url": "This field has to be an http or https address."}),
        ({"basics": {"email": "ada"}}, {"basics.email": "This field has to be an e-mail address."}),
        (
            {"work": [{"startDate": "2021-13"}, {"endDate": "2021\n"}]},
            {
                "work.0.startDate": "This field has to be a date: YYYY, YYYY-MM or YYYY-MM-DD.",
                "work.1.endDate": "This field has to be a date: YYYY, YYYY-MM or YYYY-MM-DD.",
            },
        ),
        ({"skills": [{}] * 201}, {"skills": "This field has at most 200 entries."}),
        ({"basics": {"name": "\ud800"}}, {"content": "This field has to be JSON."}),
        ({"x": "x" * MAX_BYTES}, {"content": f"This field has at most {MAX_BYTES} bytes."}),
        ({"x": [0] * (MAX_TEXTS + 1)}, {"content": f"This field has at most {MAX_TEXTS} texts."}),
    ],
)
def test_names_the_invalid_fields_of_content(content, errors):
    with pytest.raises(InvalidResume) as error:
        check_resume(content)

    assert error.value.errors == {name: [sentence] for name, sentence in errors.items()}


def test_accepts_empty_content():
    check_resume({})
