"""List the lines of a resume that the parser took no value from. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accounts.resumes.parsing.contact import Contact
from accounts.resumes.parsing.dates import find_dates
from accounts.resumes.parsing.languages import parse_languages
from accounts.resumes.parsing.lines import (
    EDUCATION,
    EXPERIENCE,
    HEADER,
    LANGUAGES,
    OTHER,
    PROJECTS,
    SKILLS,
    SUMMARY,
    Line,
)
from accounts.resumes.parsing.pieces import is_note, split_strong
from accounts.resumes.parsing.sections import Section

# The reasons: dates that are not understood, text that fits no field, and sections that are not imported.
DATES = "dates"
TEXT = "text"
SECTION = "section"
REASONS = (DATES, SECTION, TEXT)
MAX_UNREAD = 200
_MAX_TEXT_LENGTH = 300
_NOT_LETTER = re.compile(r"[\W\d_]+")
_MIN_LETTERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLine:
    """A line that no value was taken from. `line` is its number from 1, `reason` one of REASONS."""

    line: int
    text: str
    section: str
    reason: str


def list_unread(
    *,
    sections: Sequence[Section],
    contact: Contact,
    summary: str | None,
    entry_lines: Iterable[int],
    undated: Mapping[int, Sequence[str]],
    skill_starts: Sequence[int],
) -> tuple[UnreadLine, ...]:
    """Return the unread lines in text order, at most MAX_UNREAD.

    `entry_lines` are the numbers of the lines that positions and studies were read from. `undated` has the names that
    positions without dates state, by the number of their first line. `skill_starts` are the sorted offsets of skills.
    """
    read = set(entry_lines)
    values = [_keep_letters(value) for value in _iterate_values(contact, summary)]
    found = []
    for section in sections:
        for line in section.lines:
            if not line.text or (len(_NOT_LETTER.sub("", line.text)) < _MIN_LETTERS and not find_dates(line.text)):
                continue
            reason = _find_reason(section, line, read, undated, values, skill_starts)
            if reason is not None:
                text = line.text[:_MAX_TEXT_LENGTH]
                found.append(UnreadLine(line=line.number + 1, text=text, section=section.kind, reason=reason))
                if len(found) == MAX_UNREAD:
                    return tuple(found)
    return tuple(found)


def _find_reason(  # noqa: PLR0917 - private, and called once
    section: Section,
    line: Line,
    read: set[int],
    undated: Mapping[int, Sequence[str]],
    values: Sequence[str],
    skill_starts: Sequence[int],
) -> str | None:
    if section.kind in {EXPERIENCE, EDUCATION}:
        if line.number in undated:
            return DATES if _has_unread_dates(line.text, undated[line.number]) else None
        return None if line.number in read else (DATES if find_dates(line.text) else TEXT)
    if section.kind == SUMMARY:
        return None
    letters = _keep_letters(line.text)
    if any(value and value in letters for value in values):
        return None
    if section.kind in {SKILLS, PROJECTS, OTHER} and _has_skill(line, skill_starts):
        return None if section.kind == SKILLS else SECTION
    if section.kind in {PROJECTS, OTHER}:
        return SECTION
    if section.kind == LANGUAGES:
        return None if parse_languages([line.text]) else TEXT
    is_read = section.kind == HEADER and any(letters in value for value in values)
    return None if is_read else TEXT


def _has_unread_dates(text: str, names: Sequence[str]) -> bool:
    """Return whether the head of a position without dates has text in the place of dates, besides its names."""
    for name in names:
        text = text.replace(name, "\t")
    return any(len(part) > _MIN_LETTERS and not is_note(part) for part in split_strong(text))


def _has_skill(line: Line, skill_starts: Sequence[int]) -> bool:
    position = bisect_right(skill_starts, line.start + len(line.text))
    return position > 0 and skill_starts[position - 1] >= line.start


def _iterate_values(contact: Contact, summary: str | None) -> Iterator[str]:
    for found in (contact.name, contact.email, contact.phone, contact.headline, contact.place, *contact.links):
        if found is not None:
            yield found.value.removeprefix("https://")
    if contact.place is not None:
        # A place is derived, so its line contains only the name of the city.
        yield contact.place.value.split(",")[0]
    if summary:
        yield summary


def _keep_letters(text: str) -> str:
    return _NOT_LETTER.sub("", text).casefold()
