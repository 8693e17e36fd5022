"""Finding skills in running text: job adverts, resumes, profiles."""

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
from skills.vocabulary import Skill, Vocabulary, fold, spelling_key

# What may stand between two items of a list: "Go, Rust", "Go/Rust", "Go and Rust", "Go | Rust".
_SEPARATOR = r"(?:[,/|;&+•·()]|\band\b|\bor\b|\n[ \t]*[-*•]|\be\.?g\.?)"
_LIST_GAP = re.compile(rf"[\s*_`]*{_SEPARATOR}(?:[\s*_`-]|{_SEPARATOR})*")
_MAX_GAP = 16
# A Latin letter outside ASCII, which folding takes for a space: a name does not end at one ("é" before "go"), but
# at the letters of scripts that put no space between words ("熟悉Kubernetes") it does.
_ACCENTED = re.compile("[\u00c0-\u024f]")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s)\]>]+")
# To judge one takes 0.2 ms, and a hundred kilobytes hold thirty thousand at worst; resumes and adverts have hundreds.
_MAX_JUDGED = 2_000
_NEXT_WORD = re.compile(r" ([A-Za-z]+)")
_NAMED = frozenset({"Programming Languages", "Frameworks/Libraries", "Databases", "Cloud Platforms"})


class SkillSpan(NamedTuple):
    """A skill and where the text names it: `text[start:end]`."""

    skill: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A spelling of a skill, folded in `key`; `asked` says whether its surroundings have to be looked at."""

    key: str
    entry: Skill
    ambiguous: bool
    asked: bool


class _Hit(NamedTuple):  # a tuple: a thousand of these are made for every 30 postings
    start: int
    end: int
    name: _Name


class SkillExtractor:
    """Finds the skills of one vocabulary. Built once, then usable from anywhere: it keeps nothing of what it read."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._automaton = ahocorasick.Automaton()
        self._rules = DisambiguationRules()
        for entry in vocabulary:
            for spelling in (entry.name, entry.display_name, *entry.aliases):
                key = spelling_key(spelling)
                if key and vocabulary.get(spelling) is entry:
                    # Names carry a space at either end, so that the automaton itself keeps to word boundaries.
                    self._add(key, entry)
                    if "/" in spelling or "&" in spelling:
                        self._add(key.replace(" ", "   "), entry)  # "CI / CD", "R & D"
        if len(self._automaton):
            self._automaton.make_automaton()

    def _add(self, key: str, entry: Skill) -> None:
        ambiguous = spelling_key(key) in AMBIGUOUS or len(key) == 1
        asked = ambiguous or not entry.is_skill or entry.name in FIELDS
        name = _Name(key=key, entry=entry, ambiguous=ambiguous, asked=asked)
        self._automaton.add_word(f" {key} ", (len(key), name))

    def extract_skills(self, text: str) -> list[str]:
        """Return the canonical names of the skills a text asks for, each once, in order of first mention."""
        return list(dict.fromkeys(span.skill for span in self.spans(text)))

    def spans(self, text: str) -> list[SkillSpan]:
        """Return every mention of a skill, in order; where names overlap the first and longest one counts.

        Full-width letters and ligatures count as plain ones; the places are those of the text as it was given. Of names
        that are words as well no more than the first 2,000 are looked at.
        """
        plain = make_plain(text)
        spans = self._spans(plain.text)
        if not plain.changes:
            return spans
        return [SkillSpan(skill, *plain.locate(start, end)) for skill, start, end in spans]

    def _spans(self, text: str) -> list[SkillSpan]:
        hits = self._hits(text)
        last = len(hits) - 1
        judged = 0
        subjects = Subjects(text)
        spans = []
        for index, hit in enumerate(hits):
            start, end, name = hit
            if name.asked:
                if not name.entry.is_skill or (name.entry.name in FIELDS and _before_people(text, end)):
                    continue
                if name.ambiguous:
                    judged += 1
                    if judged > _MAX_JUDGED:
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
        addresses = [match.span() for match in _ADDRESS.finditer(text)] if "www." in text or "://" in text else []
        hits: list[_Hit] = []
        reached = 0
        for last, (length, name) in self._automaton.iter(f" {fold(text)} "):
            start, end = last - length - 1, last - 1
            if accented and (_ACCENTED.match(text, max(0, start - 1), start) or _ACCENTED.match(text, end, end + 1)):
                continue
            if addresses and is_within(addresses, start):
                continue
            if start < reached:
                # They come by their ends: this one takes the place of those in it, and yields to one begun before.
                kept = len(hits)
                while kept and hits[kept - 1].start >= start:
                    kept -= 1
                if kept and hits[kept - 1].end > start:
                    continue
                del hits[kept:]
            hits.append(_Hit(start, end, name))
            reached = end
        return hits


def is_within(spans: Sequence[tuple[int, int]], place: int) -> bool:
    """Return whether a position is within one of the spans, which are in order."""
    before = bisect_right(spans, place, key=itemgetter(0))
    return before > 0 and place < spans[before - 1][1]


def _is_listed(text: str, before: _Hit | None, hit: _Hit, after: _Hit | None) -> bool:
    """Return whether the hit is an item of a list whose neighbouring item, close by, is surely a technology."""
    if before and after and _is_tag(text, before, hit, after):
        return True
    capital = text[hit.start].isupper()
    neighbours = []
    if before and _LIST_GAP.fullmatch(text, before.end, hit.start):
        neighbours.append(before)
    if after and _LIST_GAP.fullmatch(text, hit.end, after.start):
        neighbours.append(after)
    for other, there in ((other.name, other.start) for other in neighbours):
        if not other.entry.is_skill:
            continue
        if other.entry.category == "Soft Skills":
            # They say nothing of technologies, but stand among their like.
            if hit.name.entry.category == "Soft Skills" and not other.ambiguous:
                return True
            continue
        if not other.ambiguous and (other.entry.category in _NAMED or hit.name.key in GENERIC):
            return True
        if hit.name.entry.name in (*other.entry.related, *other.entry.prerequisites):
            return True
        if other.entry.name in (*hit.name.entry.related, *hit.name.entry.prerequisites):
            return True
        if capital and text[there].isupper():
            return True
    return False


def _is_tag(text: str, before: _Hit, hit: _Hit, after: _Hit) -> bool:
    """Return whether the hit stands between two technologies with a space on either side: a line of tags."""
    if not text[before.end : hit.start] == text[hit.end : after.start] == " ":
        return False
    if "Soft Skills" in (before.name.entry.category, after.name.entry.category):
        return False
    capitals = text[before.start].isupper() and text[hit.start].isupper() and text[after.start].isupper()
    return not (before.name.ambiguous or after.name.ambiguous) or (
        capitals and not (before.name.ambiguous and after.name.ambiguous)
    )


def _before_people(text: str, end: int) -> bool:
    """Return whether a word for people follows: "frontend developer" and "QA team" name no skill."""
    following = _NEXT_WORD.match(text, end)
    return following is not None and following[1].lower() in PEOPLE
