"""Find properties of a file's layout that some applicant-tracking systems misread. Run only inside `extract_worker`."""

import ctypes
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from accounts.resumes.files.formats import DOCX, PDF
from accounts.resumes.files.lines import Line

COLUMNS, IMAGES, TEXT_BOXES, TABLES, HEADER_TEXT = LAYOUT_FEATURES = (
    *("columns", "images", "text_boxes", "tables", "header_text"),
)
_MAX_PAGES = 10
_MAX_OBJECTS = 5_000
_MAX_FORM_DEPTH = 3
# The share of the page from which a picture counts. Icons beside contact details are smaller.
_MIN_IMAGE_SHARE = 0.005
# Tags of WordprocessingML, whatever the prefix.
_DOCX_TAGS = {
    IMAGES: re.compile(rb"<(?:\w+:)?(?:blip|imagedata)\b"),
    TEXT_BOXES: re.compile(rb"<(?:\w+:)?txbxContent\b"),
    TABLES: re.compile(rb"<(?:\w+:)?tbl>"),
    COLUMNS: re.compile(rb"<(?:\w+:)?cols\b[^>]*\bnum=\"(?:[2-9]|\d\d)"),
}
_HEADER_PART = re.compile(r"word/(?:header|footer)\d*\.xml", re.IGNORECASE)
_RUN_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>[^<]*[^\s<\d][^<]*<")


def find_layout_features(media_type: str, data: bytes, lines: Sequence[Line]) -> list[str]:
    """Return the features of a file that was read, in the order of LAYOUT_FEATURES.

    `lines` are the lines that were read from the file.
    """
    found: set[str] = set()
    if any(line.is_beside for line in lines):
        found.add(COLUMNS)
    if media_type == PDF and _has_images(data):
        found.add(IMAGES)
    if media_type == DOCX:
        found.update(_find_docx_features(data))
    return [name for name in LAYOUT_FEATURES if name in found]


def _find_docx_features(data: bytes) -> Iterator[str]:
    """Yield the features of a DOCX whose parts have passed the checks of the reader."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        document = archive.read("word/document.xml") if "word/document.xml" in names else b""
        yield from (name for name, tag in _DOCX_TAGS.items() if tag.search(document))
        headers = [archive.read(name) for name in names if _HEADER_PART.fullmatch(name)]
        # A page number is a field or a digit, and not text that a system should read.
        if any(_RUN_TEXT.search(header) for header in headers):
            yield HEADER_TEXT


def _has_images(data: bytes) -> bool:
    """Return whether one of the first pages of a PDF has a picture that is larger than an icon."""
    import pypdfium2_raw as pdfium  # noqa: PLC0415 - only PDFs need the library

    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    for index in range(min(pdfium.FPDF_GetPageCount(document), _MAX_PAGES)):
        page = pdfium.FPDF_LoadPage(document, index)
        area = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page)
        images = _iterate_image_areas(pdfium, page)
        has_image = any(image_area >= _MIN_IMAGE_SHARE * area for image_area in images)
        pdfium.FPDF_ClosePage(page)
        if has_image:
            return True
    return False


def _iterate_image_areas(pdfium: Any, page: Any) -> Iterator[float]:
    """Yield the area of each picture on a page in square points, including those inside forms."""
    count = pdfium.FPDFPage_CountObjects(page)
    waiting = [(pdfium.FPDFPage_GetObject(page, index), 0) for index in range(min(count, _MAX_OBJECTS))]
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for _ in range(_MAX_OBJECTS):
        if not waiting:
            return
        page_object, depth = waiting.pop()
        kind = pdfium.FPDFPageObj_GetType(page_object)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pdfium.FPDFPageObj_GetBounds(page_object, left, bottom, right, top)
            yield (right.value - left.value) * (top.value - bottom.value)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
            inner = min(pdfium.FPDFFormObj_CountObjects(page_object), _MAX_OBJECTS)
            waiting += [(pdfium.FPDFFormObj_GetObject(page_object, index), depth + 1) for index in range(inner)]
