"""Recognize the titles of positions by their head noun. Pure."""

import re
from functools import lru_cache

from accounts.resumes.parsing.occupation_words import ENGLISH_NOUNS, GERMAN_ENDINGS, RANKS, ROMANCE_NOUNS
from accounts.resumes.parsing.organizations import has_legal_form

# The head noun ends before these: "Head | of Data", "Engineer | (Platform)", "Manager | - Operations".
_HEAD_END = re.compile(r"\s*[(,/|:;–—•·]|\s+-\s|\s+(?:of|for|in|on|at|to|und|and|&|de|von|im|für|with|para|pour|en)\s")
_LEVEL = re.compile(r"\s+(?:[IVX]{1,4}|\d|L\d|[A-D]|m/w/d|m/f/d|w/m/d)\Z")
_GENDER = re.compile(r"(?:[*:_/(-]{1,2}(?:in|innen|frau|r|e|rice|euse|a)\)?)\Z", re.IGNORECASE)
_AGENT = re.compile(
    r"[^\W\d_]{2,}(?:er|or|ist|ian|eur|euse|rice|ière|iste|dor|dora|ologist|keeper|master|man|woman)s?\Z"
)
_MAX_WORDS = 12
_LETTERS = re.compile(r"[^\W\d_]")


@lru_cache(maxsize=4_000)
def score_title(text: str) -> float:
    """Return how likely a text is the title of a position, from 0 to 1."""
    text = text.strip()
    words = text.split()
    if not words or len(words) > _MAX_WORDS or len(text) > 120 or has_legal_form(text):
        return 0.0
    first_end = _HEAD_END.search(text)
    head_words = (text[: first_end.start()] if first_end and first_end.start() else text).split()
    while len(head_words) > 1 and _LEVEL.search(" ".join(head_words[-2:])):
        head_words.pop()
    last, first = head_words[-1], words[0]
    if _is_noun(last):
        return 0.9
    # "Member of Technical Staff", "Engineer II - Payments": the noun is at the start.
    if _is_romance_noun(first):
        return 0.85
    # "Leiter Controlling", "Sachbearbeiterin Einkauf"
    if first.casefold() not in ENGLISH_NOUNS and _is_noun(first):
        return 0.8
    if len(words) > 1 and first.casefold().rstrip(".") in RANKS and any(_is_noun(word) for word in words[1:]):
        return 0.7
    if any(_is_noun(word) for word in words):
        return 0.45
    if _AGENT.search(last) and not last.isupper():
        return 0.35
    return 0.0


def is_occupation(text: str) -> bool:
    """Return whether the head noun of a text is certainly an occupation."""
    return score_title(text) >= 0.8


@lru_cache(maxsize=4_000)
def _is_noun(word: str) -> bool:
    plain = _GENDER.sub("", word).strip(".,;:()[]’'").casefold()
    if not _LETTERS.search(plain):
        return False
    if plain in ENGLISH_NOUNS or (plain.endswith("s") and plain[:-1] in ENGLISH_NOUNS):
        return True
    stem = plain.removesuffix("innen").removesuffix("in")
    return (
        stem.endswith(GERMAN_ENDINGS)
        or plain.endswith(GERMAN_ENDINGS)
        or ("-" in plain and _is_noun(plain.rsplit("-", 1)[1]))
    )


def _is_romance_noun(word: str) -> bool:
    plain = re.split(r"[(/·.-]", word, maxsplit=1)[0].strip(",;:").casefold()
    return plain in ROMANCE_NOUNS
