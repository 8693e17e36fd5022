"""Identify the title and employer of each position in an experience section. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounts.resumes.parsing.dates import Span
from accounts.resumes.parsing.entries import Entry, split_entries
from accounts.resumes.parsing.heads import remove_field_label
from accounts.resumes.parsing.lines import Line, get_bullet, strip_bullet
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.organizations import has_legal_form, is_department, is_unit, score_company
from accounts.resumes.parsing.pieces import (
    is_employment_type,
    is_noise,
    remove_place,
    split_commas,
    split_strong,
    strip_edges,
)
from accounts.resumes.parsing.values import FoundValue

MAX_POSITIONS = 50
_MAX_HIGHLIGHTS = 50
_MAX_PARTS = 6
_MAX_SEGMENTS = 5
_CERTAIN = 0.8
# Scores of a name in the place that other entries of the section have it in.
_ORDER_BONUS = 0.12
_UNKNOWN_TITLE = 0.2
_AT = re.compile(r"(?P<title>[^|•·\t]{2,80}?)\s*(?:\s(?:at|bei|chez)\s|\s?@\s?)(?P<company>[A-ZÀ-Þ\d][^|•·\t]*)\Z")
# Prepositions that are also part of titles, so they count only if the head names no employer otherwise.
_IN = re.compile(r"(?P<title>[^|•·\t]{2,80}?)\s(?:en|em|na|no|in|chez)\s(?P<company>[A-ZÀ-Þ\d][^|•·\t]*)\Z")
_NOTE_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]{2,40})[)\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One entry of the experience section. `title` and `company` are None if they cannot be identified.

    `span` is None if the entry states no dates that are understood. `lines` are the numbers of the lines that
    the position was read from.
    """

    title: FoundValue | None
    company: FoundValue | None
    span: Span | None
    summary: str
    highlights: tuple[str, ...]
    confidence: float
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a head between two gaps, and the index of its line in the head."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """A way to read a head. `title_at` and `company_at` are the places of the two names in the head, for comparison."""

    title: str | None
    company: str | None
    title_at: tuple[int, int]
    company_at: tuple[int, int]
    title_score: float
    company_score: float

    @property
    def score(self) -> float:
        return self.title_score + self.company_score


@dataclass(frozen=True, slots=True)
class _ReadEntry:
    """An entry and the best reading of its head."""

    entry: Entry
    reading: _Reading | None
    names: int


def parse_positions(lines: Sequence[Line], *, now: date) -> list[Position]:
    """Return the positions of a section in text order."""
    # Read one entry more than the maximum, because an entry ends where the next one begins.
    entries = split_entries(lines, now=now, limit=MAX_POSITIONS + 1)
    is_title_first = _find_order(entries)
    read = [_read_entry(entry, is_title_first) for entry in entries]
    return [_build_position(*item) for item in _share_companies(read)][:MAX_POSITIONS]


def _find_order(entries: Sequence[Entry]) -> bool | None:
    """Return whether titles stand before employers in the entries whose names are certain, or None if both occur."""
    votes = 0
    for entry in entries:
        reading = _read_head(entry.head, None)
        if reading is not None and reading.title_score >= _CERTAIN and reading.company is not None:
            votes += 1 if reading.title_at < reading.company_at else -1
    return None if votes == 0 else votes > 0


def _read_entry(entry: Entry, is_title_first: bool | None) -> _ReadEntry:
    return _ReadEntry(entry, _read_head(entry.head, is_title_first), len(_split_parts(entry.head)))


def _split_parts(head: Sequence[str]) -> list[_Part]:
    parts = []
    for number, line in enumerate(head):
        for text in split_strong(remove_field_label(line)):
            bare = remove_place(_remove_notes(text))
            if bare and not is_noise(bare):
                parts.append(_Part(bare, number))
    return parts[:_MAX_PARTS]


def _remove_notes(text: str) -> str:
    """Remove brackets that hold a place, a duration or a form of employment, or that follow a legal form."""
    bare = _NOTE_IN_BRACKETS.sub("", text)
    if bare != text and has_legal_form(bare):
        return bare
    return _NOTE_IN_BRACKETS.sub(
        lambda match: "" if is_noise(match[1]) or is_employment_type(match[1]) else match[0], text
    )


def _read_head(head: Sequence[str], is_title_first: bool | None) -> _Reading | None:
    """Return the most likely reading of a head, or None if it names nothing."""
    for number, line in enumerate(head):
        at = _AT.match(line)
        if at is not None and score_title(at["title"]) >= 0.35:
            company = remove_place(_remove_notes(strip_edges(at["company"])))
            if company and not is_noise(company):
                return _Reading(strip_edges(at["title"]), company, (number, 0), (number, 1), 0.9, 0.9)
    parts = _split_parts(head)
    readings = list(_iterate_readings(parts))
    if not readings:
        return None
    # `max` returns the first of equal readings, and titles before employers are generated first.
    best = max(readings, key=lambda reading: reading.score + _get_order_bonus(reading, is_title_first))
    return (_split_in(parts) or best) if len(parts) == 1 and None in {best.title, best.company} else best


def _split_in(parts: Sequence[_Part]) -> _Reading | None:
    """Return the title and employer of a head such as "Ingeniero de software en Banco del Valle"."""
    match = _IN.match(parts[0].text)
    if match is None or score_title(match["title"]) < _CERTAIN or score_company(match["company"]) < 0.4:
        return None
    if is_noise(match["company"]) or is_department(match["company"]):
        return None
    return _Reading(match["title"], match["company"], (0, 0), (0, 1), 0.9, 0.39)


def _get_order_bonus(reading: _Reading, is_title_first: bool | None) -> float:
    if is_title_first is None or reading.title is None or reading.company is None:
        return 0.0
    return _ORDER_BONUS if (reading.title_at < reading.company_at) == is_title_first else 0.0


def _iterate_readings(parts: Sequence[_Part]) -> Iterator[_Reading]:
    """Yield every way to take one part, or some of its segments between commas, as title and another as employer."""
    for index, part in enumerate(parts):
        segments = split_commas(part.text)[:_MAX_SEGMENTS]
        if len(segments) > 2 and all(is_unit(segment) for segment in segments[1:-1]):
            yield _build_reading(segments[:1], segments[-1:], (index, 0), (index, len(segments) - 1))
        for cut in range(1, len(segments)):
            left, right = segments[:cut], segments[cut:]
            yield _build_reading(left, right, (index, 0), (index, cut))
            yield _build_reading(right, left, (index, cut), (index, 0))
        for other_index, other in enumerate(parts):
            if other_index == index:
                continue
            other_segments = split_commas(other.text)[:_MAX_SEGMENTS]
            yield _build_reading(segments, other_segments, (index, 0), (other_index, 0))
            if len(other_segments) > 1:
                yield _build_reading(segments, other_segments[:1], (index, 0), (other_index, 0))
        yield _build_reading(segments, None, (index, 0), (index, 0))
        yield _build_reading(None, segments, (index, 0), (index, 0))


def _build_reading(
    title: Sequence[str] | None, company: Sequence[str] | None, title_at: tuple[int, int], company_at: tuple[int, int]
) -> _Reading:
    company = _cut_at_legal_form(company) if company else None
    title_score = _score_title(title) if title else 0.0
    company_score = _score_company(company) if company else 0.0
    if title and company and title_score < _UNKNOWN_TITLE:
        title_score = _UNKNOWN_TITLE
    return _Reading(
        ", ".join(title) if title else None,
        ", ".join(company) if company else None,
        title_at,
        company_at,
        title_score,
        company_score,
    )


def _cut_at_legal_form(segments: Sequence[str]) -> Sequence[str]:
    """Return the segments up to a legal form, without an unknown place after it: "Adler GmbH, Esslingen"."""
    end = next((index for index, segment in enumerate(segments) if has_legal_form(segment)), len(segments) - 1)
    return segments[: end + 1]


def _score_title(segments: Sequence[str]) -> float:
    """Return the score of a title. The head noun is in its first segment: "Director, Data Platforms"."""
    score = score_title(segments[0])
    for segment in segments[1:]:
        if is_department(segment):
            continue
        score -= 0.35 if score_company(segment) >= 0.7 or score_title(segment) >= _CERTAIN else 0.1
    if segments[0][0].islower():
        score -= 0.1
    return max(0.0, score)


def _score_company(segments: Sequence[str]) -> float:
    score = score_company(segments[-1] if has_legal_form(segments[-1]) else segments[0])
    if len(segments) > 1:
        score -= 0.05 if has_legal_form(segments[-1]) else 0.3
    if all(is_department(segment) for segment in segments):
        # "VP, Engineering" names no employer.
        return -0.2
    title_score = max(score_title(segment) for segment in segments)
    return max(0.01, score - 0.25 * title_score)


def _share_companies(entries: Sequence[_ReadEntry]) -> Iterator[tuple[_ReadEntry, FoundValue | None]]:
    """Yield each position with its employer.

    An employer above the line of the dates, or on a line with dates that include those of the following roles, is also
    the employer of the following entries that name only a title.
    """
    shared: FoundValue | None = None
    for number, item in enumerate(entries):
        reading, following = item.reading, entries[number + 1] if number + 1 < len(entries) else None
        if reading is None:
            shared = None
            yield item, None
            continue
        if reading.company is None and reading.title_score >= 0.35 and shared is not None:
            yield item, shared
            continue
        company = _rate_company(item, reading)
        if _is_employer_of_next(item, following):
            shared = company
            continue
        is_above = reading.company is not None and _get_line(item.entry, reading.company) < item.entry.date_line
        shared = replace(company, confidence=min(0.8, company.confidence)) if company is not None and is_above else None
        yield item, company


def _is_employer_of_next(item: _ReadEntry, following: _ReadEntry | None) -> bool:
    """Return whether an entry is only the line of an employer, with the dates of all roles below it."""
    if (
        following is None
        or following.reading is None
        or item.reading is None
        or any(line.text for line in item.entry.body)
    ):
        return False
    is_bare = item.reading.title is None or (
        item.reading.company is not None and item.reading.title_score <= _UNKNOWN_TITLE
    )
    span, next_span = item.entry.span, following.entry.span
    if not is_bare or following.reading.company is not None or span is None or next_span is None:
        return False
    starts_later = next_span.since.in_months >= span.since.in_months - 6
    return starts_later and (
        span.until is None or (next_span.until is not None and next_span.until.year <= span.until.year)
    )


def _get_line(entry: Entry, name: str) -> int:
    first = name.partition(",")[0]
    return next((number for number, line in enumerate(entry.head) if first in line), len(entry.head))


def _rate_company(item: _ReadEntry, reading: _Reading) -> FoundValue | None:
    if reading.company is None:
        return None
    if reading.company_score >= 0.65:
        confidence = 0.9 if reading.title_score >= _CERTAIN else 0.75
    elif reading.title_score >= _CERTAIN:
        confidence = 0.82 if item.names <= 2 and reading.company_score >= 0.4 else 0.6
    else:
        confidence = 0.4
    return FoundValue(reading.company, confidence)


def _rate_title(reading: _Reading) -> FoundValue | None:
    if reading.title is None or not reading.title_score:
        return None
    if reading.title_score >= _CERTAIN:
        return FoundValue(reading.title, 0.9)
    return FoundValue(reading.title, 0.6 if reading.title_score >= 0.4 else 0.4)


def _build_position(item: _ReadEntry, company: FoundValue | None) -> Position:
    title = _rate_title(item.reading) if item.reading is not None else None
    summary, highlights = parse_body([line.text for line in item.entry.body])
    confidences = [found.confidence for found in (title, company) if found is not None]
    dated = 1.0 if item.entry.span is not None else 0.8
    return Position(
        title=title,
        company=company,
        span=item.entry.span,
        summary=summary,
        highlights=highlights,
        confidence=round(dated * sum(confidences) / 2, 2),
        lines=_list_read_lines(item.entry, title, company),
    )


def _list_read_lines(entry: Entry, title: FoundValue | None, company: FoundValue | None) -> tuple[int, ...]:
    """Return the numbers of an entry's lines, without those of a dated head that state other names."""
    if entry.span is None or (title is None and company is None):
        return entry.numbers
    names = [segment for found in (title, company) if found is not None for segment in split_commas(found.value)]
    unread = {
        number
        for number, line in zip(entry.head_numbers, entry.head, strict=True)
        if _split_parts([line]) and not any(name in line for name in names)
    }
    return tuple(number for number in entry.numbers if number not in unread)


def parse_body(lines: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the running text and the bullets below a head. A bullet includes the lines that follow it.

    Text after the bullets starts a new line: it does not continue the text before them.
    """
    paragraphs: list[list[str]] = [[]]
    bullets: list[list[str]] = []
    in_bullet = False
    for line in lines:
        is_bullet = get_bullet(line) is not None
        if is_bullet:
            bullets.append([strip_bullet(line)])
            paragraphs.append([])
        elif in_bullet and line:
            bullets[-1].append(line)
        elif line:
            paragraphs[-1].append(line)
        in_bullet = bool(line) and (in_bullet or is_bullet)
    highlights = [" ".join(part for part in bullet if part) for bullet in bullets[:_MAX_HIGHLIGHTS]]
    running = "\n".join(" ".join(paragraph) for paragraph in paragraphs if paragraph)
    return running, tuple(highlight for highlight in highlights if highlight)
