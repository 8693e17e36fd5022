"""Which postings ask for which skills, in arrays: a window of a hundred thousand postings is walked in milliseconds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import chain

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=65_536)
def skill_key(name: str) -> int:
    """64 bits that depend on the canonical name alone: the same in every process, for good.

    Of 100,000 names two share a key with a chance of one in three billion.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PostingSets:
    """The skills of each posting, one posting after the other; a posting names a skill once.

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
            starts=starts_of(np.array([len(row) for row, _ in rows], np.int64)),
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

    def column_of(self, name: str) -> int | None:
        """The index in `keys` of a canonical name; None where no posting names it."""
        key = np.uint64(skill_key(name))
        column = int(np.searchsorted(self.keys, key))
        return column if column < len(self.keys) and self.keys[column] == key else None

    def counts_among(self, names: Iterable[str]) -> NDArray[np.int64]:
        """How many of the names each posting names."""
        wanted = np.zeros(len(self.keys), dtype=bool)
        for name in names:
            column = self.column_of(name)
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
            column = self.column_of(name)
            if column is not None:
                rows[column] = row
        row_of_mention = rows[self.columns]
        named = np.flatnonzero(row_of_mention < len(names))
        posting_of_mention = np.repeat(np.arange(self.postings), self.sizes)
        present = np.zeros(len(names) * self.postings, dtype=bool)
        present[row_of_mention[named].astype(np.int64) * self.postings + posting_of_mention[named]] = True
        return present.reshape(len(names), self.postings)


def starts_of(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of the parts begins that are so long, and where the last one ends."""
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts
