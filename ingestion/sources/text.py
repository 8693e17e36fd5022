"""Plain text from the HTML of postings. Pure."""

import html
import re
from typing import Any

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError

from ingestion.sources.values import MAX_DESCRIPTION_BYTES, read_prose

_CONFIG = ParserConfig(css=CSS_PROFILES["strict"])
_BLANK_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[a-zA-Z/!]")
# Markup is longer than its text, so the limit on the text applies after the conversion.
_MAX_HTML_CHARACTERS = 10 * MAX_DESCRIPTION_BYTES
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(r"(?<![\w.,-])(?:\+|00)[1-9]\d{0,2}[\s./()-]{0,3}(?:\d[\s./()-]{0,3}){6,12}\d(?!\w)")


def convert_html(value: Any) -> str:
    """Return the text of an HTML fragment, with one line per block and list item.

    A fragment that is escaped as a whole, as in "&lt;p&gt;", is decoded once. Decoding until nothing changes would turn
    text that an author escaped into tags.
    """
    if not isinstance(value, str):
        return ""
    fragment = value[:_MAX_HTML_CHARACTERS]
    if "&lt;" in fragment and not _TAG.search(fragment):
        fragment = html.unescape(fragment)
    if not _TAG.search(fragment):
        return read_prose(fragment, max_bytes=MAX_DESCRIPTION_BYTES)
    try:
        text = get_text(fragment, _CONFIG)
    except (LxmlError, ValueError, RecursionError):
        text = ""
    if not text.strip():
        # lxml drops what is nested too deeply, and control characters can make a document unreadable.
        text = html.unescape(re.sub(r"<[^>]*>", "\n", fragment))
    lines = (" ".join(line.split()) for line in text.splitlines())
    text = _BLANK_LINES.sub("\n\n", "\n".join(lines))
    return read_prose(text, max_bytes=MAX_DESCRIPTION_BYTES, is_html=False)


def join_sections(*sections: tuple[str | None, str]) -> str:
    """Return sections, each a heading and a text, as one text. Sections without a text are left out."""
    parts = [f"{heading}\n{text}" if heading else text for heading, text in sections if text]
    return redact_contacts("\n\n".join(parts))


def redact_contacts(text: str) -> str:
    """Replace email addresses and international phone numbers, which belong to recruiters."""
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))
