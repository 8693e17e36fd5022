"""Windows over the daily stats: what is asked for, where, at what pay, and how that moved. Pure.

A window of N days ends with today and holds N days; the one before it holds the N days before those.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Below this many postings in a window, a change against another window is noise.
MIN_POSTINGS_TO_COMPARE = 20
# Windows of which one has more than so many times the other's postings were not collected alike: more roles or places,
# or days on which nothing ran. A count then grows with what is collected, while its share may fall.
MAX_RATIO_TO_COMPARE = 2
# Standard deviations that hold 95 % of a normal distribution.
_Z = 1.959963984540054
MAX_WINDOW_DAYS = 365
MAX_SKILLS = 50
MAX_LOCATIONS = 30

Counts = NDArray[np.int64]


class Interval(NamedTuple):
    """A confidence interval, in percent."""

    low: float
    high: float


def percentage(part: int, whole: int) -> float:
    """`part` of `whole` in percent, one decimal; 0.0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0


def wilson_interval(*, count: int, of: int) -> Interval:
    """Wilson's score interval of a share at 95 %, in percent with one decimal; the whole range of nothing."""
    if not of:
        return Interval(0.0, 100.0)
    share = count / of
    centre = share + _Z * _Z / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    shrink = 1 + _Z * _Z / of
    # The ends are exact where all or none count; floats would leave them beside it.
    low = 0.0 if count == 0 else (centre - spread) / shrink
    high = 1.0 if count == of else (centre + spread) / shrink
    return Interval(round(100 * low, 1), round(100 * high, 1))


class Comparison(NamedTuple):
    """A count against that of the window before; all is None where either window has too few postings.

    `growth_percentage` is of the count, and None where the windows were not collected alike or nothing was counted
    before. `change_in_points` is of the share.
    """

    previous_count: int | None = None
    previous_percentage: float | None = None
    change_in_points: float | None = None
    growth_percentage: float | None = None


def compare_counts(*, count: int, postings: int, previous: int, postings_before: int) -> Comparison:
    """Compare a count of a window's postings with that of the window before."""
    fewer, more = sorted((postings, postings_before))
    if fewer < MIN_POSTINGS_TO_COMPARE:
        return Comparison()
    previous_percentage = percentage(previous, postings_before)
    # A skill that was in no posting before has no rate of growth.
    is_growth = more <= MAX_RATIO_TO_COMPARE * fewer and previous > 0
    return Comparison(
        previous_count=previous,
        previous_percentage=previous_percentage,
        # Of the shares as they are shown, so that the three agree.
        change_in_points=round(percentage(count, postings) - previous_percentage, 1),
        growth_percentage=percentage(count - previous, previous) if is_growth else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """One day's stored stats; `names` and `counts` lists run in parallel, salaries are USD a year."""

    day: date
    postings: int
    remote: int
    on_site: int
    skill_names: Sequence[str] = ()
    skill_counts: Sequence[int] = ()
    technology_names: Sequence[str] = ()
    technology_counts: Sequence[int] = ()
    place_names: Sequence[str] = ()
    place_counts: Sequence[int] = ()
    salary_places: Sequence[str] = ()
    salary_minimums: Sequence[int] = ()
    salary_maximums: Sequence[int] = ()


def build_trending_responses(
    records: Iterable[DayRecord], *, today: date, windows: Iterable[int], generated_at: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (days, answer) for each window, with every list as long as a caller may ask for.

    `records` are those of the last 2 x max(windows) days, in any order; days outside are passed over. The counts of
    all days are summed up once, so that each window costs one subtraction a figure.
    """
    windows = list(windows)
    depth = 2 * max(windows)
    aged = [(age, record) for record in records if 0 <= (age := (today - record.day).days) < depth]
    totals = _Totals.of(aged, depth)
    whole = max((age for age, _ in aged), default=0) + 1
    answer = cache(partial(_build_response, totals, generated_at))
    for days in windows:
        # All windows that hold every record say the same, and nothing is before them.
        yield days, answer(min(days, whole)) | {"window_days": days}


@dataclass(frozen=True, slots=True)
class _Table:
    """Counts of names summed up over days: row N holds the counts of the last N days."""

    names: list[str]
    sums: Counts

    @classmethod
    def of(cls, rows: Iterable[tuple[int, Sequence[str], Sequence[int] | Counts]], depth: int) -> "_Table":
        rows = list(rows)
        # In order of the name, so that a stable sort by count breaks ties by name.
        names = sorted({name for _, row_names, _ in rows for name in row_names})
        column = {name: index for index, name in enumerate(names)}
        counts = np.zeros((depth + 1, len(names)), dtype=np.int64)
        for age, row_names, row_counts in rows:
            # `add.at` since a name may stand more than once in a row.
            np.add.at(counts[age + 1], [column[name] for name in row_names], row_counts)
        return cls(names, counts.cumsum(axis=0))

    def window(self, days: int) -> Counts:
        row: Counts = self.sums[days]
        return row

    def window_before(self, days: int) -> Counts:
        row: Counts = self.sums[2 * days] - self.sums[days]
        return row

    def top(self, days: int, limit: int) -> Counts:
        """Columns with a count in the window, highest first, then by name."""
        counts = self.window(days)
        order = np.argsort(-counts, kind="stable")[:limit]
        columns: Counts = order[counts[order] > 0]
        return columns


@dataclass(frozen=True, slots=True)
class _Totals:
    postings: Counts  # row N: postings, remote, on site of the last N days
    skills: _Table
    technologies: _Table
    places: _Table
    salary_counts: _Table
    salary_minimums: Counts
    salary_maximums: Counts
    midpoints: NDArray[np.float64]  # newest day first
    midpoint_ends: Counts  # row N: how many midpoints the last N days have

    @classmethod
    def of(cls, aged: list[tuple[int, DayRecord]], depth: int) -> "_Totals":
        aged = sorted(aged, key=lambda pair: pair[0])
        postings = np.zeros((depth + 1, 3), dtype=np.int64)
        midpoint_ends = np.zeros(depth + 1, dtype=np.int64)
        midpoints = []
        for age, record in aged:
            postings[age + 1] += (record.postings, record.remote, record.on_site)
            midpoint_ends[age + 1] += len(record.salary_places)
            low, high = np.array(record.salary_minimums), np.array(record.salary_maximums)
            midpoints.append((low + high) / 2)
        ones = [(age, r.salary_places, np.ones(len(r.salary_places), dtype=np.int64)) for age, r in aged]
        return cls(
            postings=postings.cumsum(axis=0),
            skills=_Table.of(((age, r.skill_names, r.skill_counts) for age, r in aged), depth),
            technologies=_Table.of(((age, r.technology_names, r.technology_counts) for age, r in aged), depth),
            places=_Table.of(((age, r.place_names, r.place_counts) for age, r in aged), depth),
            salary_counts=_Table.of(ones, depth),
            salary_minimums=_Table.of(((a, r.salary_places, r.salary_minimums) for a, r in aged), depth).sums,
            salary_maximums=_Table.of(((a, r.salary_places, r.salary_maximums) for a, r in aged), depth).sums,
            midpoints=np.concatenate(midpoints) if midpoints else np.zeros(0),
            midpoint_ends=midpoint_ends.cumsum(),
        )


def _build_response(totals: _Totals, generated_at: str, days: int) -> dict[str, Any]:
    postings, remote, on_site = totals.postings[days].tolist()
    before = int(totals.postings[2 * days][0]) - postings
    return {
        "top_skills": _skill_rows(totals.skills, days, postings, before),
        "top_locations": _rows(totals.places, days, "location", MAX_LOCATIONS),
        "technology_trends": _rows(totals.technologies, days, "technology", MAX_SKILLS),
        "salary_trends": _salary_rows(totals, days),
        "salary_quartiles": _quartiles(totals.midpoints[: totals.midpoint_ends[days]]),
        "remote_distribution": [{"remote": True, "count": remote}, {"remote": False, "count": on_site}],
        "remote_unknown": postings - remote - on_site,
        "total_jobs_analyzed": postings,
        "generated_at": generated_at,
    }


def _rows(table: _Table, days: int, label: str, limit: int) -> list[dict[str, Any]]:
    top = table.top(days, limit)
    counts = table.window(days)[top].tolist()
    return [{label: table.names[column], "count": count} for column, count in zip(top.tolist(), counts, strict=True)]


def _skill_rows(table: _Table, days: int, postings: int, before: int) -> list[dict[str, Any]]:
    top = table.top(days, MAX_SKILLS)
    counts, earlier = table.window(days)[top].tolist(), table.window_before(days)[top].tolist()
    return [
        {
            "skill": table.names[column],
            "count": count,
            "percentage": percentage(count, postings),
            **compare_counts(count=count, postings=postings, previous=previous, postings_before=before)._asdict(),
        }
        for column, count, previous in zip(top.tolist(), counts, earlier, strict=True)
    ]


def _salary_rows(totals: _Totals, days: int) -> list[dict[str, Any]]:
    table = totals.salary_counts
    top = table.top(days, MAX_LOCATIONS)
    sums = (table.window(days), totals.salary_minimums[days], totals.salary_maximums[days])
    return [
        {
            "location": table.names[column],
            "avg_min": round(low / count),
            "avg_max": round(high / count),
            "count": count,
        }
        for column, count, low, high in zip(top.tolist(), *(each[top].tolist() for each in sums), strict=True)
    ]


def _quartiles(midpoints: NDArray[np.float64]) -> dict[str, int | None]:
    """Quartiles of the middle of each posting's salary, interpolated linearly (Hyndman and Fan's type 7)."""
    if not len(midpoints):
        return {"lower": None, "median": None, "upper": None, "sample_size": 0}
    lower, median, upper = np.quantile(midpoints, (0.25, 0.5, 0.75))
    return {
        "lower": round(float(lower)),
        "median": round(float(median)),
        "upper": round(float(upper)),
        "sample_size": len(midpoints),
    }
