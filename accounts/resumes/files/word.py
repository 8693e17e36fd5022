"""Extract the lines and links of a DOCX, DOCM or DOTX. Run only inside `extract_worker`: see `sandbox`."""

import copy
import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lxml import etree

from accounts.resumes.files.formats import FileRejected
from accounts.resumes.files.lines import Line
from accounts.resumes.files.word_lines import WordReader
from accounts.resumes.files.word_styles import WordStyles, get_name
from accounts.resumes.files.xml_checks import check_xml

MAX_PARTS = 1_000
# Images stay raw bytes, but parsed XML takes ten times its size, so XML has a separate, lower limit.
MAX_UNPACKED_BYTES = 40_000_000
MAX_XML_BYTES = 8_000_000
MAX_LINKS = 50
_CONTENT_TYPES = "[Content_Types].xml"
_ENCRYPTED_FLAG = 0x1
# Macros are separate parts, which are not read.
_MAIN_TYPES = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.ms-word.document.macroenabled.main+xml",
        "application/vnd.ms-word.template.macroenabledtemplate.main+xml",
    }
)


@dataclass(frozen=True, slots=True)
class _Relation:
    """A relationship of a part. `kind` is the last step of its type, which Strict Open XML shares."""

    kind: str
    target: str
    is_external: bool


def extract_docx(data: bytes, *, max_characters: int) -> tuple[list[Line], list[str]]:
    """Return the lines, page headers first and footers last, and the link targets.

    Raises:
        FileRejected: The file is encrypted, malformed or exceeds a limit. A damaged file can raise any exception.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = _check_archive(archive)
        package = _Package(archive)
        main = next(
            (relation.target for relation in package.list_relations("").values() if relation.kind == "officeDocument"),
            None,
        )
        if main is None or types.get_type(main) not in _MAIN_TYPES:
            raise FileRejected("unknown_type")
        return _read_document(package, main, max_characters)


def _read_document(package: "_Package", main: str, max_characters: int) -> tuple[list[Line], list[str]]:
    relations = package.list_relations(main)
    parts_by_kind = {relation.kind: relation.target for relation in relations.values() if not relation.is_external}
    styles, numbering = (
        package.parse(parts_by_kind[kind]) if kind in parts_by_kind else None for kind in ("styles", "numbering")
    )
    root = package.parse(main)
    reader = WordReader(WordStyles(styles, numbering), max_characters=max_characters)
    headers, footers = (
        list(dict.fromkeys(_iterate_references(root, relations, kind)))
        for kind in ("headerReference", "footerReference")
    )
    for part in (*headers, main, *footers):
        reader.read(root if part == main else package.parse(part), is_repeated=part != main)
    links = [
        relation.target
        for part in (main, *headers, *footers)
        for relation in package.list_relations(part).values()
        if relation.kind == "hyperlink" and relation.is_external
    ]
    return reader.build_lines(), list(dict.fromkeys([*links, *reader.links]))[:MAX_LINKS]


def _iterate_references(root: Any, relations: dict[str, _Relation], name: str) -> Iterator[str]:
    """Yield the parts that the sections of a document use as headers or footers."""
    for reference in root.iter(f"{{*}}{name}"):
        identifier = next((value for key, value in reference.attrib.items() if get_name(key) == "id"), "")
        if (relation := relations.get(identifier)) is not None and not relation.is_external:
            yield relation.target


class _Package:
    """The parts of an archive that passed the checks."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lstrip("/").casefold(): name for name in archive.namelist()}
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)

    def parse(self, part: str) -> Any:
        return etree.fromstring(self._archive.read(self._names[part.casefold()]), self._parser)

    def list_relations(self, part: str) -> dict[str, _Relation]:
        """Return the relationships of a part, or of the package if the part is empty, by id."""
        folder, name = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{name}.rels")
        if source.casefold() not in self._names:
            return {}
        relations = {}
        for element in self.parse(source).iter("{*}Relationship"):
            is_external = element.get("TargetMode") == "External"
            target = element.get("Target", "")
            relations[element.get("Id", "")] = _Relation(
                kind=element.get("Type", "").rpartition("/")[2],
                target=target if is_external else posixpath.normpath(posixpath.join("/", folder, unquote(target)))[1:],
                is_external=is_external,
            )
        return relations


class _ContentTypes:
    """The content type of each part, which depends on its name or on its extension."""

    def __init__(self, xml: bytes) -> None:
        self._by_name: dict[str, str] = {}
        self._by_extension: dict[str, str] = {}
        for element in etree.fromstring(xml):
            content_type = element.get("ContentType", "").casefold()
            if get_name(element.tag) == "Override":
                self._by_name[element.get("PartName", "").lstrip("/").casefold()] = content_type
            elif get_name(element.tag) == "Default":
                self._by_extension[element.get("Extension", "").casefold()] = content_type

    def get_type(self, name: str) -> str:
        name = name.casefold()
        return self._by_name.get(name) or self._by_extension.get(name.rpartition(".")[2], "")

    def is_xml(self, name: str) -> bool:
        return name.endswith((".xml", ".rels")) or self.get_type(name).endswith("xml")

    def has_document(self) -> bool:
        return not _MAIN_TYPES.isdisjoint({*self._by_name.values(), *self._by_extension.values()})


def _check_archive(archive: zipfile.ZipFile) -> _ContentTypes:
    """Reject an archive that exceeds a limit, then check every XML part. Return the content types.

    After this check, every part may be read, because no part is larger than its declared size.
    """
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
    check_xml(content_types_xml)
    content_types = _ContentTypes(content_types_xml)
    if not content_types.has_document():
        raise FileRejected("unknown_type")
    xml_entries = [entry for entry in entries if content_types.is_xml(entry.filename)]
    if sum(entry.file_size for entry in xml_entries) > MAX_XML_BYTES:
        raise FileRejected("too_complex")
    for entry in entries:
        part = _unpack(archive, entry)
        if entry in xml_entries:
            check_xml(part)
    return content_types


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
