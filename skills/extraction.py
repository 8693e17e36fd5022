"""Extraction of skills from free text such as postings, resumes and profiles."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import ahocorasick

from career_navigator.plain_text import make_plain
from skills.disambiguation import DisambiguationRules, Mention, Subjects, is_ruled_out
from skills.disambiguation_words import AMBIGUOUS, FIELDS, GENERIC, PEOPLE
from skills.vocabulary import Skill, Vocabulary, fold, get_spelling_key

# Separators between two items of a list: "Go, Rust", "Go/Rust", "Go and Rust", "Go | Rust".
_SEPARATOR = r"(?:[,/|;&+•·()]|\band\b|\bor\b|\n[ \t]*[-*•]|\be\.?g\.?)"
_LIST_GAP = re.compile(rf"[\s*_`]*{_SEPARATOR}(?:[\s*_`-]|{_SEPARATOR})*")
_MAX_GAP = 16
# Accented Latin letters, which `fold` replaces with a space although they are not word boundaries ("égo" is not "go").
# Letters of scripts without spaces between words are boundaries ("熟悉Kubernetes").
_ACCENTED = re.compile("[\u00c0-\u024f]")
_URL = re.compile(r"(?:https?://|www\.)[^\s)\]>]+")
# Maximum number of ambiguous names disambiguated per text. Each takes 0.2 ms. A text of 100 kB can contain 30,000, but
# resumes and postings contain at most a few hundred.
_MAX_DISAMBIGUATED = 2_000
_NEXT_WORD = re.compile(r" ([A-Za-z]+)")
_TECHNOLOGY_CATEGORIES = frozenset({"Programming Languages", "Frameworks/Libraries", "Databases", "Cloud Platforms"})


class SkillSpan(NamedTuple):
    """One mention of a skill, at `text[start:end]`."""

    skill: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A spelling of a skill. `key` is folded. `needs_check` is set if a match requires further checks."""

    key: str
    entry: Skill
    is_ambiguous: bool
    needs_check: bool


class _Hit(NamedTuple):  # a tuple because 30 postings create about a thousand instances
    start: int
    end: int
    name: _Name


class SkillExtractor:
    """An extractor for the skills of one vocabulary. Instances keep no state between texts and can be shared."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._automaton = ahocorasick.Automaton()
        self._rules = DisambiguationRules()
        for entry in vocabulary:
            for spelling in (entry.name, entry.display_name, *entry.aliases):
                key = get_spelling_key(spelling)
                if key and vocabulary.get(spelling) is entry:
                    # `_add` puts a space on each side of a name so that the automaton matches at word boundaries only.
                    self._add(key, entry)
                    if "/" in spelling or "&" in spelling:
                        self._add(key.replace(" ", "   "), entry)  # "CI / CD", "R & D"
        if len(self._automaton):
            self._automaton.make_automaton()

    def _add(self, key: str, entry: Skill) -> None:
        ambiguous = get_spelling_key(key) in AMBIGUOUS or len(key) == 1
        needs_check = ambiguous or not entry.is_skill or entry.name in FIELDS
        name = _Name(key=key, entry=entry, is_ambiguous=ambiguous, needs_check=needs_check)
        self._automaton.add_word(f" {key} ", (len(key), name))

    def extract_skills(self, text: str) -> list[str]:
        """Return the canonical names of the skills in a text, without duplicates, in order of first mention."""
        return list(dict.fromkeys(span.skill for span in self.find_spans(text)))

    def find_spans(self, text: str) -> list[SkillSpan]:
        """Return every mention of a skill in order. Where names overlap, the first and longest name is returned.

        Full-width letters and ligatures match their plain forms. Offsets refer to the text as passed. Of the names that
        are also everyday words, only the first 2,000 are considered.
        """
        plain = make_plain(text)
        spans = self._spans(plain.text)
        if not plain.changes:
            return spans
        return [SkillSpan(skill, *plain.locate(start, end)) for skill, start, end in spans]

    def _spans(self, text: str) -> list[SkillSpan]:
        hits = self._hits(text)
        last = len(hits) - 1
        disambiguated = 0
        subjects = Subjects(text)
        spans = []
        for index, hit in enumerate(hits):
            start, end, name = hit
            if name.needs_check:
                if not name.entry.is_skill or (name.entry.name in FIELDS and _precedes_people(text, end)):
                    continue
                if name.is_ambiguous:
                    disambiguated += 1
                    if disambiguated > _MAX_DISAMBIGUATED:
                        continue
                    before = hits[index - 1] if index and start - hits[index - 1].end < _MAX_GAP else None
                    after = hits[index + 1] if index < last and hits[index + 1].start - end < _MAX_GAP else None
                    listed = (before or after) is not None and _is_listed(text, before, hit, after)
                    if is_ruled_out(name.key, text, start, listed=listed):
                        continue
                    if not self._rules.is_technical(Mention(name.key, text, start, end, listed), subjects):
                        continue
            spans.append(SkillSpan(name.entry.name, start, end))
        return spans

    def _hits(self, text: str) -> list[_Hit]:
        if not len(self._automaton):
            return []
        accented = not text.isascii() and _ACCENTED.search(text) is not None
        urls = [match.span() for match in _URL.finditer(text)] if "www." in text or "://" in text else []
        hits: list[_Hit] = []
        reached = 0
        for last, (length, name) in self._automaton.iter(f" {fold(text)} "):
            start, end = last - length - 1, last - 1
            if accented and (_ACCENTED.match(text, max(0, start - 1), start) or _ACCENTED.match(text, end, end + 1)):
                continue
            if urls and is_within(urls, start):
                continue
            if start < reached:
                # The automaton yields hits in order of their ends. A hit replaces the hits inside it, and is dropped if
                # a hit that started earlier overlaps it.
                count = len(hits)
                while count and hits[count - 1].start >= start:
                    count -= 1
                if count and hits[count - 1].end > start:
                    continue
                del hits[count:]
            hits.append(_Hit(start, end, name))
            reached = end
        return hits


def is_within(spans: Sequence[tuple[int, int]], position: int) -> bool:
    """Return whether a position is inside one of the sorted spans."""
    before = bisect_right(spans, position, key=itemgetter(0))
    return before > 0 and position < spans[before - 1][1]


def _is_listed(text: str, before: _Hit | None, hit: _Hit, after: _Hit | None) -> bool:
    """Return whether the hit is in a list next to an item that is certainly a technology."""
    if before and after and _is_tag(text, before, hit, after):
        return True
    is_capitalized = text[hit.start].isupper()
    neighbours = []
    if before and _LIST_GAP.fullmatch(text, before.end, hit.start):
        neighbours.append(before)
    if after and _LIST_GAP.fullmatch(text, hit.end, after.start):
        neighbours.append(after)
    for other, other_start in ((neighbour.name, neighbour.start) for neighbour in neighbours):
        if not other.entry.is_skill:
            continue
        if other.entry.category == "Soft Skills":
            # A soft skill does not show that its neighbour is a technology, only that it is another soft skill.
            if hit.name.entry.category == "Soft Skills" and not other.is_ambiguous:
                return True
            continue
        if not other.is_ambiguous and (other.entry.category in _TECHNOLOGY_CATEGORIES or hit.name.key in GENERIC):
            return True
        if hit.name.entry.name in (*other.entry.related, *other.entry.prerequisites):
            return True
        if other.entry.name in (*hit.name.entry.related, *hit.name.entry.prerequisites):
            return True
        if is_capitalized and text[other_start].isupper():
            return True
    return False


def _is_tag(text: str, before: _Hit, hit: _Hit, after: _Hit) -> bool:
    """Return whether the hit is in a line of tags: between two technologies, separated by single spaces."""
    if not text[before.end : hit.start] == text[hit.end : after.start] == " ":
        return False
    if "Soft Skills" in (before.name.entry.category, after.name.entry.category):
        return False
    capitals = text[before.start].isupper() and text[hit.start].isupper() and text[after.start].isupper()
    return not (before.name.is_ambiguous or after.name.is_ambiguous) or (
        capitals and not (before.name.is_ambiguous and after.name.is_ambiguous)
    )


def _precedes_people(text: str, end: int) -> bool:
    """Return whether a word for people follows, as in "frontend developer" and "QA team" (not skills)."""
    following = _NEXT_WORD.match(text, end)
    return following is not None and following[1].lower() in PEOPLE
