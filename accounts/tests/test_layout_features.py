"""Properties of uploaded files that some applicant-tracking systems misread."""

from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from accounts.resumes.files.sandbox import extract_text
from accounts.tests.resume_files import RESUME, make_docx, make_pdf
from accounts.tests.uploads import upload

SENTENCES = [f"Sentence number {number} of a text without columns" for number in range(12)]


def draw_pdf(*, lines=(), image_size=0, right_column=()):
    out = BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    for index, line in enumerate(lines):
        canvas.drawString(60, 760 - 16 * index, line)
    for index, line in enumerate(right_column):
        canvas.drawString(360, 755 - 19 * index, line)
    if image_size:
        picture = ImageReader(Image.new("RGB", (20, 20), "red"))
        canvas.drawImage(picture, 450, 700, width=image_size, height=image_size)
    canvas.save()
    return out.getvalue()


def build_docx(change):
    document = docx.Document(BytesIO(make_docx()))
    change(document)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def add_picture(document):
    picture = BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    picture.seek(0)
    document.add_picture(picture)


def add_text_box(document):
    box = f"<w:pict {nsdecls('w')}><w:txbxContent><w:p><w:r><w:t>boxed text</w:t></w:r></w:p></w:txbxContent></w:pict>"
    document.add_paragraph().add_run()._r.append(parse_xml(box))


def add_columns(document):
    columns = document.sections[0]._sectPr.find(qn("w:cols"))
    columns.set(qn("w:num"), "2")


def add_page_number(document):
    field: Any = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph._p.append(field)
    paragraph.add_run("1")


def set_header(document):
    document.sections[0].header.paragraphs[0].text = "ada@example.org"


@pytest.mark.parametrize(
    ("data", "features"),
    [
        (make_pdf(), ()),
        (draw_pdf(lines=SENTENCES), ()),
        (draw_pdf(lines=SENTENCES, image_size=100), ("images",)),
        (draw_pdf(lines=SENTENCES, image_size=12), ()),
        (
            draw_pdf(
                lines=[f"Built part {number} of the engine" for number in range(20)],
                right_column=[
                    "Skills",
                    "Python",
                    "Docker",
                    "Contact",
                    "ada@example.org",
                    "London",
                    "Languages",
                    "Latin",
                ],
            ),
            ("columns",),
        ),
        (make_docx(), ()),
        (make_docx(cell="Python"), ("tables",)),
        (build_docx(set_header), ("header_text",)),
        (build_docx(add_page_number), ()),
        (build_docx(add_picture), ("images",)),
        (build_docx(add_text_box), ("text_boxes",)),
        (build_docx(add_columns), ("columns",)),
        (RESUME.encode(), ()),
    ],
    # The bytes of a file contain the time at which the file was made.
    ids=lambda value: "file" if isinstance(value, bytes) else None,
)
def test_finds_the_features_of_a_file(data, features):
    assert extract_text(data).layout_features == features


def test_the_check_of_an_upload_reports_its_layout(ada, worker):
    resume_id = upload(ada, make_docx(cell="Python"), name="resume.docx").json()["resume_id"]

    issues = ada.post(f"/resumes/{resume_id}/check", {}).json()["readability"]["issues"]

    assert "tables" in [issue["code"] for issue in issues]
