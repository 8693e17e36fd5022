"""Compute daily stats from postings, and pack a role's postings into a stats row. Pure.

A role's row stores its postings as packed integers without any text. Decoding the skill names of a window costs more
than everything computed from them. Rows therefore also store a 64-bit key per skill, and names are looked up only for
the skills that are shown. All integers are little-endian:

    skill_keys       8 bytes  one key per entry of `skill_names`, in the same order
    skill_tallies    4 bytes  the count of each skill
    posting_sizes    4 bytes  the number of skills of each posting
    posting_skills   2 bytes  the skills of each posting, concatenated, as indexes into `skill_names`
    posting_pay      4 bytes  the minimum plus the maximum pay of each posting, USD per year; 0 without a usable salary

`posting_skills` uses 4 bytes per entry in a row with more than 65,536 skills.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.name_keys import compute_name_key

# A salary outside these bounds (USD per year) is probably an hourly rate, a typing error or clickbait.
MIN_SALARY_USD = 5_000
MAX_SALARY_USD = 2_000_000

# The posting fields that `PostingCounts.add` and `add_to_role` read.
COUNTED_FIELDS = (
    "skills",
    "skills_source",
    "place",
    "remote",
    "roles",
    "company_key",
    "copy_of",
    "min_annual_salary_usd",
    "max_annual_salary_usd",
)

PACKED_COUNTS = ("skill_keys", "skill_tallies")
PACKED_POSTINGS = ("posting_sizes", "posting_skills", "posting_pay")

# The distinct skills of a posting, and the sum of its minimum and maximum pay (0 without a usable salary).
SkillsAndPay = tuple[tuple[str, ...], int]


def day_start(day: date) -> datetime:
    """Return the UTC midnight of a day, which is how days are stored."""
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PostingSets:
    """The distinct skills of each posting in a list, in compressed sparse row form.

    Arrays make it possible to traverse a window of 100,000 postings in milliseconds.

    Posting N has the skills `keys[columns[starts[N] : starts[N + 1]]]`, and `keys` is ascending. `salaries` holds the
    sum of the minimum and maximum pay per posting in USD per year, 0 without a usable salary.
    """

    keys: NDArray[np.uint64]
    columns: NDArray[np.uint32]
    starts: NDArray[np.int64]
    salaries: NDArray[np.uint32]

    @classmethod
    def from_postings(cls, postings: Iterable[tuple[Collection[str], int]]) -> "PostingSets":
        """Build the sets from each posting's skill names and its sum of minimum and maximum pay."""
        rows = [(sorted({compute_name_key(name) for name in names}), pay) for names, pay in postings]
        keys, columns = np.unique(np.array(list(chain.from_iterable(row for row, _ in rows)), np.uint64), False, True)
        return cls(
            keys=keys,
            columns=columns.astype(np.uint32),
            starts=compute_starts(np.array([len(row) for row, _ in rows], np.int64)),
            salaries=np.array([pay for _, pay in rows], np.uint32),
        )

    @property
    def postings(self) -> int:
        return len(self.salaries)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of skills of each posting."""
        return np.diff(self.starts)

    @property
    def size_in_bytes(self) -> int:
        return self.keys.nbytes + self.columns.nbytes + self.starts.nbytes + self.salaries.nbytes

    def find_columns(self, names: Sequence[str]) -> NDArray[np.intp]:
        """Return the index of each canonical name in `keys`, or -1 if no posting has the skill."""
        keys = np.array([compute_name_key(name) for name in names], np.uint64)
        if not len(self.keys):
            return np.full(len(keys), -1)
        columns = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[columns] == keys, columns, -1)

    def count_among(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Return how many of the given skills each posting has."""
        is_counted = np.zeros(len(self.keys), dtype=bool)
        columns = self.find_columns(list(names))
        is_counted[columns[columns >= 0]] = True
        # Cumulative sums over all mentions, because `reduceat` cannot handle a posting without skills.
        running = np.zeros(len(self.columns) + 1, dtype=np.int64)
        np.cumsum(is_counted[self.columns], out=running[1:])
        return np.diff(running[self.starts])

    def build_presence(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return a matrix with one row per name and one column per posting, True if the posting has the skill."""
        rows = np.full(len(self.keys), len(names), dtype=np.uint32)
        columns = self.find_columns(names)
        rows[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
        row_of_mention = rows[self.columns]
        mentions = np.flatnonzero(row_of_mention < len(names))
        posting_of_mention = np.repeat(np.arange(self.postings), self.sizes)
        present = np.zeros(len(names) * self.postings, dtype=bool)
        present[row_of_mention[mentions].astype(np.int64) * self.postings + posting_of_mention[mentions]] = True
        return present.reshape(len(names), self.postings)


def compute_starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the start offset of each part of a concatenation, followed by the end of the last part."""
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


@dataclass(slots=True)
class PostingCounts:
    """Counts over a set of postings. A posting counts once per skill, even if it repeats the skill.

    Copies of an earlier posting count in `postings`, `remote`, `on_site` and `places` only. `jobs` is the number of
    distinct postings, and `employers` has their number by employer.

    `salaries` has one (place, minimum, maximum) per distinct posting with a usable salary, in USD per year.
    `skill_sets` has one entry per distinct posting. Only `add_to_role` fills it, because no analysis walks the postings
    of the whole market.
    """

    postings: int = 0
    remote: int = 0
    on_site: int = 0
    jobs: int = 0
    employers: Counter[str] = field(default_factory=Counter)
    skills: Counter[str] = field(default_factory=Counter)
    technologies: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    salaries: list[tuple[str, int, int]] = field(default_factory=list)
    skill_sets: list[SkillsAndPay] = field(default_factory=list)

    def add(self, posting: Mapping[str, Any]) -> None:
        """Count one stored posting.

        Its skills count as technologies only if they come from the source's own slugs, not from the posting's text.
        """
        self.postings += 1
        remote = posting.get("remote")
        if remote is True:
            self.remote += 1
        elif remote is False:
            self.on_site += 1
        place = posting["place"]
        self.places[place] += 1
        if posting.get("copy_of"):
            return
        self.jobs += 1
        self.employers[posting.get("company_key") or ""] += 1
        skills = set(posting.get("skills", ()))
        self.skills.update(skills)
        if posting.get("skills_source") == "slugs":
            self.technologies.update(skills)
        salary = get_usable_salary(posting)
        if salary:
            self.salaries.append((place, *salary))

    def add_to_role(self, posting: Mapping[str, Any]) -> None:
        """Count one posting of a role and append its skills and pay to `skill_sets`, unless it is a copy."""
        self.add(posting)
        if posting.get("copy_of"):
            return
        self.skill_sets.append((tuple(set(posting.get("skills", ()))), sum(get_usable_salary(posting) or ())))


def get_usable_salary(posting: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return a posting's minimum and maximum pay in USD per year.

    Returns None if either is missing or out of bounds, or if the minimum exceeds the maximum.
    """
    low, high = posting.get("min_annual_salary_usd"), posting.get("max_annual_salary_usd")
    if low is None or high is None or not MIN_SALARY_USD <= low <= high <= MAX_SALARY_USD:
        return None
    return low, high


def count_by_scope(postings: Iterable[Mapping[str, Any]], *, market: str) -> dict[str, PostingCounts]:
    """Count all postings under the scope `market`, and each role's postings under the role's name."""
    scopes: defaultdict[str, PostingCounts] = defaultdict(PostingCounts)
    for posting in postings:
        scopes[market].add(posting)
        for role in posting.get("roles", ()):
            if role != market:  # a role with that name would be counted twice in the market's stats
                scopes[role].add_to_role(posting)
    return dict(scopes)


def pack_postings(*, postings: Sequence[SkillsAndPay], names: Sequence[str], counts: Sequence[int]) -> dict[str, bytes]:
    """Return the packed fields of a row with these `skill_names` and `skill_counts`.

    The result depends only on the set of postings, not on their order.
    """
    index_by_name = {name: index for index, name in enumerate(names)}
    # Sorted because MongoDB returns postings in no particular order.
    rows = sorted((sorted(index_by_name[name] for name in skills), pay) for skills, pay in postings)
    indexes = np.fromiter((index for row, _ in rows for index in row), dtype=_get_index_type(len(names)))
    return {
        "skill_keys": np.array([compute_name_key(name) for name in names], "<u8").tobytes(),
        "skill_tallies": np.array(counts, "<u4").tobytes(),
        "posting_sizes": np.array([len(row) for row, _ in rows], "<u4").tobytes(),
        "posting_skills": indexes.tobytes(),
        "posting_pay": np.array([pay for _, pay in rows], "<u4").tobytes(),
    }


def sum_counts(rows: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Sum the skill counts of several rows.

    Returns the distinct skill keys in ascending order, their counts, and for each skill of each row its index among
    the keys.
    """
    keys, columns = np.unique(_join_field(rows, "skill_keys", "<u8"), return_inverse=True)
    counts = np.bincount(columns, weights=_join_field(rows, "skill_tallies", "<u4"), minlength=len(keys))
    return keys, counts.astype(np.int64), columns


def sum_counts_by_key(rows: Sequence[Mapping[str, Any]], *, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Sum the counts of the given keys only. `keys` must be in ascending order."""
    row_keys = _join_field(rows, "skill_keys", "<u8")
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    indexes = np.minimum(np.searchsorted(keys, row_keys), len(keys) - 1)
    weights = np.where(keys[indexes] == row_keys, _join_field(rows, "skill_tallies", "<u4"), 0)
    return np.bincount(indexes, weights=weights, minlength=len(keys)).astype(np.int64)


def unpack_postings(
    rows: Sequence[Mapping[str, Any]], *, keys: NDArray[np.uint64], columns: NDArray[np.int64]
) -> PostingSets:
    """Unpack the postings of several rows. `keys` and `columns` come from `sum_counts` of the same rows."""
    widths = [len(row["skill_keys"]) // 8 for row in rows]
    indexes = [
        np.frombuffer(row["posting_skills"], _get_index_type(width)) for row, width in zip(rows, widths, strict=True)
    ]
    row_starts = compute_starts(np.array(widths, np.int64))[:-1]
    shifts = np.repeat(row_starts, [len(row_indexes) for row_indexes in indexes])
    mentions = np.concatenate(indexes).astype(np.int64) + shifts if indexes else shifts
    return PostingSets(
        keys=keys,
        columns=columns.astype(np.uint32)[mentions],
        starts=compute_starts(_join_field(rows, "posting_sizes", "<u4").astype(np.int64)),
        salaries=_join_field(rows, "posting_pay", "<u4"),
    )


def unpack_names(row: Mapping[str, Any]) -> list[SkillsAndPay]:
    """Return a row's postings with their skill names and pay: the inverse of `pack_postings`."""
    names = row["skill_names"]
    indexes = np.frombuffer(row["posting_skills"], _get_index_type(len(names))).tolist()
    ends = np.cumsum(np.frombuffer(row["posting_sizes"], "<u4")).tolist()
    pays = np.frombuffer(row["posting_pay"], "<u4").tolist()
    starts = [0, *ends[:-1]]
    return [
        (tuple(names[index] for index in indexes[start:end]), pay)
        for start, end, pay in zip(starts, ends, pays, strict=True)
    ]


def _join_field(rows: Sequence[Mapping[str, Any]], field: str, dtype: str) -> NDArray[Any]:
    return np.frombuffer(b"".join(row[field] for row in rows), dtype)


def _get_index_type(name_count: int) -> str:
    return "<u2" if name_count <= 65_536 else "<u4"
