"""Lines of PDF files: their order, words and typography come from the places of the glyphs."""

import io

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.colors import black, white
from reportlab.pdfgen import canvas

from accounts.resumes.files.pdf import extract_pdf
from accounts.resumes.files.sandbox import FileRejected, extract_text

HEIGHT = 842


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _draw(*pages):
    """Return a PDF. Each page is a list of texts as x, y from the top, text, and optionally font and size."""
    out = io.BytesIO()
    pdf = canvas.Canvas(out, pagesize=(595, HEIGHT), invariant=1)
    for page in pages:
        for item in page:
            if callable(item):
                item(pdf)
                continue
            x, y, text, font, size = (*item, "Helvetica", 10)[:5] if len(item) == 3 else item
            pdf.setFont(font, size)
            pdf.drawString(x, HEIGHT - y, text)
        pdf.showPage()
    pdf.save()
    return out.getvalue()


def _read(data):
    return extract_pdf(data, max_characters=100_000)[0]


def _read_texts(*pages):
    return [line.text for line in _read(_draw(*pages))]


PROSE = "Kept the ovens of a large bakery in the harbor district warm"
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
    assert _read_texts(page) == [*MAIN_TEXTS, *MARGIN_TEXTS]


def test_does_not_interrupt_the_main_text_by_the_margin_of_a_page():
    second = [(60, 60 + 14 * number, f"{PROSE} {number}") for number in range(4)]

    texts = _read_texts([*MAIN, *MARGIN], second)

    assert texts == [*MAIN_TEXTS, *(text for _, _, text in second), *MARGIN_TEXTS]


def test_reads_a_margin_with_the_name_first():
    left = [(40, 60, "Udo Bern", "Helvetica-Bold", 20), (40, 90, "udo@example.org"), (40, 104, "Bern"), (40, 118, "Go")]
    right = [(240, 62 + 13 * number, PROSE) for number in range(6)]

    assert _read_texts([*right, *left]) == ["Udo Bern", "udo@example.org", "Bern", "Go", *[PROSE] * 6]


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

    assert _read_texts(page) == [
        *("Crust Ltd\tOslo", "Baker\tJan 2019 - Now", PROSE, "Dough plc\tBergen", "Help\t2015 - 2018"),
        *("Languages:\tNorse", "Tools:\tOven"),
    ]


def test_joins_dates_that_are_wrapped_in_a_narrow_left_column():
    page = [
        *((60, 60, "May 2019 -"), (60, 73, "Present"), (60, 110, "Jun 2015 -"), (60, 123, "Apr 2019")),
        *((140, 60, "Baker"), (140, 73, "Crust Ltd"), (140, 86, PROSE)),
        *((140, 110, "Helper"), (140, 123, "Dough plc"), (140, 136, PROSE)),
    ]

    assert _read_texts(page) == [
        *("May 2019 - Present\tBaker", "Crust Ltd", PROSE, "Jun 2015 - Apr 2019\tHelper", "Dough plc", PROSE)
    ]


def test_puts_dates_centered_beside_an_entry_on_its_first_line():
    page: list[tuple[object, ...]] = [(60, 60, "Work", "Helvetica-Bold", 13)]
    for top, title in ((80, "Baker"), (170, "Helper")):
        page += [(140, top, title), (140, top + 13, "Crust Ltd")]
        page += [(140, top + 26 + 13 * number, f"• {PROSE}") for number in range(3)]
        page.append((60, top + 26, "2019 - 2021"))

    texts = _read_texts(page)

    assert [text for text in texts if "2019" in text] == ["2019 - 2021\tBaker", "2019 - 2021\tHelper"]


def test_puts_a_heading_beside_its_section_on_a_line_of_its_own():
    page = [
        (60, 60, "STUDIES", "Helvetica-Bold", 10),
        (180, 60, "Baking, Oslo"),
        (180, 74, "Thesis"),
        (180, 88, "Grade"),
    ]

    assert _read_texts(page) == ["STUDIES", "Baking, Oslo", "Thesis", "Grade"]


def test_does_not_join_a_large_line_to_a_small_one_below():
    assert _read_texts([(60, 60, "Mona Vale", "Helvetica", 26), (60, 71, "mona@example.org", "Helvetica", 9)]) == [
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

    assert _read_texts([draw, *((60, 80 + 14 * number, PROSE) for number in range(5))])[0] == "WORK EXPERIENCE"


def test_joins_letters_that_are_typed_with_spaces_between_them():
    assert _read_texts([(60, 60, "W O R K   H I S T O R Y"), (60, 80, PROSE)]) == ["WORK HISTORY", PROSE]


def test_reads_words_without_space_glyphs():
    def draw(pdf):
        x = 60
        for word in PROSE.split():
            pdf.drawString(x, HEIGHT - 60, word)
            x += pdf.stringWidth(word) + 2.6

    assert _read_texts([draw]) == [PROSE]


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
    assert _read_texts([(60, 60, first), (60, 73, second)]) == expected


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
    assert _read_texts([(60, 60, first), (60, 73, second)]) == expected


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

    texts = _read_texts(page)

    assert texts[:5] == ["Mona Vale", "mona@example.org", "Experience", "Dates\t2019 to 2021", "Title\tBaker"]
    assert texts[9] == "Education"


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

    assert _read_texts(page) == ["Baker", f"• {PROSE}", "in winter", "• Sold bread"]


def test_reads_bullets_of_symbol_fonts():
    assert _read_texts([(60, 60, "l", "ZapfDingbats", 8), (74, 60, "Sold bread in winter")]) == [
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

    assert _read_texts(page) == [PROSE, "White on black"]


def test_reads_the_invisible_text_of_a_scan():
    def draw(pdf):
        text = pdf.beginText(60, HEIGHT - 60)
        text.setTextRenderMode(3)
        text.textOut(PROSE)
        pdf.drawText(text)

    assert _read_texts([draw]) == [PROSE]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_reads_a_page_that_is_turned(degrees):
    def draw(pdf):
        pdf.setFont("Helvetica", 9)
        pdf.translate(300, 400)
        pdf.rotate(degrees)
        pdf.drawString(0, 0, PROSE)
        pdf.drawString(0, -14, "Second line")

    assert _read_texts([draw]) == [PROSE, "Second line"]


def test_reads_text_in_the_margin_that_is_turned_as_a_line_of_its_own():
    def draw(pdf):
        pdf.translate(30, 400)
        pdf.rotate(90)
        pdf.drawString(0, 0, "Curriculum vitae")

    assert _read_texts([(60, 60, PROSE), (60, 74, PROSE), draw]) == [PROSE, PROSE, "Curriculum vitae"]


def test_reads_raised_letters_as_part_of_their_line():
    page = [(60, 60, "May 1", "Helvetica", 10), (85.6, 56, "st", "Helvetica", 6), (94, 60, "2020 and on")]

    assert _read_texts([page[0], page[1], page[2]]) == ["May 1st 2020 and on"]


def test_reads_text_painted_twice_to_look_bold_once():
    for x in (60, 60.4):
        assert _read_texts([(60, 60, "Mona Ballett"), (x, 60, "Mona Ballett")]) == ["Mona Ballett"]


def test_drops_page_numbers_and_repeated_headers():
    pages = [
        [
            (60, 30, "Mona Vale - CV"),
            *((60, y, f"{PROSE} {y} {page}") for y in (80, 94)),
            (300, 800, f"Page {page} of 2"),
        ]
        for page in (1, 2)
    ]

    assert _read_texts(*pages) == ["Mona Vale - CV", *(f"{PROSE} {y} {page}" for page in (1, 2) for y in (80, 94))]


def test_describes_the_typography_of_each_line():
    lines = _read(_draw([*MAIN[:3], (80, 160, PROSE)], [(60, 60, PROSE)]))

    assert [(line.style.size, line.style.bold, line.style.indent, line.style.page) for line in lines] == [
        *((2.2, True, 0, 0), (1.3, True, 0, 0), (1, False, 0, 0), (1, False, 2, 0), (1, False, 0, 1))
    ]
    assert [line.style.gap > 0.5 for line in lines] == [False, True, True, True, False]


def test_passes_one_style_per_line_out_of_the_sandbox():
    file = extract_text(_draw(MAIN))

    styles = file.styles or ()
    assert len(styles) == len(file.text.split("\n")) == len(MAIN)
    assert styles[0].size == 2.2


def test_reads_all_kinds_of_links():
    def draw(pdf):
        for url in ("mailto:mona@example.org", "tel:+4722555010", "https://example.org/mona"):
            pdf.linkURL(url, (0, 0, 50, 50))

    assert extract_pdf(_draw([(60, 60, PROSE), draw]), max_characters=1_000)[1] == [
        *("mailto:mona@example.org", "tel:+4722555010", "https://example.org/mona")
    ]


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_opens_a_file_that_only_restricts_printing(algorithm):
    def encrypt(user_password):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(_draw([(60, 60, PROSE)]))))
        writer.encrypt(user_password, "owner", algorithm=algorithm)
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    assert extract_text(encrypt("")).text == PROSE
    with pytest.raises(FileRejected) as error:
        extract_text(encrypt("user"))
    assert error.value.reason == "encrypted"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("".join(PROSE.split()) * 3, "no_spaces"), ("\ufffd\ufffd " * 30 + PROSE, "unmapped_glyphs")],
    ids=["no spaces", "replacement characters"],
)
def test_rejects_text_that_cannot_be_trusted(text, reason):
    with pytest.raises(FileRejected) as error:
        extract_text(text.encode())

    assert error.value.reason == reason


@pytest.mark.parametrize(
    "text", ["自然言語処理の研究をしています" * 4, f"{PROSE}\nhttps://example.org/{'a' * 300}", f"{PROSE}\n{'-' * 300}"]
)
def test_accepts_text_with_long_words_of_other_kinds(text):
    assert extract_text(text.encode()).text == text
