"""The text of a DOCX, by python-docx. Runs in a process of its own alone: see `reading`."""

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

from accounts.resumes.files.sandbox import FileRejected

MAX_PARTS = 1_000
# Pictures are kept as they are, XML becomes a tree of ten times its size.
MAX_UNPACKED = 40_000_000
MAX_XML = 8_000_000
MAX_ELEMENTS = 200_000
# The parser that python-docx uses gives up at 256.
MAX_XML_DEPTH = 200
MAX_LINKS = 50
_CONTENT_TYPES = "[Content_Types].xml"
_ENCRYPTED_FLAG = 0x1
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def extract_docx(data: bytes, *, most_characters: int) -> tuple[str, list[str]]:
    """The text, heads of pages first, and the addresses that it links to.

    Raises FileRejected, and for a damaged file anything.
    """
    _check_archive(data)
    document = docx.Document(io.BytesIO(data))
    lines: list[str] = []
    length = 0
    for line in _lines(document):
        lines.append(line)
        length += len(line) + 1
        if length > most_characters:
            raise FileRejected("too_complex")
    return "\n".join(lines), _links(document)


def _check_archive(data: bytes) -> None:
    """Refuse an archive that states, or holds, more than is unpacked; then each part of XML.

    What passes may be unpacked as a whole, as python-docx does: no part is larger than it states.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
            raise FileRejected("encrypted")
        # The formats that no program writes into a DOCX file are unpacked as a whole, however little is asked for.
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise FileRejected("malformed")
        if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise FileRejected("too_complex")
        if _CONTENT_TYPES not in archive.namelist():
            raise FileRejected("unknown_type")
        if archive.getinfo(_CONTENT_TYPES).file_size > MAX_XML:
            raise FileRejected("too_complex")
        types = _unpack(archive, archive.getinfo(_CONTENT_TYPES))
        _check_xml(types)
        if CONTENT_TYPE.WML_DOCUMENT_MAIN.encode() not in types:
            raise FileRejected("unknown_type")
        type_of = _ContentTypeMap.from_xml(types)
        xml = [entry for entry in entries if _is_xml(entry.filename, type_of)]
        if sum(entry.file_size for entry in xml) > MAX_XML:
            raise FileRejected("too_complex")
        for entry in entries:
            part = _unpack(archive, entry)
            if entry in xml:
                _check_xml(part)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return a part, unpacked no further than a byte beyond the size that it states. Raises FileRejected for that."""
    probe = copy.copy(entry)
    # By its stated size `ZipFile` cuts what it has unpacked, and would not show that there is more.
    probe.file_size += 1
    with archive.open(probe) as opened:
        part = opened.read(probe.file_size)
    if len(part) > entry.file_size:
        raise FileRejected("malformed")
    return part


def _is_xml(name: str, type_of: _ContentTypeMap) -> bool:
    """Return whether python-docx parses the part: it goes by the declared type, whatever the name ends in."""
    if name.endswith((".xml", ".rels")):
        return True
    try:
        declared: str = type_of[PackURI(f"/{name}")]
    except KeyError:
        return False
    return declared.lower().endswith("xml")


def _check_xml(xml: bytes) -> None:
    """Refuse what would make too big a tree, and entities: Office files may declare none, those that do mean harm."""
    depth = count = 0

    def begin(*_: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_XML_DEPTH or count > MAX_ELEMENTS:
            raise FileRejected("too_complex")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise FileRejected("malformed")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = begin, end, refuse
    parser.Parse(xml, True)


def _lines(document: Document) -> Iterator[str]:
    heads = [section.header for section in document.sections if not section.header.is_linked_to_previous]
    for part in (*(head._element for head in heads), document.element.body):
        # In the order of the file, through tables and text boxes. A box is written twice: once for older programs.
        for element in part.iter(qn("w:p")):
            if not any(element.iterancestors(_FALLBACK)):
                paragraph = Paragraph(element, document._body)
                yield f"• {paragraph.text}" if _is_listed(paragraph) else paragraph.text


def _is_listed(paragraph: Paragraph) -> bool:
    """Whether Word draws a bullet or a number, which is no part of the text."""
    properties = paragraph._p.pPr
    numbered = properties is not None and properties.numPr is not None
    return bool(paragraph.text) and (numbered or _get_style(paragraph).startswith("List"))


def _get_style(paragraph: Paragraph) -> str:
    return paragraph.style.name or "" if paragraph.style is not None else ""


def _links(document: Document) -> list[str]:
    relations = document.part.rels.values()
    return [r.target_ref for r in relations if r.is_external and r.reltype == RELATIONSHIP_TYPE.HYPERLINK][:MAX_LINKS]
