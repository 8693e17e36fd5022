"""Read the visible glyphs of a PDF page with PDFium. Run only inside `extract_worker`: see `sandbox`."""

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2_raw as pdfium

# Smaller text, in points, cannot be read on paper. Such text is used to hide keywords.
_MIN_SIZE = 2.0
_BOLD_WEIGHT = 600
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|cmbx|cmb10|sfbx|ecbx|-bd\b", re.IGNORECASE)
_SYMBOL_NAME = re.compile(r"wingdings|webdings|symbol|dingbats|awesome|icon|cmsy", re.IGNORECASE)
_MAX_FONT_NAME = 200
# PDFium returns these codes for a hyphen at the end of a line.
_HYPHEN_CODES = frozenset({0x02, 0xAD, 0xFFFE})
_NO_CHARACTER = frozenset({0x00, 0xFFFD, 0xFFFF})
_INVISIBLE_MODES = frozenset({3, 7})
_FILL_AND_STROKE = 2
# The lowest value of red, green and blue that counts as white.
_WHITE = 245
# Objects of a page that are searched for backgrounds and drawn bullets. A page from a drawing program has about 2,000.
_MAX_OBJECTS = 20_000
_MAX_SHAPES = 1_000
_MAX_FORM_DEPTH = 5
_MIN_DOT, _MAX_DOT = 0.8, 10.0

Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Glyph:
    """A character and its place in points. `baseline` grows downwards."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool
    is_symbol: bool


@dataclass(slots=True)
class PageGlyphs:
    """The visible glyphs of a page by direction of writing in degrees, and its small filled shapes.

    A shape is a tuple of left, top, right and bottom. `unmapped` counts the glyphs that the file maps to no character.
    """

    by_direction: dict[int, list[Glyph]] = field(default_factory=dict)
    dots: list[Box] = field(default_factory=list)
    unmapped: int = 0


@dataclass(slots=True)
class _Paint:
    """The attributes that all glyphs of a text object share. `order` is the position among the page's objects."""

    size: float
    direction: int
    bold: bool
    is_symbol: bool
    is_invisible: bool
    is_white: bool
    order: int
    has_background: bool | None = None
    # The distance of the baseline from the lower edge of each glyph's box.
    descent: float | None = None


@dataclass(slots=True)
class _Shapes:
    """The filled areas of a page in paint order, each with its color, and the order of each text object."""

    areas: list[tuple[int, Box, bool]] = field(default_factory=list)
    dots: list[Box] = field(default_factory=list)
    text_order: dict[int, int] = field(default_factory=dict)
    count: int = 0


def read_glyphs(page: Any) -> PageGlyphs:
    """Return the visible glyphs of a page.

    Text that is invisible, white on white, tiny or outside the page is left out. The invisible text that scanners place
    over the picture of a page is read if the page has no other text.
    """
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return PageGlyphs()
    try:
        shapes = _read_shapes(page)
        result = PageGlyphs(dots=[(left, -top, right, -bottom) for left, bottom, right, top in shapes.dots])
        hidden: dict[int, list[Glyph]] = {}
        for glyph, paint in _iterate_glyphs(text_page, _read_page_box(page), shapes, result):
            is_hidden = paint.is_invisible or (paint.is_white and not _has_background(glyph, paint, shapes))
            target = hidden if is_hidden else result.by_direction
            target.setdefault(paint.direction, []).append(glyph)
        if not result.by_direction:
            result.by_direction = hidden
        return result
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _iterate_glyphs(
    text_page: Any, page_box: Box, shapes: _Shapes, result: PageGlyphs
) -> Iterator[tuple[Glyph, _Paint]]:
    """Yield the glyphs on the page with their attributes, and count unmapped ones in `result`."""
    paints: dict[int, _Paint] = {}
    # The text object that painted each character at each place. Only ligatures have two characters at one place.
    painters: dict[tuple[int, int, int], int] = {}
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    left_edge, bottom_edge, right_edge, top_edge = page_box
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        pdfium.FPDFText_GetLooseCharBox(text_page, index, box)
        # PDFium inserts spaces and line breaks of no width. Words are separated by their distance instead.
        if code in (0x20, 0x0A, 0x0D) and box.right - box.left < 0.01:
            continue
        text_object = pdfium.FPDFText_GetTextObject(text_page, index)
        address = ctypes.cast(text_object, ctypes.c_void_p).value
        if address is None:
            continue
        if (paint := paints.get(address)) is None:
            paint = paints[address] = _read_paint(text_page, index, text_object, shapes.text_order.get(address, 0))
        if paint.direction or paint.descent is None:
            pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
            paint.descent = y.value - box.bottom
            left, bottom = x.value, y.value
        else:
            # The box of a horizontal glyph starts at its origin. Asking for the origin takes a tenth of the time.
            left, bottom = box.left, box.bottom + paint.descent
        if paint.size < _MIN_SIZE or not (left_edge <= left <= right_edge and bottom_edge <= bottom <= top_edge):
            continue
        if painters.setdefault((code, round(10 * left), round(10 * bottom)), address) != address:
            continue
        if code in _HYPHEN_CODES:
            code = 0x2D
        elif code in _NO_CHARACTER or pdfium.FPDFText_HasUnicodeMapError(text_page, index) == 1:
            result.unmapped += 1
            code = 0xFFFD
        yield _place_glyph(chr(code), left, bottom, box, paint), paint


def _place_glyph(text: str, x: float, y: float, box: Any, paint: _Paint) -> Glyph:
    """Return a glyph in coordinates in which its line is horizontal."""
    if not paint.direction:
        # The box of a glyph without a width in the font starts at zero.
        right = box.right if box.right >= x else x
        return Glyph(text, x, right, -y, paint.size, paint.bold, paint.is_symbol)
    angle = math.radians(paint.direction)
    cosine, sine = math.cos(angle), math.sin(angle)
    width, height = box.right - box.left, box.top - box.bottom
    advance = height if abs(sine) > abs(cosine) else width
    left = x * cosine + y * sine
    return Glyph(text, left, left + advance, x * sine - y * cosine, paint.size, paint.bold, paint.is_symbol)


def _read_paint(text_page: Any, index: int, text_object: Any, order: int) -> _Paint:
    matrix, size = pdfium.FS_MATRIX(), ctypes.c_float()
    pdfium.FPDFText_GetMatrix(text_page, index, matrix)
    pdfium.FPDFTextObj_GetFontSize(text_object, size)
    font = pdfium.FPDFTextObj_GetFont(text_object)
    buffer = (ctypes.c_char * _MAX_FONT_NAME)()
    pdfium.FPDFFont_GetBaseFontName(font, buffer, _MAX_FONT_NAME)
    name = buffer.value.decode("latin-1")
    mode = pdfium.FPDFTextObj_GetTextRenderMode(text_object)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    has_color = pdfium.FPDFPageObj_GetFillColor(text_object, red, green, blue, alpha)
    weight = pdfium.FPDFFont_GetWeight(font)
    return _Paint(
        size=abs(size.value) * math.hypot(matrix.c, matrix.d),
        direction=_round_direction(math.degrees(math.atan2(matrix.b, matrix.a))),
        # A font that is stroked as well as filled looks bold.
        bold=weight >= _BOLD_WEIGHT or mode == _FILL_AND_STROKE or _BOLD_NAME.search(name) is not None,
        is_symbol=_SYMBOL_NAME.search(name) is not None,
        is_invisible=mode in _INVISIBLE_MODES or bool(has_color and alpha.value == 0),
        is_white=bool(has_color) and min(red.value, green.value, blue.value) >= _WHITE,
        order=order,
    )


def _round_direction(degrees: float) -> int:
    """Return a direction from 0 to 359. A slightly crooked scan counts as straight."""
    quarter = round(degrees / 90) * 90
    return int(quarter if abs(degrees - quarter) <= 10 else round(degrees / 5) * 5) % 360


def _read_page_box(page: Any) -> Box:
    box = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, box):
        return (-math.inf, -math.inf, math.inf, math.inf)
    return box.left - 1, box.bottom - 1, box.right + 1, box.top + 1


def _has_background(glyph: Glyph, paint: _Paint, shapes: _Shapes) -> bool:
    """Return whether the white text of a glyph is on a picture or a colored area."""
    # Text in another direction is turned, so that its place on the page is not known here.
    if paint.direction:
        return True
    if paint.has_background is None:
        paint.has_background = _find_background(glyph, paint, shapes)
    return paint.has_background


def _find_background(glyph: Glyph, paint: _Paint, shapes: _Shapes) -> bool:
    x, y = (glyph.left + glyph.right) / 2, glyph.size / 3 - glyph.baseline
    colors = [
        is_white
        for order, (left, bottom, right, top), is_white in shapes.areas
        if order < paint.order and left <= x <= right and bottom <= y <= top
    ]
    return bool(colors) and not colors[-1]


def _read_shapes(page: Any) -> _Shapes:
    shapes = _Shapes()
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        _read_object(pdfium.FPDFPage_GetObject(page, index), _IDENTITY, 0, shapes)
    return shapes


def _read_object(page_object: Any, matrix: Matrix, depth: int, shapes: _Shapes) -> None:
    """Add an object to the shapes. The matrix converts its coordinates to those of the page."""
    shapes.count += 1
    if shapes.count > _MAX_OBJECTS:
        return
    kind = pdfium.FPDFPageObj_GetType(page_object)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        shapes.text_order[ctypes.cast(page_object, ctypes.c_void_p).value or 0] = shapes.count
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
        form_matrix = pdfium.FS_MATRIX()
        pdfium.FPDFPageObj_GetMatrix(page_object, form_matrix)
        inner = _multiply(form_matrix, matrix)
        for index in range(pdfium.FPDFFormObj_CountObjects(page_object)):
            _read_object(pdfium.FPDFFormObj_GetObject(page_object, index), inner, depth + 1, shapes)
    elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
        box = _read_bounds(page_object, matrix)
        width, height = box[2] - box[0], box[3] - box[1]
        if kind == pdfium.FPDF_PAGEOBJ_PATH and not _is_filled(page_object):
            return
        if _MIN_DOT <= width <= _MAX_DOT and _MIN_DOT <= height <= _MAX_DOT and 0.5 <= width / height <= 2:
            if len(shapes.dots) < _MAX_SHAPES:
                shapes.dots.append(box)
        elif len(shapes.areas) < _MAX_SHAPES:
            is_white = kind == pdfium.FPDF_PAGEOBJ_PATH and _is_white(page_object)
            shapes.areas.append((shapes.count, box, is_white))


def _multiply(inner: Any, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = outer
    return (
        inner.a * a + inner.b * c,
        inner.a * b + inner.b * d,
        inner.c * a + inner.d * c,
        inner.c * b + inner.d * d,
        inner.e * a + inner.f * c + e,
        inner.e * b + inner.f * d + f,
    )


def _read_bounds(page_object: Any, matrix: Matrix) -> Box:
    """Return the left, bottom, right and top edge of an object on the page."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(page_object, left, bottom, right, top)
    a, b, c, d, e, f = matrix
    corners = [(x.value, y.value) for x in (left, right) for y in (bottom, top)]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _is_filled(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    return fill.value != 0 and not _has_color(path, alpha=0)


def _has_color(page_object: Any, *, alpha: int) -> bool:
    red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPageObj_GetFillColor(page_object, red, green, blue, opacity)
    return opacity.value == alpha


def _is_white(page_object: Any) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPageObj_GetFillColor(page_object, red, green, blue, alpha)
    return min(red.value, green.value, blue.value) >= _WHITE
