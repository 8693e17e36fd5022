"""Tell by its bytes what an uploaded file is, and read its text. Pure.

Plain text is decoded here. A PDF or DOCX is read by `child`, a process that is ended when it takes more than a resume
would.
"""

import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

REASONS = {
    "encrypted": "The file is encrypted; save it without a password and upload that.",
    "no_text": "The file holds no text; a scanned or photographed resume cannot be read.",
    "malformed": "The file is damaged, or not what it says it is.",
    "too_large": "The resume is larger than is read: 5 MB as a file, 2.5 MB as text.",
    "too_complex": "The file is too long or too involved: a resume has at most 60 pages and 100,000 characters.",
    "unknown_type": "The file is neither text, PDF nor DOCX.",
    "lost": "The reading of this file was interrupted; upload it again.",
}
REASON_NAMES = tuple(sorted(REASONS))

MAX_BYTES = 5_000_000
# Some thirty pages of nothing but words.
MAX_CHARACTERS = 100_000
# A scan often carries a stamp or a page's number.
MIN_LETTERS = 20

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "text/plain"

# Readers accept some bytes before the header, which mail programs add.
_PDF_WITHIN = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MAX_NAME_LENGTH = 200

# The child loads in 0.2 s, reads a resume in as much, and is out of time long before a client expects its answer.
WALL_SECONDS = 4.5
_CHILD = "accounts.resumes.files.extract_worker"
# The child says so once everything is loaded and bound: whatever ends it from then on is the file's doing.
READY = b"ready\n"
_ROOT = Path(__file__).resolve().parents[3]


class FileRejected(Exception):
    """A file that is not read; `reason` is a key of REASONS, the message its sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(REASONS[reason])


class ExtractionFailed(RuntimeError):
    """The reading process did not even begin, or not in time, whatever the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """What a file says: its text, and the addresses that it links to without showing them."""

    text: str
    links: tuple[str, ...] = ()


def detect_file_type(data: bytes) -> str:
    """PDF, DOCX or TEXT. Whether a ZIP archive is a DOCX shows only when it is read. Raises FileRejected."""
    if len(data) > MAX_BYTES:
        raise FileRejected("too_large")
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return DOCX
    if data.startswith(_OLE):
        raise FileRejected("encrypted" if _ENCRYPTED_OFFICE in data else "unknown_type")
    if data.startswith((b"{\\rtf", b"PK")):
        raise FileRejected("unknown_type")
    return TEXT


def decode_text(data: bytes) -> str:
    """The text of a plain text file. Raises FileRejected."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return check_text(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise FileRejected("unknown_type")


def check_text(text: str) -> str:
    """The text with its lines ended by a line feed. Raises FileRejected for what is too long, binary or empty."""
    if len(text) > MAX_CHARACTERS:
        raise FileRejected("too_complex")
    text = _LINE_ENDS.sub("\n", text)
    if _UNREADABLE.search(text):
        raise FileRejected("unknown_type")
    return check_has_words(text)


def check_has_words(text: str) -> str:
    """The text as it is. Raises FileRejected for one of hardly any letters."""
    if sum(character.isalpha() for character in text) < MIN_LETTERS:
        raise FileRejected("no_text")
    return text


def sanitize_file_name(name: str) -> str:
    """A file's name as it may be shown: without folders, control characters and needless length; never a path."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return " ".join(shown.split()).lstrip(".")[:_MAX_NAME_LENGTH] or "resume"


def extract_text(data: bytes) -> FileText:
    """The text of a text file, a PDF or a DOCX. Raises FileRejected within five seconds, and ExtractionFailed."""
    kind = detect_file_type(data)
    if kind == TEXT:
        return FileText(text=decode_text(data))
    try:
        # No environment: it holds this project's secrets.
        ended = subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-m", _CHILD, kind],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        if not (error.stdout or b"").startswith(READY):
            # So busy is the machine: it is not the file's doing.
            raise ExtractionFailed(f"{_CHILD} was not ready within {WALL_SECONDS} s") from error
        raise FileRejected("too_complex") from error
    if not ended.stdout.startswith(READY):
        raise ExtractionFailed(f"{_CHILD} ended with {ended.returncode} before it read anything")
    if ended.returncode:
        # By a signal: the limit of time, or a library that ran out of memory.
        raise FileRejected("too_complex" if ended.returncode < 0 else "malformed")
    answer = json.loads(ended.stdout.removeprefix(READY))
    if "refusal" in answer:
        raise FileRejected(answer["refusal"])
    return FileText(text=answer["text"], links=tuple(answer["links"]))
