"""Set a page as a Word document with python-docx: tab stops for dates at the right, tables for columns."""

from io import BytesIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from benchmarks.resumes.pages import GAPS, SIZES, Line, Page, Run

_BODY_POINTS = 10.5
_WIDTH = Mm(210 - 2 * 20)
_STYLES = {"name": "Title", "heading": "Heading 1", "bullet": "List Bullet"}


def render_docx(page: Page) -> bytes:
    """Return the page as a Word document. Serif pages use bold paragraphs instead of heading styles."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    document.styles["Normal"].font.name = "Times New Roman" if page.is_serif else "Calibri"
    _add_lines(document, document, page.header, page, width=_WIDTH)
    if page.side:
        table = document.add_table(rows=1, cols=2)
        side_width = Emu(int(_WIDTH * page.side_width))
        main_width = Emu(_WIDTH - side_width)
        columns = [(page.side, side_width), (page.main, main_width)]
        if page.side_position == "right":
            columns.reverse()
        for cell, (lines, width) in zip(table.rows[0].cells, columns, strict=True):
            cell.width = width
            _add_lines(document, cell, lines, page, width=Emu(width - Mm(4)))
    else:
        _add_lines(document, document, page.main, page, width=_WIDTH)
    output = BytesIO()
    document.save(output)
    return output.getvalue()


def _add_lines(
    document: WordDocument, parent: WordDocument | _Cell, lines: tuple[Line, ...], page: Page, *, width: Emu | int
) -> None:
    left_width = Pt(page.left_width * _BODY_POINTS)
    for line in lines:
        if not line.left:
            _write_line(document, parent.add_paragraph(), line, page, width=width)
            continue
        table = parent.add_table(rows=1, cols=2)
        left, right = table.rows[0].cells
        left.width, right.width = left_width, Emu(width - left_width)
        left.paragraphs[0].add_run(line.left.strip())
        _write_line(document, right.paragraphs[0], line, page, width=right.width)


def _write_line(document: WordDocument, paragraph: Paragraph, line: Line, page: Page, *, width: Emu | int) -> None:
    if line.style in _STYLES and not (page.is_serif and line.style != "bullet"):
        paragraph.style = document.styles[_STYLES[line.style]]
    if line.is_centered:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = Pt(GAPS[line.style] * _BODY_POINTS)
    paragraph.paragraph_format.space_after = Pt(0)
    for run in line.runs:
        _add_run(paragraph, run, line)
    if line.right is not None:
        paragraph.paragraph_format.tab_stops.add_tab_stop(Emu(width), WD_TAB_ALIGNMENT.RIGHT)
        paragraph.add_run("\t")
        _add_run(paragraph, line.right, line)


def _add_run(paragraph: Paragraph, run: Run, line: Line) -> None:
    word_run = paragraph.add_run(run.text)
    word_run.bold, word_run.italic = run.bold, run.italic
    word_run.font.size = Pt(SIZES[line.style] * _BODY_POINTS)
    if line.is_letter_spaced:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), "40")
        word_run._r.get_or_add_rPr().append(spacing)
    if run.url:
        hyperlink = OxmlElement("w:hyperlink")
        hyperlink.set(qn("r:id"), paragraph.part.relate_to(run.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        paragraph._p.append(hyperlink)
        hyperlink.append(word_run._r)
