"""Find the name of a resume's owner. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accounts.resumes.parsing.headings import get_heading_kind
from accounts.resumes.parsing.lines import Line
from accounts.resumes.parsing.occupation_words import RANKS
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.organizations import has_legal_form
from accounts.resumes.parsing.pieces import is_place
from accounts.resumes.parsing.values import FoundValue
from accounts.resumes.parsing.word_sets import build_words

_MAX_LINES = 8
_MAX_LENGTH = 60
_MAX_WORDS = 6
_MAX_SEARCHED_LINES = 200
_LABEL = re.compile(r"\A(?:full\s+name|name|vor- und nachname|nom|nombre|nome)\s*:\s*", re.IGNORECASE)
_PRONOUNS = re.compile(
    r"\s*[(\[|,/–-]{0,2}\s*\b(?:she|he|they|her|him|them|ze|xe|sie|er|elle|il|ella"
    r"|él)\s?/\s?[a-zé]{2,6}(?:\s?/\s?[a-z]{2,6})?\s*[)\]]?",
    re.IGNORECASE,
)
_HONORIFICS = re.compile(
    r"\A(?:(?:dr|prof|mr|mrs|ms|miss|mx|ing|dipl|mag|rer|nat|phil|med|jur|herr|frau|sr|sra|mme|m|eng"
    r"|hc)\.?(?:-\w{2,6}\.)?[ ]{1,3}){1,5}"
    r"(?=\w)",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"(?:,?\s+(?:ph\.?\s?d|m\.?b\.?a|m\.?d|m\.?sc|b\.?sc|b\.?a|m\.?a|j\.?d|esq|cpa|cfa|pmp|pe|rn|bsn|msn|phr|cissp"
    r"|dds|jr|ii|iii|sphr|acca|ll\.?[mb]"
    r"|csm|psm|shrm-\w{2,3}|frm|ba|bs|ms|pharmd|edd|dba)\.?){1,4}\Z",
    re.IGNORECASE,
)
_SPACED_OUT = re.compile(r"(?:[^\W\d_][ ]){2,}[^\W\d_](?:[ ]{2,}(?:[^\W\d_][ ]){1,}[^\W\d_]){0,4}")
_SEPARATOR = re.compile(r"\s{2,}|[|•·–—\t:]|\s-\s")
_NEVER_IN_NAMES = build_words(
    "resume résumé curriculum vitae cv lebenslauf bewerbung hoja vida currículo email e-mail phone mobile tel address"
    " confidential"
    " contact profile linkedin github portfolio website software curriculum page-1 university college"
)
# These words are surnames too, so the email address or the place of the line must confirm a name with one of them.
_RARELY_IN_NAMES = build_words("street road avenue page lane drive summary school")
_TITLE_MODIFIERS = RANKS | build_words(
    "software data product project team web mobile full-stack fullstack full frontend front-end backend back-end back"
    " front"
    " cloud devops system systems network security business financial sales marketing account human it ui ux graphic"
    " mechanical electrical civil chemical research registered certified professional creative digital machine"
    " quality test"
    " site store office executive customer technical solutions scrum python java javascript ios android growth"
    " content social"
    " operations supply chain legal medical nursing clinical physical help freelance aspiring experienced"
)
_PARTICLE = re.compile(
    r"von|van|vom|zu|zur|zum|de|da|del|della|di|der|den|des|du|la|le|las|los|bin|bint|ibn|al|el|y|e|ter|ten|dos|das"
    r"|do|af|av|san|st\."
    r"|(?:al|el|d|l)[-'’].*",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"@|\+?\d[\d ()./-]{6,}|linkedin|github|www\.|https?:", re.IGNORECASE)
_SENTENCE_WORDS = build_words("the and with for of in to is are i my a an at on")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A text that may be the owner's name, and the number of its line among the lines with text."""

    name: str
    position: int
    is_above_contact: bool
    size: float = 1.0


def find_name(head: Sequence[Line], *, lines: Sequence[Line], email: str | None) -> FoundValue | None:
    """Return the owner's name. `head` are the lines before the first heading, `lines` all lines of the resume.

    A word that is also in the email address raises the confidence.
    """
    local_part = _fold(email.split("@")[0]) if email else ""
    candidates = list(_iterate_candidates([line for line in head if line.text][:_MAX_LINES]))
    largest = max((candidate.size for candidate in candidates), default=0.0)
    for candidate in sorted(candidates, key=lambda item: item.size < largest):
        found = _rate(candidate, local_part)
        if found is not None:
            return found
    return _find_elsewhere(lines, local_part)


def _iterate_candidates(lines: Sequence[Line]) -> Iterator[_Candidate]:
    for position, line in enumerate(lines):
        size = line.style.size if line.style is not None else 1.0
        following = lines[position + 1].text if position + 1 < len(lines) else ""
        joined = _join_lines(lines, position)
        if joined is not None:
            beyond = lines[position + 2].text if position + 2 < len(lines) else ""
            yield _Candidate(joined, position, bool(_CONTACT.search(beyond)), size)
        is_above = bool(_CONTACT.search(following)) or bool(_CONTACT.search(line.text))
        is_near = any(_CONTACT.search(near.text) for near in lines[position : position + 4])
        yield _Candidate(extract_name(line.text, is_certain=is_near), position, is_above, size)


def _join_lines(lines: Sequence[Line], position: int) -> str | None:
    """Return the name that two lines of one word each form, such as a given name above a surname."""
    if position > 1 or position + 1 >= len(lines):
        return None
    upper, lower = lines[position], lines[position + 1]
    first, second = extract_name(upper.text), extract_name(lower.text)
    is_like = upper.style is None or lower.style is None or abs(upper.style.size - lower.style.size) < 0.1
    if not is_like or " " in second or len(first.split()) > 2 or not second:
        return None
    if first != upper.text.strip() or second != lower.text.strip() or score_title(second) >= 0.8 or is_place(second):
        return None
    is_set_large = upper.style is not None and upper.style.size > 1.2
    return f"{first} {second}" if " " not in first or is_set_large else None


def extract_name(line: str, *, is_certain: bool = False) -> str:
    """Return the part of a line that may be a name, without labels, pronouns, honorifics and credentials.

    `is_certain` allows the form "Surname, Given", which other lists of two words have too.
    """
    line = _PRONOUNS.sub(" ", _LABEL.sub("", line.strip(), count=1)).strip(" ,")
    if _SPACED_OUT.fullmatch(line):
        return " ".join(word.replace(" ", "") for word in re.split(r"\s{2,}", line))
    # Typewriter-like spacing between two names is not a separator: "Jane  Smith".
    if re.fullmatch(r"[^\W\d_]+\s{2,3}[^\W\d_]+", line):
        line = " ".join(line.split())
    name = _HONORIFICS.sub("", _SEPARATOR.split(line)[0].strip(), count=1)
    name = _CREDENTIALS.sub("", name)
    surname, comma, given = name.partition(",")
    if comma:
        given = given.strip()
        is_given = (
            is_certain
            and given
            and len(given.split()) <= 2
            and not _CREDENTIALS.fullmatch(f" {given}")
            and _is_name_shaped(given)
        )
        is_whole = (
            is_given and len(surname.split()) <= 2 and not given.isupper() and not is_place(f"{surname}, {given}")
        )
        name = f"{given} {surname}" if is_whole or (is_given and surname.isupper()) else surname
    return name.strip(" ,")


def _is_name_shaped(name: str) -> bool:
    return all(
        character.isalpha() or unicodedata.category(character).startswith("M") or character in " '’.-·‐"
        for character in name
    ) and any(character.isalpha() for character in name)


def _rate(candidate: _Candidate, local_part: str) -> FoundValue | None:
    """Return the name with its confidence, or None if the candidate is no name."""
    name, words = candidate.name, candidate.name.split()
    if not words or len(words) > _MAX_WORDS or len(name) > _MAX_LENGTH or not _is_name_shaped(name):
        return None
    folded = [_fold(word) for word in words]
    if (
        get_heading_kind(name)
        or has_legal_form(name)
        or _NEVER_IN_NAMES.intersection(word.casefold() for word in words)
    ):
        return None
    in_email = [word for word in folded if len(word) > 2 and word in local_part]
    if len(words) == 1:
        return _rate_single(candidate, is_in_email=bool(in_email))
    if not _has_name_case(words, is_first=candidate.position == 0):
        return None
    if in_email:
        is_title = score_title(name) >= 0.8 and len(in_email) < len(words)
        return None if is_title and words[0].casefold() in _TITLE_MODIFIERS else FoundValue(name, 0.95)
    is_ambiguous = score_title(name) >= 0.4 or bool(_RARELY_IN_NAMES.intersection(word.casefold() for word in words))
    if is_ambiguous:
        is_likely = (
            candidate.position == 0 and candidate.is_above_contact and words[0].casefold() not in _TITLE_MODIFIERS
        )
        return FoundValue(name, 0.6) if is_likely and len(words) == 2 else None
    if is_place(name) or _SENTENCE_WORDS.intersection(word.casefold() for word in words):
        return None
    return FoundValue(name, 0.85 if candidate.position == 0 or candidate.size > 1.2 else 0.55)


def _rate_single(candidate: _Candidate, *, is_in_email: bool) -> FoundValue | None:
    """Rate a name of one word: a mononym, or a whole name in a script without spaces."""
    name = candidate.name
    if name.isascii():
        is_alone = candidate.position == 0 and candidate.is_above_contact and len(name) > 2
        if not name[0].isupper() or score_title(name) >= 0.8 or is_place(name):
            return FoundValue(name, 0.8) if is_in_email and candidate.position == 0 else None
        return (
            FoundValue(name, 0.9 if is_in_email else 0.6)
            if is_alone or (is_in_email and candidate.position <= 1)
            else None
        )
    is_unspaced = any(unicodedata.category(character) == "Lo" for character in name)
    if (is_unspaced and 2 <= len(name) <= 12) or (candidate.position == 0 and candidate.is_above_contact):
        return FoundValue(name, 0.8 if candidate.position == 0 else 0.5)
    return None


def _has_name_case(words: Sequence[str], *, is_first: bool) -> bool:
    """Return whether words are written as names: capitalized except particles, or all lower case on the first line."""
    if is_first and all(word.islower() for word in words) and len(words) <= 4:
        return not _SENTENCE_WORDS.intersection(words)
    return (
        words[-1][0].islower() is False and all(not word[0].islower() or _PARTICLE.fullmatch(word) for word in words)
    ) or (_PARTICLE.fullmatch(words[-1]) is not None and words[0][0].isupper())


def _find_elsewhere(lines: Sequence[Line], local_part: str) -> FoundValue | None:
    """Return a name set in the largest size, or one of two words that the email address consists of.

    In some layouts the margin with the contact details comes before the name.
    """
    searched = [line for line in lines if line.text][:_MAX_SEARCHED_LINES]
    sizes = [line.style.size for line in searched if line.style is not None]
    largest = max(sizes, default=0.0)
    for position, line in enumerate(searched):
        if largest > 1.3 and line.style is not None and line.style.size == largest:
            joined = _join_lines(searched[position : position + 2], 0)
            found = _rate(_Candidate(joined or extract_name(line.text), 0, False, largest), local_part)
            if found is not None:
                return found
    for line in searched:
        name = extract_name(line.text)
        words = [_fold(word) for word in name.split()]
        if (
            2 <= len(words) <= 3
            and all(len(word) > 2 and word in local_part for word in words)
            and _is_name_shaped(name)
        ):
            return FoundValue(name, 0.85)
    return None


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss").replace("ø", "o"))
    return "".join(character for character in decomposed if character.isalnum())
