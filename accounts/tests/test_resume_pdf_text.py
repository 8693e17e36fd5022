"""Words and visible text in PDFs."""

import pytest
from reportlab.lib.colors import black, white

from accounts.tests.pdf_pages import HEIGHT, PROSE, read_texts


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def test_does_not_join_a_large_line_to_a_small_one_below():
    assert read_texts([(60, 60, "Mona Vale", "Helvetica", 26), (60, 71, "mona@example.org", "Helvetica", 9)]) == [
        *("Mona Vale", "mona@example.org")
    ]


@pytest.mark.parametrize("spacing", [0, 1.5, 4, 7])
def test_separates_words_by_their_distance(spacing):
    def draw(pdf):
        text = pdf.beginText(60, HEIGHT - 60)
        text.setFont("Helvetica", 12)
        text.setCharSpace(spacing)
        text.textOut("WORK EXPERIENCE")
        pdf.drawText(text)

    assert read_texts([draw, *((60, 80 + 14 * number, PROSE) for number in range(5))])[0] == "WORK EXPERIENCE"


def test_joins_letters_that_are_typed_with_spaces_between_them():
    assert read_texts([(60, 60, "W O R K   H I S T O R Y"), (60, 80, PROSE)]) == ["WORK HISTORY", PROSE]


def test_reads_words_without_space_glyphs():
    def draw(pdf):
        x = 60
        for word in PROSE.split():
            pdf.drawString(x, HEIGHT - 60, word)
            x += pdf.stringWidth(word) + 2.6

    assert read_texts([draw]) == [PROSE]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Led the infra-", "structure team", ["Led the infrastructure", "team"]),
        ("Led a cross-", "functional team", ["Led a cross-functional", "team"]),
        ("Wrote a data-", "driven plan", ["Wrote a data-driven", "plan"]),
        ("Baked 2019-", "style bread", ["Baked 2019-", "style bread"]),
        ("Baker at Rye-", "Brot AG", ["Baker at Rye-", "Brot AG"]),
        ("Led the infra-", "structure", ["Led the infrastructure"]),
    ],
)
def test_joins_words_hyphenated_at_the_end_of_a_line(first, second, expected):
    assert read_texts([(60, 60, first), (60, 73, second)]) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("mona.vale@bakery.exa", "mple.org", ["mona.vale@bakery.example.org"]),
        ("mona.vale@example.co", "m", ["mona.vale@example.com"]),
        ("mona.vale@", "example.org", ["mona.vale@example.org"]),
        ("mona.vale@example.org", "example.org/mona", ["mona.vale@example.org", "example.org/mona"]),
        ("mona.vale@example.org", "baker", ["mona.vale@example.org", "baker"]),
        ("mona.vale@example.org", "Oslo", ["mona.vale@example.org", "Oslo"]),
    ],
)
def test_joins_email_addresses_broken_at_the_end_of_a_line(first, second, expected):
    assert read_texts([(60, 60, first), (60, 73, second)]) == expected


def test_reads_drawn_bullets():
    def draw_dot(x, y):
        return lambda pdf: pdf.circle(x, HEIGHT - y, 1.4, stroke=0, fill=1)

    page = [
        (60, 60, "Baker"),
        (72, 74, PROSE),
        (72, 86, "in winter"),
        (72, 98, "Sold bread"),
        draw_dot(64, 71),
        draw_dot(64, 95),
    ]

    assert read_texts(page) == ["Baker", f"• {PROSE}", "in winter", "• Sold bread"]


def test_reads_bullets_of_symbol_fonts():
    assert read_texts([(60, 60, "l", "ZapfDingbats", 8), (74, 60, "Sold bread in winter")]) == [
        "• Sold bread in winter"
    ]


def test_leaves_out_hidden_text():
    def draw(pdf):
        pdf.setFillColor(white)
        pdf.drawString(60, HEIGHT - 100, "Kubernetes on white")
        pdf.setFillColor(black)
        pdf.rect(50, HEIGHT - 130, 300, 20, fill=1)
        pdf.setFillColor(white)
        pdf.drawString(60, HEIGHT - 125, "White on black")
        pdf.setFillColor(black)
        text = pdf.beginText(60, HEIGHT - 150)
        text.setTextRenderMode(3)
        text.textOut("Invisible")
        pdf.drawText(text)

    page = [(60, 60, PROSE), (60, 80, "tiny", "Helvetica", 1), (-200, 80, "outside"), draw]

    assert read_texts(page) == [PROSE, "White on black"]


def test_reads_the_invisible_text_of_a_scan():
    def draw(pdf):
        text = pdf.beginText(60, HEIGHT - 60)
        text.setTextRenderMode(3)
        text.textOut(PROSE)
        pdf.drawText(text)

    assert read_texts([draw]) == [PROSE]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_reads_a_page_that_is_turned(degrees):
    def draw(pdf):
        pdf.setFont("Helvetica", 9)
        pdf.translate(300, 400)
        pdf.rotate(degrees)
        pdf.drawString(0, 0, PROSE)
        pdf.drawString(0, -14, "Second line")

    assert read_texts([draw]) == [PROSE, "Second line"]


def test_reads_text_in_the_margin_that_is_turned_as_a_line_of_its_own():
    def draw(pdf):
        pdf.translate(30, 400)
        pdf.rotate(90)
        pdf.drawString(0, 0, "Curriculum vitae")

    assert read_texts([(60, 60, PROSE), (60, 74, PROSE), draw]) == [PROSE, PROSE, "Curriculum vitae"]


def test_reads_raised_letters_as_part_of_their_line():
    page = [(60, 60, "May 1", "Helvetica", 10), (85.6, 56, "st", "Helvetica", 6), (94, 60, "2020 and on")]

    assert read_texts([page[0], page[1], page[2]]) == ["May 1st 2020 and on"]


def test_reads_text_painted_twice_to_look_bold_once():
    for x in (60, 60.4):
        assert read_texts([(60, 60, "Mona Ballett"), (x, 60, "Mona Ballett")]) == ["Mona Ballett"]


def test_drops_page_numbers_and_repeated_headers():
    pages = [
        [
            (60, 30, "Mona Vale - CV"),
            *((60, y, f"{PROSE} {y} {page}") for y in (80, 94)),
            (300, 800, f"Page {page} of 2"),
        ]
        for page in (1, 2)
    ]

    assert read_texts(*pages) == ["Mona Vale - CV", *(f"{PROSE} {y} {page}" for page in (1, 2) for y in (80, 94))]
