"""Plain text: Unicode normalization, search words of catalogues, and decoding of CSV files. Pure."""

import codecs
import csv
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Literal

# NFKC would turn superscripts, circled characters and fractions into letters and digits that join the word before them
# ("Docker™", "Python¹"). It would turn a spacing accent into a space with an accent ("Don´t").
_KEPT_DECOMPOSITIONS = ("<super>", "<sub>", "<circle>", "<fraction>", "<compat> 0020 03")
_HANGUL_JAMO = re.compile("[\u1160-\u11ff]")
# Voicing marks of half-width katakana.
_HALF_WIDTH_MARKS = "\uff9e\uff9f"
_ACCENTS = re.compile("[\u0300-\u036f]")
# The limit of the Stream-Safe Text Format (UAX 15), which no script exceeds. Python sorts the marks of a character in
# quadratic time, 5 s for 48,000 marks, and holds the GIL meanwhile.
_MAX_MARKS = 30
# Letters that have no Unicode decomposition into a plain letter and a mark.
_PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "ħ": "h", "ı": "i", "ĸ": "k", "ł": "l", "ŋ": "n", "ŧ": "t"}
)

# Words for true and false in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish and Swedish.
_TRUE = frozenset(
    {
        *("true", "t", "yes", "y", "1", "x", "on", "wahr", "ja", "j", "vrai", "oui", "verdadero", "si", "sim"),
        *("verdadeiro", "vero", "waar", "prawda", "tak", "sant"),
    }
)
_FALSE = frozenset(
    {
        *("false", "f", "no", "n", "0", "off", "falsch", "nein", "faux", "non", "falso", "nao", "onwaar", "nee"),
        *("falsz", "nie", "falskt", "nej"),
    }
)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A normalized text that maps positions back to the original text.

    `changes` lists, in order, the spans whose length changed: start and end here, then start and end in the original.
    """

    text: str
    changes: list[tuple[int, int, int, int]] = field(default_factory=list)

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the original text of the non-empty `text[start:end]`."""
        return self._locate(start)[0], self._locate(end - 1)[1]

    def _locate(self, position: int) -> tuple[int, int]:
        before = bisect_right(self.changes, position, key=itemgetter(0)) - 1
        if before < 0:
            return position, position + 1
        _, end, original_start, original_end = self.changes[before]
        if position < end:
            return original_start, original_end
        return original_end + position - end, original_end + position - end + 1


def make_plain(text: str) -> PlainText:
    """Normalize a text to NFKC, except for characters that would then join the word before them.

    If a character has more than 30 marks, the excess marks stay unchanged.
    """
    if text.isascii():
        return PlainText(text)
    characters = {character for character in set(text) if not character.isascii()}
    marks = _list_marks(characters)
    if not _has_many_marks(text, marks) and unicodedata.is_normalized("NFKC", text):
        return PlainText(text)
    plain = {character: _make_part_plain(character) for character in characters}
    changing = "".join(sorted(character for character, part in plain.items() if part != character))
    if not marks and all(len(plain[character]) == 1 for character in changing):
        return PlainText(text.translate({ord(character): plain[character] for character in changing}))
    # Match a character with its marks, or a character that changes without marks.
    expressions = [f"[^{marks}][{marks}]{{1,{_MAX_MARKS}}}"] if marks else []
    expressions += [f"[{changing}]"] if changing else []
    pieces: list[str] = []
    changes: list[tuple[int, int, int, int]] = []
    position = length = 0
    for match in re.finditer("|".join(expressions), text, re.DOTALL):
        start, end = match.span()
        part = match[0]
        if part not in plain:
            plain[part] = _make_part_plain(part)
        piece = plain[part]
        pieces += (text[position:start], piece)
        length += start - position + len(piece)
        position = end
        if len(piece) != end - start:
            changes.append((length - len(piece), length, start, end))
    pieces.append(text[position:])
    return PlainText("".join(pieces), changes)


def fold_accents(text: str) -> str:
    """Remove the accents from a lower-case text: "café" becomes "cafe", and "łódź" becomes "lodz".

    Marks that are not accents stay, such as the voicing marks of Japanese syllables.
    """
    if text.isascii():
        return text
    folded = _ACCENTS.sub("", normalize_text("NFKD", text))
    return normalize_text("NFC", folded).translate(_PLAIN_LETTERS)


def build_folded_pattern(text: str) -> str:
    """Return a MongoDB regular expression that matches the text in any case and with any accents.

    A text without accents matches stored text with accents, and vice versa.
    """
    singles, doubles = _list_folded_letters()
    folded = fold_accents(text.casefold())
    parts = []
    while folded:
        pair = "".join(f"[{singles.get(each, '')}{re.escape(each)}]" + r"\p{M}*" for each in folded[:2])
        if letters := doubles.get(folded[:2]):
            parts.append(f"(?:{pair}|[{letters}])")
            folded = folded[2:]
        else:
            parts.append(f"[{singles.get(folded[0], '')}{re.escape(folded[0])}]" + r"\p{M}*")
            folded = folded[1:]
    return "".join(parts)


@cache
def _list_folded_letters() -> tuple[dict[str, str], dict[str, str]]:
    """Return accented Latin letters by the single letter, and by the two letters, that they fold to."""
    result: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        folded = fold_accents(chr(code).casefold())
        if folded.isalpha() and len(folded) in (1, 2) and folded != chr(code):
            letters = result[len(folded) - 1]
            letters[folded] = letters.get(folded, "") + chr(code)
    return result


def normalize_text(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Normalize a text to a Unicode normal form, and keep at most 30 marks per character."""
    if text.isascii():
        return text
    marks = _list_marks(set(text))
    if _has_many_marks(text, marks):
        text = re.sub(f"([{marks}]{{{_MAX_MARKS}}})[{marks}]+", r"\1", text)
    return unicodedata.normalize(form, text)


def _make_part_plain(part: str) -> str:
    if unicodedata.decomposition(part[0]).startswith(_KEPT_DECOMPOSITIONS):
        return part
    return unicodedata.normalize("NFKC", part)


def _list_marks(characters: Iterable[str]) -> str:
    return "".join(sorted(filter(_is_mark, characters)))


def _has_many_marks(text: str, marks: str) -> bool:
    return bool(marks) and re.search(f"[{marks}]{{{_MAX_MARKS + 1}}}", text) is not None


def _is_mark(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or character in _HALF_WIDTH_MARKS
        or _HANGUL_JAMO.match(character) is not None
    )


_MIN_PREFIX_LENGTH = 2
_MAX_COMPLETIONS = 20
_WORD = re.compile(r"\w+")


class WordList:
    """The searchable words of a catalogue's documents."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = sorted({word for text in texts for word in tokenize(text)})

    def list_completions(self, prefix: str) -> list[str]:
        """Return the first 20 words, in alphabetical order, that start with a prefix of at least two characters."""
        if len(prefix) < _MIN_PREFIX_LENGTH:
            return []
        start = bisect_left(self._words, prefix)
        candidates = self._words[start : start + _MAX_COMPLETIONS]
        return [word for word in candidates if word.startswith(prefix)]


def tokenize(text: str) -> list[str]:
    """Return the lower-case words of a text, split in the same way as MongoDB's text index splits them."""
    return _WORD.findall(text.lower().replace("_", " "))


DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile('[ \t]*"?sep=(.)"?\r?\n', re.IGNORECASE)


def decode_text(content: bytes) -> str:
    """Decode UTF-8 or UTF-16, and fall back to Windows-1252. Raises UnicodeDecodeError."""
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
        # A file with a byte order mark inside is not text.
        if codecs.BOM_UTF16_LE in content or codecs.BOM_UTF16_BE in content:
            raise
        return content.decode("cp1252")


def split_off_delimiter(text: str, *, is_column: Callable[[str], object] = lambda name: None) -> tuple[str, str, int]:
    """Return the delimiter, the text from the header line on, and the number of lines before the header.

    A line `sep=;` before the header sets the delimiter. Otherwise the function chooses the delimiter that splits the
    header into the most names accepted by `is_column`. Ties go to the delimiter with the most columns.
    """
    if match := _SEPARATOR_LINE.match(text):
        return match[1], text[match.end() :], 1
    line = text.partition("\n")[0].rstrip("\r")

    def count_columns(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return len({name for name in names if is_column(name)}), len(names)

    # max returns the first of several equal delimiters.
    return max(DELIMITERS, key=count_columns), text, 0


def read_flag(text: str) -> bool | None:
    """Return the boolean that a word such as "yes" or "nein" means, or None for any other word."""
    word = normalize_word(text)
    return True if word in _TRUE else False if word in _FALSE else None


def normalize_word(text: str) -> str:
    """Return a word in lower case, without accents and without the period of an abbreviation."""
    decomposed = normalize_text("NFKD", text.strip().casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each)).replace("ł", "l").rstrip(".")


def split_items(text: str, *, separators: str) -> list[str]:
    """Split a text into items at line breaks and at the separator characters.

    An item in double quotes may contain separators, and a quote inside it is doubled. If `separators` is empty, each
    line is an item.
    """
    if not separators:
        return [line.strip() for line in text.splitlines() if line.strip()]
    escaped = re.escape(separators)
    item = re.compile(rf'\s*(?:"((?:[^"]|"")*)"\s*(?=[{escaped}]|$)|([^{escaped}]*))(?:[{escaped}]|$)')
    items: list[str] = []
    for line in text.splitlines():
        for quoted, plain in item.findall(line):
            items.append(quoted.replace('""', '"').strip() or plain.strip())
    return [each for each in items if each]


def quote_item(item: str, *, separators: str) -> str:
    """Quote an item if necessary, so that `split_items` returns it unchanged."""
    if not separators or not (item.startswith('"') or any(mark in item for mark in separators)):
        return item
    doubled = item.replace('"', '""')
    return f'"{doubled}"'
