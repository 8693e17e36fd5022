"""Detect the type of an uploaded file from its bytes and extract its text.

Plain text is decoded in this process. A PDF or DOCX is read by `extract_worker`, a subprocess with limits on time and
memory.
"""

import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from accounts.resumes.parsing.styles import LineStyle

REASONS = {
    "encrypted": "The file is encrypted. Save it without a password and upload it again.",
    "no_text": "The file contains no text. Scanned or photographed resumes cannot be read.",
    "malformed": "The file is damaged, or its content does not match its type.",
    "too_large": "The resume is too large. The maximum is 5 MB for a file and 2.5 MB for text.",
    "too_complex": "The file is too long or too complex. The maximum is 60 pages and 100,000 characters.",
    "unknown_type": "The file is not a text, PDF or DOCX file.",
    "no_spaces": "The text of the file has no spaces between its words. Save the resume as DOCX and upload it again.",
    "unmapped_glyphs": (
        "The fonts of the file do not tell which letters they show. Save the resume as DOCX and upload it again."
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

# PDF readers accept junk before the header, such as the bytes that mail programs add.
_PDF_HEADER_WINDOW = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_LINE_ENDINGS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MAX_NAME_LENGTH = 200
# Letters of scripts that separate words by spaces: Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic.
_SPACED_WORD = re.compile("[A-Za-zÀ-ɏͰ-ԯ԰-֏א-تḀ-ỿ]+")
# No language in these scripts has many words of this length. The share is that of all letters.
_MAX_WORD_LENGTH = 40
_MAX_LONG_SHARE = 0.5
_MAX_REPLACED_SHARE = 0.2

# The worker loads in 0.2 s and reads a resume in another 0.2 s. The limit is well below a client's timeout.
WALL_SECONDS = 4.5
_WORKER_MODULE = "accounts.resumes.files.extract_worker"
# The worker prints this after its imports and limits are in place. The file causes any failure that happens later.
READY = b"ready\n"
_ROOT = Path(__file__).resolve().parents[3]


class FileRejected(Exception):
    """Raised for a file that cannot be accepted. `reason` is a key of REASONS; the message is its value."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(REASONS[reason])


class ExtractionFailed(RuntimeError):
    """Raised when the worker process did not start in time or at all. The file is not the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """The text of a file, and the targets of its links, which the text may not show.

    `styles` has one entry per line of the text. It is None if the format has no typography.
    """

    text: str
    links: tuple[str, ...] = ()
    styles: tuple[LineStyle, ...] | None = None


def detect_file_type(data: bytes) -> str:
    """Return PDF, DOCX or TEXT. Every ZIP archive counts as DOCX until it is read.

    Raises:
        FileRejected: The file is too large, encrypted or of another known type.
    """
    if len(data) > MAX_BYTES:
        raise FileRejected("too_large")
    if b"%PDF-" in data[:_PDF_HEADER_WINDOW]:
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return DOCX
    if data.startswith(_OLE):
        raise FileRejected("encrypted" if _ENCRYPTED_OFFICE in data else "unknown_type")
    if data.startswith((b"{\\rtf", b"PK")):
        raise FileRejected("unknown_type")
    return TEXT


def decode_text(data: bytes) -> str:
    """Decode a plain text file as UTF-16, UTF-8 or Windows-1252.

    Raises:
        FileRejected: The text cannot be decoded or is not acceptable (see `check_text`).
    """
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            return check_text(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise FileRejected("unknown_type")


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


def sanitize_file_name(name: str) -> str:
    """Return a file name that is safe to display: no folders, no control characters, at most 200 characters."""
    base_name = re.split(r"[/\\]", name)[-1]
    printable = "".join(c for c in base_name if unicodedata.category(c)[0] != "C")
    return " ".join(printable.split()).lstrip(".")[:_MAX_NAME_LENGTH] or "resume"


def extract_text(data: bytes) -> FileText:
    """Return the text of a text, PDF or DOCX file, or raise, within five seconds.

    Raises:
        FileRejected: The file cannot be read.
        ExtractionFailed: The worker process did not start. Try again later.
    """
    media_type = detect_file_type(data)
    if media_type == TEXT:
        return FileText(text=decode_text(data))
    try:
        # The environment is empty because this process's environment contains secrets.
        completed = subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-m", _WORKER_MODULE, media_type],
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
            # The machine is overloaded, and the worker has not touched the file.
            raise ExtractionFailed(f"{_WORKER_MODULE} was not ready within {WALL_SECONDS} s") from error
        raise FileRejected("too_complex") from error
    if not completed.stdout.startswith(READY):
        raise ExtractionFailed(f"{_WORKER_MODULE} exited with {completed.returncode} before it was ready")
    if completed.returncode:
        # A negative code is a signal: the CPU limit, or a library that crashed without memory.
        raise FileRejected("too_complex" if completed.returncode < 0 else "malformed")
    result = json.loads(completed.stdout.removeprefix(READY))
    if "rejection" in result:
        raise FileRejected(result["rejection"])
    styles = result.get("styles")
    return FileText(
        text=result["text"],
        links=tuple(result["links"]),
        styles=tuple(LineStyle(**style) for style in styles) if styles is not None else None,
    )
