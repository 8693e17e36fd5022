"""Read a plain text or Markdown file."""

from accounts.resumes.files.encodings import decode_bytes
from accounts.resumes.files.formats import FileRejected, FileText, check_text
from accounts.resumes.files.plain import read_plain_text


def read_text(data: bytes | str) -> FileText:
    """Return the text without Markdown, and the targets of its links.

    Raises:
        FileRejected: The text cannot be decoded or is not acceptable (see `check_text`).
    """
    try:
        text = data if isinstance(data, str) else decode_bytes(data)
    except (UnicodeDecodeError, LookupError) as error:
        raise FileRejected("unknown_type") from error
    text, links = read_plain_text(check_text(text))
    return FileText(text=check_text(text), links=tuple(links))
