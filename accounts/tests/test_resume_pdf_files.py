"""PDFs with passwords, and text that cannot be trusted."""

import io

import pytest
from pypdf import PdfReader, PdfWriter

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.sandbox import extract_text
from accounts.tests.pdf_pages import PROSE, draw_pdf
from accounts.tests.resume_files import build_pdf


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def test_rejects_fonts_that_do_not_map_glyphs_to_characters():
    content = b"BT /F1 12 Tf 40 700 Td <%s> Tj ET" % b"".join(b"%04x" % number for number in range(3, 60))
    data = build_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 4 0 R>>>>/Contents 6 0 R>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[5 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/FontDescriptor<</Type/FontDescriptor/FontName/X/Flags 4>>"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    )

    with pytest.raises(FileRejected) as error:
        extract_text(data)

    assert error.value.reason == "unmapped_glyphs"


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_opens_a_file_that_only_restricts_printing(algorithm):
    def encrypt(user_password):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(draw_pdf([(60, 60, PROSE)]))))
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
