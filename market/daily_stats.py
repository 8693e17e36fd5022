"""A day's stats from its postings, and a role's postings as a row keeps them. Pure: callers read and store.

A role's postings are packed integers, without any text. Reading the names of a window's skills costs more than all
that is computed from them, so a row also has the skills' 64-bit keys, and only names that are shown are ever looked up.
All integers are little-endian:

    skill_keys       8 bytes  each of the row's `skill_names`, in their order
    skill_tallies    4 bytes  each skill's count
    posting_sizes    4 bytes  each posting's number of skills
    posting_skills   2 bytes  each posting's skills one after the other, as places in `skill_names`
    posting_pay      4 bytes  each posting's minimum plus maximum, USD a year; 0 without a usable salary

`posting_skills` take 4 bytes in a row of more than 65,536 skills.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A salary outside these bounds (USD a year) is an hourly rate, a typing error or a lure.
MIN_SALARY_USD = 5_000
MAX_SALARY_USD = 2_000_000

# What `Figures.add` reads of a posting.
COUNTED_FIELDS = (
    "skills",
    "skills_source",
    "place",
    "remote",
    "roles",
    "min_annual_salary_usd",
    "max_annual_salary_usd",
)

PACKED_COUNTS = ("skill_keys", "skill_tallies")
PACKED_POSTINGS = ("posting_sizes", "posting_skills", "posting_pay")

# The skills a posting names, each once, and the sum of both ends of its pay, 0 without.
SkillsAndPay = tuple[tuple[str, ...], int]


def day_start(day: date) -> datetime:
    """Return the UTC midnight of a day: how days are stored."""
    return datetime.combine(day, time(), UTC)


@lru_cache(maxsize=65_536)
def skill_key(name: str) -> int:
    """64 bits that depend on the canonical name alone: the same in every process, for good.

    Of 100,000 names two share a key with a chance of one in three billion.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PostingSets:
    """The skills of each posting, one posting after the other; a posting names a skill once.

    In arrays, so that a window of a hundred thousand postings is walked in milliseconds.

    Posting N has the skills `keys[columns[starts[N] : starts[N + 1]]]`; `keys` ascend. `salaries` holds for each
    posting the sum of both ends of its pay, USD a year, 0 where it has none.
    """

    keys: NDArray[np.uint64]
    columns: NDArray[np.uint32]
    starts: NDArray[np.int64]
    salaries: NDArray[np.uint32]

    @classmethod
    def of(cls, postings: Iterable[tuple[Collection[str], int]]) -> "PostingSets":
        """From the names and the sum of the pay of each posting."""
        rows = [(sorted({skill_key(name) for name in names}), pay) for names, pay in postings]
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
        """How many skills each posting names."""
        return np.diff(self.starts)

    @property
    def bytes_held(self) -> int:
        return self.keys.nbytes + self.columns.nbytes + self.starts.nbytes + self.salaries.nbytes

    def find_column(self, name: str) -> int | None:
        """The index in `keys` of a canonical name; None where no posting names it."""
        key = np.uint64(skill_key(name))
        column = int(np.searchsorted(self.keys, key))
        return column if column < len(self.keys) and self.keys[column] == key else None

    def count_among(self, names: Iterable[str]) -> NDArray[np.int64]:
        """How many of the names each posting names."""
        wanted = np.zeros(len(self.keys), dtype=bool)
        for name in names:
            column = self.find_column(name)
            if column is not None:
                wanted[column] = True
        # Sums up to each mention, since `reduceat` has no answer for a posting without skills.
        running = np.zeros(len(self.columns) + 1, dtype=np.int64)
        np.cumsum(wanted[self.columns], out=running[1:])
        return np.diff(running[self.starts])

    def presence(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """One row a name, one column a posting: whether the posting names it."""
        rows = np.full(len(self.keys), len(names), dtype=np.uint32)
        for row, name in enumerate(names):
            column = self.find_column(name)
            if column is not None:
                rows[column] = row
        row_of_mention = rows[self.columns]
        named = np.flatnonzero(row_of_mention < len(names))
        posting_of_mention = np.repeat(np.arange(self.postings), self.sizes)
        present = np.zeros(len(names) * self.postings, dtype=bool)
        present[row_of_mention[named].astype(np.int64) * self.postings + posting_of_mention[named]] = True
        return present.reshape(len(names), self.postings)


def compute_starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of the parts begins that are so long, and where the last one ends."""
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


@dataclass(slots=True)
class PostingCounts:
    """Counts over some postings: a posting counts once, whatever it repeats.

    `salaries` has one (place, minimum, maximum) a posting with a usable salary, USD a year. `skill_sets` has each
    posting by itself; it is kept for roles only, since nobody walks over the postings of the whole market.
    """

    postings: int = 0
    remote: int = 0
    on_site: int = 0
    skills: Counter[str] = field(default_factory=Counter)
    technologies: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    salaries: list[tuple[str, int, int]] = field(default_factory=list)
    skill_sets: list[SkillsAndPay] = field(default_factory=list)

    def add(self, posting: Mapping[str, Any]) -> None:
        """Count one posting, given as its stored document.

        Its skills are technologies of the trend only when the source named them itself, by slugs.
        """
        self.postings += 1
        remote = posting.get("remote")
        if remote is True:
            self.remote += 1
        elif remote is False:
            self.on_site += 1
        skills = set(posting.get("skills", ()))
        self.skills.update(skills)
        if posting.get("skills_source") == "slugs":
            self.technologies.update(skills)
        place = posting["place"]
        self.places[place] += 1
        salary = get_usable_salary(posting)
        if salary:
            self.salaries.append((place, *salary))

    def add_to_role(self, posting: Mapping[str, Any]) -> None:
        """Count one posting of a role, and keep its skills and pay by themselves."""
        self.add(posting)
        self.skill_sets.append((tuple(set(posting.get("skills", ()))), sum(get_usable_salary(posting) or ())))


def get_usable_salary(posting: Mapping[str, Any]) -> tuple[int, int] | None:
    """Both ends of the posting's pay in USD a year, or None where they are missing, absurd or crossed."""
    low, high = posting.get("min_annual_salary_usd"), posting.get("max_annual_salary_usd")
    if low is None or high is None or not MIN_SALARY_USD <= low <= high <= MAX_SALARY_USD:
        return None
    return low, high


def count_by_scope(postings: Iterable[Mapping[str, Any]], *, market: str) -> dict[str, PostingCounts]:
    """Figures of all the postings under the scope `market`, and of each role's under the role's name."""
    scopes: defaultdict[str, PostingCounts] = defaultdict(PostingCounts)
    for posting in postings:
        scopes[market].add(posting)
        for role in posting.get("roles", ()):
            if role != market:  # a role of that name would be counted into the market a second time
                scopes[role].add_to_role(posting)
    return dict(scopes)


def pack_postings(*, postings: Sequence[SkillsAndPay], names: Sequence[str], counts: Sequence[int]) -> dict[str, bytes]:
    """The packed fields of a row with these `skill_names` and `skill_counts`; equal postings give equal bytes."""
    place = {name: index for index, name in enumerate(names)}
    # In an order of their own, since the database hands postings out in any.
    rows = sorted((sorted(place[name] for name in skills), pay) for skills, pay in postings)
    places = np.fromiter((index for row, _ in rows for index in row), dtype=_place_type(len(names)))
    return {
        "skill_keys": np.array([skill_key(name) for name in names], "<u8").tobytes(),
        "skill_tallies": np.array(counts, "<u4").tobytes(),
        "posting_sizes": np.array([len(row) for row, _ in rows], "<u4").tobytes(),
        "posting_skills": places.tobytes(),
        "posting_pay": np.array([pay for _, pay in rows], "<u4").tobytes(),
    }


def sum_counts(rows: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """The keys of all rows, ascending, with their counts; and for each skill of each row its place among the keys."""
    keys, columns = np.unique(_joined(rows, "skill_keys", "<u8"), return_inverse=True)
    counts = np.bincount(columns, weights=_joined(rows, "skill_tallies", "<u4"), minlength=len(keys))
    return keys, counts.astype(np.int64), columns


def sum_counts_of(rows: Sequence[Mapping[str, Any]], *, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The counts of just these keys, which ascend."""
    found = _joined(rows, "skill_keys", "<u8")
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    places = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    weights = np.where(keys[places] == found, _joined(rows, "skill_tallies", "<u4"), 0)
    return np.bincount(places, weights=weights, minlength=len(keys)).astype(np.int64)


def unpack_postings(
    rows: Sequence[Mapping[str, Any]], *, keys: NDArray[np.uint64], columns: NDArray[np.int64]
) -> PostingSets:
    """The postings of all rows, given what `tally` says of them."""
    widths = [len(row["skill_keys"]) // 8 for row in rows]
    places = [np.frombuffer(row["posting_skills"], _place_type(width)) for row, width in zip(rows, widths, strict=True)]
    first_places = compute_starts(np.array(widths, np.int64))[:-1]
    shifts = np.repeat(first_places, [len(each) for each in places])
    mentions = np.concatenate(places).astype(np.int64) + shifts if places else shifts
    return PostingSets(
        keys=keys,
        columns=columns.astype(np.uint32)[mentions],
        starts=compute_starts(_joined(rows, "posting_sizes", "<u4").astype(np.int64)),
        salaries=_joined(rows, "posting_pay", "<u4"),
    )


def unpack_names(row: Mapping[str, Any]) -> list[SkillsAndPay]:
    """A row's postings by the names of their skills, as `pack_postings` took them."""
    names = row["skill_names"]
    places = np.frombuffer(row["posting_skills"], _place_type(len(names))).tolist()
    ends = np.cumsum(np.frombuffer(row["posting_sizes"], "<u4")).tolist()
    pays = np.frombuffer(row["posting_pay"], "<u4").tolist()
    starts = [0, *ends[:-1]]
    return [
        (tuple(names[place] for place in places[start:end]), pay)
        for start, end, pay in zip(starts, ends, pays, strict=True)
    ]


def _joined(rows: Sequence[Mapping[str, Any]], field: str, kind: str) -> NDArray[Any]:
    return np.frombuffer(b"".join(row[field] for row in rows), kind)


def _place_type(names: int) -> str:
    return "<u2" if names <= 65_536 else "<u4"
