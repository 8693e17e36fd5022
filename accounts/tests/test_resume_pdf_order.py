"""The order of lines in PDFs, which comes from the places of the glyphs."""

from typing import Any

import pytest

from accounts.resumes.files.pdf import extract_pdf
from accounts.resumes.files.sandbox import extract_text
from accounts.tests.pdf_pages import HEIGHT, PROSE, draw_pdf, read_lines, read_texts


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


MAIN = [
    *((60, 60, "Mona Vale", "Helvetica-Bold", 22), (60, 100, "Experience", "Helvetica-Bold", 13)),
    *((60, 120, "Baker"), (60, 134, "Crust Ltd"), (60, 148, "2019 - 2021"), (60, 162, PROSE)),
]
MARGIN = [(430, 103, "Skills", "Helvetica-Bold", 13), (430, 121, "Rye"), (430, 139, "Wheat"), (430, 157, "Spelt")]
MAIN_TEXTS = ["Mona Vale", "Experience", "Baker", "Crust Ltd", "2019 - 2021", PROSE]
MARGIN_TEXTS = ["Skills", "Rye", "Wheat", "Spelt"]


@pytest.mark.parametrize(
    "page",
    [
        [*MAIN, *MARGIN],
        [*MARGIN, *MAIN],
        [item for pair in zip(MAIN, [*MARGIN, *MARGIN[:2]], strict=True) for item in pair],
    ],
    ids=["main first", "margin first", "interleaved"],
)
def test_reads_columns_one_after_another_in_any_order_of_painting(page):
    assert read_texts(page) == [*MAIN_TEXTS, *MARGIN_TEXTS]


def test_does_not_interrupt_the_main_text_by_the_margin_of_a_page():
    second = [(60, 60 + 14 * number, f"{PROSE} {number}") for number in range(4)]

    texts = read_texts([*MAIN, *MARGIN], second)

    assert texts == [*MAIN_TEXTS, *(text for _, _, text in second), *MARGIN_TEXTS]


def test_reads_a_margin_with_the_name_first():
    left = [(40, 60, "Udo Bern", "Helvetica-Bold", 20), (40, 90, "udo@example.org"), (40, 104, "Bern"), (40, 118, "Go")]
    right = [(240, 62 + 13 * number, PROSE) for number in range(6)]

    assert read_texts([*right, *left]) == ["Udo Bern", "udo@example.org", "Bern", "Go", *[PROSE] * 6]


def test_reads_columns_whose_lines_are_level_one_after_another_if_they_have_headings():
    columns = {40: ["Skills", "Rye", "Oat"], 230: ["Work", "Baker", "2019"], 430: ["Studies", "BSc", "2012"]}
    page = [
        (x, 60 + 14 * number, text, "Helvetica-Bold" if not number else "Helvetica", 13 if not number else 10)
        for x, texts in columns.items()
        for number, text in enumerate(texts)
    ]

    assert read_texts(page) == [text for texts in columns.values() for text in texts]


def test_reads_columns_below_a_name_that_ends_close_to_the_gutter():
    page: list[tuple[Any, ...]] = [
        (40, 60, "Mona Vale of Oslo", "Helvetica-Bold", 20),
        (214, 90, "Work", "Helvetica-Bold", 13),
    ]
    page += [(214, 112 + 13 * number, PROSE) for number in range(4)]
    page += [(40, 90, "Skills", "Helvetica-Bold", 13), *((40, 110 + 16 * number, "Rye") for number in range(3))]

    assert read_texts(page) == ["Mona Vale of Oslo", "Skills", "Rye", "Rye", "Rye", "Work", *[PROSE] * 4]


def test_keeps_dates_beside_entries_below_a_centered_line():
    page = [
        *((130, 60, "mona@example.org | +47 22 55 50 10 | Oslo, Norway"), (40, 90, "Baking School of the Harbor")),
        *(
            (480, 90, "2012 - 2015"),
            (40, 110, "Work", "Helvetica-Bold", 13),
            (40, 130, "Crust Ltd"),
            (490, 130, "Oslo"),
        ),
        *((40, 144, "Baker"), (460, 144, "Jan 2023 - Present"), (40, 160, f"{PROSE} and {PROSE[:40]}")),
    ]

    assert read_texts(page)[1:5] == [
        *("Baking School of the Harbor\t2012 - 2015", "Work", "Crust Ltd\tOslo", "Baker\tJan 2023 - Present")
    ]


def test_reads_contact_details_beside_the_name_after_it():
    page = [(40, 60, "Mona Vale", "Helvetica-Bold", 22), (40, 80, "Baker"), (40, 120, "Work", "Helvetica-Bold", 13)]
    page += [(40, 140 + 14 * number, PROSE) for number in range(6)]
    details = ("mona@example.org", "+47 22 55 50 10", "Oslo")
    page += [(430, 52 + 11 * number, text) for number, text in enumerate(details)]

    assert read_texts(page)[:6] == ["Mona Vale", "Baker", "mona@example.org", "+47 22 55 50 10", "Oslo", "Work"]


def test_reads_the_values_of_form_fields():
    def draw(pdf):
        pdf.acroForm.textfield(value="Mona Vale", x=120, y=HEIGHT - 70, width=200, height=20, borderWidth=0)
        pdf.linkURL("https://example.org", (0, 0, 9, 9))

    lines, links = extract_pdf(draw_pdf([(60, 64, "Name:"), (60, 120, PROSE), draw]), max_characters=1_000)

    assert [line.text for line in lines] == ["Name:\tMona Vale", PROSE]
    assert links == ["https://example.org"]


def test_joins_the_parts_of_a_line_by_tabs():
    page = [
        *(
            (60, 60, "Crust Ltd", "Helvetica-Bold", 10),
            (480, 60, "Oslo"),
            (60, 74, "Baker"),
            (430, 74, "Jan 2019 - Now"),
        ),
        (60, 90, PROSE),
        *(
            (60, 110, "Dough plc", "Helvetica-Bold", 10),
            (480, 110, "Bergen"),
            (60, 124, "Help"),
            (430, 124, "2015 - 2018"),
        ),
        *((60, 150, "Languages:"), (200, 150, "Norse"), (60, 164, "Tools:"), (200, 164, "Oven")),
    ]

    assert read_texts(page) == [
        *("Crust Ltd\tOslo", "Baker\tJan 2019 - Now", PROSE, "Dough plc\tBergen", "Help\t2015 - 2018"),
        *("Languages:\tNorse", "Tools:\tOven"),
    ]


def test_joins_dates_that_are_wrapped_in_a_narrow_left_column():
    page = [
        *((60, 60, "May 2019 -"), (60, 73, "Present"), (60, 110, "Jun 2015 -"), (60, 123, "Apr 2019")),
        *((140, 60, "Baker"), (140, 73, "Crust Ltd"), (140, 86, PROSE)),
        *((140, 110, "Helper"), (140, 123, "Dough plc"), (140, 136, PROSE)),
    ]

    assert read_texts(page) == [
        *("May 2019 - Present\tBaker", "Crust Ltd", PROSE, "Jun 2015 - Apr 2019\tHelper", "Dough plc", PROSE)
    ]


def test_puts_dates_centered_beside_an_entry_on_its_first_line():
    page: list[tuple[object, ...]] = [(60, 60, "Work", "Helvetica-Bold", 13)]
    for top, title in ((80, "Baker"), (170, "Helper")):
        page += [(140, top, title), (140, top + 13, "Crust Ltd")]
        page += [(140, top + 26 + 13 * number, f"• {PROSE}") for number in range(3)]
        page.append((60, top + 26, "2019 - 2021"))

    texts = read_texts(page)

    assert [text for text in texts if "2019" in text] == ["2019 - 2021\tBaker", "2019 - 2021\tHelper"]


def test_puts_a_heading_beside_its_section_on_a_line_of_its_own():
    page = [
        (60, 60, "STUDIES", "Helvetica-Bold", 10),
        (180, 60, "Baking, Oslo"),
        (180, 74, "Thesis"),
        (180, 88, "Grade"),
    ]

    assert read_texts(page) == ["STUDIES", "Baking, Oslo", "Thesis", "Grade"]


def test_describes_the_typography_of_each_line():
    lines = read_lines(draw_pdf([*MAIN[:3], (80, 160, PROSE)], [(60, 60, PROSE)]))

    assert [(line.style.size, line.style.bold, line.style.indent, line.style.page) for line in lines] == [
        *((2.2, True, 0, 0), (1.3, True, 0, 0), (1, False, 0, 0), (1, False, 2, 0), (1, False, 0, 1))
    ]
    assert [line.style.gap > 0.5 for line in lines] == [False, True, True, True, False]


def test_passes_one_style_per_line_out_of_the_sandbox():
    file = extract_text(draw_pdf(MAIN))

    styles = file.styles or ()
    assert len(styles) == len(file.text.split("\n")) == len(MAIN)
    assert styles[0].size == 2.2


def test_reads_all_kinds_of_links():
    def draw(pdf):
        for url in ("mailto:mona@example.org", "tel:+4722555010", "https://example.org/mona"):
            pdf.linkURL(url, (0, 0, 50, 50))

    assert extract_pdf(draw_pdf([(60, 60, PROSE), draw]), max_characters=1_000)[1] == [
        *("mailto:mona@example.org", "tel:+4722555010", "https://example.org/mona")
    ]


def test_reads_labels_beside_their_values_below_a_name_and_headings():
    page = [(60, 60, "Mona Vale", "Helvetica-Bold", 20), (60, 80, "mona@example.org")]
    for top, heading in ((110, "Experience"), (250, "Education")):
        page.append((60, top, heading, "Helvetica-Bold", 13))
        for start in (top + 20, top + 70):
            page += [
                (60, start, "Dates"),
                (60, start + 14, "Title"),
                (200, start, "2019 to 2021"),
                (200, start + 14, "Baker"),
            ]
            page.append((200, start + 28, f"• {PROSE[:40]}"))

    texts = read_texts(page)

    assert texts[:5] == ["Mona Vale", "mona@example.org", "Experience", "Dates\t2019 to 2021", "Title\tBaker"]
    assert texts[9] == "Education"
