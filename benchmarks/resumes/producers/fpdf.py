"""Set a page with fpdf2 and an embedded TrueType font."""

from collections.abc import Sequence

import fontpkg
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from benchmarks.resumes.pages import GAPS, SIZES, Line, Page, Run

_BODY_POINTS = 10.0
_MARGIN = 18.0
_PAGE_WIDTH, _PAGE_HEIGHT = 210.0, 297.0
_COLUMN_GAP = 6.0
_MM_PER_POINT = 25.4 / 72
_BULLET_INDENT = 4.0
_FACES = ((400, "normal", ""), (700, "normal", "B"), (400, "italic", "I"), (700, "italic", "BI"))


def render_with_fpdf2(page: Page) -> bytes:
    """Return the page as a PDF. Long main columns continue on the next page."""
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=True, margin=16)
    for weight, slant, style in _FACES:
        pdf.add_font("Fira", style, str(fontpkg.path("Fira Sans", weight=weight, style=slant)))
    pdf.add_page()
    width = _PAGE_WIDTH - 2 * _MARGIN
    top = _draw_column(pdf, page, page.header, x=_MARGIN, y=_MARGIN, width=width)
    side_width = page.side_width * (width - _COLUMN_GAP) if page.side else 0.0
    main_width = width - side_width - (_COLUMN_GAP if page.side else 0.0)
    is_left = page.side_position == "left"
    side_x = _MARGIN if is_left else _MARGIN + main_width + _COLUMN_GAP
    main_x = _MARGIN + side_width + _COLUMN_GAP if page.side and is_left else _MARGIN
    columns = [(page.side, side_x, side_width), (page.main, main_x, main_width)]
    if page.has_side_painted_last:
        columns.reverse()
    for lines, x, column_width in columns:
        pdf.page = 1
        _draw_column(pdf, page, lines, x=x, y=top, width=column_width)
    return bytes(pdf.output())


def _draw_column(pdf: FPDF, page: Page, lines: Sequence[Line], *, x: float, y: float, width: float) -> float:
    """Draw the lines downwards from `y` and return the new `y`. All lengths are in millimeters."""
    for line in lines:
        y = _draw_line(pdf, page, line, x=x, y=y + GAPS[line.style] * _BODY_POINTS * _MM_PER_POINT, width=width)
    return y


def _draw_line(pdf: FPDF, page: Page, line: Line, *, x: float, y: float, width: float) -> float:
    size = SIZES[line.style] * _BODY_POINTS
    height = size * 1.3 * _MM_PER_POINT
    if y + height > _PAGE_HEIGHT - 16:
        pdf.add_page()
        y = _MARGIN
    left_width = page.left_width * _BODY_POINTS * 0.8 * _MM_PER_POINT if line.left else 0.0
    right_width, bottom = 0.0, y
    if line.left.strip():
        pdf.set_font("Fira", "", _BODY_POINTS)
        pdf.set_xy(x, y)
        pdf.multi_cell(left_width - 2, height, line.left, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        bottom = pdf.get_y()
    if line.right is not None:
        _set_font(pdf, line.right, _BODY_POINTS)
        right_width = pdf.get_string_width(line.right.text) + 3
        pdf.set_xy(x + width - right_width, y)
        pdf.cell(right_width, height, line.right.text, align="R")
    start = x + left_width + (_BULLET_INDENT if line.style == "bullet" else 0)
    if line.style == "bullet":
        pdf.set_font("Fira", "", size)
        pdf.set_xy(start - _BULLET_INDENT, y)
        pdf.cell(_BULLET_INDENT, height, "•")
    pdf.set_xy(start, y)
    pdf.set_left_margin(start)
    pdf.set_right_margin(_PAGE_WIDTH - x - width + right_width)
    pdf.set_x(start)
    pdf.set_char_spacing(0.25 * size if line.is_letter_spaced else 0)
    if line.is_centered:
        _set_font(pdf, line.runs[0], size)
        pdf.multi_cell(width, height, line.text, align="C", new_x=XPos.LEFT, new_y=YPos.NEXT)
        bottom = max(bottom, pdf.get_y())
    else:
        for run in line.runs:
            _set_font(pdf, run, size)
            pdf.write(height, run.text, run.url or "")
        bottom = max(bottom, pdf.get_y() + height)
    pdf.set_char_spacing(0)
    pdf.set_left_margin(_MARGIN)
    pdf.set_right_margin(_MARGIN)
    if page.has_rules and line.style == "heading":
        pdf.line(x, bottom, x + width, bottom)
    return bottom


def _set_font(pdf: FPDF, run: Run, size: float) -> None:
    pdf.set_font("Fira", ("B" if run.bold else "") + ("I" if run.italic else ""), size)
