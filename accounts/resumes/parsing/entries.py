"""Split the lines of a section into entries: the dates, the lines of the head, and the body. Pure.

Dates mark an entry. The lines of the head stand above and below the dates, mostly alike in all entries of a resume. A
head without dates that resembles the others begins an entry without dates, so no text moves to another entry.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.resumes.parsing.anchors import EntryDates, find_entry_dates, has_head_shape
from accounts.resumes.parsing.dates import Span
from accounts.resumes.parsing.heads import HeadLine, describe_head_line, has_field_label, is_label
from accounts.resumes.parsing.lines import Line, get_bullet, is_prominent, strip_bullet
from accounts.resumes.parsing.organizations import has_legal_form

_EMAIL = re.compile(r"\S@\S+\.")
_MAX_HEAD_LENGTH = 120
_MAX_HEAD_LINES = 3
_MAX_WORDS = 14
_MAX_WORDS_BELOW = 8
_CERTAIN = 0.8
# An entry may begin up to two years from now, such as a signed contract.
_MAX_YEARS_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a section. `head` are its lines without the dates; `date_line` is the index of the dates' line in it.

    `head_numbers` are the numbers of the lines of the head.
    `span` is None if the entry states no dates that are understood.
    """

    span: Span | None
    head: tuple[str, ...]
    head_numbers: tuple[int, ...]
    date_line: int
    body: tuple[Line, ...]
    first_line: Line

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the lines of the entry."""
        end = self.body[-1].number if self.body else self.first_line.number + len(self.head) - 1
        return tuple(range(self.first_line.number, end + 1))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line with what the split needs to know about it. `text` has no bullet if bullets mark the heads."""

    line: Line
    text: str
    is_bullet: bool
    dates: EntryDates | None
    is_head: bool

    @property
    def head_text(self) -> str:
        """The text without the entry's dates."""
        return self.dates.rest if self.dates is not None else self.text


class _Head:
    """The rows of one head, and the names that they state."""

    def __init__(self, rows: Sequence[_Row], anchor: int | None) -> None:
        self.rows = rows
        self.anchor = anchor
        self.first = self.last = anchor if anchor is not None else -1
        self.names = 0
        self.has_title = False
        if anchor is not None:
            self._count(rows[anchor])

    def _count(self, row: _Row) -> None:
        found = describe_head_line(row.head_text)
        self.names += found.names
        self.has_title = self.has_title or found.title >= _CERTAIN

    def include(self, index: int) -> None:
        """Add the row at this index, which is next to the rows of the head."""
        self.first, self.last = min(self.first, index), max(self.last, index)
        self._count(self.rows[index])

    def include_bullet(self, index: int) -> None:
        """Add the bullet below dates without names, which states the position."""
        self.last = index
        found = describe_head_line(strip_bullet(self.rows[index].text))
        self.names += found.names
        self.has_title = found.title >= _CERTAIN

    @property
    def is_complete(self) -> bool:
        """Whether the head names a position and an employer."""
        return self.has_title and self.names > 1

    def misses(self, found: HeadLine) -> bool:
        """Return whether a line adds what the head still lacks."""
        if self.is_complete:
            return False
        return self.names < 2 or found.title >= _CERTAIN


def split_entries(lines: Sequence[Line], *, now: date, limit: int) -> list[Entry]:
    """Return the first entries of a section in text order. An entry must not begin more than two years after `now`."""
    rows = _build_rows(lines, now, limit)
    heads = list(_attach_dates(list(_find_heads(rows, limit)), rows))
    entries = []
    for number, (first, last, anchor) in enumerate(heads[:limit]):
        end = heads[number + 1][0] if number + 1 < len(heads) else len(rows)
        head_rows = [row for row in rows[first : last + 1] if row.text]
        dates = rows[anchor].dates if anchor is not None else None
        entries.append(
            Entry(
                span=dates.span if dates is not None else None,
                head=tuple(strip_bullet(row.head_text) for row in head_rows),
                head_numbers=tuple(row.line.number for row in head_rows),
                date_line=len(rows[first:anchor]) if anchor is not None else len(head_rows),
                body=tuple(rows[index].line for index in range(last + 1, end) if index != anchor),
                first_line=rows[first].line,
            )
        )
    return entries


def _build_rows(lines: Sequence[Line], now: date, limit: int) -> list[_Row]:
    """Return the rows of the lines, up to the line with twice as many dates as there can be entries."""
    head_bullet = _find_head_bullet(lines)
    rows: list[_Row] = []
    dated = 0
    for line in lines:
        rows.append(_build_row(line, head_bullet, now))
        dated += rows[-1].dates is not None
        if dated > 2 * limit:
            break
    return rows


def _build_row(line: Line, head_bullet: str | None, now: date) -> _Row:
    bullet = get_bullet(line.text)
    is_bullet = bullet is not None and (bullet != head_bullet or line.indent > 0)
    text = strip_bullet(line.text) if bullet is not None and not is_bullet else line.text
    dates = find_entry_dates(text) if text and not is_bullet else None
    if dates is not None and dates.span.since.year > now.year + _MAX_YEARS_AHEAD:
        dates = None
    return _Row(line, text, is_bullet, dates, bool(text) and not is_bullet and _is_head_text(text))


def _find_head_bullet(lines: Sequence[Line]) -> str | None:
    """Return the bullet that marks the heads of entries, or None if bullets mark only the text below the heads."""
    first = next((line.text for line in lines if line.text), "")
    bullet = get_bullet(first) if first else None
    if bullet is None:
        return None
    texts = [line.text for line in lines if line.text]
    marked = [index for index, text in enumerate(texts) if get_bullet(text) == bullet]
    dated = 0
    for index in marked:
        below = texts[index + 1 : index + 2]
        dated += find_entry_dates(strip_bullet(texts[index])) is not None or any(
            get_bullet(text) is None and find_entry_dates(text) is not None for text in below
        )
    return bullet if dated > len(marked) / 2 else None


def _is_head_text(text: str) -> bool:
    """Return whether a line can name a position or company, as opposed to running text."""
    if len(text) > _MAX_HEAD_LENGTH or _EMAIL.search(text) or is_label(text):
        return False
    if has_field_label(text):
        return True
    found = describe_head_line(text)
    if text.endswith((".", ";", ":", ",")) and not has_legal_form(text) and not found.is_note:
        return False
    if text[0].islower() and found.title < _CERTAIN:
        return False
    return len(text.split()) <= _MAX_WORDS and has_head_shape(text)


def _find_heads(rows: Sequence[_Row], limit: int) -> Iterator[tuple[int, int, int | None]]:
    """Yield the first and last row of each head, and the row of its dates."""
    anchors = [index for index, row in enumerate(rows) if row.dates is not None and _is_anchor(rows, index)]
    lines_above: int | None = None
    previous_end = 0
    count = 0
    heads = []
    for anchor in anchors[: limit + 1]:
        if anchor < previous_end:
            continue
        head = _Head(rows, anchor)
        _extend_up(head, previous_end, lines_above)
        if lines_above is None:
            lines_above = sum(not describe_head_line(row.text).is_note for row in rows[head.first : anchor] if row.text)
        heads.append(head)
        following = next((index for index in anchors if index > anchor), len(rows))
        is_dated_below = head.names == 0 and any(
            _find_undated_heads(rows, previous_end, anchor, is_start=not heads[1:])
        )
        if not is_dated_below:
            _extend_down(head, _find_limit_below(rows, following, lines_above, head))
        previous_end = head.last + 1
        count += 1
    end = heads[0].first if heads else len(rows)
    yield from _find_undated_heads(rows, 0, end, is_start=True)
    for number, head in enumerate(heads):
        yield head.first, head.last, head.anchor
        end = heads[number + 1].first if number + 1 < len(heads) else len(rows)
        yield from _find_undated_heads(rows, head.last + 1, end, is_start=False)


def _attach_dates(
    heads: Sequence[tuple[int, int, int | None]], rows: Sequence[_Row]
) -> Iterator[tuple[int, int, int | None]]:
    """Yield the heads, with dates below the text of an entry attached to the head above that text."""
    index = 0
    while index < len(heads):
        first, last, anchor = heads[index]
        following = heads[index + 1] if index + 1 < len(heads) else None
        is_bare = following is not None and following[2] is not None and _is_bare(rows[following[0] : following[1] + 1])
        if anchor is None and following is not None and is_bare:
            yield first, last, following[2]
            index += 2
            continue
        yield first, last, anchor
        index += 1


def _is_bare(rows: Sequence[_Row]) -> bool:
    """Return whether the rows of a head contain dates and notes, but no names."""
    return all(not row.head_text or describe_head_line(row.head_text).is_note for row in rows)


def _is_anchor(rows: Sequence[_Row], index: int) -> bool:
    """Return whether dates begin an entry. A single date does so only beside a title or employer."""
    row = rows[index]
    if row.dates is None or row.dates.span.is_range:
        return row.dates is not None
    nearby = [row.dates.rest, *(rows[i].text for i in (index - 1, index + 1) if 0 <= i < len(rows) and rows[i].is_head)]
    found = [describe_head_line(text) for text in nearby if text]
    return any(line.title >= _CERTAIN for line in found) or has_legal_form(row.dates.rest)


def _extend_up(head: _Head, start: int, lines_above: int | None) -> None:
    """Add the lines above the dates. `lines_above` is their number in the first entry."""
    rows, index = head.rows, head.first - 1
    if (
        index > start
        and not rows[index].text
        and not head.is_complete
        and not head.has_title
        and rows[index - 1].is_head
    ):
        # The title may be above a blank line.
        index -= 1
    run = index
    while run >= start and rows[run].is_head and rows[run].dates is None:
        run -= 1
    is_paragraph = run < 0 or not rows[run].text
    left = _MAX_HEAD_LINES if lines_above is None or (is_paragraph and index - run <= _MAX_HEAD_LINES) else lines_above
    taken = []
    while index > run and left > 0:
        found = describe_head_line(rows[index].text)
        if found.is_note:
            # Places and durations appear in a head, but not at its top.
            taken.append(index)
            index -= 1
            continue
        if not head.misses(found) or _continues_bullet(rows, index, lines_above):
            break
        for position in [*taken, index]:
            head.include(position)
        taken = []
        left -= 1
        index -= 1


def _continues_bullet(rows: Sequence[_Row], index: int, lines_above: int | None) -> bool:
    """Return whether a line is the rest of the bullet above, as its indentation or the bullet's length shows."""
    if index == 0 or not rows[index - 1].text:
        return False
    above, line = rows[index - 1], rows[index].line
    if above.line.style is not None and line.style is not None and above.is_bullet:
        return line.style.indent > 0.5 and not line.style.bold
    if not above.is_bullet or lines_above:
        return False
    longest = max(len(row.text) for row in rows)
    first_word = line.text.split(maxsplit=1)[0]
    return len(above.text) + 1 + len(first_word) > longest


def _find_limit_below(rows: Sequence[_Row], following: int, lines_above: int, head: _Head) -> int:
    """Return the end of the rows that can belong to a head, so that the head of the following entry keeps its rows."""
    if following == len(rows) or not lines_above:
        return following
    probe = _Head(rows, following)
    _extend_up(probe, head.last + 1, lines_above)
    return probe.first


def _extend_down(head: _Head, end: int) -> None:
    """Add the lines below the dates that name what the lines above do not, and the places among them."""
    rows, index = head.rows, head.last + 1
    if head.names == 0 and index + 1 < end and not rows[index].text and rows[index + 1].is_head:
        index += 1
    if head.names == 0 and index < end and rows[index].is_bullet:
        found = describe_head_line(strip_bullet(rows[index].text))
        if found.title >= _CERTAIN or found.names > 1:
            head.include_bullet(index)
        return
    while index < end and rows[index].is_head and rows[index].dates is None:
        found = describe_head_line(rows[index].text)
        is_short = len(rows[index].text.split()) <= _MAX_WORDS_BELOW
        if not (found.is_note or (is_short and found.names and head.misses(found) and not found.is_department)):
            break
        head.include(index)
        index += 1


def _find_undated_heads(
    rows: Sequence[_Row], start: int, end: int, *, is_start: bool
) -> Iterator[tuple[int, int, None]]:
    """Yield the heads without dates in a body: a title and an employer, set apart from the text above."""
    has_blanks = any(not row.text for row in rows[start:end])
    index = start
    while index < end:
        row = rows[index]
        is_apart = (
            (index == 0 and is_start)
            or (index > 0 and not rows[index - 1].text)
            or (is_prominent(row.line) or (not has_blanks and index > 0 and rows[index - 1].is_bullet))
        )
        if (
            not row.text
            or not row.is_head
            or not is_apart
            or (index == start and not is_start and rows[index - 1].text)
        ):
            index += 1
            continue
        last = index
        while last + 1 < end and last - index < _MAX_HEAD_LINES - 1 and rows[last + 1].is_head:
            last += 1
        found = [describe_head_line(each.text) for each in rows[index : last + 1]]
        if (
            any(line.title >= _CERTAIN for line in found)
            and sum(line.names for line in found) > 1
            and not all(line.is_note for line in found)
        ):
            yield index, last, None
        index = last + 1
