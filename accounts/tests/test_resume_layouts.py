"""Parsing of whole resumes in many layouts and languages: each position and study keeps its own lines."""

from datetime import date

import pytest

from accounts.resumes.parsing.lines import split_lines
from accounts.resumes.parsing.positions import parse_positions
from accounts.resumes.parsing.resume import build_json_resume, parse_resume
from accounts.resumes.parsing.studies import parse_studies

NOW = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _value(found):
    return found.value if found else None


def _list_positions(text):
    return [
        (
            _value(position.title),
            _value(position.company),
            str(position.span.since) if position.span else None,
            str(position.span.until) if position.span and position.span.until else None,
        )
        for position in parse_positions(split_lines(text), now=NOW)
    ]


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        # Dates in a column on the left, with the details below.
        (
            "2019-09 / now\nTidal Works BV - Utrecht\nHydraulic engineer\n- Models\n\n2014-01 / 2019-08\n"
            "Lowland Dredging NV - Rotterdam\nJunior engineer\n- Surveys",
            [
                ("Hydraulic engineer", "Tidal Works BV", "2019-09", None),
                ("Junior engineer", "Lowland Dredging NV", "2014-01", "2019-08"),
            ],
        ),
        # One employer with several roles, whose dates are beside the roles.
        (
            "Banco Andorinha S.A.\nAnalista de dados sênior | abr. 2021 - o momento\n• Modelos\n"
            "Analista de dados | jan. 2018 - mar. 2021\n• Painéis\n\nLojas Cipreste Ltda."
            "\nEstagiário | ago. 2016 - dez. 2017",
            [
                ("Analista de dados sênior", "Banco Andorinha S.A.", "2021-04", None),
                ("Analista de dados", "Banco Andorinha S.A.", "2018-01", "2021-03"),
                ("Estagiário", "Lojas Cipreste Ltda.", "2016-08", "2017-12"),
            ],
        ),
        # The employer's line has the dates of all roles below.
        (
            "Quarrystone Ltd\tJan 2018 - Present\nAssociate\tJul 2021 - Present\n• Models"
            "\nAnalyst\tJan 2018 - Jun 2021\n• Notes",
            [
                ("Associate", "Quarrystone Ltd", "2021-07", None),
                ("Analyst", "Quarrystone Ltd", "2018-01", "2021-06"),
            ],
        ),
        # The dates are below the text.
        (
            "Sakura Logistics K.K., Osaka\nOperations Manager\nResponsible for two depots.\nOctober 2018 - Present\n\n"
            "Minato Trading Co., Ltd., Kobe\nOperations Analyst\nApril 2014 - September 2018",
            [
                ("Operations Manager", "Sakura Logistics K.K.", "2018-10", None),
                ("Operations Analyst", "Minato Trading Co., Ltd.", "2014-04", "2018-09"),
            ],
        ),
        # Labels.
        (
            "Position: Branch Manager\nEmployer: Palmgrove Bank\nDates: June 2019 to date\nDuties: Runs a branch.",
            [("Branch Manager", "Palmgrove Bank", "2019-06", None)],
        ),
        # "at", "@" and prepositions of other languages.
        ("Trainee @ Vayu Aerospace\nJan'19 - Jun'19", [("Trainee", "Vayu Aerospace", "2019-01", "2019-06")]),
        ("2019 - 2020: Consultora en Grupo Azahar", [("Consultora", "Grupo Azahar", "2019", "2020")]),
        (
            "Depuis mars 2021 : Cheffe de projet, Imprimerie Sablon (Lyon)",
            [("Cheffe de projet", "Imprimerie Sablon", "2021-03", None)],
        ),
        # Places, durations and forms of employment are no names.
        (
            "Clerk\nFenwick Supply · Part-time\nMar 2019 - Dec 2021 · 2 yrs 10 mos\nSalt Lake City, UT",
            [("Clerk", "Fenwick Supply", "2019-03", "2021-12")],
        ),
        ("Fenwick Supply Denver, CO\nClerk\tMar 2019 - May 2020", [("Clerk", "Fenwick Supply", "2019-03", "2020-05")]),
        # Titles with commas, employers with words of titles, and departments.
        (
            "Director, Wind Platforms, Kelp Energy\t2019 - 2020",
            [("Director, Wind Platforms", "Kelp Energy", "2019", "2020")],
        ),
        ("Beekeeper, Designer Honey Ltd\t2019 - 2020", [("Beekeeper", "Designer Honey Ltd", "2019", "2020")]),
        ("VP, Engineering\nUmber Mining\n2019 - 2020", [("VP, Engineering", "Umber Mining", "2019", "2020")]),
        # Running text with dates.
        (
            "Clerk, Acorn Ltd\t2018 - 2021\nRan the 2019 - 2020 audit of stock with finance\n- Sold pumps",
            [("Clerk", "Acorn Ltd", "2018", "2021")],
        ),
        # A range of dates that goes on in the next line.
        ("Clerk, Acorn Ltd\tMay 2018 –\nOct 2021\n- Sold pumps", [("Clerk", "Acorn Ltd", "2018-05", "2021-10")]),
        # Bullets before the heads.
        (
            "• Acorn Ltd Boston, MA\nClerk Mar 2019 – Dec 2021\n– Sold pumps\n• Globe Ltd Denver, CO"
            "\nPacker 2015 – 2019\n– Packed",
            [("Clerk", "Acorn Ltd", "2019-03", "2021-12"), ("Packer", "Globe Ltd", "2015", "2019")],
        ),
        ("2019 - 2021\n• Clerk at Acorn Stores\n• Sold pumps", [("Clerk", "Acorn Stores", "2019", "2021")]),
    ],
)
def test_parses_positions_in_usual_layouts(text, positions):
    assert _list_positions(text) == positions


@pytest.mark.parametrize("dates", ["", " | between two jobs", "\tTrinity term", "\t20xx - 20xx"])
def test_keeps_the_text_of_a_position_whose_dates_are_not_understood(dates):
    text = f"""Lead, Umber Mining\t2021 - Present
- Leads nine people

Printer, Violet Press{dates}
- Set type

Agent, Ochre Paints\t2014 - 2016
- Answered the phone"""

    positions = parse_positions(split_lines(text), now=NOW)

    assert [(_value(position.company), position.highlights) for position in positions] == [
        ("Umber Mining", ("Leads nine people",)),
        ("Violet Press", ("Set type",)),
        ("Ochre Paints", ("Answered the phone",)),
    ]
    assert positions[1].span is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Caltech\tPasadena, CA\nB.S. in Physics\t2010 - 2014\nStanford\tStanford, CA\nM.S. in Optics\t2014 - 2016",
            [("Caltech", "B.S.", "Physics", None, None), ("Stanford", "M.S.", "Optics", None, None)],
        ),
        (
            "Le Cube, Marram\nMaster of Arts in History\n2010 - 2012",
            [("Le Cube", "Master of Arts", "History", None, None)],
        ),
        (
            "BA (Hons) Social Work, 2:1, University of Forthside, 2016",
            [("University of Forthside", "BA", "Social Work", None, "Hons")],
        ),
        (
            "B.S. in Biology, magna cum laude, Colby College\t2015\nGPA: 3.87/4.00",
            [("Colby College", "B.S.", "Biology", "3.87/4.00", "magna cum laude")],
        ),
        (
            "Licence en économie\t2016 - 2019\nLycée Corvin, Major de promotion",
            [("Lycée Corvin", "Licence", "économie", None, "Major de promotion")],
        ),
        (
            "2009 Abitur, Goethe-Gymnasium Orran",
            [("Goethe-Gymnasium Orran", "Abitur", None, None, None)],
        ),
        ("AWS Certified Cook, 2021", []),
    ],
)
def test_parses_studies_with_grades_and_honors_apart(text, expected):
    studies = parse_studies(split_lines(text))

    assert [
        tuple(_value(found) for found in (study.institution, study.degree, study.area, study.score, study.honors))
        for study in studies
    ] == expected


def test_finds_positions_and_studies_without_headings():
    text = """Greta Holm
greta.holm@example.org | +47 22 55 01 09

Staff Engineer | Umber Mining | June 2021 – Present
• Built pumps

Engineer | Violet Press | 2017 – 2021
• Fixed presses

M.Sc. Physics, University of Marram, 2012 - 2017
"""
    content = build_json_resume(parse_resume(text=text, spans=[], now=NOW), display_names={})

    assert [(work["position"], work["name"]) for work in content["work"]] == [
        ("Staff Engineer", "Umber Mining"),
        ("Engineer", "Violet Press"),
    ]
    assert [study["institution"] for study in content["education"]] == ["University of Marram"]
