"""Recognize the headings of a resume's sections by their nouns. Pure."""

import re
from dataclasses import dataclass

from accounts.resumes.parsing.dates import replace_dates
from accounts.resumes.parsing.heading_words import (
    AMBIGUOUS_PHRASES,
    KIND_ORDER,
    MODIFIERS,
    NOT_HEADINGS,
    NOUN_KINDS,
    PHRASE_KINDS,
    UNPAID_WORDS,
)
from accounts.resumes.parsing.lines import EXPERIENCE, OTHER, SUMMARY

_MAX_LENGTH = 60
_MAX_WORDS = 7
_NO_LETTER = re.compile(r"[^\w&'’-]+|_+")
_SPACED_OUT = re.compile(r"(?:\w ){3,}\w")
_NUMBER = re.compile(r"(?:\d{1,2}|[IVXivx]{1,5}|[A-H])[.)]\s+")
_CONTINUED = re.compile(
    r"\(?\b(?:cont(?:inued|['’]d|d|\.)?|fortsetzung|suite|continuación)(?:\)|\Z|(?=\s*[:)]))", re.IGNORECASE
)
_BRACKETS = re.compile(r"\([^()]{0,40}\d[^()]{0,40}\)")
_DURATION = re.compile(r"\b\d{1,2}\+?\s*(?:years?|yrs?|jahre|ans|años|anos)\b", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
# Separators of names and dates, which headings with unusual words do not contain.
_SEPARATOR = re.compile(r"[|\t,•·]|\s[-–—]\s|\d")
_CONJUNCTION = re.compile(r"\s+(?:and|und|et|y|e)\s+")
_CONJUNCTIONS = frozenset({"and", "und", "et", "y", "e"})


@dataclass(frozen=True, slots=True)
class Heading:
    """The kind of section that a heading introduces.

    `fallback` is the kind if no positions stand below. `is_certain` is false if a word of the heading is unusual in
    headings, so that the look of the line and the text below it must decide. `is_continued` marks "(cont.)".
    """

    kind: str
    fallback: str | None = None
    is_certain: bool = True
    is_continued: bool = False


def get_heading_kind(line: str) -> str | None:
    """Return the kind of section that a line introduces, or None if the line is not certainly a heading."""
    heading = parse_heading(line)
    return heading.kind if heading is not None and heading.is_certain else None


def parse_heading(line: str) -> Heading | None:  # noqa: PLR0911 - one return per rule
    """Parse a line as a heading. Return None if no word of the line is a noun of headings."""
    if (
        not line
        or len(line) > _MAX_LENGTH
        or "@" in line
        or (line.endswith((".", ",", ";")) and not line.endswith("cont."))
    ):
        return None
    is_continued = _CONTINUED.search(line) is not None
    phrase = normalize_heading(line)
    if not phrase or phrase in NOT_HEADINGS:
        return None
    if phrase in AMBIGUOUS_PHRASES:
        return Heading(EXPERIENCE, SUMMARY, is_continued=is_continued)
    if phrase in PHRASE_KINDS:
        return Heading(PHRASE_KINDS[phrase], is_continued=is_continued)
    words = phrase.replace("/", " ").split()
    if not 0 < len(words) <= _MAX_WORDS:
        return None
    if len(words) == 1:
        words = _split_glued(words[0])
    kinds = _list_kinds(" ".join(words))
    if not kinds:
        return None
    is_certain = all(word in MODIFIERS or word in NOUN_KINDS or word in _CONJUNCTIONS for word in words)
    # "Languages of Marketing" and "Experience with Python" are not headings, but "Marketing Experience" can be one.
    if not is_certain and (
        _SEPARATOR.search(line) or words[-1] not in NOUN_KINDS or not _is_title_case(line) or len(words) > 4
    ):
        return None
    if " ".join(words[-2:]) in NOT_HEADINGS and len(words) > 1:
        return None
    if UNPAID_WORDS.intersection(words):
        return Heading(OTHER, is_certain=is_certain, is_continued=is_continued)
    return Heading(kinds[0], is_certain=is_certain, is_continued=is_continued)


def normalize_heading(line: str) -> str:
    """Return the words of a heading in lower case, without numbering, years, "(cont.)" and decoration."""
    line = _NUMBER.sub("", line.strip("•●▪■◦*#|:–—-_=~ \t"), count=1)
    line = _DURATION.sub(" ", replace_dates(_BRACKETS.sub(" ", _CONTINUED.sub(" ", line)), " "))
    words = _NO_LETTER.sub(" ", line).strip(" -'")
    if _SPACED_OUT.fullmatch(" ".join(words.split())):
        # Wider gaps separate the words of a letter-spaced heading.
        words = " ".join(part.replace(" ", "") for part in re.split(r"\s{2,}", line.strip()))
        words = _NO_LETTER.sub(" ", words).strip()
    words = _GLUED.sub(" ", words.replace("’", "'")).replace("&", " and ")
    return " ".join(words.casefold().split())


def _list_kinds(phrase: str) -> list[str]:
    """Return the kinds that the nouns of a phrase name, in the order of KIND_ORDER."""
    kinds = set()
    for part in _CONJUNCTION.split(phrase):
        if part in PHRASE_KINDS:
            kinds.add(PHRASE_KINDS[part])
            continue
        kinds |= {NOUN_KINDS[word] for word in part.split() if word in NOUN_KINDS}
    return [kind for kind in KIND_ORDER if kind in kinds]


def _split_glued(word: str) -> list[str]:
    """Split "workexperience" into its two words."""
    if word in NOUN_KINDS or word in MODIFIERS:
        return [word]
    for index in range(3, len(word) - 3):
        left, right = word[:index], word[index:]
        if right in NOUN_KINDS and (left in MODIFIERS or left in NOUN_KINDS):
            return [left, right]
    return [word]


def _is_title_case(line: str) -> bool:
    words = [word for word in re.split(r"[\s/&]+", line) if word[:1].isalpha()]
    return bool(words) and all(word[0].isupper() or len(word) <= 3 for word in words)
