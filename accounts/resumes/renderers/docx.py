"""Render a resume as a Word document with python-docx."""

from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from accounts.resumes.renderers.layout import LayoutEntry, LayoutLink, LayoutSection, ResumeLayout

_FONT = "Calibri"
_INK, _ACCENT, _QUIET = RGBColor(0x1F, 0x29, 0x33), RGBColor(0x1D, 0x4F, 0x73), RGBColor(0x52, 0x60, 0x6D)
_MARGIN, _PAPER = Mm(18), (Mm(210), Mm(297))
# Fixed timestamps make rendering deterministic: the same resume gives the same bytes.
_FIXED_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_FIXED_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def render_docx(layout: ResumeLayout) -> bytes:
    """Return the resume as an A4 document."""
    document = Document()
    _set_up(document, layout)
    _add_paragraph(document, layout.name or layout.title, "Title")
    if layout.label:
        _add_paragraph(document, layout.label, "Subtitle")
    if layout.contact:
        contact = _add_paragraph(document, "", "Contact")
        for index, link in enumerate(layout.contact):
            contact.add_run("  ·  " if index else "")
            _add_link(contact, link)
    for paragraph in layout.summary:
        document.add_paragraph(paragraph)
    for section in layout.sections:
        _add_section(document, section)
    output = BytesIO()
    document.save(output)
    return _reset_zip_times(output)


def _set_up(document: WordDocument, layout: ResumeLayout) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = layout.title[:255], layout.name[:255], ""
    properties.comments = ""
    properties.created = properties.modified = _FIXED_TIME
    paper = document.sections[0]
    paper.page_width, paper.page_height = _PAPER
    paper.left_margin = paper.right_margin = paper.top_margin = paper.bottom_margin = _MARGIN
    for name in ("Contact", "Facts", "Keywords"):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
    _format_style(document, "Normal", size=10, color=_INK, after=3)
    _format_style(document, "Title", size=24, color=_INK, bold=True)
    _format_style(document, "Subtitle", size=13, color=_ACCENT, after=2)
    _format_style(document, "Contact", size=9.5, color=_QUIET, after=6)
    _format_style(document, "Heading 1", size=11, color=_ACCENT, bold=True, before=12, after=4)
    _format_style(document, "Heading 2", size=10.5, color=_INK, bold=True, before=6)
    _format_style(document, "Facts", size=9.5, color=_QUIET, after=2)
    _format_style(document, "Keywords", size=9.5, color=_ACCENT, after=2)
    _format_style(document, "List Bullet", size=10, color=_INK, after=1)
    _underline(document.styles["Heading 1"])


def _format_style(
    document: WordDocument,
    name: str,
    *,
    size: float,
    color: RGBColor,
    bold: bool = False,
    before: float = 0,
    after: float = 0,
) -> None:
    """Set the font and spacing of a style. `size`, `before` and `after` are in points."""
    style = document.styles[name]
    font, spacing = style.font, style.paragraph_format
    font.name, font.size, font.bold, font.italic, font.color.rgb = _FONT, Pt(size), bold, False, color
    run_properties = style.element.get_or_add_rPr()
    fonts = run_properties.get_or_add_rFonts()
    # The theme fonts of the template would override the font, so remove them. Each script has its own setting.
    for script in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{script}"), None)
    for script in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(script), _FONT)
    spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(before), Pt(after), 1.1
    # Right-to-left text has a separate size setting, in half-points.
    for complex_size in run_properties.xpath("w:szCs"):
        run_properties.remove(complex_size)
    complex_size = OxmlElement("w:szCs")
    complex_size.set(qn("w:val"), str(round(size * 2)))
    run_properties.find(qn("w:sz")).addnext(complex_size)
    # Remove the line that the template draws under the title.
    for border in style.element.xpath("w:pPr/w:pBdr"):
        border.getparent().remove(border)


def _underline(style: ParagraphStyle) -> None:
    border, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "CBD2D9")):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    # Word rejects a document whose elements are not in schema order, in which the border precedes the spacing.
    style.element.get_or_add_pPr().insert_element_before(border, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _add_paragraph(document: WordDocument, text: str, style_id: str) -> Paragraph:
    """Append a paragraph with a style given by its id. Looking a style up by its name takes 2 ms each time."""
    paragraph = document.add_paragraph(text)
    paragraph._p.style = style_id
    return paragraph


def _add_section(document: WordDocument, section: LayoutSection) -> None:
    _add_paragraph(document, section.heading, "Heading1")
    for label, text in section.lines:
        line = document.add_paragraph()
        if label:
            line.add_run(f"{label}: ").bold = True
        line.add_run(text)
    for entry in section.entries:
        _add_entry(document, entry)


def _add_entry(document: WordDocument, entry: LayoutEntry) -> None:
    if entry.title or entry.dates:
        head = _add_paragraph(document, entry.title, "Heading2")
        if entry.dates:
            head.paragraph_format.tab_stops.add_tab_stop(_PAPER[0] - 2 * _MARGIN, WD_TAB_ALIGNMENT.RIGHT)
            dates = head.add_run(f"\t{entry.dates}")
            dates.bold, dates.font.size, dates.font.color.rgb = False, Pt(9.5), _QUIET
    if entry.subtitle or entry.link:
        facts = _add_paragraph(document, entry.subtitle, "Facts")
        facts.paragraph_format.keep_with_next = bool(entry.paragraphs or entry.points)
        if entry.link:
            facts.add_run("  ·  " if entry.subtitle else "")
            _add_link(facts, entry.link)
    for paragraph in entry.paragraphs:
        document.add_paragraph(paragraph)
    for point in entry.points:
        _add_paragraph(document, point, "ListBullet")
    if entry.keywords:
        _add_paragraph(document, entry.keywords, "Keywords")


def _add_link(paragraph: Paragraph, link: LayoutLink) -> None:
    run = paragraph.add_run(link.text)
    if link.url is None:
        return
    hyperlink = OxmlElement("w:hyperlink")
    hyperlink.set(qn("r:id"), paragraph.part.relate_to(link.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    paragraph._p.append(hyperlink)
    hyperlink.append(run._r)


def _reset_zip_times(file: BytesIO) -> bytes:
    """Return a copy of the archive in which every member has the same fixed time."""
    output = BytesIO()
    with ZipFile(file) as archive, ZipFile(output, "w") as copy:
        for name in archive.namelist():
            copy.writestr(ZipInfo(name, _FIXED_ZIP_TIME), archive.read(name), compress_type=ZIP_DEFLATED)
    return output.getvalue()
