"""PDFs of resumes in any script: text that can be copied, its direction, and the structure of the document."""

import logging
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.resumes.files.sandbox import extract_text
from accounts.resumes.renderers.layout import build_layout
from accounts.resumes.renderers.pdf import render_pdf
from accounts.resumes.renderers.scripts import split_breakable, split_clusters
from accounts.tests.rendered_text import CONTENT

ARABIC = (
    "أبني أنظمة كبيرة في مجال الحوسبة مع فريق من خمسة أشخاص في مدينة جميلة جدا منذ سنوات كثيرة ونحب العمل معا كل يوم"
)
HEBREW = "אני מפתח תוכנה ואוהב Python מאז 2019 עבודה בצוות קטן של שבעה אנשים בתל אביב ובחיפה במשך שנים רבות מאוד"


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def render_summary(text, **basics):
    return render_pdf(build_layout({"basics": {"name": "Ada", "summary": text} | basics}))


def read_lines(pdf):
    """Return the lines of the first page as PDFium copies them."""
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range().splitlines()


def list_font_names(pdf):
    fonts: Any = pypdf.PdfReader(BytesIO(pdf)).pages[0]["/Resources"]
    return {font.get_object()["/BaseFont"].partition("+")[2] for font in fonts["/Font"].values()}


@pytest.mark.parametrize(
    ("text", "font"),
    [
        ("नमस्ते दुनिया, मैं क्षत्रिय नगर में हूँ", "NotoSansDevanagari"),
        ("ผมเป็นวิศวกรซอฟต์แวร์ที่บริษัทในกรุงเทพฯ", "NotoSansThai"),
        ("软件工程师 上海 王小明", "NotoSansCJKSC"),
        ("東京の会社でソフトウェアを開発する", "NotoSansCJKJP"),
        ("소프트웨어 엔지니어 서울", "NotoSansCJKKR"),
        ("Cafe\u0301 Żółć Αθήνα Москва", "FiraSans"),
    ],
)
def test_copies_the_text_of_each_script(text, font):
    pdf = render_summary(text)

    assert text in read_lines(pdf)
    assert font in list_font_names(pdf)


def test_draws_boxes_for_letters_that_no_font_has_and_copies_the_letters():
    pdf = render_summary("தமிழ் நாடு ქართული")

    assert "தமிழ் நாடு ქართული" in read_lines(pdf)
    # pypdf reads the glyphs and not the replaced text.
    assert "\u25af\u25af\u25af" in pypdf.PdfReader(BytesIO(pdf)).pages[0].extract_text()


def test_embeds_only_the_fonts_that_the_text_needs():
    assert list_font_names(render_summary("Latin")) == {"FiraSans", "FiraSansSemiBold"}


@pytest.mark.parametrize(("text", "font"), [(ARABIC, "Tajawal"), (HEBREW, "Heebo")])
def test_sets_right_to_left_paragraphs_in_reading_order(text, font):
    pdf = render_summary(text)

    assert extract_text(pdf).text.split()[1:] == text.split()
    assert font in list_font_names(pdf)


def test_sets_right_to_left_paragraphs_at_the_right_margin():
    page = pypdfium2.PdfDocument(render_summary("Latin", label="שלום עולם"))[0].get_textpage()

    assert set("שלום") <= set(page.get_text_bounded(left=300))
    assert "Latin" in page.get_text_bounded(right=300)
    assert not set("שלום") & set(page.get_text_bounded(right=300))


def test_tags_headings_and_paragraphs():
    reader: Any = pypdf.PdfReader(BytesIO(render_pdf(build_layout(CONTENT))))
    catalog = reader.trailer["/Root"]

    tags = [element.get_object()["/S"] for element in catalog["/StructTreeRoot"]["/K"][0]["/K"]]
    assert tags[:5] == ["/H1", "/P", "/P", "/P", "/P"]
    assert tags.count("/H2") == 5
    assert tags.count("/H3") == 4
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Žofia Αλεξίου Кузнецова, Backend Developer"
    assert [item.title for item in reader.outline] == ["Skills", "Experience", "Projects", "Education", "Languages"]


def test_opens_and_closes_every_tag_on_each_page():
    long = {"position": "Engineer", "summary": "word " * 1_000, "highlights": ["point"] * 100}
    reader = pypdf.PdfReader(BytesIO(render_pdf(build_layout({"work": [long] * 2}))))

    assert len(reader.pages) > 3
    for page in reader.pages:
        contents = page.get_contents()
        assert contents is not None
        operators = [operator for _, operator in contents.operations]
        opened = operators.count(b"BDC") + operators.count(b"BMC")
        assert opened == operators.count(b"EMC") > 0


def test_logs_nothing_of_the_resume(caplog):
    with caplog.at_level(logging.INFO):
        render_summary("Ada தமிழ் 软件")

    assert caplog.records == []


@given(text=st.text(max_size=60))
def test_splits_lose_no_character(text):
    assert "".join(split_breakable(text)) == text
    assert "".join(split_clusters(text)) == text


@pytest.mark.parametrize(
    ("text", "clusters"),
    [("e\u0301a", ["e\u0301", "a"]), ("เก่", ["เก่"]), ("कि", ["कि"])],
)
def test_keeps_marks_with_their_letter(text, clusters):
    assert list(split_clusters(text)) == clusters
