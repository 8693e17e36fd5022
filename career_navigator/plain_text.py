"""Plain text: normal forms, the words that a catalogue can be searched by, and decoding what CSV files hold. Pure."""

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

# Letters and digits only because they are small, round or a fraction: as plain ones they would join the word before
# them ("Docker™", "Python¹"). Spacing accents would become a space with an accent ("Don´t").
_UNFOLDED = ("<super>", "<sub>", "<circle>", "<fraction>", "<compat> 0020 03")
_HANGUL_JAMO = re.compile("[\u1160-\u11ff]")
# The voicing marks of half-width katakana.
_HALF_WIDTH_MARKS = "\uff9e\uff9f"
_ACCENTS = re.compile("[\u0300-\u036f]")
# What Unicode calls stream-safe (UAX 15): no writing puts more marks on one character. Python puts the marks of a
# character in order in the square of their number, 5 s for 48,000 of them, and lets no other thread run meanwhile.
_MAX_MARKS = 30
# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "ħ": "h", "ı": "i", "ĸ": "k", "ł": "l", "ŋ": "n", "ŧ": "t"}
)

# Words for yes and no: English, German, French, Spanish and Portuguese, Italian, Dutch, Polish, Swedish.
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
    """A text made plain. `changes` are the places that have another length there, in order: in it, in the original."""

    text: str
    changes: list[tuple[int, int, int, int]] = field(default_factory=list)

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return where the original has what is at `text[start:end]`, which is not empty."""
        return self._locate(start)[0], self._locate(end - 1)[1]

    def _locate(self, place: int) -> tuple[int, int]:
        before = bisect_right(self.changes, place, key=itemgetter(0)) - 1
        if before < 0:
            return place, place + 1
        _, end, original_start, original_end = self.changes[before]
        if place < end:
            return original_start, original_end
        return original_end + place - end, original_end + place - end + 1


def make_plain(text: str) -> PlainText:
    """Return the text in NFKC, except for what would join the word before it, and where the original has it.

    Marks beyond the first 30 of a character stay as they are.
    """
    if text.isascii():
        return PlainText(text)
    used = {character for character in set(text) if not character.isascii()}
    marks = _list_marks(used)
    if not _has_many_marks(text, marks) and unicodedata.is_normalized("NFKC", text):
        return PlainText(text)
    plain = {character: _make_plain_part(character) for character in used}
    other = "".join(sorted(character for character, part in plain.items() if part != character))
    if not marks and all(len(plain[character]) == 1 for character in other):
        return PlainText(text.translate({ord(character): plain[character] for character in other}))
    # A character with its marks, or one that changes by itself.
    expressions = [f"[^{marks}][{marks}]{{1,{_MAX_MARKS}}}"] if marks else []
    expressions += [f"[{other}]"] if other else []
    pieces: list[str] = []
    changes: list[tuple[int, int, int, int]] = []
    reached = length = 0
    for found in re.finditer("|".join(expressions), text, re.DOTALL):
        start, end = found.span()
        part = found[0]
        if part not in plain:
            plain[part] = _make_plain_part(part)
        piece = plain[part]
        pieces += (text[reached:start], piece)
        length += start - reached + len(piece)
        reached = end
        if len(piece) != end - start:
            changes.append((length - len(piece), length, start, end))
    pieces.append(text[reached:])
    return PlainText("".join(pieces), changes)


def fold_accents(text: str) -> str:
    """Return the text, in lower case, without accents: "café" -> "cafe", "łódź" -> "lodz".

    Marks of scripts that have no accents stay, such as the voicing of Japanese syllables.
    """
    if text.isascii():
        return text
    folded = _ACCENTS.sub("", normalize_text("NFKD", text))
    return normalize_text("NFC", folded).translate(_PLAIN_LETTERS)


def build_folded_pattern(text: str) -> str:
    """Return the regular expression, of MongoDB's kind, of the text in any case and with any accents.

    It takes what was typed without accents for what is stored with them, and the other way round.
    """
    singles, doubles = _list_folded()
    folded = fold_accents(text.casefold())
    parts = []
    while folded:
        pair = "".join(f"[{singles.get(each, '')}{re.escape(each)}]" + r"\p{M}*" for each in folded[:2])
        if found := doubles.get(folded[:2]):
            parts.append(f"(?:{pair}|[{found}])")
            folded = folded[2:]
        else:
            parts.append(f"[{singles.get(folded[0], '')}{re.escape(folded[0])}]" + r"\p{M}*")
            folded = folded[1:]
    return "".join(parts)


@cache
def _list_folded() -> tuple[dict[str, str], dict[str, str]]:
    """Return the Latin letters that fold to each one letter, and those that fold to two."""
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        folded = fold_accents(chr(code).casefold())
        if folded.isalpha() and len(folded) in (1, 2) and folded != chr(code):
            letters = found[len(folded) - 1]
            letters[folded] = letters.get(folded, "") + chr(code)
    return found


def normalize_text(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return the text in a normal form of Unicode, without the marks beyond the first 30 of a character."""
    if text.isascii():
        return text
    marks = _list_marks(set(text))
    if _has_many_marks(text, marks):
        text = re.sub(f"([{marks}]{{{_MAX_MARKS}}})[{marks}]+", r"\1", text)
    return unicodedata.normalize(form, text)


def _make_plain_part(part: str) -> str:
    return part if unicodedata.decomposition(part[0]).startswith(_UNFOLDED) else unicodedata.normalize("NFKC", part)


def _list_marks(characters: Iterable[str]) -> str:
    return "".join(sorted(filter(_belongs_to_character_before, characters)))


def _has_many_marks(text: str, marks: str) -> bool:
    return bool(marks) and re.search(f"[{marks}]{{{_MAX_MARKS + 1}}}", text) is not None


def _belongs_to_character_before(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or character in _HALF_WIDTH_MARKS
        or _HANGUL_JAMO.match(character) is not None
    )


_MIN_PREFIX_LENGTH = 2
_MAX_COMPLETIONS = 20
_WORD = re.compile(r"\w+")


class WordList:
    """The words that a catalogue's documents can be found by."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = sorted({word for text in texts for word in tokenize(text)})

    def list_completions(self, prefix: str) -> list[str]:
        """The words that begin with a prefix of at least two characters, by name, up to twenty."""
        if len(prefix) < _MIN_PREFIX_LENGTH:
            return []
        start = bisect_left(self._words, prefix)
        candidates = self._words[start : start + _MAX_COMPLETIONS]
        return [word for word in candidates if word.startswith(prefix)]


def tokenize(text: str) -> list[str]:
    """The words of a text, the way a text index separates them, in lower case."""
    return _WORD.findall(text.lower().replace("_", " "))


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


def split_off_delimiter(text: str, *, is_column: Callable[[str], object] = lambda name: None) -> tuple[str, str, int]:
    """Return the delimiter, the text from its header on, and how many lines were before that.

    A line `sep=;` before the header decides; else the delimiter that gives the header most names that `is_column`
    knows, and among equals most columns.
    """
    if found := _SEPARATOR_LINE.match(text):
        return found[1], text[found.end() :], 1
    line = text.partition("\n")[0].rstrip("\r")

    def count_columns(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return len({name for name in names if is_column(name)}), len(names)

    # The first one of equals.
    return max(DELIMITERS, key=count_columns), text, 0


def read_flag(text: str) -> bool | None:
    """Return what a word for yes or no says, in any case; None for another word."""
    word = normalize_word(text)
    return True if word in _TRUE else False if word in _FALSE else None


def normalize_word(text: str) -> str:
    """Return a word in small letters, without accents and the full stop of an abbreviation."""
    decomposed = normalize_text("NFKD", text.strip().casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each)).replace("ł", "l").rstrip(".")


def split_items(text: str, *, separators: str) -> list[str]:
    """Return the items of a list in one text: one a line, or within a line between the separators.

    An item in double quotes may hold separators; a quote within it is doubled. Without separators a line is an item.
    """
    if not separators:
        return [line.strip() for line in text.splitlines() if line.strip()]
    among = re.escape(separators)
    item = re.compile(rf'\s*(?:"((?:[^"]|"")*)"\s*(?=[{among}]|$)|([^{among}]*))(?:[{among}]|$)')
    found: list[str] = []
    for line in text.splitlines():
        for quoted, plain in item.findall(line):
            found.append(quoted.replace('""', '"').strip() or plain.strip())
    return [each for each in found if each]


def quote_item(item: str, *, separators: str) -> str:
    """Return an item as `split_items` reads it back."""
    if not separators or not (item.startswith('"') or any(mark in item for mark in separators)):
        return item
    doubled = item.replace('"', '""')
    return f'"{doubled}"'
