"""Extract the lines and links of a PDF with PDFium. Run only inside `extract_worker`: see `sandbox`."""

import ctypes
import re
import zlib
from collections.abc import Iterator
from typing import Any

import pypdfium2_raw as pdfium

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.glyphs import PageGlyphs, read_glyphs
from accounts.resumes.files.lines import Line
from accounts.resumes.files.page_lines import build_lines
from accounts.resumes.files.segments import Segment, build_segments

MAX_PAGES = 60
MAX_LINKS = 50
_MAX_ANNOTATIONS = 500
_MAX_URL_BYTES = 2_000
# Maximum decompressed size of one stream. A page of dense text has about 20 kB, an embedded font about 500 kB.
_MAX_STREAM_BYTES = 10_000_000
_MAX_UNPACKED_BYTES = 100_000_000
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
# The dictionary of a stream precedes it.
_DICTIONARY_WINDOW = 600
_COUNT = re.compile(rb"/Count\s+(\d{1,10})")
_ENCRYPTED_ERRORS = frozenset({4, 5})
_MAX_UNMAPPED_SHARE = 0.3
_MIN_UNMAPPED = 20


def extract_pdf(data: bytes, *, max_characters: int) -> tuple[list[Line], list[str]]:
    """Return the lines in reading order, and the link targets.

    Raises:
        FileRejected: The file needs a password, is damaged or exceeds a limit, or its fonts map no characters.
    """
    _check_streams(data)
    pdfium.FPDF_InitLibrary()
    # An empty password also opens a file that only restricts printing and copying.
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise FileRejected("encrypted" if pdfium.FPDF_GetLastError() in _ENCRYPTED_ERRORS else "malformed")
    count = pdfium.FPDF_GetPageCount(document)
    # PDFium counts no pages if the file declares more than it supports.
    if count > MAX_PAGES or (not count and any(int(pages) > MAX_PAGES for pages in _COUNT.findall(data))):
        raise FileRejected("too_complex")
    if not count:
        raise FileRejected("malformed")
    pages: list[list[Segment]] = []
    links: list[str] = []
    glyph_count = unmapped = 0
    for index in range(count):
        page = pdfium.FPDF_LoadPage(document, index)
        if not page:
            raise FileRejected("malformed")
        links += _iterate_links(document, page)
        page = _show_annotations(document, page, index)
        content = read_glyphs(page)
        pdfium.FPDF_ClosePage(page)
        glyph_count += sum(map(len, content.by_direction.values()))
        unmapped += content.unmapped
        if glyph_count > max_characters:
            raise FileRejected("too_complex")
        pages += _build_pages(content)
    if unmapped >= _MIN_UNMAPPED and unmapped > _MAX_UNMAPPED_SHARE * glyph_count:
        raise FileRejected("unmapped_glyphs")
    return build_lines(pages), links[:MAX_LINKS]


def _check_streams(data: bytes) -> None:
    """Reject a file with a stream that is far too large when unpacked. Pictures may be larger.

    PDFium unpacks a stream as a whole, up to the memory limit.
    """
    total = 0
    for match in _STREAM.finditer(data):
        dictionary = data[max(0, match.start() - _DICTIONARY_WINDOW) : match.start()].rpartition(b" obj")[2]
        if b"FlateDecode" not in dictionary or re.search(rb"/Subtype\s*/Image", dictionary):
            continue
        try:
            size = len(zlib.decompressobj().decompress(memoryview(data)[match.end() :], _MAX_STREAM_BYTES + 1))
        except zlib.error:
            # PDFium decides what to do with a damaged or encrypted stream.
            continue
        total += size
        if size > _MAX_STREAM_BYTES or total > _MAX_UNPACKED_BYTES:
            raise FileRejected("too_complex")


def _build_pages(content: PageGlyphs) -> list[list[Segment]]:
    """Return the segments of a page. Text in other directions follows as a page of its own."""
    directions = sorted(content.by_direction, key=lambda direction: -len(content.by_direction[direction]))
    return [
        build_segments(content.by_direction[direction], () if direction else content.dots) for direction in directions
    ]


def _show_annotations(document: Any, page: Any, index: int) -> Any:
    """Make the texts of form fields and comments part of the page. Return the page, loaded again if it changed."""
    subtypes = set()
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        subtypes.add(pdfium.FPDFAnnot_GetSubtype(annotation))
        pdfium.FPDFPage_CloseAnnot(annotation)
    if subtypes.isdisjoint((pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT)):
        return page
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) != pdfium.FLATTEN_SUCCESS:
        return page
    pdfium.FPDF_ClosePage(page)
    return pdfium.FPDF_LoadPage(document, index)


def _iterate_links(document: Any, page: Any) -> Iterator[str]:
    position, link = ctypes.c_int(), pdfium.FPDF_LINK()
    for _ in range(MAX_LINKS):
        if not pdfium.FPDFLink_Enumerate(page, position, link):
            return
        action = pdfium.FPDFLink_GetAction(link)
        if action and pdfium.FPDFAction_GetType(action) == pdfium.PDFACTION_URI:
            buffer = (ctypes.c_char * _MAX_URL_BYTES)()
            length = pdfium.FPDFAction_GetURIPath(document, action, buffer, _MAX_URL_BYTES)
            if 1 < length <= _MAX_URL_BYTES:
                yield buffer.value.decode("utf-8", "replace")
