"""A resume as a Word document. The library that writes it is met here alone."""

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
# No rendering tells when it was made: the same resume gives the same bytes.
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_NO_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def render_docx(page: ResumeLayout) -> bytes:
    """The document, in A4."""
    document = Document()
    _set_up(document, page)
    _add(document, page.name or page.title, "Title")
    if page.label:
        _add(document, page.label, "Subtitle")
    if page.contact:
        contact = _add(document, "", "Contact")
        for place, link in enumerate(page.contact):
            contact.add_run("  ·  " if place else "")
            _add_link(contact, link)
    for paragraph in page.summary:
        document.add_paragraph(paragraph)
    for section in page.sections:
        _add_section(document, section)
    written = BytesIO()
    document.save(written)
    return _without_times(written)


def _set_up(document: WordDocument, page: ResumeLayout) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = page.title[:255], page.name[:255], ""
    properties.comments = ""
    properties.created = properties.modified = _NO_TIME
    paper = document.sections[0]
    paper.page_width, paper.page_height = _PAPER
    paper.left_margin = paper.right_margin = paper.top_margin = paper.bottom_margin = _MARGIN
    for name in ("Contact", "Facts", "Keywords"):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
    _shape(document, "Normal", size=10, color=_INK, after=3)
    _shape(document, "Title", size=24, color=_INK, bold=True)
    _shape(document, "Subtitle", size=13, color=_ACCENT, after=2)
    _shape(document, "Contact", size=9.5, color=_QUIET, after=6)
    _shape(document, "Heading 1", size=11, color=_ACCENT, bold=True, before=12, after=4)
    _shape(document, "Heading 2", size=10.5, color=_INK, bold=True, before=6)
    _shape(document, "Facts", size=9.5, color=_QUIET, after=2)
    _shape(document, "Keywords", size=9.5, color=_ACCENT, after=2)
    _shape(document, "List Bullet", size=10, color=_INK, after=1)
    _underline(document.styles["Heading 1"])


def _shape(
    document: WordDocument,
    name: str,
    *,
    size: float,
    color: RGBColor,
    bold: bool = False,
    before: float = 0,
    after: float = 0,
) -> None:
    """Give a style of the document the looks of a resume; sizes and spaces are in points."""
    style = document.styles[name]
    font, spacing = style.font, style.paragraph_format
    font.name, font.size, font.bold, font.italic, font.color.rgb = _FONT, Pt(size), bold, False, color
    looks = style.element.get_or_add_rPr()
    fonts = looks.get_or_add_rFonts()
    # The template names its theme's fonts, which would win; and every script has a font of its own.
    for script in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{script}"), None)
    for script in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(script), _FONT)
    spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(before), Pt(after), 1.1
    # The size of what is written from right to left, which is kept apart.
    for apart in looks.xpath("w:szCs"):
        looks.remove(apart)
    apart = OxmlElement("w:szCs")
    apart.set(qn("w:val"), str(round(size * 2)))
    looks.find(qn("w:sz")).addnext(apart)
    # The template underlines its title.
    for line in style.element.xpath("w:pPr/w:pBdr"):
        line.getparent().remove(line)


def _underline(style: ParagraphStyle) -> None:
    border, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "CBD2D9")):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    # Word refuses a document whose elements are out of their order; the spacing comes after the border.
    style.element.get_or_add_pPr().insert_element_before(border, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _add(document: WordDocument, text: str, style_id: str) -> Paragraph:
    """A paragraph of a style by its id: to look the style up by its name costs two milliseconds each time."""
    paragraph = document.add_paragraph(text)
    paragraph._p.style = style_id
    return paragraph


def _add_section(document: WordDocument, section: LayoutSection) -> None:
    _add(document, section.heading, "Heading1")
    for label, text in section.lines:
        line = document.add_paragraph()
        if label:
            line.add_run(f"{label}: ").bold = True
        line.add_run(text)
    for entry in section.entries:
        _add_entry(document, entry)


def _add_entry(document: WordDocument, entry: LayoutEntry) -> None:
    if entry.title or entry.dates:
        head = _add(document, entry.title, "Heading2")
        if entry.dates:
            head.paragraph_format.tab_stops.add_tab_stop(_PAPER[0] - 2 * _MARGIN, WD_TAB_ALIGNMENT.RIGHT)
            dates = head.add_run(f"\t{entry.dates}")
            dates.bold, dates.font.size, dates.font.color.rgb = False, Pt(9.5), _QUIET
    if entry.subtitle or entry.link:
        facts = _add(document, entry.subtitle, "Facts")
        facts.paragraph_format.keep_with_next = bool(entry.paragraphs or entry.points)
        if entry.link:
            facts.add_run("  ·  " if entry.subtitle else "")
            _add_link(facts, entry.link)
    for paragraph in entry.paragraphs:
        document.add_paragraph(paragraph)
    for point in entry.points:
        _add(document, point, "ListBullet")
    if entry.keywords:
        _add(document, entry.keywords, "Keywords")


def _add_link(paragraph: Paragraph, link: LayoutLink) -> None:
    run = paragraph.add_run(link.text)
    if link.address is None:
        return
    hyperlink = OxmlElement("w:hyperlink")
    hyperlink.set(qn("r:id"), paragraph.part.relate_to(link.address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    paragraph._p.append(hyperlink)
    hyperlink.append(run._r)


def _without_times(written: BytesIO) -> bytes:
    """The archive again, in which nothing tells when it was written."""
    timeless = BytesIO()
    with ZipFile(written) as archive, ZipFile(timeless, "w") as copy:
        for name in archive.namelist():
            copy.writestr(ZipInfo(name, _NO_ZIP_TIME), archive.read(name), compress_type=ZIP_DEFLATED)
    return timeless.getvalue()
