"""Render a resume as a PDF with selectable, searchable text. Only this module uses ReportLab.

The font covers the Latin, Greek and Cyrillic scripts. Characters of other scripts appear as empty boxes, but their text
can still be searched and copied. Right-to-left text is not reordered.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from threading import Lock
from xml.sax.saxutils import escape, quoteattr

import fontpkg
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, HRFlowable, Paragraph, SimpleDocTemplate, Spacer, Table

from accounts.resumes.renderers.layout import LayoutEntry, LayoutLink, LayoutSection, ResumeLayout

_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_DATES_WIDTH = 40 * mm
_REGULAR, _SEMIBOLD = "FiraSans", "FiraSans-SemiBold"
_INK, _ACCENT, _QUIET, _LINE = HexColor("#1f2933"), HexColor("#1d4f73"), HexColor("#52606d"), HexColor("#cbd2d9")
_SEPARATOR = '<font color="#9aa5b1">&nbsp; · &nbsp;</font>'


def _build_style(
    name: str, size: float, *, font: str = _REGULAR, color: Color = _INK, **options: float
) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=options.pop("leading", size * 1.4), textColor=color, **options
    )


_NAME = _build_style("name", 22, font=_SEMIBOLD, leading=26)
_LABEL = _build_style("label", 12.5, color=_ACCENT, leading=17)
_CONTACT = _build_style("contact", 9, color=_QUIET, leading=13.5, spaceBefore=3)
_HEADING = _build_style("heading", 9.5, font=_SEMIBOLD, color=_ACCENT, leading=12, spaceBefore=13)
_TITLE = _build_style("title", 10.5, font=_SEMIBOLD, leading=14)
_DATES = _build_style("dates", 9, color=_QUIET, leading=14, alignment=TA_RIGHT)
_FACTS = _build_style("facts", 9.5, color=_QUIET, leading=13)
_KEYWORDS = _build_style("keywords", 9, color=_ACCENT, leading=13, spaceBefore=1)
_BODY = _build_style("body", 9.8, leading=14, spaceBefore=2)
_POINT = _build_style("point", 9.8, leading=14, spaceBefore=1, leftIndent=11, bulletIndent=1)
_HEAD_TABLE_STYLE = [
    *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    # Aligns the baseline of the dates with that of the larger title next to them.
    ("TOPPADDING", (1, 0), (1, 0), 1.2),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
# ReportLab reads a font from a single shared file position, so two threads must not render at the same time.
_RENDER_LOCK = Lock()


def render_pdf(layout: ResumeLayout) -> bytes:
    """Return the resume as an A4 document. Pages are numbered from the second page on."""
    output = BytesIO()
    document = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=layout.title,
        author=layout.name,
        creator="",
        # Omits the creation time and random id, so that the same resume gives the same bytes.
        invariant=1,
    )
    # The margins include the frame's padding of 6 points on each side.
    document.leftMargin, document.rightMargin = _MARGIN - 6, _MARGIN - 6

    def draw_page_number(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont(_REGULAR, 8)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    with _RENDER_LOCK:
        _register_fonts()
        document.build(list(_build_flowables(layout)), onLaterPages=draw_page_number)
    return output.getvalue()


@cache
def _register_fonts() -> None:
    """Load the font files, once per process."""
    registerFont(TTFont(_REGULAR, fontpkg.path("Fira Sans")))
    registerFont(TTFont(_SEMIBOLD, fontpkg.path("Fira Sans", weight=600)))


def _build_flowables(layout: ResumeLayout) -> Iterator[Flowable]:
    yield Paragraph(escape(layout.name or layout.title), _NAME)
    if layout.label:
        yield Paragraph(escape(layout.label), _LABEL)
    if layout.contact:
        yield Paragraph(_SEPARATOR.join(map(_render_link, layout.contact)), _CONTACT)
    if layout.summary:
        yield Spacer(0, 6)
    for paragraph in layout.summary:
        yield Paragraph(escape(paragraph), _BODY)
    for section in layout.sections:
        yield from _build_section(section)


def _build_section(section: LayoutSection) -> Iterator[Flowable]:
    yield _keep_with_next(Paragraph(escape(section.heading.upper()), _HEADING))
    yield _keep_with_next(HRFlowable(width="100%", thickness=0.6, color=_LINE, spaceBefore=2, spaceAfter=3))
    for label, text in section.lines:
        prefix = f'<font name="{_SEMIBOLD}">{escape(label)}:</font> ' if label else ""
        yield Paragraph(prefix + escape(text), _BODY)
    for index, entry in enumerate(section.entries):
        if index:
            yield Spacer(0, 7)
        yield from _build_entry(entry)


def _build_entry(entry: LayoutEntry) -> Iterator[Flowable]:
    if entry.title or entry.dates:
        row = [Paragraph(escape(entry.title), _TITLE), Paragraph(escape(entry.dates), _DATES)]
        yield _keep_with_next(Table([row], colWidths=[_WIDTH - _DATES_WIDTH, _DATES_WIDTH], style=_HEAD_TABLE_STYLE))
    facts = [escape(entry.subtitle)] if entry.subtitle else []
    if entry.link:
        facts.append(_render_link(entry.link))
    if facts:
        yield Paragraph(_SEPARATOR.join(facts), _FACTS)
    for paragraph in entry.paragraphs:
        yield Paragraph(escape(paragraph), _BODY)
    for point in entry.points:
        yield Paragraph(escape(point), _POINT, bulletText="•")
    if entry.keywords:
        yield Paragraph(escape(entry.keywords), _KEYWORDS)


def _keep_with_next(flowable: Flowable) -> Flowable:
    """Prevent a page break after the flowable."""
    flowable.keepWithNext = 1
    return flowable


def _render_link(link: LayoutLink) -> str:
    return f"<a href={quoteattr(link.url)}>{escape(link.text)}</a>" if link.url else escape(link.text)
