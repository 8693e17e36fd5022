"""Find the columns of a page and put its segments in reading order, from their places only. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from accounts.resumes.files.segments import BULLET, Segment

# Distances are in em of the body text, and shares are of the rows of a column.
_MIN_GUTTER = 0.7
_MIN_COLUMN_ROWS = 3
_ROW_TOLERANCE = 0.35
_MAX_DEPTH = 6
_MAX_EDGES = 100
_MIN_ALIGNED = 0.7
_MIN_DATED = 0.4
_MIN_LEFT_DATED = 0.6
_MIN_CELLS_ALIGNED = 0.9
# In characters. Two columns of longer rows are prose.
_MAX_CELL_LENGTH = 35
_HEADING_SIZE = 1.1
_MAX_LABEL_WIDTH = 0.45
_MAX_TABLE_ROWS = 12
# A column with less than this share of the other's width is a margin beside the main text.
_MAX_MARGIN_WIDTH = 0.75
_LARGE = 1.25
# Share of the height of the page's text.
_MAX_LETTERHEAD_HEIGHT = 0.4
_CONTACT_ROWS = 3
_MIN_COLUMN_SEGMENTS = 2 * _MIN_COLUMN_ROWS
_DATE = re.compile(
    r"(?:19|20)\d\d|['’]\d\d\b|\b\d{1,2}[./]\d{2,4}\b|\b(?:present|current|now|today|ongoing|heute|aujourd|actual|presente"
    r"|actualidad|atual|obecnie)",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"@|\+?\d[\d ()./-]{7,}")


@dataclass(slots=True)
class Column:
    """The segments of a column, or of a part of the page without columns.

    `is_margin` tells that the column stands beside the main text down to the end of the page.
    """

    segments: list[Segment]
    is_margin: bool = False

    def is_beside(self, other: "Column") -> bool:
        """Return whether both columns share some height, and one is to the left of the other."""
        left, top, right, bottom = self._measure()
        other_left, other_top, other_right, other_bottom = other._measure()
        return max(top, other_top) < min(bottom, other_bottom) and (right < other_left or other_right < left)

    def _measure(self) -> tuple[float, float, float, float]:
        """Return the left edge, the first baseline, the right edge and the last baseline."""
        segments = self.segments
        baselines = [segment.baseline for segment in segments]
        left, right = min(segment.left for segment in segments), max(segment.right for segment in segments)
        return left, min(baselines), right, max(baselines)


def split_columns(segments: Sequence[Segment], *, body_size: float, has_margins: bool, depth: int = 0) -> list[Column]:
    """Return the columns of a page in reading order.

    Dates and places beside entries, and labels beside values, are not columns of their own. If `has_margins` is false,
    no column is marked as a margin.
    """
    if not segments:
        return []
    split = _find_columns(segments, body_size) if depth < _MAX_DEPTH else None
    if split is None:
        return [Column(list(segments))]
    above, left, right, below = split
    start, *columns, end = (
        split_columns(part, body_size=body_size, has_margins=False, depth=depth + 1) for part in split
    )
    is_right_first = _starts_resume(right, above, left, body_size) and not _starts_resume(left, above, right, body_size)
    first, second = reversed(columns) if is_right_first else columns
    margin = _choose_margin(left, right, columns) if not below and depth == 0 else None
    if margin is None:
        return [*start, *first, *second, *end]
    main = right if margin is left else left
    main_columns, margin_columns = reversed(columns) if margin is left else columns
    if _is_letterhead(margin, main):
        bottom = margin[-1].baseline + body_size
        beside, rest = [[each for each in main if (each.baseline > bottom) == is_below] for is_below in (False, True)]
        return [
            *start,
            Column(beside),
            *margin_columns,
            *split_columns(rest, body_size=body_size, has_margins=False, depth=depth + 1),
        ]
    if not has_margins:
        return [*start, *first, *second, *end]
    if _starts_resume(margin, above, main, body_size):
        # The main text is last on the page, so that it can go on on the next page.
        return [*start, *margin_columns, *main_columns]
    return [*start, *main_columns, *(Column(column.segments, is_margin=True) for column in margin_columns)]


def group_rows(segments: Iterable[Segment]) -> list[list[Segment]]:
    """Return the rows from top to bottom, each from left to right."""
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda segment: (segment.baseline, segment.left)):
        if rows:
            first = rows[-1][0]
            if segment.baseline - first.baseline <= _ROW_TOLERANCE * min(segment.size, first.size):
                rows[-1].append(segment)
                continue
        rows.append([segment])
    return [sorted(row, key=lambda segment: segment.left) for row in rows]


def is_date(text: str) -> bool:
    """Return whether a text contains a year, a date or a word for today."""
    return _DATE.search(text) is not None


Split = tuple[list[Segment], list[Segment], list[Segment], list[Segment]]


def _find_columns(segments: Sequence[Segment], body_size: float) -> Split | None:
    """Return the segments above, left of, right of and below the tallest gutter between two columns."""
    ordered = sorted(segments, key=lambda segment: segment.baseline)
    leftmost = min(segment.left for segment in segments)
    edges = sorted({round(segment.left, 1) for segment in segments if segment.left > leftmost + 3 * body_size})
    best: tuple[float, Split] | None = None
    for edge in edges[:_MAX_EDGES]:
        for start, end in _find_runs(ordered, edge, gutter=_MIN_GUTTER * body_size):
            if end - start < _MIN_COLUMN_SEGMENTS:
                continue
            left = [segment for segment in ordered[start:end] if segment.left < edge - 0.1]
            right = [segment for segment in ordered[start:end] if segment.left >= edge - 0.1]
            if not right or min(segment.left for segment in right) > edge + 1:
                continue
            height = _measure_columns(left, right, body_size)
            if height and (best is None or height > best[0]):
                best = height, (ordered[:start], left, right, ordered[end:])
    return best[1] if best is not None else None


def _find_runs(ordered: Sequence[Segment], edge: float, *, gutter: float) -> list[tuple[int, int]]:
    """Return the ranges of consecutive segments of which none crosses the gutter to the left of `edge`."""
    crossing = [segment.baseline for segment in ordered if segment.left < edge - 0.1 and segment.right > edge - gutter]
    runs, start = [], 0
    for index, segment in enumerate(ordered):
        # The other segments in the row of a crossing segment do not belong to a column either.
        position = bisect_left(crossing, segment.baseline - _ROW_TOLERANCE * segment.size)
        if position < len(crossing) and crossing[position] <= segment.baseline + _ROW_TOLERANCE * segment.size:
            if index > start:
                runs.append((start, index))
            start = index + 1
    if len(ordered) > start:
        runs.append((start, len(ordered)))
    return runs


def _measure_columns(left: Sequence[Segment], right: Sequence[Segment], body_size: float) -> float:
    """Return the height that two columns share, or 0 if the segments are not two columns."""
    if not left or not right:
        return 0.0
    height = min(left[-1].baseline, right[-1].baseline) - max(left[0].baseline, right[0].baseline)
    if height < body_size:
        return 0.0
    left_rows, right_rows = group_rows(left), group_rows(right)
    if min(len(left_rows), len(right_rows)) < _MIN_COLUMN_ROWS or _is_table(left_rows, right_rows):
        return 0.0
    return height


def _is_table(left: Sequence[Sequence[Segment]], right: Sequence[Sequence[Segment]]) -> bool:
    """Return whether each row on one side belongs to the row beside it on the other side."""
    # The rows above the table, such as the name, are often as narrow as its left side.
    top = right[0][0].baseline - right[0][0].size
    left = [row for row in left if row[0].baseline > top] or left
    aligned_left = [row for row in left if _has_row_beside(row, right)]
    aligned_right = [row for row in right if _has_row_beside(row, left)]
    # A column of its own has headings of its own. Bold text alone can be a place beside a bold employer.
    left_headings, right_headings = (
        [row for row in _list_headings(side) if _is_large(row, side)] for side in (left, right)
    )
    has_headings = any(not is_date(row[0].text) for row in right_headings)
    if any(_has_row_beside(row, right_headings) for row in left_headings):
        return False
    if len(aligned_right) >= _MIN_ALIGNED * len(right) and (
        (_count_dates(right) >= _MIN_DATED * len(right) and not has_headings) or _is_flush_right(right)
    ):
        return True
    if aligned_left and _count_dates(aligned_left) >= _MIN_LEFT_DATED * len(aligned_left) and _dates_are_narrow(left):
        return True
    if min(_measure_length(left), _measure_length(right)) > _MAX_CELL_LENGTH:
        return False
    if len(aligned_right) >= _MIN_CELLS_ALIGNED * len(right) and not has_headings:
        return True
    # Headings of sections may be above the labels.
    headings = _list_headings(left)
    labels = [row for row in left if row not in headings]
    aligned_labels = [row for row in labels if row in aligned_left]
    return (
        len(labels) > 1
        and len(aligned_labels) >= _MIN_CELLS_ALIGNED * len(labels)
        and len(labels) <= len(right)
        and (len(labels) <= _MAX_TABLE_ROWS or len(labels) * 2 < len(right) or _are_repeated(labels))
        and _measure_width(left) < _MAX_LABEL_WIDTH * (_measure_width(left) + _measure_width(right))
        and not any(row[0].text.startswith(BULLET) for row in left)
    )


def _are_repeated(rows: Sequence[Sequence[Segment]]) -> bool:
    """Return whether rows have the same few texts again and again."""
    return len({row[0].text for row in rows}) * 2 <= len(rows)


def _measure_length(rows: Sequence[Sequence[Segment]]) -> float:
    """Return the usual number of characters in a row."""
    return median(sum(len(segment.text) for segment in row) for row in rows)


def _list_headings(rows: Sequence[Sequence[Segment]]) -> list[Sequence[Segment]]:
    """Return the rows that are larger or bolder than the others, or in capitals, unless most rows are."""
    size = median(row[0].size for row in rows)
    headings = [
        row
        for row in rows
        if row[0].bold or row[0].size > _HEADING_SIZE * size or (row[0].text.isupper() and len(row[0].text) > 4)
    ]
    return headings if len(headings) * 2 <= len(rows) else []


def _is_large(row: Sequence[Segment], rows: Sequence[Sequence[Segment]]) -> bool:
    first = row[0]
    is_capitals = first.text.isupper() and len(first.text) > 4
    return is_capitals or first.size > _HEADING_SIZE * median(other[0].size for other in rows)


def _dates_are_narrow(left: Sequence[Sequence[Segment]]) -> bool:
    return max(len(row[0].text) for row in left if is_date(row[0].text)) <= 30


def _has_row_beside(row: Sequence[Segment], others: Sequence[Sequence[Segment]]) -> bool:
    baseline, size = row[0].baseline, row[0].size
    return any(abs(other[0].baseline - baseline) <= _ROW_TOLERANCE * min(size, other[0].size) for other in others)


def _count_dates(rows: Iterable[Sequence[Segment]]) -> int:
    return sum(is_date(" ".join(segment.text for segment in row)) for row in rows)


def _is_flush_right(rows: Sequence[Sequence[Segment]]) -> bool:
    rights = [row[-1].right for row in rows]
    lefts = [row[0].left for row in rows]
    size = rows[0][0].size
    return max(rights) - min(rights) < 0.5 * size and max(lefts) - min(lefts) > size


def _measure_width(rows: Sequence[Sequence[Segment]]) -> float:
    return max(row[-1].right for row in rows) - min(row[0].left for row in rows)


def _choose_margin(
    left: list[Segment], right: list[Segment], columns: Sequence[Sequence[Column]]
) -> list[Segment] | None:
    """Return the column that is a margin beside the other, or None if the columns are equally wide.

    `columns` are the columns that each side consists of.
    """
    left_width, right_width = (max(_measure_width(group_rows(column.segments)) for column in side) for side in columns)
    if min(left_width, right_width) >= _MAX_MARGIN_WIDTH * max(left_width, right_width):
        return None
    return left if left_width < right_width else right


def _is_letterhead(margin: Sequence[Segment], main: Sequence[Segment]) -> bool:
    """Return whether the margin only holds contact details beside the name."""
    is_short = margin[-1].baseline - main[0].baseline < _MAX_LETTERHEAD_HEIGHT * (main[-1].baseline - main[0].baseline)
    text = " ".join(segment.text for segment in margin)
    return is_short and _CONTACT.search(text) is not None and not _list_headings(group_rows(margin))


def _starts_resume(
    column: Sequence[Segment], above: Sequence[Segment], other: Sequence[Segment], body_size: float
) -> bool:
    """Return whether a column holds the name, or begins with contact details if no column holds the name."""
    sizes = [max((segment.size for segment in part), default=0.0) for part in (column, other, above)]
    if max(sizes) >= _LARGE * body_size and sizes[2] < max(sizes):
        return sizes[0] > _HEADING_SIZE * sizes[1]
    first = group_rows(column)[:_CONTACT_ROWS]
    return _CONTACT.search(" ".join(segment.text for row in first for segment in row)) is not None
