"""Extraction of skills from free text such as postings, resumes and profiles."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import ahocorasick

from career_navigator.plain_text import make_plain
from skills.context_rules import CHECKED, is_department, is_organisation, is_ruled_out_by_context
from skills.disambiguation import DisambiguationRules, Mention, Subjects, is_ruled_out
from skills.disambiguation_words import (
    ALL_FALSE_FRIENDS,
    AMBIGUOUS,
    DEPARTMENTS,
    FALSE_FRIENDS,
    FIELDS,
    GENERIC,
    PEOPLE,
    PROPER,
    TITLE_TRADES,
    TRADES,
    USUAL,
)
from skills.languages import detect_languages, read_translations, strip_accents
from skills.vocabulary import Skill, Vocabulary, fold, get_spelling_key

# Separators between two items of a list: "Go, Rust", "Go/Rust", "Go and Rust", "Go | Rust".
_SEPARATOR = r"(?:[,/|;&+•·()、，和]|\b(?:and|or|und|oder|et|ou|y|e|o)\b|\n[ \t]*[-*•]|\be\.?g\.?|\bas well as\b)"
_LIST_GAP = re.compile(rf"[\s*_`]*{_SEPARATOR}(?:[\s*_`-]|{_SEPARATOR})*")
_MAX_GAP = 16
_ITEM_START, _ITEM_END = re.compile(r"(?:^|\n)[ \t]*[-*•][ \t]+\Z"), re.compile(r"[ \t]*(?:\n|\Z)")
# Accented Latin letters, which `fold` replaces with a space although they are not word boundaries ("égo" is not "go").
# Letters of scripts without spaces between words are boundaries ("熟悉Kubernetes").
_ACCENTED = re.compile("[\u00c0-\u024f]")
_URL = re.compile(r"(?:https?://|www\.)[^\s)\]>]+")
# Maximum number of ambiguous names disambiguated per text. Each takes 0.2 ms. A text of 100 kB can contain 30,000, but
# resumes and postings contain at most a few hundred.
_MAX_DISAMBIGUATED = 2_000
# Maximum length of the text that introduces a trade.
_MAX_LEAD = 80
# "Backend developer", "Infrastructure & Security team". A gerund can be a duty: "QA and mentoring engineers".
_NEXT_WORD = re.compile(
    r"(?: software| platform| systems)?(?: (?:&|and)"
    r" (?!(?!engineering|marketing|testing)\w+ing\b)[A-Za-z]+)? ([A-Za-z]+)"
)
# Categories with names of products that are also names of companies.
_PRODUCT_CATEGORIES = frozenset({"Tools/Technologies", "Databases", "Cloud Platforms"})
# "React18", "Java17": a version without a space.
_ATTACHED_VERSION = re.compile(r"(?<=[A-Za-z])\d{1,2}(?:\.\d{1,2})?(?![\w-])")
# Maps letters to "a" and digits to "0". Searching the result is fifty times faster than a regular expression.
_SHAPE = bytes(
    ord("a") if chr(code).isalpha() and code < 128 else ord("0") if chr(code).isdigit() and code < 128 else 32
    for code in range(256)
)
_LETTERS_BEFORE = re.compile(r"(?<![\w.])[A-Za-z]{3,20}\Z")
# "You are our next Full Stack Engineer", "we are looking for a frontend developer": the trade is asked for.
_TRADE_BEFORE = re.compile(
    r"(?i:\b(?:you are|you.re|you will be|looking for|seeking|hiring|searching for"
    r"|in search of|role of"
    r"|experience in|as|for the position of)) (?:(?:an?|our|the|another|one|next|first"
    r"|new|experienced|senior|junior|talented|skilled|passionate|motivated|lead|staff"
    r"|principal|strong)\s?(?:and )?,? ?)*$"
)
_TITLE_TRADE = re.compile(rf" ({'|'.join(sorted(TITLE_TRADES, key=len, reverse=True))})s?(?= )")
_TECHNOLOGY_CATEGORIES = frozenset({"Programming Languages", "Frameworks/Libraries", "Databases", "Cloud Platforms"})


class SkillSpan(NamedTuple):
    """One mention of a skill, at `text[start:end]`."""

    skill: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A spelling of a skill. `key` is folded. `needs_check` is set if a match requires further checks.

    `is_product` is set for a name that could also be the name of a company.
    """

    key: str
    entry: Skill
    is_ambiguous: bool
    needs_check: bool
    is_product: bool


class _Hit(NamedTuple):  # a tuple because 30 postings create about a thousand instances
    start: int
    end: int
    name: _Name


class SkillExtractor:
    """An extractor for the skills of one vocabulary. Instances keep no state between texts and can be shared."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._automaton = ahocorasick.Automaton()
        self._translated: dict[str, ahocorasick.Automaton] = {}
        self._vocabulary = vocabulary
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
        name = self._build_name(get_spelling_key(key), entry)
        self._automaton.add_word(f" {key} ", (len(key), name))

    def _build_name(self, spelling: str, entry: Skill) -> _Name:
        ambiguous = spelling in AMBIGUOUS or len(spelling) == 1
        is_product = entry.category in _PRODUCT_CATEGORIES
        needs_check = ambiguous or not entry.is_skill or entry.name in FIELDS or is_product or spelling in CHECKED
        needs_check = needs_check or spelling in ALL_FALSE_FRIENDS or entry.name in DEPARTMENTS or spelling in TRADES
        return _Name(key=spelling, entry=entry, is_ambiguous=ambiguous, needs_check=needs_check, is_product=is_product)

    def extract_skills(self, text: str) -> list[str]:
        """Return the canonical names of the skills in a text, without duplicates, in order of first mention."""
        return list(dict.fromkeys(span.skill for span in self.find_spans(text)))

    def find_spans(self, text: str, *, title_length: int = 0) -> list[SkillSpan]:
        """Return every mention of a skill in order. Where names overlap, the first and longest name is returned.

        The first `title_length` characters are the title of a job. A trade that it names counts ("DevOps Engineer").

        Full-width letters and ligatures match their plain forms. Offsets refer to the text as passed. Of the names that
        are also everyday words, only the first 2,000 are considered.
        """
        plain = make_plain(text)
        spans = self._spans(plain.text, title_length)
        if not plain.changes:
            return spans
        return [SkillSpan(skill, *plain.locate(start, end)) for skill, start, end in spans]

    def _spans(  # noqa: PLR0912 - one pass that checks each mention
        self, text: str, title_length: int
    ) -> list[SkillSpan]:
        languages = detect_languages(text)
        hits = self._hits(text)
        for language in languages:
            hits = _merge(hits, self._translated_hits(text, language))
        if title_length:
            hits = _merge(hits, self._trades_in_title(text[:title_length]))
        last = len(hits) - 1
        disambiguated = 0
        subjects = Subjects(text)
        spans = []
        for index, hit in enumerate(hits):
            start, end, name = hit
            if name.needs_check:
                if not name.entry.is_skill:
                    continue
                is_trade = False
                if name.key in TRADES or (name.entry.name in FIELDS and _precedes_people(text, end)):
                    if start >= title_length and not _TRADE_BEFORE.search(text, max(0, start - _MAX_LEAD), start):
                        continue
                    is_trade = True
                elif name.entry.name in DEPARTMENTS and start >= title_length and is_department(text, start, end):
                    continue
                if name.key in CHECKED and is_ruled_out_by_context(name.key, text, start, end):
                    continue
                if name.is_product and text[start].isupper() and is_organisation(text, start):
                    continue
                is_false_friend = bool(languages) and any(name.key in FALSE_FRIENDS[each] for each in languages)
                if (name.is_ambiguous and not is_trade) or is_false_friend:
                    disambiguated += 1
                    if disambiguated > _MAX_DISAMBIGUATED:
                        continue
                    before = hits[index - 1] if index and start - hits[index - 1].end < _MAX_GAP else None
                    after = hits[index + 1] if index < last and hits[index + 1].start - end < _MAX_GAP else None
                    listed = (before or after) is not None and _is_listed(text, before, hit, after)
                    listed = listed or (text[start].isupper() and _is_list_item(text, start, end))
                    if is_false_friend and not listed:
                        continue
                    if not name.is_ambiguous:
                        spans.append(SkillSpan(name.entry.name, start, end))
                        continue
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
        return _merge(hits, self._versioned_hits(text))

    def _versioned_hits(self, text: str) -> list[_Hit]:
        """Find names with a version but no space: "React18"."""
        hits = []
        shape = text.encode("ascii", "replace").translate(_SHAPE)
        at = shape.find(b"a0")
        while at >= 0:
            version = _ATTACHED_VERSION.match(text, at + 1)
            at = shape.find(b"a0", at + 1)
            if version is None:
                continue
            word = _LETTERS_BEFORE.search(text, max(0, version.start() - 21), version.start())
            entry = self._vocabulary.get(word[0]) if word else None
            if word is None or entry is None:
                continue
            key = word[0].lower()
            if key not in AMBIGUOUS or (word[0][0].isupper() and (key in PROPER or key in USUAL)):
                hits.append(_Hit(word.start(), version.end(), self._build_name(key, entry)))
        return hits

    def _trades_in_title(self, title: str) -> list[_Hit]:
        hits = []
        for trade in _TITLE_TRADE.finditer(f" {fold(title)} "):
            entry = self._vocabulary.get(TITLE_TRADES[trade[1]])
            if entry is not None and entry.is_skill:
                name = _Name(key=trade[1], entry=entry, is_ambiguous=False, needs_check=False, is_product=False)
                hits.append(_Hit(trade.start(1) - 1, trade.end(1) - 1, name))
        return hits

    def _translated_hits(self, text: str, language: str) -> list[_Hit]:
        automaton = self._translated.get(language)
        if automaton is None:
            automaton = ahocorasick.Automaton()
            for spelling, skill in read_translations()[language]:
                key = get_spelling_key(strip_accents(spelling))
                if (entry := self._vocabulary.get(skill)) is not None and entry.is_skill:
                    name = _Name(key=key, entry=entry, is_ambiguous=False, needs_check=False, is_product=False)
                    automaton.add_word(f" {key} ", (len(key), name))
            if len(automaton):
                automaton.make_automaton()
            self._translated[language] = automaton
        hits: list[_Hit] = []
        if len(automaton):
            for last, (length, name) in automaton.iter(f" {fold(strip_accents(text))} "):
                start, end = last - length - 1, last - 1
                while hits and hits[-1].start >= start:
                    hits.pop()
                if not hits or hits[-1].end <= start:
                    hits.append(_Hit(start, end, name))
        return hits


def _merge(hits: list[_Hit], others: list[_Hit]) -> list[_Hit]:
    """Merge two sorted lists of hits. Of two that overlap, the longer one stays, or else the first list's."""
    if not others:
        return hits
    merged: list[_Hit] = []
    for hit in sorted([*hits, *others], key=lambda hit: (hit.start, hit.start - hit.end)):
        if merged and hit.start < merged[-1].end:
            if hit.end - hit.start > merged[-1].end - merged[-1].start:
                merged[-1] = hit
            continue
        merged.append(hit)
    return merged


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


def _is_list_item(text: str, start: int, end: int) -> bool:
    """Return whether the name is all there is in an item of a bulleted list."""
    return _ITEM_START.search(text, max(0, start - 8), start) is not None and _ITEM_END.match(text, end) is not None


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
