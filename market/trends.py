"""Compute market trends over windows of daily stats: skills, places, pay, and changes over time. Pure.

A window of N days ends today. The previous window is the N days before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.samples import EMPTY_SAMPLE, Sample, build_counted_sample, compute_design_effect

# With fewer postings in a window, a difference from another window is noise.
MIN_POSTINGS_TO_COMPARE = 20
# If one window has more than this many times the postings of the other, the two are not comparable: more roles or
# places were collected, or nothing ran on some days. A skill's count can then grow while its share falls.
MAX_RATIO_TO_COMPARE = 2
# 95% of a normal distribution lies within this many standard deviations.
_Z = 1.959963984540054
MAX_WINDOW_DAYS = 365
MAX_SKILLS = 50
MAX_LOCATIONS = 30

Counts = NDArray[np.int64]


class Interval(NamedTuple):
    """A confidence interval, in percent."""

    low: float
    high: float


def compute_percentage(part: int, whole: int) -> float:
    """Return `part` of `whole` in percent, rounded to one decimal. Returns 0.0 if `whole` is 0."""
    return round(100 * part / whole, 1) if whole else 0.0


def compute_wilson_interval(*, count: int, of: int, design_effect: float = 1.0) -> Interval:
    """Compute the 95% Wilson score interval of a share, in percent with one decimal.

    With a design effect above 1 (see `market.samples`), the interval is that of the effective sample size, `of` divided
    by the design effect. Returns 0 to 100 if `of` is 0.
    """
    if not of:
        return Interval(0.0, 100.0)
    low, high = _compute_wilson_bounds(count, of, design_effect)
    return Interval(round(100 * low, 1), round(100 * high, 1))


def _compute_wilson_bounds(count: int, of: int, design_effect: float) -> tuple[float, float]:
    """Return the bounds of the Wilson score interval, 0 to 1. `of` must not be 0."""
    # After a merge of skills, the counts of closed days can exceed the number of postings.
    share, size = min(count / of, 1.0), of / design_effect
    center = share + _Z * _Z / (2 * size)
    spread = _Z * sqrt(share * (1 - share) / size + _Z * _Z / (4 * size * size))
    shrink = 1 + _Z * _Z / size
    # The bounds are exactly 0 or 1 if none or all count, which floating point would miss.
    low = 0.0 if count == 0 else (center - spread) / shrink
    high = 1.0 if count >= of else (center + spread) / shrink
    return low, high


RISING, FALLING, UNCLEAR = TRENDS = ("rising", "falling", "unclear")


class Comparison(NamedTuple):
    """A count compared with the previous window. All fields are None if either window has too few distinct postings.

    `growth_percentage` is the growth of the count. It is None if the windows are not comparable (see
    `MAX_RATIO_TO_COMPARE`) or the previous count is 0. `change_in_points` is the change of the share, and
    `change_interval` its 95% confidence interval. `trend` is unclear if the interval contains 0.
    """

    previous_count: int | None = None
    previous_percentage: float | None = None
    change_in_points: float | None = None
    growth_percentage: float | None = None
    change_interval: Interval | None = None
    trend: str | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return self._asdict() | {"change_interval": self.change_interval and self.change_interval._asdict()}


def compare_counts(
    *,
    count: int,
    postings: int,
    previous: int,
    postings_before: int,
    design_effect: float = 1.0,
    design_effect_before: float = 1.0,
) -> Comparison:
    """Compare a window's count with the count of the previous window. `postings` are distinct postings."""
    fewer, more = sorted((postings, postings_before))
    if fewer < MIN_POSTINGS_TO_COMPARE:
        return Comparison()
    previous_percentage = compute_percentage(previous, postings_before)
    # Growth is undefined for a skill that was in no posting before.
    has_growth = more <= MAX_RATIO_TO_COMPARE * fewer and previous > 0
    low, high = _compute_change_bounds(
        count, postings, previous, postings_before, (design_effect, design_effect_before)
    )
    return Comparison(
        previous_count=previous,
        previous_percentage=previous_percentage,
        # Computed from the rounded shares, so that the three published numbers are consistent.
        change_in_points=round(compute_percentage(count, postings) - previous_percentage, 1),
        growth_percentage=compute_percentage(count - previous, previous) if has_growth else None,
        change_interval=Interval(round(100 * low, 1), round(100 * high, 1)),
        trend=RISING if low > 0 else FALLING if high < 0 else UNCLEAR,
    )


def _compute_change_bounds(
    count: int, postings: int, previous: int, postings_before: int, design_effects: tuple[float, float]
) -> tuple[float, float]:
    """Return the 95% interval of the difference of two shares, -1 to 1.

    Combines the Wilson intervals of both shares (R. G. Newcombe, "Interval estimation for the difference between
    independent proportions", Statistics in Medicine 17, 1998, method 10).
    """
    share, before = min(count / postings, 1.0), min(previous / postings_before, 1.0)
    low, high = _compute_wilson_bounds(count, postings, design_effects[0])
    low_before, high_before = _compute_wilson_bounds(previous, postings_before, design_effects[1])
    change = share - before
    return (
        change - sqrt((share - low) ** 2 + (high_before - before) ** 2),
        change + sqrt((high - share) ** 2 + (before - low_before) ** 2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """The stored stats of one day. `names` and `counts` are parallel. Salaries are in USD per year.

    `jobs` is None if the day was closed by a release that did not tell copies apart. `employer_*` are packed
    as in `market.samples`.
    """

    day: date
    postings: int
    remote: int
    on_site: int
    jobs: int | None = None
    employer_keys: bytes = b""
    employer_jobs: bytes = b""
    skill_names: Sequence[str] = ()
    skill_counts: Sequence[int] = ()
    technology_names: Sequence[str] = ()
    technology_counts: Sequence[int] = ()
    place_names: Sequence[str] = ()
    place_counts: Sequence[int] = ()
    salary_places: Sequence[str] = ()
    salary_minimums: Sequence[int] = ()
    salary_maximums: Sequence[int] = ()


def get_distinct_postings(record: DayRecord) -> int:
    """Return the number of a day's distinct postings. If it is not stored, each posting counts."""
    return record.postings if record.jobs is None else record.jobs


def build_window_samples(records_by_age: Mapping[int, DayRecord], max_days: int) -> list[tuple[Sample, float]]:
    """Return, for each N up to `max_days`, the sample of the last N days and the design effect of the N days before.

    Moves both windows along the days, so that memory does not grow with days times employers.
    """
    keys = np.unique(np.frombuffer(b"".join(record.employer_keys for record in records_by_age.values()), "<u8"))
    current, before = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    jobs, approximate_before = 0, None
    samples = [(EMPTY_SAMPLE, 1.0)]

    def add_day(window: Counts, age: int, sign: int = 1) -> None:
        if age in records_by_age:
            record = records_by_age[age]
            columns = np.searchsorted(keys, np.frombuffer(record.employer_keys, "<u8"))
            window[columns] += sign * np.frombuffer(record.employer_jobs, "<u4").astype(np.int64)

    for days in range(1, max_days + 1):
        oldest = records_by_age.get(days - 1)
        add_day(current, days - 1)
        if days > 1:
            add_day(before, days - 1, -1)
            add_day(before, 2 * days - 2)
        add_day(before, 2 * days - 1)
        if oldest:
            jobs += get_distinct_postings(oldest)
            if oldest.jobs is None and approximate_before is None:
                approximate_before = oldest.day + timedelta(days=1)
        sample = build_counted_sample(
            distinct_jobs=jobs,
            jobs_by_employer=current if current.any() or not jobs else None,
            approximate_before=approximate_before,
        )
        samples.append((sample, compute_design_effect(before)))
    return samples


def build_trending_responses(
    records: Iterable[DayRecord], *, today: date, windows: Iterable[int], generated_at: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (days, response) for each window. Lists have the maximum length that clients can request.

    `records` should cover the last 2 x max(windows) days, in any order. Other days are ignored. Counts are summed
    cumulatively once, so each window needs only one subtraction per number.
    """
    windows = list(windows)
    depth = 2 * max(windows)
    records_by_age = {age: record for record in records if 0 <= (age := (today - record.day).days) < depth}
    totals = _Totals.from_records(records_by_age, depth, build_window_samples(records_by_age, max(windows)))
    covered_days = max(records_by_age, default=0) + 1
    build_response = cache(partial(_build_response, totals, generated_at))
    for days in windows:
        # All windows that contain every record have the same content and an empty previous window.
        yield days, build_response(min(days, covered_days)) | {"window_days": days}


@dataclass(frozen=True, slots=True)
class _Table:
    """Cumulative counts by name. Row N has the counts of the last N days."""

    names: list[str]
    sums: Counts

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, Sequence[str], Sequence[int] | Counts]], depth: int) -> "_Table":
        rows = list(rows)
        # Sorted by name, so that a stable sort by count breaks ties by name.
        names = sorted({name for _, row_names, _ in rows for name in row_names})
        column = {name: index for index, name in enumerate(names)}
        counts = np.zeros((depth + 1, len(names)), dtype=np.int64)
        for age, row_names, row_counts in rows:
            # `add.at`, because a name can occur more than once in a row.
            np.add.at(counts[age + 1], [column[name] for name in row_names], row_counts)
        return cls(names, counts.cumsum(axis=0))

    def get_counts(self, days: int) -> Counts:
        """Return the counts of the last `days` days."""
        row: Counts = self.sums[days]
        return row

    def get_counts_before(self, days: int) -> Counts:
        """Return the counts of the previous window: the `days` days before the last `days` days."""
        row: Counts = self.sums[2 * days] - self.sums[days]
        return row

    def find_top_columns(self, days: int, limit: int) -> Counts:
        """Return the columns with the highest nonzero counts in the window, ties by name."""
        counts = self.get_counts(days)
        order = np.argsort(-counts, kind="stable")[:limit]
        columns: Counts = order[counts[order] > 0]
        return columns


@dataclass(frozen=True, slots=True)
class _Totals:
    """Cumulative stats. A window is one row, and the previous window is the difference of two rows."""

    # Row N: postings, remote postings, on-site postings and distinct postings of the last N days.
    postings: Counts
    # Item N: the sample of the last N days, and the design effect of the N days before them.
    samples: list[tuple[Sample, float]]
    skills: _Table
    technologies: _Table
    places: _Table
    salary_counts: _Table
    salary_minimums: Counts
    salary_maximums: Counts
    midpoints: NDArray[np.float64]  # newest day first
    midpoint_ends: Counts  # row N: number of midpoints of the last N days

    @classmethod
    def from_records(
        cls, records_by_age: Mapping[int, DayRecord], depth: int, samples: list[tuple[Sample, float]]
    ) -> "_Totals":
        by_age = sorted(records_by_age.items())
        postings = np.zeros((depth + 1, 4), dtype=np.int64)
        midpoint_ends = np.zeros(depth + 1, dtype=np.int64)
        midpoints = []
        for age, record in by_age:
            postings[age + 1] += (record.postings, record.remote, record.on_site, get_distinct_postings(record))
            midpoint_ends[age + 1] += len(record.salary_places)
            low, high = np.array(record.salary_minimums), np.array(record.salary_maximums)
            midpoints.append((low + high) / 2)
        ones = [(age, r.salary_places, np.ones(len(r.salary_places), dtype=np.int64)) for age, r in by_age]
        return cls(
            postings=postings.cumsum(axis=0),
            samples=samples,
            skills=_Table.from_rows(((age, r.skill_names, r.skill_counts) for age, r in by_age), depth),
            technologies=_Table.from_rows(((age, r.technology_names, r.technology_counts) for age, r in by_age), depth),
            places=_Table.from_rows(((age, r.place_names, r.place_counts) for age, r in by_age), depth),
            salary_counts=_Table.from_rows(ones, depth),
            salary_minimums=_Table.from_rows(((a, r.salary_places, r.salary_minimums) for a, r in by_age), depth).sums,
            salary_maximums=_Table.from_rows(((a, r.salary_places, r.salary_maximums) for a, r in by_age), depth).sums,
            midpoints=np.concatenate(midpoints) if midpoints else np.zeros(0),
            midpoint_ends=midpoint_ends.cumsum(),
        )


def _build_response(totals: _Totals, generated_at: str, days: int) -> dict[str, Any]:
    postings, remote, on_site, _ = totals.postings[days].tolist()
    return {
        "top_skills": _build_skill_rows(totals, days),
        "top_locations": _build_count_rows(totals.places, days, "location", MAX_LOCATIONS),
        "technology_trends": _build_count_rows(totals.technologies, days, "technology", MAX_SKILLS),
        "salary_trends": _build_salary_rows(totals, days),
        "salary_quartiles": _compute_quartiles(totals.midpoints[: totals.midpoint_ends[days]]),
        "remote_distribution": [{"remote": True, "count": remote}, {"remote": False, "count": on_site}],
        "remote_unknown": postings - remote - on_site,
        "total_jobs_analyzed": postings,
        **totals.samples[days][0].as_fields(),
        "generated_at": generated_at,
    }


def _build_count_rows(table: _Table, days: int, label: str, limit: int) -> list[dict[str, Any]]:
    top = table.find_top_columns(days, limit)
    counts = table.get_counts(days)[top].tolist()
    return [{label: table.names[column], "count": count} for column, count in zip(top.tolist(), counts, strict=True)]


def _build_skill_rows(totals: _Totals, days: int) -> list[dict[str, Any]]:
    table = totals.skills
    top = table.find_top_columns(days, MAX_SKILLS)
    counts, earlier = table.get_counts(days)[top].tolist(), table.get_counts_before(days)[top].tolist()
    jobs = int(totals.postings[days][3])
    before = int(totals.postings[2 * days][3]) - jobs
    sample, effect_before = totals.samples[days]
    return [
        {
            "skill": table.names[column],
            "count": count,
            "percentage": compute_percentage(count, jobs),
            **compare_counts(
                count=count,
                postings=jobs,
                previous=previous,
                postings_before=before,
                design_effect=sample.design_effect,
                design_effect_before=effect_before,
            ).as_fields(),
        }
        for column, count, previous in zip(top.tolist(), counts, earlier, strict=True)
    ]


def _build_salary_rows(totals: _Totals, days: int) -> list[dict[str, Any]]:
    table = totals.salary_counts
    top = table.find_top_columns(days, MAX_LOCATIONS)
    sums = (table.get_counts(days), totals.salary_minimums[days], totals.salary_maximums[days])
    return [
        {
            "location": table.names[column],
            "avg_min": round(low / count),
            "avg_max": round(high / count),
            "count": count,
        }
        for column, count, low, high in zip(
            top.tolist(), *(column_sums[top].tolist() for column_sums in sums), strict=True
        )
    ]


def _compute_quartiles(midpoints: NDArray[np.float64]) -> dict[str, int | None]:
    """Compute the quartiles of salary midpoints with linear interpolation (Hyndman and Fan, type 7)."""
    if not len(midpoints):
        return {"lower": None, "median": None, "upper": None, "sample_size": 0}
    lower, median, upper = np.quantile(midpoints, (0.25, 0.5, 0.75))
    return {
        "lower": round(float(lower)),
        "median": round(float(median)),
        "upper": round(float(upper)),
        "sample_size": len(midpoints),
    }
