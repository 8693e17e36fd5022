"""The formats of resume files, their limits, and the reasons for which files are rejected. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from accounts.resumes.parsing.styles import LineStyle

REASONS = {
    "encrypted": "The file is encrypted. Save it without a password and upload it again.",
    "no_text": (
        "The file contains no text. Scanned or photographed resumes cannot be read. Upload a file whose text can be"
        " selected."
    ),
    "malformed": (
        "The file is damaged, or its content does not match its type. Save the resume again, as PDF or DOCX, and upload"
        " it."
    ),
    "too_large": "The resume is too large. The maximum is 5 MB for a file and 2.5 MB for text.",
    "too_complex": "The file is too long or too complex. The maximum is 60 pages and 100,000 characters.",
    "unknown_type": (
        "The file is not a text, HTML, PDF, Word, JSON Resume or Europass file, or a LinkedIn export. Save the resume"
        " as PDF or DOCX and upload it again."
    ),
    "no_spaces": "The text of the file has no spaces between its words. Save the resume as DOCX and upload it again.",
    "unmapped_glyphs": (
        "The fonts of the file do not say which letters they show. Save the resume as DOCX and upload it again."
    ),
    "lost": "Processing of the file was interrupted. Upload it again.",
}
REASON_NAMES = tuple(sorted(REASONS))

MAX_BYTES = 5_000_000
# About thirty pages of dense text.
MAX_CHARACTERS = 100_000
# A scan without a text layer often still has a stamp or page numbers as text.
MIN_LETTERS = 20

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "text/plain"
HTML = "text/html"
# JSON Resume or Europass.
JSON = "application/json"
# Europass.
XML = "application/xml"
# LinkedIn's export.
ZIP = "application/zip"
# Formats that are imported field by field.
STRUCTURED = frozenset({JSON, XML, ZIP})

# The worker prints this after its imports and limits are in place. The file causes any failure that happens later.
READY = b"ready\n"

# PDF readers accept junk before the header, such as the bytes that mail programs add.
_PDF_HEADER_WINDOW = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_CONTENT_TYPES = b"[Content_Types].xml"
_LINKEDIN_FILE = re.compile(rb"(?:Profile|Positions|Education|Skills|Connections|Email Addresses)\.csv")
_START_BYTES = 2_000
_MARKS = re.compile(rb"^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
_COMMENTS = re.compile(rb"\s*(?:<!--(?:[^-]|-(?!->))*-->\s*)*")
_HTML_START = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|(?:html|head|body|div|p|h[1-6]|section|article|main|header|table|ul|center"
    rb"|meta|title|style)(?=[\s>/]))",
    re.IGNORECASE,
)
_XML_START = re.compile(rb"<\?xml\s|<(?:\w{1,20}:)?(?:SkillsPassport|Europass|Candidate|LearnerInfo)[\s>]")
# An object, also one whose end is missing, or a list of objects or lists.
_JSON_START = re.compile(rb'\{\s*["}]|\[\s*[\[{]')
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_LINE_ENDINGS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Letters of scripts that separate words by spaces: Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic.
_SPACED_WORD = re.compile("[A-Za-zÀ-ɏͰ-ԯ԰-֏א-تḀ-ỿ]+")
# No language in these scripts has many words of this length. The share is that of all letters.
_MAX_WORD_LENGTH = 40
_MAX_LONG_SHARE = 0.5
_MAX_REPLACED_SHARE = 0.2


class FileRejected(Exception):
    """Raised for a file that cannot be accepted. `reason` is a key of REASONS; the message is its value."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(REASONS[reason])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """The text of a file, and the targets of its links, which the text may not show.

    `styles` has one entry per line of the text. It is None if the format has no typography. `layout_features` are the
    properties of the layout that some applicant-tracking systems misread (see `features`). A file in a structured
    format has no text. Its `content` is in the JSON Resume format, and `unread` lists values that have no place there.
    """

    text: str
    links: tuple[str, ...] = ()
    styles: tuple[LineStyle, ...] | None = None
    content: dict[str, Any] | None = None
    unread: tuple[str, ...] = ()
    layout_features: tuple[str, ...] = ()


def detect_file_type(data: bytes) -> str:
    """Return the media type of a file. A ZIP archive counts as DOCX until it is read, unless it is LinkedIn's export.

    Raises:
        FileRejected: The file is too large, encrypted or of another known type.
    """
    if len(data) > MAX_BYTES:
        raise FileRejected("too_large")
    if b"%PDF-" in data[:_PDF_HEADER_WINDOW]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return ZIP if _CONTENT_TYPES not in data and _LINKEDIN_FILE.search(data) else DOCX
    if data.startswith(_OLE):
        raise FileRejected("encrypted" if _ENCRYPTED_OFFICE in data else "unknown_type")
    if data.startswith((b"{\\rtf", b"PK")):
        raise FileRejected("unknown_type")
    return _detect_text_type(data)


def _detect_text_type(data: bytes) -> str:
    # The zeros are half of the bytes of UTF-16.
    start = _MARKS.sub(b"", data[:_START_BYTES]).replace(b"\x00", b"").lstrip()
    comments = _COMMENTS.match(start)
    start = start[comments.end() if comments else 0 :]
    if _HTML_START.match(start):
        return HTML
    if _XML_START.match(start):
        return XML
    return JSON if _JSON_START.match(start) else TEXT


def check_text(text: str) -> str:
    """Return the text with line feeds as its only line endings.

    Raises:
        FileRejected: The text is too long, binary or has almost no letters.
    """
    if len(text) > MAX_CHARACTERS:
        raise FileRejected("too_complex")
    text = _LINE_ENDINGS.sub("\n", text)
    if _UNREADABLE.search(text):
        raise FileRejected("unknown_type")
    if sum(character.isalpha() for character in text) < MIN_LETTERS:
        raise FileRejected("no_text")
    if text.count("\ufffd") > _MAX_REPLACED_SHARE * len(text):
        raise FileRejected("unmapped_glyphs")
    if _lacks_spaces(text):
        raise FileRejected("no_spaces")
    return text


def _lacks_spaces(text: str) -> bool:
    """Return whether most letters are in words that are too long, of which URLs are an exception."""
    words = [word for word in text.split() if "/" not in word and "@" not in word]
    lengths = [sum(map(len, _SPACED_WORD.findall(word))) for word in words]
    return sum(length for length in lengths if length > _MAX_WORD_LENGTH) > _MAX_LONG_SHARE * sum(lengths)
