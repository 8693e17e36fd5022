"""Parsing of resume text: values, confidences, and that every value is quoted from the text."""

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.resumes.files.sandbox import extract_text
from accounts.resumes.json_resume import check_resume
from accounts.resumes.parsing.resume import build_json_resume, parse_resume, serialize_resume
from accounts.resumes.renderers.docx import render_docx
from accounts.resumes.renderers.layout import build_layout
from accounts.resumes.renderers.markdown import render_markdown
from accounts.resumes.renderers.pdf import render_pdf
from accounts.tests.resume_files import RESUME
from skills.extraction import SkillExtractor
from skills.vocabulary import Skill, Vocabulary

NOW = date(2026, 11, 21)


EXTRACTOR = SkillExtractor(
    Vocabulary(
        Skill(name=name.lower(), display_name=name, category="Programming Languages")
        for name in ("Python", "Docker", "Kubernetes", "Go", "R")
    )
)


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _parse(text, **options):
    return parse_resume(text=text, spans=EXTRACTOR.find_spans(text), now=NOW, **options)


def test_parses_a_resume():
    content = build_json_resume(
        _parse(RESUME), display_names={"python": "Python", "docker": "Docker", "kubernetes": "Kubernetes"}
    )

    check_resume(content)
    assert content == {
        "basics": {
            "name": "Ada Lovelace",
            "email": "ada.lovelace@example.org",
            "phone": "+44 20 7946 0958",
            "url": "https://ada.example.org",
            "summary": "Engineer with a love of engines.",
            "location": {"city": "London", "countryCode": "GB"},
            "profiles": [{"network": "LinkedIn", "url": "https://linkedin.com/in/ada"}],
        },
        "work": [
            {
                "name": "Analytical Engines Ltd",
                "position": "Senior Software Engineer",
                "startDate": "2019-01",
                "highlights": ["Built the engine in Python", "Moved it to Docker"],
            },
            {
                "name": "Difference Inc.",
                "position": "Software Engineer",
                "startDate": "2015-03",
                "endDate": "2018-12",
                "highlights": ["Worked on polynomials"],
            },
        ],
        "education": [
            {
                "institution": "University of London",
                "studyType": "Bachelor of Science",
                "area": "Mathematics",
                "startDate": "2009",
                "endDate": "2012",
            }
        ],
        "skills": [{"name": "Python"}, {"name": "Kubernetes"}, {"name": "Docker"}],
    }


def test_reports_where_each_skill_was_found():
    skills = {skill.name: skill for skill in _parse(RESUME).skills}

    assert skills["python"].found_in == ("experience", "skills")
    assert (skills["python"].mentions, skills["python"].quote) == (2, "- Built the engine in Python")
    assert skills["docker"].found_in == ("experience",)
    assert skills["python"].confidence > skills["kubernetes"].confidence > skills["docker"].confidence


def test_finds_no_sections_in_a_letter():
    parsed = _parse("Dear all,\nthe weather was fine and so were we.\nKind regards")

    assert build_json_resume(parsed, display_names={}) == {}
    assert parsed.years is None


LINES = st.sampled_from(
    [
        *RESUME.splitlines(),
        "Jan 2020 - Mar 2021",
        "2016 – 2018",
        "Work Experience",
        "Intern at Byron Estates",
        "Babbage & Co | Junior Developer | 2013 - 2015",
        "and went on over lines",
        "MSc Computer Science, Imperial College, 2013",
        "- ",
        "(555) 123-4567",
        "www.example.org",
    ]
)


TEXTS = st.one_of(st.lists(LINES, max_size=25).map("\n".join), st.text(max_size=300))


@given(TEXTS)
@example("Experience\nAda Lovelace\nJan 2019 - Present\nAda Lovelace\n- Built the engine in Python\n\nAda Lovelace")
def test_always_returns_valid_content_quoted_from_the_text(text):
    parsed = _parse(text)

    content = build_json_resume(parsed, display_names={})
    check_resume(content)
    serialize_resume(parsed, display_names={})
    # "Lovelace, Ada" becomes "Ada Lovelace".
    name = content.get("basics", {}).pop("name", "")
    assert all(_remove_separators(word) in _remove_separators(text) for word in name.split())
    for line in "\n".join(_iterate_texts(content)).split("\n"):
        assert _remove_separators(line.removeprefix("https://")) in _remove_separators(text), line
    assert all(0 <= confidence <= 1 for confidence in _iterate_confidences(serialize_resume(parsed, display_names={})))


def _iterate_texts(content):
    """Yield the quoted texts of the content: all but dates, country codes, network names and canonical skills."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _iterate_texts(value)
        elif name not in {"startDate", "endDate", "countryCode", "network", "skills"}:
            for part in value if isinstance(value, list) else [value]:
                yield from _iterate_texts(part) if isinstance(part, dict) else [part]


def _iterate_confidences(stored):
    if isinstance(stored, dict):
        for name, value in stored.items():
            yield from [value] if name == "confidence" else _iterate_confidences(value)
    elif isinstance(stored, list):
        for part in stored:
            yield from _iterate_confidences(part)


def _remove_separators(text):
    """Remove spaces and list markers, which may separate parts of a quoted text."""
    return re.sub(r"[\W_]+", "", text)


@pytest.mark.parametrize("render", [render_pdf, render_docx, render_markdown])
def test_parses_its_own_rendered_files(render):
    names = {"python": "Python", "docker": "Docker", "kubernetes": "Kubernetes"}
    content = build_json_resume(_parse(RESUME), display_names=names)

    file = extract_text(render(build_layout(content)))

    parsed_again = build_json_resume(_parse(file.text, links=file.links), display_names=names)
    assert {part: parsed_again[part] for part in ("basics", "work", "education")} == {
        part: content[part] for part in ("basics", "work", "education")
    }
    assert {skill["name"] for skill in parsed_again["skills"]} == set(names.values())


def test_does_not_take_a_name_for_a_skill():
    text = "Python Docker\npython.docker@example.org\n\nSkills\nDocker, Go\n\nPython Docker, page 2"

    parsed = _parse(text)

    assert parsed.contact.name.value == "Python Docker"
    assert [(skill.name, skill.mentions) for skill in parsed.skills] == [("docker", 1), ("go", 1)]
