"""What an uploaded file is, told by its bytes alone, and the text of one that is plain text. Pure."""

import re
import unicodedata

from accounts.resumes.files.refusals import FileRefused

MOST_BYTES = 5_000_000
# Some thirty pages of nothing but words.
MOST_CHARACTERS = 100_000
# A scan often carries a stamp or a page's number.
FEWEST_LETTERS = 20

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "text/plain"

# Readers accept some bytes before the header, which mail programs add.
_PDF_WITHIN = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_LONGEST_NAME = 200


def tell_kind(data: bytes) -> str:
    """PDF, DOCX or TEXT. Whether a ZIP archive is a DOCX shows only when it is read. Raises FileRefused."""
    if len(data) > MOST_BYTES:
        raise FileRefused("too_large")
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return DOCX
    if data.startswith(_OLE):
        raise FileRefused("encrypted" if _ENCRYPTED_OFFICE in data else "unknown_type")
    if data.startswith((b"{\\rtf", b"PK")):
        raise FileRefused("unknown_type")
    return TEXT


def decode_text(data: bytes) -> str:
    """The text of a plain text file. Raises FileRefused."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return check_text(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise FileRefused("unknown_type")


def check_text(text: str) -> str:
    """The text with its lines ended by a line feed. Raises FileRefused for what is too long, binary or empty."""
    if len(text) > MOST_CHARACTERS:
        raise FileRefused("too_complex")
    text = _LINE_ENDS.sub("\n", text)
    if _UNREADABLE.search(text):
        raise FileRefused("unknown_type")
    return require_words(text)


def require_words(text: str) -> str:
    """The text as it is. Raises FileRefused for one of hardly any letters."""
    if sum(character.isalpha() for character in text) < FEWEST_LETTERS:
        raise FileRefused("no_text")
    return text


def plain_name(name: str) -> str:
    """A file's name as it may be shown: without folders, control characters and needless length; never a path."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return " ".join(shown.split()).lstrip(".")[:_LONGEST_NAME] or "resume"
