"""Turn the segments of a document's pages into lines of text with their typography. Pure."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from accounts.resumes.files.columns import Column, group_rows, is_date, split_columns
from accounts.resumes.files.hyphenation import join_broken_email, join_hyphenated
from accounts.resumes.files.lines import Line
from accounts.resumes.files.segments import BULLET, Segment
from accounts.resumes.parsing.styles import LineStyle

# The usual distance between baselines, in em.
_LINE_HEIGHT = 1.2
_MAX_LINE_DISTANCE = 1.9
_HEADING_DISTANCE = 4.0
_MARGIN_LINES = 2
_MAX_DATE_LENGTH = 40
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|página|pagina|strona)?\s*\d{1,2}(?:\s*(?:/|of|von|de|sur|z)\s*\d{1,2})?", re.I
)
_OPEN_RANGE = re.compile(r"(?:[-–—−]|\b(?:to|until|bis|à|au|hasta|até|a|do))\s*$", re.IGNORECASE)
_RANGE_GOES_ON = re.compile(r"\s*(?:[-–—−]|(?:19|20)\d\d\b)")


def build_lines(pages: Sequence[Sequence[Segment]]) -> list[Line]:
    """Return the lines of all pages in reading order.

    If there are several pages, the columns beside the main text come after it, so that the main text is not interrupted
    at the end of a page.
    """
    body_size = _find_body_size(pages)
    lines, margins = list[Line](), list[Line]()
    first_page: list[Segment] = []
    for number, segments in enumerate(pages):
        visible = _drop_running_heads(segments, first_page, number)
        columns = split_columns(visible, body_size=body_size, has_margins=len(pages) > 1)
        for column in columns:
            built = _build_column(column, number, body_size)
            if any(column.is_beside(other) for other in columns):
                built = [replace(line, is_beside=True) for line in built]
            (margins if column.is_margin else lines).extend(built)
    return lines + margins


def _find_body_size(pages: Sequence[Sequence[Segment]]) -> float:
    """Return the font size of most letters."""
    sizes: Counter[float] = Counter()
    for segments in pages:
        for segment in segments:
            sizes[round(segment.size * 2) / 2] += len(segment.text)
    return sizes.most_common(1)[0][0] if sizes else 1.0


def _drop_running_heads(segments: Sequence[Segment], first_page: list[Segment], page: int) -> list[Segment]:
    """Drop page numbers, and from later pages the headers and footers that are on the first page.

    `first_page` collects the first and last lines of the first page.
    """
    rows = group_rows(segments)
    dropped: set[int] = set()
    for row in (*rows[:_MARGIN_LINES], *rows[-_MARGIN_LINES:]):
        first = row[0]
        text = " ".join(segment.text for segment in row)
        is_number = row in (rows[0], rows[-1]) and _PAGE_NUMBER.fullmatch(text) is not None
        is_repeated = page > 0 and any(_is_same_place(first, other) for other in first_page)
        if is_number or is_repeated:
            dropped.update(id(segment) for segment in row)
        elif not page and _is_apart(row, rows):
            first_page.append(first)
    return [segment for segment in segments if id(segment) not in dropped]


def _is_same_place(segment: Segment, other: Segment) -> bool:
    def normalize(text: str) -> str:
        return re.sub(r"\d+", "0", text.casefold())

    is_near = abs(segment.baseline - other.baseline) < 1 and abs(segment.left - other.left) < 1
    return is_near and normalize(segment.text) == normalize(other.text)


def _is_apart(row: Sequence[Segment], rows: Sequence[Sequence[Segment]]) -> bool:
    """Return whether a row has more space below or above than the lines of a paragraph."""
    distances = [abs(other[0].baseline - row[0].baseline) for other in rows if other is not row]
    return min(distances, default=math.inf) > _MAX_LINE_DISTANCE * row[0].size


def _build_column(column: Column, page: int, body_size: float) -> list[Line]:
    rows = _raise_centered_dates(_join_wrapped_dates(group_rows(column.segments)))
    rows = _split_off_side_headings(rows, body_size)
    left = min(row[0].left for row in rows)
    lines: list[Line] = []
    previous: float | None = None
    words = {word.casefold() for row in rows for segment in row for word in re.findall(r"\w+(?:-\w+)*", segment.text)}
    for row in rows:
        size, baseline = max(segment.size for segment in row), row[0].baseline
        gap = 0.0 if previous is None else max(0.0, (baseline - previous) / (_LINE_HEIGHT * size) - 1)
        # The typography of the title, which dates can precede.
        main = next((segment for segment in row if not is_date(segment.text)), row[0])
        style = LineStyle(
            size=round(main.size / body_size, 2),
            bold=main.bold,
            indent=round((row[0].left - left) / body_size, 1),
            gap=round(gap, 1),
            page=page,
        )
        previous = baseline
        text = "\t".join(segment.text for segment in row)
        if lines and gap < _MAX_LINE_DISTANCE and not text.startswith(BULLET):
            joined = join_hyphenated(lines[-1].text, text, words=words)
            if joined is not None:
                lines[-1].text, text = joined
            elif (email := join_broken_email(lines[-1].text, text)) is not None:
                lines[-1].text, text = email, ""
        if text:
            lines.append(Line(text, style))
    return lines


def _join_wrapped_dates(rows: list[list[Segment]]) -> list[list[Segment]]:
    """Join a range of dates that goes on in the next row of a narrow column, as in "Jan 2022 –" above "Present"."""
    for row, following in pairwise(rows):
        # The second of three lines may have become empty.
        if len(row) < 2 or not following:
            continue
        for segment in (row[0], row[-1]):
            below = next(
                (other for other in following if other.left < segment.right and other.right > segment.left), None
            )
            if below is None or not is_date(segment.text):
                continue
            distance = below.baseline - segment.baseline
            is_open = _OPEN_RANGE.search(segment.text) is not None or re.search(r"[-–—−]\s*[^\W\d_]+\.?$", segment.text)
            goes_on = re.fullmatch(r"(?:19|20)\d\d|.{0,12}(?:19|20)\d\d", below.text) or is_date(below.text)
            if distance < _MAX_LINE_DISTANCE * segment.size and (
                (is_open and goes_on and len(below.text) <= 20) or _RANGE_GOES_ON.fullmatch(below.text)
            ):
                segment.text = f"{segment.text} {below.text}"
                following.remove(below)
    return [row for row in rows if row]


def _raise_centered_dates(rows: list[list[Segment]]) -> list[list[Segment]]:
    """Move dates that are centered beside their entry to the entry's first row.

    Such dates are in a narrow left column, beside the entry's bullets or between two of its rows.
    """
    alone: list[list[Segment]] = []
    for index, row in enumerate(rows):
        date = row[0]
        edge = _find_column_edge(rows, index)
        if edge is None or not is_date(date.text) or len(date.text) > _MAX_DATE_LENGTH:
            continue
        start = index
        while start and rows[start - 1][0].left > edge - 0.5 * date.size:
            start -= 1
        is_inside = len(row) > 1 and row[1].text.startswith(BULLET)
        is_between = len(row) == 1 and _is_interleaved(rows[index - 1 : index + 2])
        if start < index and (is_inside or is_between):
            gaps = [rows[position][0].baseline - _get_baseline(rows, position - 1) for position in range(start, index)]
            first = rows[start + gaps.index(max(gaps))]
            date.baseline = first[0].baseline
            first.insert(0, date)
            if is_inside:
                del row[0]
            else:
                alone.append(row)
    return [row for row in rows if not any(row is other for other in alone)]


def _find_column_edge(rows: Sequence[Sequence[Segment]], index: int) -> float | None:
    """Return where the column to the right of a row's first segment begins, judged by the rows around it."""
    around = [*rows[index][1:2], *(row[0] for row in (*rows[max(0, index - 1) : index], *rows[index + 1 : index + 2]))]
    return min((segment.left for segment in around if segment.left > rows[index][0].right), default=None)


def _is_interleaved(rows: Sequence[Sequence[Segment]]) -> bool:
    """Return whether the second of three rows is closer to its neighbors than lines of one column can be."""
    return len(rows) == 3 and rows[2][0].baseline - rows[0][0].baseline < 1.7 * _LINE_HEIGHT * rows[1][0].size


def _get_baseline(rows: Sequence[Sequence[Segment]], index: int) -> float:
    return rows[index][0].baseline if index >= 0 else -math.inf


def _split_off_side_headings(rows: Sequence[list[Segment]], body_size: float) -> list[list[Segment]]:
    """Put headings that are to the left of their sections on rows of their own."""
    headings: set[tuple[int, float, bool]] = set()
    for row, *following in zip(rows, rows[1:], rows[2:], strict=False):
        if _has_side_heading(row, body_size) and all(
            abs(other[0].left - row[1].left) < 3 * body_size for other in following
        ):
            headings.add(_describe_type(row[0]))
    result: list[list[Segment]] = []
    for row in rows:
        if _has_side_heading(row, body_size) and _describe_type(row[0]) in headings:
            result += [row[:1], row[1:]]
        else:
            result.append(row)
    return result


def _has_side_heading(row: Sequence[Segment], body_size: float) -> bool:
    """Return whether a row begins with text that is not a date or label and stands out from the text beside it."""
    if len(row) < 2 or is_date(row[0].text) or row[0].text.endswith(":"):
        return False
    first, second = row[:2]
    stands_out = first.bold > second.bold or first.size > 1.1 * second.size or first.text.isupper()
    return stands_out and second.left - first.left > _HEADING_DISTANCE * body_size


def _describe_type(segment: Segment) -> tuple[int, float, bool]:
    return round(segment.left), round(segment.size, 1), segment.bold
