"""Render a resume as a PDF with selectable, searchable text in any script, tagged headings and bookmarks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from accounts.resumes.renderers.layout import LayoutEntry, LayoutLink, LayoutSection, ResumeLayout
from accounts.resumes.renderers.scripts import is_right_to_left
from accounts.resumes.renderers.tagged_pdf import MARGIN, QUIET, TaggedPDF, TextStyle

_INK, _ACCENT, _LINE, _DOT = (0x1F, 0x29, 0x33), (0x1D, 0x4F, 0x73), (0xCB, 0xD2, 0xD9), (0x9A, 0xA5, 0xB1)
_DATES_WIDTH = 113
_POINT_INDENT = 11
_SEPARATOR = "  ·  "

_NAME = TextStyle(size=22, leading=26, color=_INK, is_bold=True)
_LABEL = TextStyle(size=12.5, leading=17, color=_ACCENT)
_CONTACT = TextStyle(size=9, leading=13.5, color=QUIET, space_before=3)
_CONTACT_DOT = TextStyle(size=9, leading=13.5, color=_DOT)
_HEADING = TextStyle(size=9.5, leading=12, color=_ACCENT, is_bold=True, space_before=13)
_TITLE = TextStyle(size=10.5, leading=14, color=_INK, is_bold=True)
_DATES = TextStyle(size=9, leading=14, color=QUIET)
_FACTS = TextStyle(size=9.5, leading=13, color=QUIET)
_FACTS_DOT = TextStyle(size=9.5, leading=13, color=_DOT)
_KEYWORDS = TextStyle(size=9, leading=13, color=_ACCENT, space_before=1)
_BODY = TextStyle(size=9.8, leading=14, color=_INK, space_before=2)
_STRONG = TextStyle(size=9.8, leading=14, color=_INK, is_bold=True, space_before=2)
_POINT = TextStyle(size=9.8, leading=14, color=_INK, space_before=1)
# A heading stays on the page of the first lines below it.
_KEPT_WITH_HEADING = 3 * _BODY.leading


def render_pdf(layout: ResumeLayout) -> bytes:
    """Return the resume as an A4 document. Pages are numbered from the second page on."""
    with TemporaryDirectory() as directory:
        text = "".join(_list_texts(layout))
        document = TaggedPDF(title=layout.title, author=layout.name, text=text, directory=Path(directory))
        _write(document, layout.name or layout.title, _NAME, tag="H1")
        _write(document, layout.label, _LABEL)
        if layout.contact:
            document.y += _CONTACT.space_before
            with document.tag("P"):
                _write_in_row(document, layout.contact, _CONTACT, _CONTACT_DOT)
        document.y += 6 if layout.summary else 0
        for paragraph in layout.summary:
            _write(document, paragraph, _BODY)
        for section in layout.sections:
            _write_section(document, section)
        return bytes(document.output())


def _write(document: TaggedPDF, text: str, style: TextStyle, *, tag: str = "P", indent: float = 0) -> None:
    """Write a paragraph if there is text."""
    if not text:
        return
    document.y += style.space_before
    document.reserve(style.leading)
    with document.tag(tag):
        document.write_paragraph(text, style, x=MARGIN + indent, width=document.epw - indent)


def _write_section(document: TaggedPDF, section: LayoutSection) -> None:
    document.y += _HEADING.space_before
    document.reserve(_HEADING.leading + 6 + _KEPT_WITH_HEADING)
    document.start_section(section.heading)
    with document.tag("H2"):
        document.write_paragraph(section.heading.upper(), _HEADING)
    document.y += 2
    document.set_draw_color(*_LINE)
    document.set_line_width(0.6)
    document._out("/Artifact BMC")
    document.line(MARGIN, document.y, document.w - MARGIN, document.y)
    document._out("EMC")
    document.y += 3
    for label, text in section.lines:
        _write_labeled(document, label, text)
    for index, entry in enumerate(section.entries):
        document.y += 7 if index else 0
        _write_entry(document, entry)


def _write_labeled(document: TaggedPDF, label: str, text: str) -> None:
    """Write a bold label and a text in one paragraph. Right-to-left text, or a long label, has separate lines."""
    label = f"{label}: " if label else ""
    label_width = document.measure(label, _STRONG)
    if not label or is_right_to_left(label + text) or label_width > document.epw / 2:
        _write(document, label.strip(), _STRONG)
        _write(document, text, _BODY)
        return
    document.y += _BODY.space_before
    document.reserve(_BODY.leading)
    with document.tag("P"):
        document.write_line(label, _STRONG, x=MARGIN, width=label_width)
        # The first line is shorter by the label.
        first_line = next(iter(document.break_lines(text, _BODY, document.epw - label_width)), "")
        document.write_line(first_line, _BODY, x=MARGIN + label_width, width=document.epw - label_width)
        document.y += _BODY.leading
        document.write_paragraph(text[text.find(first_line) + len(first_line) :], _BODY)


def _write_entry(document: TaggedPDF, entry: LayoutEntry) -> None:
    if entry.title or entry.dates:
        _write_head(document, entry)
    facts = [LayoutLink(entry.subtitle)] if entry.subtitle else []
    facts += [entry.link] if entry.link else []
    if facts:
        document.reserve(_FACTS.leading)
        with document.tag("P"):
            _write_in_row(document, facts, _FACTS, _FACTS_DOT)
    for paragraph in entry.paragraphs:
        _write(document, paragraph, _BODY)
    for point in entry.points:
        _write_point(document, point)
    _write(document, entry.keywords, _KEYWORDS)


def _write_head(document: TaggedPDF, entry: LayoutEntry) -> None:
    """Write the title with its dates at the other side of its first line."""
    document.reserve(_TITLE.leading + _FACTS.leading + _BODY.leading)
    is_rtl = is_right_to_left(entry.title)
    width = document.epw - _DATES_WIDTH
    if entry.dates:
        with document.tag("P"):
            x = MARGIN if is_rtl else MARGIN + width
            document.write_line(entry.dates, _DATES, x=x, width=_DATES_WIDTH, align="L" if is_rtl else "R")
    if not entry.title:
        document.y += _DATES.leading
        return
    with document.tag("H3"):
        document.write_paragraph(entry.title, _TITLE, x=MARGIN + (_DATES_WIDTH if is_rtl else 0), width=width)


def _write_point(document: TaggedPDF, text: str) -> None:
    document.y += _POINT.space_before
    document.reserve(_POINT.leading)
    is_rtl = is_right_to_left(text)
    with document.tag("P"):
        x = document.w - MARGIN - _POINT_INDENT if is_rtl else MARGIN + 1
        document.write_line("•", _POINT, x=x, width=_POINT_INDENT - 1, align="R" if is_rtl else "L")
        x = MARGIN + (0 if is_rtl else _POINT_INDENT)
        document.write_paragraph(text, _POINT, x=x, width=document.epw - _POINT_INDENT)


def _write_in_row(document: TaggedPDF, links: Sequence[LayoutLink], style: TextStyle, dot: TextStyle) -> None:
    """Write texts next to each other, separated by dots, in as many rows as they need.

    The row begins at the right margin if the first text is right-to-left.
    """
    x, right = MARGIN, document.w - MARGIN
    is_row_rtl = is_right_to_left(links[0].text)

    def place(width: float) -> float:
        return document.w - x - width if is_row_rtl else x

    separator_width = document.measure(_SEPARATOR, dot)
    for index, link in enumerate(links):
        width = document.measure(link.text, style)
        if index and x + separator_width + width > right:
            document.y += style.leading
            document.reserve(style.leading)
            x = MARGIN
        elif index:
            document.write_line(_SEPARATOR, dot, x=place(separator_width), width=separator_width)
            x += separator_width
        if width > document.epw:
            document.write_paragraph(link.text, style, url=link.url)
            document.y -= style.leading
            x = right
            continue
        is_rtl = is_right_to_left(link.text)
        document.write_line(link.text, style, x=place(width), width=width, url=link.url, is_rtl=is_rtl)
        x += width
    document.y += style.leading


def _list_texts(layout: ResumeLayout) -> Iterator[str]:
    """Yield every text of the layout, and the characters that the renderer adds."""
    yield f"{layout.name}{layout.title}{layout.label}{_SEPARATOR}•"
    yield from (link.text for link in layout.contact)
    yield from layout.summary
    for section in layout.sections:
        yield f"{section.heading}{section.heading.upper()}"
        yield from (label + text for label, text in section.lines)
        for entry in section.entries:
            yield from (entry.title, entry.subtitle, entry.dates, entry.keywords, entry.link.text if entry.link else "")
            yield from (*entry.paragraphs, *entry.points)
