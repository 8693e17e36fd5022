"""Extraction of skills from free text such as postings, resumes and profiles."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import ahocorasick

from career_navigator.plain_text import make_plain
from skills.context_rules import CHECKED, is_department, is_organization, is_ruled_out_by_context
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


class _Candidate(NamedTuple):  # a tuple because 30 postings create about a thousand instances
    """A name at `text[start:end]`, which may mean something other than the skill."""

    start: int
    end: int
    name: _Name


@dataclass(slots=True, kw_only=True)
class _Document:
    """The text that is searched, and what is known about the text as a whole.

    `disambiguated` is the number of ambiguous names checked so far.
    """

    text: str
    title_length: int
    languages: tuple[str, ...]
    subjects: Subjects
    disambiguated: int = 0


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
                    # A space on each side of a name lets the automaton match at word boundaries only.
                    self._add_name(key, entry)
                    if "/" in spelling or "&" in spelling:
                        self._add_name(key.replace(" ", "   "), entry)  # "CI / CD", "R & D"
        if len(self._automaton):
            self._automaton.make_automaton()

    def _add_name(self, key: str, entry: Skill) -> None:
        name = self._build_name(get_spelling_key(key), entry)
        self._automaton.add_word(f" {key} ", (len(key), name))

    def _build_name(self, spelling: str, entry: Skill) -> _Name:
        is_ambiguous = spelling in AMBIGUOUS or len(spelling) == 1
        is_product = entry.category in _PRODUCT_CATEGORIES
        needs_check = is_ambiguous or not entry.is_skill or entry.name in FIELDS or is_product or spelling in CHECKED
        needs_check = needs_check or spelling in ALL_FALSE_FRIENDS or entry.name in DEPARTMENTS or spelling in TRADES
        return _Name(
            key=spelling, entry=entry, is_ambiguous=is_ambiguous, needs_check=needs_check, is_product=is_product
        )

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
        spans = self._find_in_plain_text(plain.text, title_length)
        if not plain.changes:
            return spans
        return [SkillSpan(skill, *plain.locate(start, end)) for skill, start, end in spans]

    def _find_in_plain_text(self, text: str, title_length: int) -> list[SkillSpan]:
        languages = detect_languages(text)
        candidates = self._find_names(text)
        for language in languages:
            candidates = _merge_candidates(candidates, self._find_translated_names(text, language))
        if title_length:
            candidates = _merge_candidates(candidates, self._find_trades(text[:title_length]))
        document = _Document(text=text, title_length=title_length, languages=languages, subjects=Subjects(text))
        return [
            SkillSpan(candidate.name.entry.name, candidate.start, candidate.end)
            for index, candidate in enumerate(candidates)
            if not candidate.name.needs_check or self._is_mention(candidates, index, document)
        ]

    def _is_mention(self, candidates: list[_Candidate], index: int, document: _Document) -> bool:  # noqa: PLR0911 - a decision list
        """Return whether a candidate that needs a check is a mention of its skill."""
        candidate, text = candidates[index], document.text
        start, end, name = candidate
        if not name.entry.is_skill:
            return False
        is_trade = name.key in TRADES or (name.entry.name in FIELDS and _precedes_people(text, end))
        if start >= document.title_length:
            if is_trade and not _TRADE_BEFORE.search(text, max(0, start - _MAX_LEAD), start):
                return False
            if not is_trade and name.entry.name in DEPARTMENTS and is_department(text, start, end):
                return False
        if name.key in CHECKED and is_ruled_out_by_context(name.key, text, start, end):
            return False
        if name.is_product and text[start].isupper() and is_organization(text, start):
            return False
        is_false_friend = bool(document.languages) and any(
            name.key in FALSE_FRIENDS[language] for language in document.languages
        )
        if not is_false_friend and (is_trade or not name.is_ambiguous):
            return True
        document.disambiguated += 1
        if document.disambiguated > _MAX_DISAMBIGUATED:
            return False
        listed = _is_in_list(candidates, index, text)
        if is_false_friend and not listed:
            return False
        if not name.is_ambiguous:
            return True
        if is_ruled_out(name.key, text, start, listed=listed):
            return False
        return self._rules.is_technical(Mention(name.key, text, start, end, listed), document.subjects)

    def _find_names(self, text: str) -> list[_Candidate]:
        if not len(self._automaton):
            return []
        has_accents = not text.isascii() and _ACCENTED.search(text) is not None
        urls = [match.span() for match in _URL.finditer(text)] if "www." in text or "://" in text else []
        candidates: list[_Candidate] = []
        previous_end = 0
        for last_index, (length, name) in self._automaton.iter(f" {fold(text)} "):
            start, end = last_index - length - 1, last_index - 1
            if has_accents and (_ACCENTED.match(text, max(0, start - 1), start) or _ACCENTED.match(text, end, end + 1)):
                continue
            if urls and is_within(urls, start):
                continue
            if start < previous_end:
                # The automaton yields names in order of their ends. A name replaces the names inside it, and is dropped
                # if a name that started earlier overlaps it.
                count = len(candidates)
                while count and candidates[count - 1].start >= start:
                    count -= 1
                if count and candidates[count - 1].end > start:
                    continue
                del candidates[count:]
            candidates.append(_Candidate(start, end, name))
            previous_end = end
        return _merge_candidates(candidates, self._find_versioned_names(text))

    def _find_versioned_names(self, text: str) -> list[_Candidate]:
        """Find names with a version but no space: "React18"."""
        candidates = []
        shape = text.encode("ascii", "replace").translate(_SHAPE)
        last_letter = shape.find(b"a0")
        while last_letter >= 0:
            version = _ATTACHED_VERSION.match(text, last_letter + 1)
            last_letter = shape.find(b"a0", last_letter + 1)
            if version is None:
                continue
            word = _LETTERS_BEFORE.search(text, max(0, version.start() - 21), version.start())
            entry = self._vocabulary.get(word[0]) if word else None
            if word is None or entry is None:
                continue
            key = word[0].lower()
            if key not in AMBIGUOUS or (word[0][0].isupper() and (key in PROPER or key in USUAL)):
                candidates.append(_Candidate(word.start(), version.end(), self._build_name(key, entry)))
        return candidates

    def _find_trades(self, title: str) -> list[_Candidate]:
        """Find the trades that the title of a job names: "Data Scientist"."""
        candidates = []
        for trade in _TITLE_TRADE.finditer(f" {fold(title)} "):
            entry = self._vocabulary.get(TITLE_TRADES[trade[1]])
            if entry is not None and entry.is_skill:
                name = _build_unambiguous_name(trade[1], entry)
                candidates.append(_Candidate(trade.start(1) - 1, trade.end(1) - 1, name))
        return candidates

    def _find_translated_names(self, text: str, language: str) -> list[_Candidate]:
        automaton = self._translated.get(language)
        if automaton is None:
            automaton = self._translated[language] = self._build_translated_automaton(language)
        candidates: list[_Candidate] = []
        if len(automaton):
            for last_index, (length, name) in automaton.iter(f" {fold(strip_accents(text))} "):
                start, end = last_index - length - 1, last_index - 1
                while candidates and candidates[-1].start >= start:
                    candidates.pop()
                if not candidates or candidates[-1].end <= start:
                    candidates.append(_Candidate(start, end, name))
        return candidates

    def _build_translated_automaton(self, language: str) -> Any:
        automaton = ahocorasick.Automaton()
        for spelling, skill in read_translations()[language]:
            key = get_spelling_key(strip_accents(spelling))
            if (entry := self._vocabulary.get(skill)) is not None and entry.is_skill:
                automaton.add_word(f" {key} ", (len(key), _build_unambiguous_name(key, entry)))
        if len(automaton):
            automaton.make_automaton()
        return automaton


def _build_unambiguous_name(key: str, entry: Skill) -> _Name:
    return _Name(key=key, entry=entry, is_ambiguous=False, needs_check=False, is_product=False)


def _merge_candidates(candidates: list[_Candidate], others: list[_Candidate]) -> list[_Candidate]:
    """Merge two sorted lists. Of two candidates that overlap, the longer one stays, or else the first list's."""
    if not others:
        return candidates
    merged: list[_Candidate] = []
    for candidate in sorted([*candidates, *others], key=lambda each: (each.start, each.start - each.end)):
        if merged and candidate.start < merged[-1].end:
            if candidate.end - candidate.start > merged[-1].end - merged[-1].start:
                merged[-1] = candidate
            continue
        merged.append(candidate)
    return merged


def is_within(spans: Sequence[tuple[int, int]], position: int) -> bool:
    """Return whether a position is inside one of the sorted spans."""
    before = bisect_right(spans, position, key=itemgetter(0))
    return before > 0 and position < spans[before - 1][1]


def _is_in_list(candidates: list[_Candidate], index: int, text: str) -> bool:
    """Return whether a candidate is an item of a list of skills, on one line or in lines with bullets."""
    candidate = candidates[index]
    before = candidates[index - 1] if index else None
    after = candidates[index + 1] if index + 1 < len(candidates) else None
    if before and candidate.start - before.end >= _MAX_GAP:
        before = None
    if after and after.start - candidate.end >= _MAX_GAP:
        after = None
    if (before or after) and _is_listed(text, before, candidate, after):
        return True
    return text[candidate.start].isupper() and _is_list_item(text, candidate.start, candidate.end)


def _is_listed(text: str, before: _Candidate | None, candidate: _Candidate, after: _Candidate | None) -> bool:
    """Return whether the candidate is in a list next to an item that is certainly a technology."""
    if before and after and _is_tag(text, before, candidate, after):
        return True
    is_capitalized = text[candidate.start].isupper()
    neighbors = []
    if before and _LIST_GAP.fullmatch(text, before.end, candidate.start):
        neighbors.append(before)
    if after and _LIST_GAP.fullmatch(text, candidate.end, after.start):
        neighbors.append(after)
    for other, other_start in ((neighbor.name, neighbor.start) for neighbor in neighbors):
        if not other.entry.is_skill:
            continue
        if other.entry.category == "Soft Skills":
            # A soft skill does not show that its neighbor is a technology, only that it is another soft skill.
            if candidate.name.entry.category == "Soft Skills" and not other.is_ambiguous:
                return True
            continue
        if not other.is_ambiguous and (other.entry.category in _TECHNOLOGY_CATEGORIES or candidate.name.key in GENERIC):
            return True
        if candidate.name.entry.name in (*other.entry.related, *other.entry.prerequisites):
            return True
        if other.entry.name in (*candidate.name.entry.related, *candidate.name.entry.prerequisites):
            return True
        if is_capitalized and text[other_start].isupper():
            return True
    return False


def _is_list_item(text: str, start: int, end: int) -> bool:
    """Return whether the name is all there is in an item of a bulleted list."""
    return _ITEM_START.search(text, max(0, start - 8), start) is not None and _ITEM_END.match(text, end) is not None


def _is_tag(text: str, before: _Candidate, candidate: _Candidate, after: _Candidate) -> bool:
    """Return whether the candidate is in a line of tags: between two technologies, separated by single spaces."""
    if not text[before.end : candidate.start] == text[candidate.end : after.start] == " ":
        return False
    if "Soft Skills" in (before.name.entry.category, after.name.entry.category):
        return False
    capitals = text[before.start].isupper() and text[candidate.start].isupper() and text[after.start].isupper()
    return not (before.name.is_ambiguous or after.name.is_ambiguous) or (
        capitals and not (before.name.is_ambiguous and after.name.is_ambiguous)
    )


def _precedes_people(text: str, end: int) -> bool:
    """Return whether a word for people follows, as in "frontend developer" and "QA team" (not skills)."""
    following = _NEXT_WORD.match(text, end)
    return following is not None and following[1].lower() in PEOPLE
