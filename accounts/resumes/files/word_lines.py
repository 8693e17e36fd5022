"""Read the visible lines of a part of a Word document. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from accounts.resumes.files.columns import is_date
from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.lines import Line
from accounts.resumes.files.word_styles import WordStyles, find_child, get_name, get_value, is_on, parse_number
from accounts.resumes.parsing.styles import LineStyle

_BULLET = "• "
_LINE_HEIGHT = 1.2
_TWIPS_PER_POINT = 20
# Smaller text, in points, cannot be read on paper. Such text is used to hide keywords.
_MIN_SIZE = 2.0
_MAX_CELL_LENGTH = 80
_MAX_CELL_LINES = 2
# Deleted and moved text, the previous properties of changed text, and text that only describes other text.
_SKIPPED = frozenset(
    {
        "del",
        "moveFrom",
        "delText",
        "instrText",
        "delInstrText",
        "rt",
        "rPr",
        "pPr",
        "sdtPr",
        "sdtEndPr",
        "tblPr",
        "tcPr",
    }
    | {"trPr", "tblGrid", "sectPr", "pPrChange", "rPrChange", "fldData", "annotation", "posOffset", "docPr"}
)
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
_HYPERLINK = re.compile(r'\s*HYPERLINK\s+(?:\\\w\s+)*"?([^"\s]+)', re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|página|pagina|strona)?\s*\d{1,2}(?:\s*\S{1,3}\s*\d{1,2})?\W*", re.IGNORECASE
)


@dataclass(slots=True)
class _Paragraph:
    """The text of a paragraph with the font size and weight of its first letters, and its text boxes."""

    text: str = ""
    size: float | None = None
    bold: bool = False
    boxes: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _WordLine:
    """A line before its typography is compared with the body text. Lengths are in points."""

    text: str
    size: float
    bold: bool
    indent: float
    above: float


class WordReader:
    """Reads the parts of a document. `links` are the targets of the HYPERLINK fields that were read."""

    def __init__(self, styles: WordStyles, *, max_characters: int) -> None:
        self.links: list[str] = []
        self._styles = styles
        self._max_characters = max_characters
        self._length = 0
        self._space_after = 0.0
        self._lines: list[_WordLine] = []
        self._repeated: set[str] = set()

    def read(self, root: Any, *, is_repeated: bool) -> None:
        """Add the lines of a part.

        In headers and footers, which are repeated on each page, blank lines, page numbers and lines that were read
        before are left out.

        Raises:
            FileRejected: The document has too many characters.
        """
        for line in self._iterate_blocks(root):
            if is_repeated:
                if not line.text or _PAGE_NUMBER.fullmatch(line.text) or line.text in self._repeated:
                    continue
                self._repeated.add(line.text)
            self._lines.append(line)

    def build_lines(self) -> list[Line]:
        """Return the lines of all parts that were read."""
        sizes: Counter[float] = Counter()
        for line in self._lines:
            sizes[line.size] += len(line.text)
        body_size = sizes.most_common(1)[0][0] if sizes else 1.0
        return [
            Line(
                line.text,
                LineStyle(
                    size=round(line.size / body_size, 2),
                    bold=line.bold,
                    indent=round(max(0.0, line.indent) / body_size, 1),
                    gap=round(line.above / (_LINE_HEIGHT * line.size), 1),
                ),
            )
            for line in self._lines
        ]

    def _iterate_blocks(self, parent: Any) -> Iterator[_WordLine]:
        """Yield the lines of the paragraphs and tables within an element."""
        pending: _Paragraph | None = None
        for element in parent:
            name = get_name(element.tag)
            if name == "p":
                paragraph = self._read_paragraph(element, pending)
                # A paragraph whose end is deleted goes on in the next one.
                pending = paragraph if find_child(element, "pPr", "rPr", "del") is not None else None
                if pending is None:
                    yield from self._iterate_lines(element, paragraph)
            elif name == "tbl":
                yield from self._iterate_table(element)
            elif name == "AlternateContent":
                yield from self._iterate_blocks(_choose_alternative(element))
            elif name not in _SKIPPED:
                yield from self._iterate_blocks(element)
        if pending is not None:
            yield from self._iterate_lines(parent, pending)

    def _iterate_table(self, table: Any) -> Iterator[_WordLine]:
        """Yield the lines of a table: cell by cell, or row by row if most cells of a row are short."""
        for row in _iterate_rows(table):
            cells = [[*self._iterate_blocks(cell)] for cell in _iterate_cells(row)]
            cells = [lines for cell in cells if (lines := [line for line in cell if line.text.strip()])]
            if len(cells) > 1 and sum(map(_is_short, cells)) >= len(cells) - 1 and not _is_side_heading(*cells[:2]):
                first = cells[0][0]
                first.text = "\t".join(cell[0].text for cell in cells)
                yield first
                cells = [cell[1:] for cell in cells]
            for cell in cells:
                yield from cell

    def _read_paragraph(self, element: Any, started: _Paragraph | None) -> _Paragraph:
        paragraph = started or _Paragraph()
        instruction: list[str] = []
        for run, node in self._iterate_nodes(element, None):
            name = get_name(node.tag)
            if name == "fldSimple":
                self._add_link(get_value(node, "instr") or "")
            elif name == "instrText":
                instruction.append(node.text or "")
            elif name == "fldChar":
                self._add_link("".join(instruction))
                instruction = []
            elif name == "txbxContent":
                paragraph.boxes.append(node)
            elif not self._is_hidden(run, element):
                text = _read_text(node)
                if paragraph.size is None and text.strip():
                    paragraph.size = self._styles.get_size(run, element)
                    paragraph.bold = self._styles.is_bold(run, element)
                paragraph.text += text
        self._add_link("".join(instruction))
        self._length += len(paragraph.text) + 1
        if self._length > self._max_characters:
            raise FileRejected("too_complex")
        return paragraph

    def _iterate_nodes(self, parent: Any, run: Any | None) -> Iterator[tuple[Any | None, Any]]:
        """Yield the visible texts, fields and text boxes of a paragraph, each with its run."""
        for node in parent:
            name = get_name(node.tag)
            if name in ("t", "sym", "instrText", "fldChar", "txbxContent") or name in _CHARACTERS:
                yield run, node
            elif name == "AlternateContent":
                yield from self._iterate_nodes(_choose_alternative(node), run)
            elif name not in _SKIPPED:
                if name == "fldSimple":
                    yield run, node
                yield from self._iterate_nodes(node, node if name == "r" else run)

    def _add_link(self, instruction: str) -> None:
        if match := _HYPERLINK.match(instruction):
            self.links.append(match[1])

    def _is_hidden(self, run: Any | None, paragraph: Any) -> bool:
        """Return whether a run is hidden, tiny, or white on white."""
        if run is None:
            return False
        if is_on(self._styles.find_run_property("vanish", run, paragraph)):
            return True
        if self._styles.get_size(run, paragraph) < _MIN_SIZE:
            return True
        color = get_value(find_child(run, "rPr", "color")) or ""
        return color.casefold() == "ffffff" and not _has_background(run)

    def _iterate_lines(self, element: Any, paragraph: _Paragraph) -> Iterator[_WordLine]:
        size = paragraph.size or self._styles.get_size(None, element)
        spacing = self._styles.find_paragraph_property("spacing", element)
        above = max(self._space_after, parse_number(get_value(spacing, "before")) or 0.0)
        self._space_after = parse_number(get_value(spacing, "after")) or 0.0
        indent = self._styles.find_paragraph_property("ind", element)
        left = parse_number(get_value(indent, "left") or get_value(indent, "start")) or 0.0
        first = parse_number(get_value(indent, "firstLine")) or -(parse_number(get_value(indent, "hanging")) or 0.0)
        prefix = _BULLET if paragraph.text.strip() and self._styles.is_list_item(element) else ""
        for number, text in enumerate(paragraph.text.split("\n")):
            yield _WordLine(
                text=(prefix if not number else "") + _normalize(text),
                size=size,
                bold=paragraph.bold,
                indent=(left + (first if not number else 0.0)) / _TWIPS_PER_POINT,
                above=above / _TWIPS_PER_POINT if not number else 0.0,
            )
        for box in paragraph.boxes:
            yield from self._iterate_blocks(box)


def _read_text(node: Any) -> str:
    name = get_name(node.tag)
    if name == "t":
        return node.text or ""
    if name == "sym":
        # Symbol fonts have bullets and icons, which have no characters of their own.
        return "•"
    return _CHARACTERS[name]


def _normalize(text: str) -> str:
    """Return a text with single spaces and tabs."""
    return re.sub(r" *\t[ \t]*", "\t", re.sub(r"[ \u00a0]+", " ", text)).strip()


def _is_short(cell: list[_WordLine]) -> bool:
    return len(cell) <= _MAX_CELL_LINES and all(len(line.text) <= _MAX_CELL_LENGTH for line in cell)


def _is_side_heading(cell: list[_WordLine], following: list[_WordLine]) -> bool:
    """Return whether a cell is the heading of the cell beside it."""
    first, second = cell[0], following[0]
    if len(cell) > 1 or len(following) <= _MAX_CELL_LINES or is_date(first.text) or first.text.endswith(":"):
        return False
    return first.bold > second.bold or first.size > 1.1 * second.size or first.text.isupper()


def _choose_alternative(element: Any) -> Any:
    """Return the preferred one of several versions of a content, or nothing if there are none."""
    versions = [child for child in element if get_name(child.tag) in ("Choice", "Fallback")]
    with_text = (version for version in versions if next(version.iter("{*}t"), None) is not None)
    return next(with_text, versions[0] if versions else ())


def _iterate_rows(table: Any) -> Iterator[Any]:
    for child in table:
        if get_name(child.tag) == "tr":
            if find_child(child, "trPr", "del") is None:
                yield child
        elif get_name(child.tag) not in _SKIPPED:
            yield from _iterate_rows(child)


def _iterate_cells(row: Any) -> Iterator[Any]:
    for child in row:
        if get_name(child.tag) == "tc":
            yield child
        elif get_name(child.tag) not in _SKIPPED:
            yield from _iterate_cells(child)


def _has_background(run: Any) -> bool:
    """Return whether a run is on a colored area: in a text box, or with a shading of the run or around it."""
    for element in (run, *run.iterancestors()):
        if get_name(element.tag) == "txbxContent":
            return True
        properties = [child for child in element if get_name(child.tag) in ("rPr", "pPr", "tcPr", "tblPr")]
        fills = [get_value(find_child(each, "shd"), "fill") for each in properties]
        if any(fill and fill.casefold() not in ("auto", "ffffff") for fill in fills):
            return True
        if any(find_child(each, "highlight") is not None for each in properties):
            return True
        # A style of a table can color its rows.
        if any(find_child(each, "tblStyle") is not None for each in properties):
            return True
    return False
