"""Write PDFs as TeX does: fonts without ToUnicode, no space characters, kerning, ligatures and hyphenation.

The fonts are the Times faces that every PDF reader has. Their encoding lists glyph names in the positions of TeX's T1
encoding, so a reader has to derive the letters from the names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fontTools.agl import UV2AGL
from pyphen import Pyphen
from reportlab.pdfbase import _fontdata

from benchmarks.resumes.pages import GAPS, SIZES, Line, Page, Run

_BODY_POINTS = 10.0
_MARGIN, _WIDTH, _HEIGHT, _BOTTOM = 54.0, 595.0, 842.0, 48.0
_COLUMN_GAP = 18.0
# The width of a space in ems.
_SPACE = 0.25
_FACES = ("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic")
_SYMBOL = len(_FACES)
_BULLET_CODE = 15
# Positions of glyphs in T1 that differ from Latin-1.
_T1_CODES = {"fi": 28, "fl": 29, "endash": 21, "emdash": 22, "quoteright": 39, "quotesingle": 13, "oe": 247, "OE": 215}
_KERNING = {
    ("A", "V"): -135, ("A", "W"): -90, ("A", "T"): -111, ("A", "v"): -74, ("A", "w"): -92, ("A", "y"): -92,
    ("L", "T"): -92, ("L", "V"): -100, ("P", "a"): -15, ("P", "."): -111, ("T", "a"): -80, ("T", "e"): -70,
    ("T", "o"): -80, ("T", "r"): -35, ("V", "a"): -111, ("V", "e"): -111, ("W", "a"): -80, ("W", "e"): -80,
    ("Y", "o"): -110, ("r", "."): -40, ("r", ","): -40, ("v", "a"): -25, ("w", "a"): -10, ("y", "."): -65,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word in one font, which stands after a space or directly after the word before."""

    text: str
    font: int
    url: str | None
    has_space_before: bool


def render_like_tex(page: Page) -> bytes:
    """Return the page as a PDF in the manner of pdfTeX."""
    setter = _TypeSetter(page)
    width = _WIDTH - 2 * _MARGIN
    top = setter.set_column(page.header, _MARGIN, _HEIGHT - _MARGIN, width)
    side_width = page.side_width * (width - _COLUMN_GAP) if page.side else 0.0
    main_width = width - side_width - (_COLUMN_GAP if page.side else 0.0)
    is_left = page.side_position == "left"
    side_x = _MARGIN if is_left else _MARGIN + main_width + _COLUMN_GAP
    main_x = _MARGIN + side_width + _COLUMN_GAP if page.side and is_left else _MARGIN
    columns = [(page.side, side_x, side_width), (page.main, main_x, main_width)]
    if page.has_side_painted_last:
        columns.reverse()
    for lines, x, column_width in columns:
        setter.select_page(0)
        setter.set_column(lines, x, top, column_width)
    return setter.write()


class _TypeSetter:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._hyphens = Pyphen(
            lang={"en": "en_US", "de": "de_DE", "fr": "fr", "es": "es", "pt": "pt_PT"}[page.language]
        )
        self._pages: list[list[str]] = [[]]
        self._links: list[list[tuple[float, float, float, float, str]]] = [[]]
        self._index = 0
        self._codes = _assign_codes(_list_texts(page))

    def select_page(self, index: int) -> None:
        """Continue on a page that exists."""
        self._index = index

    def set_column(self, lines: Sequence[Line], x: float, y: float, width: float) -> float:
        """Set the lines downwards from `y` and return the new `y`."""
        for line in lines:
            y = self._set_line(line, x, y - GAPS[line.style] * _BODY_POINTS, width)
        return y

    def _set_line(self, line: Line, x: float, y: float, width: float) -> float:
        size = SIZES[line.style] * _BODY_POINTS
        leading = size * 1.2
        left_width = self._page.left_width * _BODY_POINTS * 0.75 if line.left else 0.0
        indent = 12.0 if line.style == "bullet" else 0.0
        start, text_width = x + left_width + indent, width - left_width - indent
        if line.right is not None:
            text_width -= self._measure(self._split((line.right,)), _BODY_POINTS) + 10
        labels = (
            self._break(self._split((Run(text=line.left),)), left_width - 6, _BODY_POINTS) if line.left.strip() else []
        )
        rows = self._break(self._split(line.runs), text_width, size)
        for index in range(max(len(rows), len(labels))):
            if y - leading < _BOTTOM:
                self._index += 1
                if self._index == len(self._pages):
                    self._pages.append([])
                    self._links.append([])
                y = _HEIGHT - _MARGIN
            y -= leading
            if index < len(labels):
                self._show(labels[index], x, y, _BODY_POINTS)
            if index < len(rows):
                row = rows[index]
                if line.style == "bullet" and index == 0:
                    self._show_bullet(start - 10, y, size)
                slack = text_width - self._measure(row, size, spacing=0.25 * size if line.is_letter_spaced else 0)
                is_last = index == len(rows) - 1
                gaps = sum(piece.has_space_before for piece in row[1:])
                stretch = (
                    slack / gaps if self._page.is_justified and not is_last and gaps and not line.is_centered else 0
                )
                offset = slack / 2 if line.is_centered else 0
                spacing = 0.25 * size if line.is_letter_spaced else 0
                self._show(row, start + offset, y, size, stretch=stretch, spacing=spacing)
            if line.right is not None and index == 0:
                pieces = self._split((line.right,))
                self._show(pieces, x + width - self._measure(pieces, _BODY_POINTS), y, _BODY_POINTS)
        if self._page.has_rules and line.style == "heading":
            self._pages[self._index].append(f"{x:.2f} {y - 3:.2f} {width:.2f} 0.4 re f")
        return y

    def _split(self, runs: Sequence[Run]) -> list[_Piece]:
        pieces = []
        has_space = False
        for run in runs:
            font = int(run.bold) + 2 * int(run.italic)
            for index, word in enumerate(run.text.split(" ")):
                has_space = has_space or index > 0
                if word:
                    pieces.append(_Piece(word, font, run.url, has_space))
                    has_space = False
        return pieces

    def _break(self, pieces: Sequence[_Piece], width: float, size: float) -> list[list[_Piece]]:
        """Break the words into rows of at most the width. Rows of justified pages can end in a hyphenated word."""
        rows: list[list[_Piece]] = [[]]
        for piece in pieces:
            if self._measure([*rows[-1], piece], size) <= width or not rows[-1]:
                rows[-1].append(piece)
                continue
            parts = self._hyphens.iterate(piece.text) if self._page.is_justified and piece.text.isalpha() else ()
            for head, tail in parts:
                first = _Piece(f"{head}-", piece.font, piece.url, piece.has_space_before)
                if self._measure([*rows[-1], first], size) <= width:
                    rows[-1].append(first)
                    rows.append([_Piece(tail, piece.font, piece.url, True)])
                    break
            else:
                rows.append([piece])
        return rows

    def _measure(self, pieces: Sequence[_Piece], size: float, *, spacing: float = 0) -> float:
        width = 0.0
        for index, piece in enumerate(pieces):
            width += _SPACE * size if index and piece.has_space_before else 0
            widths = _fontdata.widthsByFontGlyph[_FACES[piece.font]]
            glyphs = list(_list_glyphs(piece.text, has_ligatures=not spacing))
            width += sum(widths[name] for name in glyphs) * size / 1000 + spacing * len(glyphs)
        return width

    def _show(
        self, pieces: Sequence[_Piece], x: float, y: float, size: float, *, stretch: float = 0, spacing: float = 0
    ) -> None:
        operations = [f"BT 1 0 0 1 {x:.2f} {y:.2f} Tm"]
        font = -1
        for index, piece in enumerate(pieces):
            items = []
            if index and piece.has_space_before:
                # TeX moves the pen instead of writing a space.
                items.append(f"{-(_SPACE * size + stretch) * 1000 / size:.0f}")
            if piece.font != font:
                operations.append(f"/F{piece.font} {size:.2f} Tf")
                font = piece.font
            glyphs = list(_list_glyphs(piece.text, has_ligatures=not spacing))
            for position, name in enumerate(glyphs):
                items.append(f"<{self._codes[name]:02x}>")
                kerning = _KERNING.get((name, glyphs[position + 1]), 0) if position + 1 < len(glyphs) else 0
                if kerning or spacing:
                    items.append(f"{-kerning - spacing * 1000 / size:.0f}")
            operations.append(f"[{''.join(items)}] TJ")
            if piece.url:
                start = x + self._measure(pieces[:index], size)
                end = x + self._measure(pieces[: index + 1], size)
                self._links[self._index].append((start, y - 2, end, y + size, piece.url))
        self._pages[self._index].append(" ".join([*operations, "ET"]))

    def _show_bullet(self, x: float, y: float, size: float) -> None:
        self._pages[self._index].append(
            f"BT /F{_SYMBOL} {size:.2f} Tf 1 0 0 1 {x:.2f} {y:.2f} Tm <{_BULLET_CODE:02x}> Tj ET"
        )

    def write(self) -> bytes:
        """Return the PDF file."""
        objects: list[bytes] = [b"", b""]
        fonts = []
        differences = " ".join(
            f"{code} /{name}" for name, code in sorted(self._codes.items(), key=lambda item: item[1])
        )
        for face in _FACES:
            objects.append(
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{face} /Encoding "
                f"<< /Type /Encoding /Differences [{differences}] >> >>".encode()
            )
            fonts.append(len(objects))
        objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol /Encoding << /Differences [15 /bullet] >> >>")
        fonts.append(len(objects))
        resources = " ".join(f"/F{index} {number} 0 R" for index, number in enumerate(fonts))
        kids = []
        for operations, links in zip(self._pages, self._links, strict=True):
            annotations = []
            for left, bottom, right, top, url in links:
                rectangle = f"{left:.1f} {bottom:.1f} {right:.1f} {top:.1f}"
                objects.append(
                    f"<< /Type /Annot /Subtype /Link /Border [0 0 0] /Rect [{rectangle}]"
                    f" /A << /S /URI /URI ({url}) >> >>".encode()
                )
                annotations.append(f"{len(objects)} 0 R")
            stream = "\n".join(operations).encode()
            objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH:.0f} {_HEIGHT:.0f}] /Contents {len(objects)} 0 R"
                f" /Resources << /Font << {resources} >> >> /Annots [{' '.join(annotations)}] >>".encode()
            )
            kids.append(f"{len(objects)} 0 R")
        objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
        objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
        return _assemble(objects)


def _list_texts(page: Page) -> Iterator[str]:
    for line in (*page.header, *page.main, *page.side):
        yield line.text
        yield line.left
        if line.right is not None:
            yield line.right.text


def _list_glyphs(text: str, *, has_ligatures: bool = True) -> Iterator[str]:
    """Yield the names of the glyphs, with fi and fl as ligatures."""
    position = 0
    while position < len(text):
        pair = text[position : position + 2]
        if pair in {"fi", "fl"} and has_ligatures:
            yield pair
            position += 2
            continue
        name = UV2AGL.get(ord(text[position]), "question")
        # Times has these letters under other names, and no arrow.
        yield {"hyphenminus": "hyphen", "arrowright": "greater", "quotesingle": "quoteright"}.get(name, name)
        position += 1


def _assign_codes(texts: Iterator[str]) -> dict[str, int]:
    """Return a code for each glyph that the texts use: those of T1, or free codes."""
    names = {"hyphen"}
    for text in texts:
        names.update(_list_glyphs(text), _list_glyphs(text, has_ligatures=False))
    names.discard("space")
    codes: dict[str, int] = {}
    for name in sorted(names):
        letters = [chr(value) for value, glyph in UV2AGL.items() if glyph == name and value < 256]
        code = _T1_CODES.get(name, ord(letters[0]) if letters else 128)
        while code in codes.values():
            code = 128 + (code - 127) % 128
        codes[name] = code
    return codes


def _assemble(objects: Sequence[bytes]) -> bytes:
    output = bytearray(b"%PDF-1.5\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    output += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(output)
