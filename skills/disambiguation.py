"""Disambiguation of names that are also everyday words, such as "go", "spring", "excel" and "rest"."""

import re
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from skills import disambiguation_words as words
from skills.context_rules import is_organization

_SUBJECTS = {key: re.compile(pattern) for key, pattern in words.SUBJECTS.items()}
# Names that need further checks if they are in `words.ORGANIZATIONS` too.
_NEEDS_FURTHER_CHECKS = words.PROPER | words.STRICT | words.GENERIC | words.USUAL

# Characters considered on each side of a name. This is wider than any pattern below needs.
_WINDOW = 45
_MAX_WORDS = 50_000
# Words considered by the patterns: an ability, a link and one more word before a name, and two words after it.
_PATTERN_BEFORE, _PATTERN_AFTER = 3, 2
# "Most of our code is Go", "the backend is mainly Rust".
_CODE_IS = re.compile(
    r"\b(?i:code|codebase|code base|back-?end|front-?end|stack|languages?|services)\s(?:is|are)\s(?:\w+\s(?:in )?)?$"
)
_PLAIN_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?]['\")\]]*(?:\s+(?=[A-Z*#\-•])|\s*\Z)|\n")


class Subjects:
    """The subjects of one text. Each subject pattern searches the text at most once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lower: str | None = None
        self._found: dict[str, bool] = {}

    def allow(self, key: str) -> bool:
        """Return whether the text is about the subject of the name `key`. A name without a subject is allowed."""
        pattern = _SUBJECTS.get(key)
        if pattern is None:
            return True
        found = self._found.get(key)
        if found is None:
            if self._lower is None:
                self._lower = self._text.lower()
            found = self._found[key] = pattern.search(self._lower) is not None
        return found


class Mention(NamedTuple):
    """An ambiguous name at `text[start:end]`. `key` is folded. `listed` is set for an item of a list of skills."""

    key: str
    text: str
    start: int
    end: int
    listed: bool


class DisambiguationRules:
    """Rules that classify mentions by spelling and neighboring words and, if necessary, by spaCy patterns."""

    def __init__(self) -> None:
        self._patterns: _Patterns | None = None

    def is_technical(self, mention: Mention, subjects: Subjects) -> bool:  # noqa: PLR0911, PLR0912 - a decision list
        """Return whether the mention is a technology. Callers must first exclude names that are `is_ruled_out`."""
        key = mention.key
        generic = key in words.GENERIC
        if not subjects.allow(key):
            return False
        if key in words.ORGANIZATIONS:
            if is_organization(mention.text, mention.start):
                return False
            if key not in _NEEDS_FURTHER_CHECKS:
                return True
        surface = mention.text[mention.start : mention.end]
        attached = _is_attached(mention)
        if attached is not None:
            return attached
        if key in words.CAPITALS:
            return _is_all_caps(key, surface)
        if generic:
            return mention.listed or bool(self._match(mention))
        capital = surface[0].isupper()
        if key in words.USUAL:
            is_recognized = capital or mention.listed or key in words.LOWER_CASE or _has_cue(mention)
            if surface.isupper() and key in words.NEVER_ALL_CAPS:
                return False
            return is_recognized and not _is_everyday(mention)
        if (len(key) == 1 and not capital) or (surface.isupper() and key in words.NEVER_ALL_CAPS):
            return False
        if mention.listed:
            return not _is_everyday(mention)
        if not capital and not _has_cue(mention):
            return False  # in lower case, outside a list and without a cue, the name is an everyday word
        if _CODE_IS.search(mention.text, max(0, mention.start - _WINDOW), mention.start):
            return not _is_everyday(mention)
        is_technical = self._match(mention)
        if is_technical is not None:
            return is_technical
        if not capital:
            return False
        if _is_in_brackets(mention):
            return True
        return key in words.PROPER and not _opens_sentence(mention) and not _is_longer_name(mention)

    def _match(self, mention: Mention) -> bool | None:
        """Classify the mention by the token patterns in its sentence, or return None if no pattern matches."""
        text, start, end = mention.text, mention.start, mention.end
        before = list(_PLAIN_WORD.finditer(text, max(0, start - _WINDOW), start))[-_PATTERN_BEFORE:]
        after = list(islice(_PLAIN_WORD.finditer(text, end, min(len(text), end + _WINDOW)), _PATTERN_AFTER))
        if not _may_match(mention.key, [word[0].lower() for word in before], [word[0].lower() for word in after]):
            return None
        left, right = _find_sentence(mention)
        left = max(left, before[0].start()) if before else left
        right = min(right, after[-1].end()) if after else right
        patterns = self._patterns
        if patterns is None or patterns.is_full():
            patterns = self._patterns = _Patterns()
        return patterns.classify(mention.key, text[left:right], start - left, end - left)


class _Patterns:
    """The token patterns of all names, built on first use and sharing one spaCy vocabulary."""

    def __init__(self) -> None:
        import spacy  # noqa: PLC0415 - takes a second to load, and not every process needs it

        self._nlp = spacy.blank("en")
        self._matchers: dict[str, Any] = {}
        # Lexeme attributes that mark the words of each list. spaCy computes a flag once per distinct word, but would
        # search a list inside a pattern at every token.
        lists = {
            "ability": words.ABILITY,
            "link": words.ABILITY_LINKS,
            "using": words.USING,
            "cue": words.CUES_AFTER,
            "strong cue": words.STRONG_CUES_AFTER,
        }
        self._flags: dict[str, int] = {
            name: self._nlp.vocab.add_flag(_build_membership_test(terms)) for name, terms in lists.items()
        }

    def is_full(self) -> bool:
        """Return whether to replace the patterns, because spaCy keeps every word it meets (about 300 bytes each)."""
        return len(self._nlp.vocab) > _MAX_WORDS

    def classify(self, key: str, sentence: str, start: int, end: int) -> bool | None:
        """Return whether `sentence[start:end]` is a technology, or None if no pattern matches."""
        doc = self._nlp.make_doc(sentence)
        matcher = self._matchers.get(key)
        if matcher is None:
            matcher = self._matchers[key] = self._build_matcher(key)
        technical: bool | None = None
        for match_id, first, last in matcher(doc):
            if doc[first].idx <= start and end <= doc[last - 1].idx + len(doc[last - 1]):
                if self._nlp.vocab.strings[match_id] == "everyday":
                    return False
                technical = True
        return technical

    def _build_matcher(self, key: str) -> Any:
        from spacy.matcher import Matcher  # noqa: PLC0415 - takes a second to load, and not every process needs it

        matcher, flags = Matcher(self._nlp.vocab, validate=False), self._flags
        name = [{"LOWER": part} for part in key.split()]
        capital_name = [{"LOWER": key, "IS_LOWER": False}]
        word = {"IS_ALPHA": True}
        technical: list[list[dict[Any, Any]]] = [
            [{flags["ability"]: True}, {flags["link"]: True}, {**word, "OP": "?"}, *name],
        ]
        if key not in words.GENERIC:
            technical += [[*name, {flags["cue"]: True}], [*name, word, {flags["strong cue"]: True}]]
        if key in words.LANGUAGES:
            technical.append([{flags["using"]: True}, *capital_name])
        if cues := words.SPECIFIC_CUES.get(key):
            technical += [[_any_of(cues), *name], [*name, _any_of(cues)]]
        everyday = []
        if after := words.EVERYDAY_AFTER.get(key):
            everyday.append([*name, _any_of(after)])
        if before := words.EVERYDAY_BEFORE.get(key):
            everyday.append([_any_of(before), *name])
        matcher.add("technical", technical)
        if everyday:
            matcher.add("everyday", everyday)
        return matcher


def _build_membership_test(terms: frozenset[str]) -> Callable[[str], bool]:
    return lambda text: text.lower() in terms


def _any_of(terms: frozenset[str]) -> dict[str, Any]:
    return {"LOWER": {"IN": sorted(terms)}}


_HYPHENS = ("-", "\u2010", "\u2011")
# Neighbouring characters that do not join a name to the next word.
_BOUNDARIES = frozenset(("", " ", "\n", ","))
_AFTER_HYPHEN = ("based", "like", "nativ", "powe", "driv", "lang")


def _is_attached(mention: Mention) -> bool | None:
    """Classify a name that punctuation joins to another word: "go-to-market", "R&D", "Go-based", "jane@go.dev".

    Returns None if the name is not joined to another word or the punctuation does not decide.
    """
    text, start, end = mention.text, mention.start, mention.end
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in _BOUNDARIES and after in _BOUNDARIES:
        return None
    second_before = text[start - 2 : start - 1]
    if before in ("@", "_") or (before in (*_HYPHENS, ".", "'", "\u2019", "&") and second_before.isalnum()):
        return False
    second_after = text[end + 1 : end + 2]
    if after in _HYPHENS and second_after.isalnum():
        return (
            text[end + 1 : end + 5].lower().startswith(_AFTER_HYPHEN) or None
            if mention.key in words.GENERIC
            else (text[end + 1 : end + 6].lower().startswith(_AFTER_HYPHEN))
        )
    if after in ("@", "_") or (after in (".", "&") and second_after.isalnum()):
        return False
    if after in ("'", "\u2019") and second_after.isalnum():
        return None if second_after == "s" and mention.key in words.PROPER else False
    return None


def _may_match(key: str, before: list[str], after: list[str]) -> bool:
    """Return whether the words around a name can match one of its patterns.

    This check ignores punctuation. The patterns take punctuation into account but are far slower.
    """
    first, second, third = [*reversed(before), "", "", ""][:3]
    if first in words.ABILITY_LINKS and second in words.ABILITY:
        return True
    if second in words.ABILITY_LINKS and third in words.ABILITY:
        return True
    following, next_but_one = [*after, "", ""][:2]
    if key not in words.GENERIC and (following in words.CUES_AFTER or next_but_one in words.STRONG_CUES_AFTER):
        return True
    if key in words.LANGUAGES and first in words.USING:
        return True
    cues, everyday_before, everyday_after = _get_specific_words(key)
    return first in cues or following in cues or first in everyday_before or following in everyday_after


@cache
def _get_specific_words(key: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the words in a name's specific cues and the words that make it an everyday word, before and after it."""
    lists = (words.SPECIFIC_CUES, words.EVERYDAY_BEFORE, words.EVERYDAY_AFTER)
    cues, before, after = (
        frozenset(part for term in terms.get(key, ()) for part in _PLAIN_WORD.findall(term)) for terms in lists
    )
    return cues, before, after


def _is_all_caps(key: str, surface: str) -> bool:
    """Return whether at most one letter of an abbreviation is not a capital ("SAFe", "SPAs"). "VCs" is not "VCS"."""
    if surface.endswith("s") and key[:-1] not in words.CAPITALS:
        return False
    return surface[:2].isupper() and sum(map(str.isupper, surface)) >= len(surface) - 1


def _is_everyday(mention: Mention) -> bool:
    """Return whether a neighboring word shows that the name is an everyday word, even in a list."""
    return _get_word_after(mention) in words.EVERYDAY_AFTER.get(mention.key, ()) or (
        _get_word_before(mention) in words.EVERYDAY_BEFORE.get(mention.key, ())
    )


def _has_cue(mention: Mention) -> bool:
    """Return whether a neighboring word is the first or last word of one of the name's patterns."""
    cues = words.SPECIFIC_CUES.get(mention.key, frozenset())
    after = _get_word_after(mention)
    if after in words.CUES_AFTER or after in cues:
        return True
    before = _get_word_before(mention)
    return before in words.ABILITY_LINKS or before in cues


def _is_in_brackets(mention: Mention) -> bool:
    """Return whether brackets enclose exactly the name, as in "Engineer (Go)", except symbols like "(C)"."""
    text, start, end = mention.text, mention.start, mention.end
    return end - start > 1 and text[start - 1 : start] == "(" and text[end : end + 1] == ")"


def _is_longer_name(mention: Mention) -> bool:
    """Return whether another capitalized word follows directly: "Unity Health", "Phoenix Suns"."""
    following = mention.text[mention.end : mention.end + 2]
    return following[:1] == " " and following[1:].isupper()


def _find_sentence(mention: Mention) -> tuple[int, int]:
    """Return the start and end of the mention's sentence, at most `_WINDOW` characters away."""
    text, start, end = mention.text, mention.start, mention.end
    left, right = max(0, start - _WINDOW), min(len(text), end + _WINDOW)
    for boundary in _SENTENCE_END.finditer(text, left, start):
        left = boundary.end()
    if end_of_sentence := _SENTENCE_END.search(text, end, right):
        right = end_of_sentence.start()
    return left, right


def _opens_sentence(mention: Mention) -> bool:
    """Return whether the name starts a sentence and so would be capitalized anyway. Ignores very short sentences."""
    left, right = _find_sentence(mention)
    opening = mention.text[left : mention.start].strip(" \t*#-•\u2013\u2014>·\"'(")
    return not opening and len(mention.text[mention.end : right].split()) > 2


_WORD_AFTER = re.compile(r"[\s*_\"'(]*([A-Za-z0-9]+)")


def _get_word_after(mention: Mention) -> str:
    found = _WORD_AFTER.match(mention.text, mention.end)
    return found[1].lower() if found else ""


def is_ruled_out(key: str, text: str, start: int, *, listed: bool) -> bool:
    """Return whether the name is generic, not in a list and not after a link word such as "with".

    Callers check this first because it is cheap and rejects eight of ten mentions.
    """
    return not listed and key in words.GENERIC and _get_last_word(text, start) not in words.ABILITY_LINKS


def _get_word_before(mention: Mention) -> str:
    return _get_last_word(mention.text, mention.start)


def _get_last_word(text: str, end: int) -> str:
    preceding = text[max(0, end - 24) : end].rstrip(" \t\n*_\"'(").rsplit(None, 1)
    return preceding[-1].lower() if preceding else ""
