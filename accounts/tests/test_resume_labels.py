"""Parsing of entries whose lines are labeled, and of studies whose names are split over lines."""

from datetime import date

import pytest

from accounts.resumes.parsing.lines import split_lines
from accounts.resumes.parsing.organizations import has_legal_form
from accounts.resumes.parsing.positions import parse_positions
from accounts.resumes.parsing.studies import parse_studies

NOW = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _value(found):
    return found.value if found else None


@pytest.mark.parametrize(
    "company",
    [
        "Constructora Andahuay S.A.C.",
        "Obras Civiles Misti E.I.R.L.",
        "Textiles Orizaba S. de R.L. de C.V.",
        "Langkawi Palms Sdn. Bhd.",
        "Sava Brodovi d.o.o.",
        # No legal form: the label shows that the line with a period is no sentence.
        "Talleres de la abuela Chabuca.",
    ],
)
def test_takes_a_labeled_employer_that_ends_in_a_period(company):
    text = f"Empresa: {company}\nCargo: Jefa de Proyectos\nPeriodo: 11/2019 - 12/2021\n\n- Dirección de un puente"
    (position,) = parse_positions(split_lines(text), now=NOW)

    assert (_value(position.title), _value(position.company)) == ("Jefa de Proyectos", company)


@pytest.mark.parametrize("text", ["Un sac", "He moved to Saa", "the co"])
def test_finds_no_legal_form_in_a_word(text):
    assert not has_legal_form(text)


@pytest.mark.parametrize(
    ("text", "study"),
    [
        (
            "Institución: Universidad Nacional del Altiplano\nTítulo: Ingeniería Civil\nPeriodo: 2009 - 2014",
            ("Universidad Nacional del Altiplano", "Ingeniería", "Civil", "2009", "2014"),
        ),
        (
            "Instituição: Universidade do Cerrado\nCurso: Bacharelado em Direito\nPeríodo: 2009 - 2014",
            ("Universidade do Cerrado", "Bacharelado", "Direito", "2009", "2014"),
        ),
        (
            "2013 - 2015 | AS Network Administration @ Laurel Canyon Community College",
            ("Laurel Canyon Community College", "AS", "Network Administration", "2013", "2015"),
        ),
        # The name of the degree is split over two lines of a narrow column.
        (
            "Willamette Culinary Institute\nAssociate of Applied Science in\nCulinary Arts\n2014 - 2016",
            ("Willamette Culinary Institute", "Associate of Applied Science", "Culinary Arts", "2014", "2016"),
        ),
        (
            "M.A. in Economics and\nPublic Policy\nUniversity of Tarn\n2014 - 2016",
            ("University of Tarn", "M.A.", "Economics and Public Policy", "2014", "2016"),
        ),
        (
            "Krankenpflegeschule Niederbachem\nAusbildung zum Krankenpfleger\n04/2009 - 03/2012",
            ("Krankenpflegeschule Niederbachem", "Ausbildung", "Krankenpfleger", "2009-04", "2012-03"),
        ),
    ],
)
def test_parses_a_study_with_labels_or_split_names(text, study):
    (found,) = parse_studies(split_lines(text))

    values = tuple(_value(value) for value in (found.institution, found.degree, found.area))
    assert (*values, str(found.since), str(found.until)) == study


def test_takes_no_preposition_for_the_area_of_a_degree():
    (study,) = parse_studies(split_lines("Bachelor of Science in\n2014 - 2016"))

    assert study.area is None
