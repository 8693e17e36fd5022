"""Extract the visible lines and the links of an HTML page. Run only inside `extract_worker`: see `sandbox`."""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from accounts.resumes.files.encodings import decode_bytes
from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.lines import Line
from accounts.resumes.parsing.styles import LineStyle

MAX_LINKS = 50
_CHARSET = re.compile(
    rb"""<(?:meta[^>]{1,200}charset|\?xml[^>]{1,200}encoding)\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE
)
_CHARSET_WINDOW = 4_000
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$)",
    re.IGNORECASE,
)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_INVISIBLE = frozenset(
    {
        *("head", "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "canvas", "audio"),
        *("video", "select", "textarea", "button"),
    }
)
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i"),
        *(
            "ins",
            "kbd",
            "label",
            "mark",
            "q",
            "ruby",
            "rb",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
        ),
        *("time", "tt", "u", "var"),
    }
)
_BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
# The sizes that browsers use, relative to the body text.
_HEADING_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_LIST_INDENT = 2.0
_MAX_CELL_LENGTH = 80


@dataclass(slots=True)
class _Context:
    """The typography that an element inherits."""

    size: float = 1.0
    bold: bool = False
    indent: float = 0.0
    is_preformatted: bool = False


@dataclass(slots=True)
class _PageReader:
    """Collects the lines of a page."""

    lines: list[Line] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: str = ""
    style: LineStyle | None = None
    prefix: str = ""
    gap: float = 0.0

    def add_text(self, text: str | None, context: _Context) -> None:
        for number, part in enumerate((text or "").split("\n") if context.is_preformatted else [text or ""]):
            if number:
                self.end_line()
            if part.strip() and self.style is None:
                self.style = LineStyle(
                    size=context.size, bold=context.bold, indent=context.indent, gap=self.gap if self.lines else 0.0
                )
            self.text += part

    def end_line(self, *, gap: float = 0.0) -> None:
        text = " ".join(self.text.replace("\t", "\0").split()).replace("\0", "\t")
        text = re.sub(r" *\t[ \t]*", "\t", text).strip()
        if text:
            self.lines.append(Line(self.prefix + text, self.style or LineStyle()))
            self.prefix, self.gap = "", 0.0
        self.gap = max(self.gap, gap)
        self.text, self.style = "", None


def extract_html(data: bytes, *, max_characters: int) -> tuple[list[Line], list[str]]:
    """Return the visible lines of a page, and its link targets. Scripts, styles and hidden elements are left out.

    Raises:
        FileRejected: The page has too many characters.
    """
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(_XML_DECLARATION.sub("", _decode(data)), parser)
    reader = _PageReader()
    if root is not None:
        _read_element(root, _Context(), reader)
    reader.end_line()
    if sum(len(line.text) + 1 for line in reader.lines) > max_characters:
        raise FileRejected("too_complex")
    return reader.lines, list(dict.fromkeys(reader.links))[:MAX_LINKS]


def _decode(data: bytes) -> str:
    declared = _CHARSET.search(data[:_CHARSET_WINDOW])
    if declared is not None:
        try:
            # Browsers read Latin-1 as Windows-1252, of which it is a part.
            name = declared[1].decode().casefold()
            return data.decode("cp1252" if name in ("iso-8859-1", "latin1", "us-ascii") else name)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode_bytes(data)


def _read_element(element: Any, context: _Context, reader: _PageReader) -> None:
    name = element.tag if isinstance(element.tag, str) else ""
    if name in _INVISIBLE or _is_hidden(element):
        return
    if name == "a" and (target := (element.get("href") or "").strip()) and not target.startswith(("#", "javascript:")):
        reader.links.append(target)
    if name == "br":
        reader.end_line()
        return
    if name == "tr":
        _read_row(element, context, reader)
        return
    is_block = name not in _INLINE
    gap = 1.0 if name in ("p", *_HEADING_SIZES, "ul", "ol", "dl", "section", "article", "table") else 0.0
    inner = _Context(
        size=_HEADING_SIZES.get(name, context.size),
        bold=context.bold or name in _BOLD,
        indent=context.indent + (_LIST_INDENT if name in ("ul", "ol", "dd") else 0.0),
        is_preformatted=context.is_preformatted or name == "pre",
    )
    if is_block:
        reader.end_line(gap=gap)
    if name == "li":
        reader.prefix = "• "
    reader.add_text(element.text, inner)
    for child in element:
        _read_element(child, inner, reader)
        reader.add_text(child.tail, inner)
    if is_block:
        reader.end_line(gap=gap)
        if name == "li":
            reader.prefix = ""


def _read_row(row: Any, context: _Context, reader: _PageReader) -> None:
    """Read the cells of a row as parts of one line if they are short, and otherwise one after another."""
    cells = [cell for cell in row if cell.tag in ("td", "th") and not _is_hidden(cell)]
    texts = ["".join(cell.itertext()).strip() for cell in cells]
    has_blocks = any(
        descendant.tag not in _INLINE
        for cell in cells
        for descendant in cell.iterdescendants()
        if descendant.tag != "p"
    )
    is_line = not has_blocks and all(len(text) <= _MAX_CELL_LENGTH for text in texts)
    reader.end_line()
    for cell in cells:
        if is_line:
            inner = _Context(context.size, context.bold or cell.tag == "th", context.indent)
            reader.add_text(cell.text, inner)
            for child in cell:
                _read_element_inline(child, inner, reader)
                reader.add_text(child.tail, inner)
            reader.text += "\t"
        else:
            _read_element(cell, context, reader)
    reader.end_line()


def _read_element_inline(element: Any, context: _Context, reader: _PageReader) -> None:
    """Read a paragraph within a cell as part of the row's line."""
    if element.tag == "p":
        reader.add_text(element.text, context)
        for child in element:
            _read_element(child, context, reader)
            reader.add_text(child.tail, context)
    else:
        _read_element(element, context, reader)


def _is_hidden(element: Any) -> bool:
    style = element.get("style")
    return element.get("hidden") is not None or (style is not None and _HIDDEN_STYLE.search(style) is not None)
