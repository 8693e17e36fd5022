"""Extract the text of a DOCX with python-docx. Run only inside `extract_worker`: see `sandbox`."""

import copy
import io
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

import docx
from docx.document import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.pkgreader import _ContentTypeMap
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from accounts.resumes.files.lines import Line
from accounts.resumes.files.sandbox import FileRejected

MAX_PARTS = 1_000
# Images stay raw bytes, but parsed XML takes ten times its size, so XML has a separate, lower limit.
MAX_UNPACKED_BYTES = 40_000_000
MAX_XML_BYTES = 8_000_000
MAX_ELEMENTS = 200_000
# The parser of python-docx fails at a depth of 256.
MAX_XML_DEPTH = 200
MAX_LINKS = 50
_CONTENT_TYPES = "[Content_Types].xml"
_ENCRYPTED_FLAG = 0x1
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def extract_docx(data: bytes, *, max_characters: int) -> tuple[list[Line], list[str]]:
    """Return the lines, page headers first, and the link targets.

    Raises:
        FileRejected: The file is encrypted, malformed or exceeds a limit. A damaged file can raise any exception.
    """
    _check_archive(data)
    document = docx.Document(io.BytesIO(data))
    lines: list[Line] = []
    length = 0
    for line in _iterate_lines(document):
        lines += map(Line, line.split("\n"))
        length += len(line) + 1
        if length > max_characters:
            raise FileRejected("too_complex")
    return lines, _list_links(document)


def _check_archive(data: bytes) -> None:
    """Reject an archive that exceeds a limit, then check every XML part.

    An archive that passes is safe for python-docx, which unpacks all of it: no part is larger than its declared size.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
            raise FileRejected("encrypted")
        # `zipfile` decompresses other methods in full even if few bytes are read. No word processor uses them in DOCX.
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise FileRejected("malformed")
        if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
            raise FileRejected("too_complex")
        if _CONTENT_TYPES not in archive.namelist():
            raise FileRejected("unknown_type")
        if archive.getinfo(_CONTENT_TYPES).file_size > MAX_XML_BYTES:
            raise FileRejected("too_complex")
        content_types_xml = _unpack(archive, archive.getinfo(_CONTENT_TYPES))
        _check_xml(content_types_xml)
        if CONTENT_TYPE.WML_DOCUMENT_MAIN.encode() not in content_types_xml:
            raise FileRejected("unknown_type")
        content_types = _ContentTypeMap.from_xml(content_types_xml)
        xml_entries = [entry for entry in entries if _is_xml(entry.filename, content_types)]
        if sum(entry.file_size for entry in xml_entries) > MAX_XML_BYTES:
            raise FileRejected("too_complex")
        for entry in entries:
            part = _unpack(archive, entry)
            if entry in xml_entries:
                _check_xml(part)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return a part's bytes, unpacking at most one byte more than its declared size.

    Raises:
        FileRejected: The part is larger than its declared size.
    """
    probe = copy.copy(entry)
    # `ZipFile` truncates its output to the declared size, so an oversized part would go unnoticed.
    probe.file_size += 1
    with archive.open(probe) as opened:
        part = opened.read(probe.file_size)
    if len(part) > entry.file_size:
        raise FileRejected("malformed")
    return part


def _is_xml(name: str, content_types: _ContentTypeMap) -> bool:
    """Return whether python-docx parses the part as XML, which depends on the declared content type."""
    if name.endswith((".xml", ".rels")):
        return True
    try:
        declared: str = content_types[PackURI(f"/{name}")]
    except KeyError:
        return False
    return declared.lower().endswith("xml")


def _check_xml(xml: bytes) -> None:
    """Reject XML with too large a tree, and any DTD. Office files have none, but entity attacks need one."""
    depth = count = 0

    def start_element(*_: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_XML_DEPTH or count > MAX_ELEMENTS:
            raise FileRejected("too_complex")

    def end_element(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def reject_doctype(*_: object) -> None:
        raise FileRejected("malformed")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.StartDoctypeDeclHandler = reject_doctype
    parser.Parse(xml, True)


def _iterate_lines(document: Document) -> Iterator[str]:
    headers = [section.header for section in document.sections if not section.header.is_linked_to_previous]
    for part in (*(header._element for header in headers), document.element.body):
        # In document order, including tables and text boxes. Skip the fallback copy of each text box.
        for element in part.iter(qn("w:p")):
            if not any(element.iterancestors(_FALLBACK)):
                paragraph = Paragraph(element, document._body)
                yield f"• {paragraph.text}" if _is_list_item(paragraph) else paragraph.text


def _is_list_item(paragraph: Paragraph) -> bool:
    """Return whether Word draws a bullet or number, which is not part of the paragraph's text."""
    properties = paragraph._p.pPr
    is_numbered = properties is not None and properties.numPr is not None
    return bool(paragraph.text) and (is_numbered or _get_style_name(paragraph).startswith("List"))


def _get_style_name(paragraph: Paragraph) -> str:
    return paragraph.style.name or "" if paragraph.style is not None else ""


def _list_links(document: Document) -> list[str]:
    relations = document.part.rels.values()
    return [r.target_ref for r in relations if r.is_external and r.reltype == RELATIONSHIP_TYPE.HYPERLINK][:MAX_LINKS]
