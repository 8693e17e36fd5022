"""Set a page with ReportLab's canvas and built-in fonts. Every line is placed by coordinates."""

from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from benchmarks.resumes.pages import GAPS, SIZES, Line, Page, Run

_BODY_POINTS = 10.0
_MARGIN = 18 * mm
_BOTTOM = 16 * mm
_COLUMN_GAP = 6 * mm
_FONTS = {True: ("Times-Roman", "Times-Bold"), False: ("Helvetica", "Helvetica-Bold")}


def render_with_reportlab(page: Page) -> bytes:
    """Return the page as a PDF. Text after the first page continues in the main column of the next page."""
    output = BytesIO()
    canvas = Canvas(output, pagesize=A4)
    painter = _Painter(canvas, page)
    width = A4[0] - 2 * _MARGIN
    top = painter.draw_column(page.header, _MARGIN, A4[1] - _MARGIN, width)
    side_width = page.side_width * (width - _COLUMN_GAP) if page.side else 0
    main_width = width - side_width - (_COLUMN_GAP if page.side else 0)
    is_left = page.side_position == "left"
    side_x = _MARGIN if is_left else _MARGIN + main_width + _COLUMN_GAP
    main_x = _MARGIN + side_width + _COLUMN_GAP if page.side and is_left else _MARGIN
    if not page.has_side_painted_last:
        painter.draw_column(page.side, side_x, top, side_width)
    first, rest = painter.split(page.main, main_width, top - _BOTTOM)
    painter.draw_column(first, main_x, top, main_width)
    if page.has_side_painted_last:
        painter.draw_column(page.side, side_x, top, side_width)
    while rest:
        canvas.showPage()
        first, rest = painter.split(rest, main_width, A4[1] - _MARGIN - _BOTTOM)
        painter.draw_column(first, main_x, A4[1] - _MARGIN, main_width)
    canvas.save()
    return output.getvalue()


class _Painter:
    def __init__(self, canvas: Canvas, page: Page) -> None:
        self._canvas = canvas
        self._page = page
        self._regular, self._bold = _FONTS[page.is_serif]

    def split(self, lines: tuple[Line, ...], width: float, height: float) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Return the lines that fit into the height, and the others."""
        for index, line in enumerate(lines):
            height -= self._measure(line, width)
            if height < 0 and index:
                return lines[:index], lines[index:]
        return lines, ()

    def draw_column(self, lines: tuple[Line, ...], x: float, y: float, width: float) -> float:
        """Draw the lines downwards from `y` and return the new `y`."""
        for line in lines:
            y -= GAPS[line.style] * _BODY_POINTS
            y -= self._draw_line(line, x, y, width)
        return y

    def _measure(self, line: Line, width: float) -> float:
        _, text_width = self._inset(line, width)
        _, height = self._build_paragraph(line).wrap(text_width, 10_000)
        return float(height) + GAPS[line.style] * _BODY_POINTS

    def _inset(self, line: Line, width: float) -> tuple[float, float]:
        """Return the offset and the width of the text beside the parts at the left and right."""
        left = self._page.left_width * _BODY_POINTS * 0.8 if line.left else 0
        right = 0.0
        if line.right is not None:
            right = stringWidth(line.right.text, self._regular, _BODY_POINTS) + 2 * _BODY_POINTS
        return left, width - left - right

    def _draw_line(self, line: Line, x: float, y: float, width: float) -> float:
        offset, text_width = self._inset(line, width)
        paragraph = self._build_paragraph(line)
        _, height = paragraph.wrap(text_width, 10_000)
        size = SIZES[line.style] * _BODY_POINTS
        if line.is_letter_spaced:
            self._draw_letter_spaced(line, x, y - size, width, size)
        else:
            paragraph.drawOn(self._canvas, x + offset, y - height)
        if line.left.strip():
            label = Paragraph(escape(line.left), self._build_style(_BODY_POINTS))
            _, label_height = label.wrap(offset - 4, 10_000)
            label.drawOn(self._canvas, x, y - label_height)
            height = max(height, label_height)
        if line.right is not None:
            self._canvas.setFont(self._regular, _BODY_POINTS)
            self._canvas.drawRightString(x + width, y - size * 0.98, line.right.text)
        if self._page.has_rules and line.style == "heading":
            self._canvas.line(x, y - height - 1.5, x + width, y - height - 1.5)
        return float(height)

    def _draw_letter_spaced(self, line: Line, x: float, y: float, width: float, size: float) -> None:
        spacing = 0.25 * size
        text_width = stringWidth(line.text, self._bold, size) + spacing * (len(line.text) - 1)
        self._canvas.setFont(self._bold, size)
        start = x + (width - text_width) / 2 if line.is_centered else x
        self._canvas.drawString(start, y, line.text, charSpace=spacing)

    def _build_style(self, size: float, *, alignment: int = TA_LEFT, indent: float = 0) -> ParagraphStyle:
        return ParagraphStyle(
            "line", fontName=self._regular, fontSize=size, leading=size * 1.25, alignment=alignment, leftIndent=indent
        )

    def _build_paragraph(self, line: Line) -> Paragraph:
        is_bullet = line.style == "bullet"
        alignment = TA_CENTER if line.is_centered else TA_LEFT
        if self._page.is_justified and line.style in {"text", "bullet"} and line.right is None:
            alignment = TA_JUSTIFY
        style = self._build_style(SIZES[line.style] * _BODY_POINTS, alignment=alignment, indent=11 if is_bullet else 0)
        markup = "".join(map(_render_run, line.runs))
        return Paragraph(markup, style, bulletText="•" if is_bullet else None)


def _render_run(run: Run) -> str:
    markup = escape(run.text)
    for tag, is_set in (("i", run.italic), ("b", run.bold)):
        markup = f"<{tag}>{markup}</{tag}>" if is_set else markup
    return f"<a href={quoteattr(run.url)}>{markup}</a>" if run.url else markup
