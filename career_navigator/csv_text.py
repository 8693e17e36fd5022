"""CSV as spreadsheets of all countries write it: which encoding and which delimiter a file has. Pure."""

import codecs
import csv
import re
from collections.abc import Collection

DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile('[ \t]*"?sep=(.)"?\r?\n', re.IGNORECASE)


def decode_text(content: bytes) -> str:
    """Read UTF-8, UTF-16, or else what Windows writes in the west. Raises UnicodeDecodeError."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    sample = content[:1_000]
    if sample[1::2].count(0) > len(sample) // 4:
        return content.decode("utf-16-le")
    if sample[::2].count(0) > len(sample) // 4:
        return content.decode("utf-16-be")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A mark of byte order within is no text.
        if codecs.BOM_UTF16_LE in content or codecs.BOM_UTF16_BE in content:
            raise
        return content.decode("cp1252")


def split_off_delimiter(text: str, *, columns: Collection[str] | None = None) -> tuple[str, str, int]:
    """Return the delimiter, the text from its header on, and how many lines were before that.

    A line `sep=;` before the header decides; else the delimiter that gives the header most of the `columns`, by their
    names in lower case, or most columns at all.
    """
    if found := _SEPARATOR_LINE.match(text):
        return found[1], text[found.end() :], 1
    line = text.partition("\n")[0].rstrip("\r")

    def count_columns(delimiter: str) -> int:
        names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
        return len(names) if columns is None else len({*names}.intersection(columns))

    # The first one of equals.
    return max(DELIMITERS, key=count_columns), text, 0
