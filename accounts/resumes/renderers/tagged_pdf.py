"""A PDF document with tagged lines of text in any script. Only this module and `pdf` use fpdf2.

fpdf2 shapes text and orders right-to-left text by the Unicode Bidirectional Algorithm. It has no public interface for
tags, so this module writes them with the methods that fpdf2 itself uses for pictures.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import XPos, YPos

from accounts.resumes.renderers.fonts import FAMILY, get_font_path, iterate_fallback_fonts, list_uncovered
from accounts.resumes.renderers.scripts import (
    has_right_to_left,
    is_right_to_left,
    needs_shaping,
    split_breakable,
    split_clusters,
)

_MILLIMETER = 72 / 25.4
MARGIN = 18 * _MILLIMETER
_TOP, _BOTTOM = 16 * _MILLIMETER, 18 * _MILLIMETER
# A fixed time makes rendering deterministic: the same resume gives the same bytes.
_FIXED_TIME = datetime(2000, 1, 1, tzinfo=UTC)
# A box, which is drawn for characters that no font has.
_PLACEHOLDER = "\u25af"
QUIET = (0x52, 0x60, 0x6D)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """The appearance of a paragraph. Lengths are in points, and colors are red, green and blue."""

    size: float
    leading: float
    color: tuple[int, int, int]
    is_bold: bool = False
    space_before: float = 0


class TaggedPDF(FPDF):
    """An A4 document in points. Pages are numbered from the second page on."""

    def __init__(self, *, title: str, author: str, text: str, directory: Path) -> None:
        super().__init__(unit="pt", format="A4")
        self.set_title(title)
        self.set_author(author)
        # The headings are English.
        self.set_lang("en")
        self.set_creation_date(_FIXED_TIME)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_auto_page_break(False)
        self.set_margins(MARGIN, _TOP, MARGIN)
        self.c_margin = 0
        for is_bold in (False, True):
            self.add_font(FAMILY, "B" if is_bold else "", get_font_path(is_bold=is_bold))
        fallbacks = list(iterate_fallback_fonts(text, directory=directory))
        for family, path in fallbacks:
            self.add_font(family, "", path)
        # No fallback font has a bold face.
        self.set_fallback_fonts([family for family, _ in fallbacks], exact_match=False)
        self._placeholders = str.maketrans(dict.fromkeys(list_uncovered(text), _PLACEHOLDER))
        self._widths: dict[tuple[float, bool, str], float] = {}
        self._tag: str | None = None
        self._tag_count = 0
        self.start_page()

    def start_page(self) -> None:
        """Start a page. Tags cannot span pages, so an open tag continues as a second one."""
        tag = self._tag
        self._close_tag()
        self.add_page()
        self._tag_count = 0
        if tag is not None:
            self._open_tag(tag)

    def footer(self) -> None:
        """Write the page number, which is not part of the document's text."""
        if self.page_no() > 1:
            self._out("/Artifact BMC")
            self.set_font(FAMILY, "", 8)
            self.set_text_color(*QUIET)
            self.set_text_shaping(False)
            self.set_xy(MARGIN, self.h - 10 * _MILLIMETER - 8)
            self.cell(self.epw, 8, str(self.page_no()), align="R")
            self._out("EMC")

    @contextmanager
    def tag(self, name: str) -> Iterator[None]:
        """Tag what the block draws, for example as a heading ("H2") or a paragraph ("P")."""
        self._open_tag(name)
        yield
        self._close_tag()

    def reserve(self, height: float) -> None:
        """Start a page unless the rest of the page has this height."""
        if self.y + height > self.h - _BOTTOM and self.y > _TOP:
            self.start_page()

    def write_paragraph(
        self, text: str, style: TextStyle, *, width: float | None = None, x: float = MARGIN, url: str | None = None
    ) -> None:
        """Write a paragraph at the current height, in as many lines and pages as it needs."""
        width = self.epw if width is None else width
        is_rtl = is_right_to_left(text)
        for line in self.break_lines(text, style, width):
            self.reserve(style.leading)
            self.write_line(line, style, x=x, width=width, url=url, is_rtl=is_rtl, align="R" if is_rtl else "L")
            self.y += style.leading

    def write_line(
        self,
        line: str,
        style: TextStyle,
        *,
        x: float,
        width: float,
        url: str | None = None,
        is_rtl: bool = False,
        align: str = "L",
    ) -> None:
        """Write a line at the current height, which does not change."""
        self._select(style, line, is_rtl=is_rtl)
        y = self.y
        self.set_xy(x, y)
        is_replaced = self._needs_actual_text(line)
        if is_replaced:
            actual_text = f"\ufeff{line}".encode("utf-16-be", "replace").hex()
            self._out(f"/Span <</ActualText <{actual_text}>>> BDC")
        glyphs = line.translate(self._placeholders)
        self.cell(width, style.leading, glyphs, align=align, link=url or "", new_x=XPos.LEFT, new_y=YPos.TOP)
        if is_replaced:
            self._out("EMC")
        self.set_xy(x, y)

    def break_lines(self, text: str, style: TextStyle, width: float) -> list[str]:
        """Break a text into lines of at most the width. A word that is wider breaks between characters."""
        lines, line, line_width = [], "", 0.0
        for word in split_breakable(text):
            word_width = self.measure(word, style)
            parts: Sequence[str] = (word,)
            if word_width > width:
                parts = list(split_clusters(word))
            for part in parts:
                part_width = word_width if part is word else self.measure(part, style)
                if line.strip() and line_width + part_width > width and not part.isspace():
                    lines.append(line.strip())
                    line, line_width = "", 0.0
                if line or not part.isspace():
                    line += part
                    line_width += part_width
        return [*lines, line.strip()] if line.strip() else lines

    def measure(self, text: str, style: TextStyle) -> float:
        """Return the width of a text in one line. Without shaping it is the sum of the widths of the characters."""
        text = text.translate(self._placeholders)
        pieces = [text] if needs_shaping(text) else text
        return sum(self._measure_piece(piece, style) for piece in pieces)

    def _measure_piece(self, piece: str, style: TextStyle) -> float:
        """Return the width of a character or a shaped word. Both repeat, so their widths are cached."""
        key = style.size, style.is_bold, piece
        if key not in self._widths:
            self._select(style, piece, is_rtl=False)
            self._widths[key] = float(self.get_string_width(piece))
        return self._widths[key]

    def _select(self, style: TextStyle, text: str, *, is_rtl: bool) -> None:
        self.set_font(FAMILY, "B" if style.is_bold else "", style.size)
        self.set_text_color(*style.color)
        # Shaping takes 4 ms per line, so only lines that need shaping are shaped.
        self.set_text_shaping(needs_shaping(text), direction="rtl" if is_rtl else "ltr")

    def _needs_actual_text(self, line: str) -> bool:
        """Return whether readers could not derive the text from the glyphs.

        PDFium reverses a replacement text in a line with right-to-left letters, whose glyphs it reads correctly.
        """
        if has_right_to_left(line):
            return False
        return needs_shaping(line) or line != line.translate(self._placeholders)

    def _open_tag(self, name: str) -> None:
        self._tag = name
        _, parent = self.struct_builder.add_marked_content(
            page_number=self.page, struct_type=f"/{name}", mcid=self._tag_count
        )
        self.pages[self.page].struct_parents = parent
        self._out(f"/{name} <</MCID {self._tag_count}>> BDC")
        self._tag_count += 1

    def _close_tag(self) -> None:
        if self._tag is not None:
            self._out("EMC")
        self._tag = None
