"""Recognition of section headings by their nouns, look and the text below."""

import pytest

from accounts.resumes.parsing.headings import get_heading_kind
from accounts.resumes.parsing.sections import split_sections
from accounts.resumes.parsing.styles import LineStyle


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Selected Professional Experience", "experience"),
        ("Teaching & Research Experience", "experience"),
        ("3) Employment", "experience"),
        ("IV. WORK HISTORY", "experience"),
        ("EXPERIENCE (continued)", "experience"),
        ("Work Experience (12 years)", "experience"),
        ("Employment 2009 - 2024", "experience"),
        ("ProfessionalExperience", "experience"),
        ("WORKEXPERIENCE", "experience"),
        ("W O R K   H I S T O R Y", "experience"),
        ("Beruflicher Werdegang", "experience"),
        ("Praktika", "experience"),
        ("Parcours professionnel", "experience"),
        ("Trayectoria profesional", "experience"),
        ("Experiência Profissional", "experience"),
        ("Education and Degrees", "education"),
        ("Schulbildung", "education"),
        ("Études", "education"),
        ("Formação Acadêmica", "education"),
        ("Core Skills & Tools", "skills"),
        ("Tech Stack", "skills"),
        ("EDV-Kenntnisse", "skills"),
        ("Conhecimentos", "skills"),
        ("Idiomas", "languages"),
        ("Volunteer Experience", "other"),
        ("Coordonnées", "other"),
        ("Kurzprofil", "summary"),
        ("User Experience", None),
        ("Built tools", None),
        ("Experience matters.", None),
        ("Acorn Tools | Engineer", None),
    ],
)
def test_recognizes_headings_by_their_nouns(line, kind):
    assert get_heading_kind(line) == kind


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        # Unusual words: the text below decides.
        ("Ada\n\nBakery Experience\nBaker, Mill Ltd\t2019 - 2020", ["header", "experience"]),
        ("Experience\n\nFenwick Tools\nClerk\t2019 - 2020", ["header", "experience"]),
        ("Ada\n\nCareer Highlights\nClerk, Acorn Ltd\t2019 - 2020", ["header", "experience"]),
        ("Ada\n\nCareer Highlights\nI sold a million pumps.", ["header", "summary"]),
        ("Ada\n\nLanguages\nPython, Go", ["header", "skills"]),
        ("Ada\n\nLanguages\nDeutsch, Englisch", ["header", "languages"]),
        # A heading in the left column of a table.
        ("Ada\nEXPERIENCE\tClerk, Acorn Ltd\t2019 - 2020", ["header", "experience"]),
        # The same section on two pages.
        ("Experience\nClerk, Acorn Ltd 2019 - 2020\nExperience (cont.)\n- Sold pumps", ["header", "experience"]),
    ],
)
def test_splits_sections_by_the_text_below_unusual_headings(text, kinds):
    assert [section.kind for section in split_sections(text)] == kinds


def test_begins_a_section_at_a_line_that_looks_like_the_headings():
    lines = [
        "Experience",
        "Clerk, Acorn Ltd\t2019 - 2020",
        "Education",
        "BA History, Orran College",
        "Chess",
        "Champion",
    ]
    styles = [
        LineStyle(size=1.4, bold=True) if line in {"Experience", "Education", "Chess"} else LineStyle()
        for line in lines
    ]
    for index in (0, 2, 4):
        styles[index] = LineStyle(size=1.4, bold=True, gap=1.0)

    sections = split_sections("\n".join(lines), styles)

    assert [(section.kind, section.text.split("\n")[0]) for section in sections[1:]] == [
        ("experience", lines[1]),
        ("education", lines[3]),
        ("other", "Champion"),
    ]


@pytest.mark.parametrize(
    ("heading", "below", "kind"),
    [
        ("Where the bread went", "Principal Hydrologist\tSep 2020 - now\nTarnbrook Water\n- Led a team", "experience"),
        ("Alma mater", "M.Sc. Hydrology, University of Tarn\t2010 - 2012", "education"),
    ],
)
def test_finds_a_first_heading_with_unusual_words_by_its_look_and_the_text_below(heading, below, kind):
    text = f"Ada Example\nada@example.org\n{heading}\n{below}\nSkills\nPython\nLanguages\nFrench"
    headings = {"Ada Example": LineStyle(size=2.2, bold=True)} | dict.fromkeys(
        (heading, "Skills", "Languages"), LineStyle(size=1.3, bold=True, gap=1.0)
    )
    styles = [headings.get(line, LineStyle()) for line in text.split("\n")]

    sections = split_sections(text, styles)

    assert [section.kind for section in sections] == ["header", kind, "skills", "languages"]
    assert sections[1].text == below


def test_takes_a_word_for_skills_in_a_heading_with_unusual_words():
    text = "Ada\nEducation\nB.Sc. Physics\nEDV-Kenntnisse und Methoden\nMATLAB\nToolbox\nSEO\nEmployment\nClerk"
    headings = ("Education", "EDV-Kenntnisse und Methoden", "Toolbox", "Employment")
    styles = [LineStyle(size=1.3, bold=True, gap=1.0) if line in headings else LineStyle() for line in text.split("\n")]

    kinds = [section.kind for section in split_sections(text, styles)]

    assert kinds == ["header", "education", "skills", "skills", "experience"]
