"""A resume as a PDF whose text can be selected and searched. Reportlab is met here alone.

The font has the letters of Latin, Greek and Cyrillic scripts. Those of others show as empty boxes, though the text
itself is in the file all the same, and what runs from right to left is set in the order in which it was written.
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
_BETWEEN = '<font color="#9aa5b1">&nbsp; · &nbsp;</font>'


def _style(name: str, size: float, *, font: str = _REGULAR, color: Color = _INK, **more: float) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=more.pop("leading", size * 1.4), textColor=color, **more
    )


_NAME = _style("name", 22, font=_SEMIBOLD, leading=26)
_LABEL = _style("label", 12.5, color=_ACCENT, leading=17)
_CONTACT = _style("contact", 9, color=_QUIET, leading=13.5, spaceBefore=3)
_HEADING = _style("heading", 9.5, font=_SEMIBOLD, color=_ACCENT, leading=12, spaceBefore=13)
_TITLE = _style("title", 10.5, font=_SEMIBOLD, leading=14)
_DATES = _style("dates", 9, color=_QUIET, leading=14, alignment=TA_RIGHT)
_FACTS = _style("facts", 9.5, color=_QUIET, leading=13)
_KEYWORDS = _style("keywords", 9, color=_ACCENT, leading=13, spaceBefore=1)
_BODY = _style("body", 9.8, leading=14, spaceBefore=2)
_POINT = _style("point", 9.8, leading=14, spaceBefore=1, leftIndent=11, bulletIndent=1)
_HEAD = [
    *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    # The dates stand on the line of the larger title beside them.
    ("TOPPADDING", (1, 0), (1, 0), 1.2),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
# A font is read from one place at a time, which threads would move for one another.
_ONE_AT_A_TIME = Lock()


def render_pdf(page: ResumeLayout) -> bytes:
    """The document: pages in A4, the second and later ones numbered."""
    written = BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=page.title,
        author=page.name,
        creator="",
        # Else the file would tell when it was made and by chance: the same resume gives the same bytes.
        invariant=1,
    )
    # A frame has a padding of its own, 6 points on each side, which the margins are to hold already.
    document.leftMargin, document.rightMargin = _MARGIN - 6, _MARGIN - 6

    def number(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont(_REGULAR, 8)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    with _ONE_AT_A_TIME:
        _register_fonts()
        document.build(list(_flow(page)), onLaterPages=number)
    return written.getvalue()


@cache
def _register_fonts() -> None:
    """Read the letters, once a process."""
    registerFont(TTFont(_REGULAR, fontpkg.path("Fira Sans")))
    registerFont(TTFont(_SEMIBOLD, fontpkg.path("Fira Sans", weight=600)))


def _flow(page: ResumeLayout) -> Iterator[Flowable]:
    yield Paragraph(escape(page.name or page.title), _NAME)
    if page.label:
        yield Paragraph(escape(page.label), _LABEL)
    if page.contact:
        yield Paragraph(_BETWEEN.join(map(_link, page.contact)), _CONTACT)
    if page.summary:
        yield Spacer(0, 6)
    for paragraph in page.summary:
        yield Paragraph(escape(paragraph), _BODY)
    for section in page.sections:
        yield from _section(section)


def _section(section: LayoutSection) -> Iterator[Flowable]:
    yield _with_next(Paragraph(escape(section.heading.upper()), _HEADING))
    yield _with_next(HRFlowable(width="100%", thickness=0.6, color=_LINE, spaceBefore=2, spaceAfter=3))
    for label, text in section.lines:
        named = f'<font name="{_SEMIBOLD}">{escape(label)}:</font> ' if label else ""
        yield Paragraph(named + escape(text), _BODY)
    for place, entry in enumerate(section.entries):
        if place:
            yield Spacer(0, 7)
        yield from _entry(entry)


def _entry(entry: LayoutEntry) -> Iterator[Flowable]:
    if entry.title or entry.dates:
        row = [Paragraph(escape(entry.title), _TITLE), Paragraph(escape(entry.dates), _DATES)]
        yield _with_next(Table([row], colWidths=[_WIDTH - _DATES_WIDTH, _DATES_WIDTH], style=_HEAD))
    facts = [escape(entry.subtitle)] if entry.subtitle else []
    if entry.link:
        facts.append(_link(entry.link))
    if facts:
        yield Paragraph(_BETWEEN.join(facts), _FACTS)
    for paragraph in entry.paragraphs:
        yield Paragraph(escape(paragraph), _BODY)
    for point in entry.points:
        yield Paragraph(escape(point), _POINT, bulletText="•")
    if entry.keywords:
        yield Paragraph(escape(entry.keywords), _KEYWORDS)


def _with_next(flowable: Flowable) -> Flowable:
    """Never the last of its page."""
    flowable.keepWithNext = 1
    return flowable


def _link(link: LayoutLink) -> str:
    return f"<a href={quoteattr(link.address)}>{escape(link.text)}</a>" if link.address else escape(link.text)
