"""Parsing of sections, time spans, positions and studies of a resume."""

from datetime import date

import pytest

from accounts.resumes.parsing.contact import parse_contact
from accounts.resumes.parsing.dates import count_years_covered, find_spans
from accounts.resumes.parsing.headings import get_heading_kind
from accounts.resumes.parsing.lines import split_lines
from accounts.resumes.parsing.positions import parse_positions
from accounts.resumes.parsing.sections import split_sections
from accounts.resumes.parsing.studies import parse_studies

NOW = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _lines(text):
    return split_sections(text)[0].lines


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("EXPERIENCE", "experience"),
        ("Work Experience:", "experience"),
        ("E X P E R I E N C E", "experience"),
        ("— Employment History —", "experience"),
        ("Skills & Expertise", "skills"),
        ("TECHNICAL SKILLS", "skills"),
        ("About me", "summary"),
        ("Education and Training", "education"),
        ("Honours", "other"),
        ("Experience with Python and Docker", None),
        ("I have skills", None),
        ("", None),
    ],
)
def test_recognizes_headings(line, kind):
    assert get_heading_kind(line) == kind


def test_starts_a_section_at_a_heading_followed_by_text():
    parts = split_sections("Ada\nTechnical skills: Python, Go\nDocker")

    assert [(part.kind, part.text) for part in parts] == [("header", "Ada"), ("skills", "Python, Go\nDocker")]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("Jan 2019 - Present", "2019-01", None),
        ("January 2019 – March 2020", "2019-01", "2020-03"),
        ("Sept. 2019 to Dec. 2019", "2019-09", "2019-12"),
        ("2019 – 2021", "2019", "2021"),
        ("2019-2021", "2019", "2021"),
        ("03/2018-05/2020", "2018-03", "2020-05"),
        ("3/2018 - now", "2018-03", None),
        ("2018-03 — 2020-05", "2018-03", "2020-05"),
        ("2018.03 - 2020.05", "2018-03", "2020-05"),
        ("from June 2015 until today", "2015-06", None),
        ("May 4, 2015 - June 1, 2016", "2015-05", "2016-06"),
        ("since 2017", "2017", None),
    ],
)
def test_parses_time_spans(text, since, until):
    (span,) = find_spans(f"Engineer ({text})")

    assert (str(span.since), str(span.until) if span.until else None) == (since, until)


@pytest.mark.parametrize(
    "text", ["2021 - 2019", "13/2018 - 14/2019", "1234 - 5678", "+49 2019 2021", "in 2019", "2019"]
)
def test_rejects_text_that_is_not_a_time_span(text):
    assert find_spans(text) == []


@pytest.mark.parametrize(
    ("spans", "years"),
    [
        (["Jan 2019 - Dec 2019"], 1.0),
        (["Jan 2019 - Jan 2019"], 0.1),
        (["2019 - 2021"], 2.0),
        (["Jan 2019 - Dec 2020", "Jan 2020 - Dec 2021"], 3.0),
        (["Jan 2019 - Dec 2021", "Jun 2019 - Aug 2019"], 3.0),
        (["Jan 2010 - Dec 2010", "Jan 2020 - Dec 2020"], 2.0),
        (["Dec 2025 - Present"], 1.0),
        (["Dec 2025 - Dec 2030"], 1.0),
        (["Jan 2030 - Dec 2030"], 0.0),
        ([], 0.0),
    ],
)
def test_counts_neither_overlapping_nor_future_time(spans, years):
    found = [span for text in spans for span in find_spans(text)]

    assert count_years_covered(found, now=NOW) == years


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+49 30 901820", "+49 30 901820"),
        ("Phone: (415) 555-2671", "(415) 555-2671"),
        ("020 7946 0958", "020 7946 0958"),
        ("2016 - 12/2019", None),
        ("Engineer 2016 - 12/2019\nTel. 030 901820", "030 901820"),
        ("12345", None),
    ],
)
def test_parses_phone_numbers(text, phone):
    found = parse_contact(text=text, head=split_lines(text)).phone

    assert (found.value if found else None) == phone


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (["Ada Lovelace"], "Ada Lovelace"),
        (["Curriculum Vitae", "", "Ludwig van Beethoven"], "Ludwig van Beethoven"),
        (["JOHN O'NEILL-SMITH | Engineer"], "JOHN O'NEILL-SMITH"),
        (["José Álvarez, PhD"], "José Álvarez"),
        (["Senior Software Engineer", "12 High Street"], None),
        (["ada@example.org"], None),
        (["Ada"], None),
    ],
)
def test_parses_the_name(head, name):
    text = "\n".join(head)

    found = parse_contact(text=text, head=split_lines(text)).name

    assert (found.value if found else None) == name


def test_is_more_confident_of_a_name_that_matches_the_email():
    without_email = parse_contact(text="", head=split_lines("Ada Lovelace")).name
    with_email = parse_contact(text="ada@example.org", head=split_lines("Ada Lovelace")).name

    assert with_email is not None
    assert without_email is not None
    assert with_email.confidence > without_email.confidence


def test_accepts_only_web_links():
    unprintable = ["\x01https://a.example", "https://a.example/\x00", "https://a.example/\ud800"]
    links = ["javascript:alert(1)", "http://[", *unprintable]

    contact = parse_contact(text="github.com/ada, www.github.com/ada/", head=[], links=links)

    assert [link.value for link in contact.links] == ["https://github.com/ada"]


@pytest.mark.parametrize(
    ("text", "title", "company"),
    [
        ("Engineer\nAcme GmbH\n2019 - 2020", "Engineer", "Acme GmbH"),
        ("Acme GmbH\nEngineer\n2019 - 2020", "Engineer", "Acme GmbH"),
        ("Engineer, Acme (2019 - 2020)", "Engineer", "Acme"),
        ("Acme | Data Analyst | 2019 - 2020", "Data Analyst", "Acme"),
        ("2019 - 2020\nEngineer at Acme", "Engineer", "Acme"),
        ("Acme, Inc. — Berlin\t2019 - 2020\nLead Designer", "Lead Designer", "Acme, Inc."),
        ("Hogwarts 2019 - 2020", None, "Hogwarts"),
        ("2019 - 2020", None, None),
    ],
)
def test_parses_positions(text, title, company):
    (position,) = parse_positions(_lines(text), now=NOW)

    assert (position.title.value if position.title else None) == title
    assert (position.company.value if position.company else None) == company


def test_separates_positions_from_the_text_between_them():
    text = """Engineer
Acme
2019 - 2021
• Built what was
asked for
• Ran it from 2019 - 2020
Analyst
Initech
2015 - 2018
Counted beans."""

    first, second = parse_positions(_lines(text), now=NOW)

    assert first.highlights == ("Built what was asked for", "Ran it from 2019 - 2020")
    assert second.title is not None
    assert second.company is not None
    assert (second.title.value, second.company.value) == ("Analyst", "Initech")
    assert second.summary == "Counted beans."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The first entry has the company above the title, the second has both above the dates.
        (
            "Acme — Berlin\nEngineer (2017 - 2020)\n- Built\n\nInitech\nAnalyst\n2020 - 2021\n- Counted",
            [("Engineer", "Acme"), ("Analyst", "Initech")],
        ),
        # The line above belongs to the previous entry.
        (
            "Lead @ Acme (2021 - 2022)\nLed things\nFreelance Developer (2015 - 2017)",
            [("Lead", "Acme"), ("Freelance Developer", None)],
        ),
        ("### Engineer\n\nAcme · 2019 - 2020\n\n- Built", [("Engineer", "Acme")]),
        (
            "Engineer\n2019 - 2020\nAcme\n• Built\nAnalyst\n2017 - 2018\nInitech",
            [("Engineer", "Acme"), ("Analyst", "Initech")],
        ),
    ],
)
def test_parses_positions_in_many_layouts(text, expected):
    positions = parse_positions(_lines(text), now=NOW)

    assert [(p.title.value if p.title else None, p.company.value if p.company else None) for p in positions] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("University of Bonn\nB.Sc. Physics\n2010 - 2013", [("University of Bonn", "B.Sc.", "Physics", "2013")]),
        ("Master of Arts in History, Oxford College, 2001", [("Oxford College", "Master of Arts", "History", "2001")]),
        (
            "PhD, MIT, 2015\nBS Mathematics, MIT, 2010",
            [("MIT", "PhD", None, "2015"), ("MIT", "BS", "Mathematics", "2010")],
        ),
        ("High School, Boston, MA", [("High School", None, None, None)]),
        ("Read a lot of books", []),
    ],
)
def test_parses_studies(text, expected):
    def value(found):
        return found.value if found else None

    studies = parse_studies(_lines(text))

    assert [
        (value(s.institution), value(s.degree), value(s.area), str(s.until) if s.until else None) for s in studies
    ] == expected


class _CountedLines(tuple):
    """Lines that count how many of them are read."""

    read_count = 0

    def __iter__(self):
        for line in super().__iter__():
            self.read_count += 1
            yield line

    def __getitem__(self, index):
        found = super().__getitem__(index)
        self.read_count += len(found) if isinstance(index, slice) else 1
        return found


@pytest.mark.parametrize(
    ("parse", "line", "maximum"),
    [
        (lambda lines: parse_positions(lines, now=NOW), "Engineer, Acme Inc 2019 - 2020", 50),
        (parse_studies, "MIT, B.Sc. in Physics 2019", 20),
    ],
)
def test_stops_reading_after_the_maximum_number_of_entries(parse, line, maximum):
    lines = _CountedLines(_lines(f"{line}\n" * 3_000))

    entries = parse(lines)

    assert len(entries) == maximum
    assert lines.read_count < 500


def test_a_position_on_the_first_line_determines_the_layout_of_the_others():
    text = "2019 - 2020\nEngineer\nAcme Inc\nRan the mill.\n2016 - 2018\nTeacher\nHill School\n"

    positions = parse_positions(_lines(text), now=NOW)

    assert [position.title.value for position in positions if position.title] == ["Engineer", "Teacher"]
