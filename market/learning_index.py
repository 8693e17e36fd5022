"""An index of a window's postings by skill, on which the search for learning steps runs. Pure.

The index does not depend on the user. It is built once per window and vocabulary.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.daily_stats import PostingSets, compute_starts
from skills.vocabulary import METHOD, SOFT_SKILL, SPOKEN_LANGUAGE, TECHNOLOGY, Vocabulary

# A posting is within reach of a user who has at least this many tenths of its skills.
TENTHS_IN_REACH = 7
# Kinds of skills that postings list by habit. They count neither in coverage nor in reach.
UNCOUNTED_KINDS = frozenset({SOFT_SKILL, SPOKEN_LANGUAGE})
# Kinds of skills that a step can contain. A field is learned through its technologies.
_LEARNED_KINDS = frozenset({TECHNOLOGY, METHOD})
_MAX_CACHED_COLUMNS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A technology or method that a step can contain, as rows of the index.

    `acquired` contains the skill itself and the skills it implies. `prerequisites` are the options to learn before it,
    and `to_learn` adds the skill itself. `gained` is what a person acquires by learning all of `to_learn`.
    """

    row: int
    is_technology: bool
    acquired: frozenset[int]
    prerequisites: frozenset[int]
    to_learn: frozenset[int]
    gained: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LearningIndex:
    """The postings that have each skill, and the skills that a person acquires by learning one.

    A row is a counted skill that a tenth of the postings require, or that one of these skills implies. `bits` has a
    bitmap of postings per row. `options` are the technologies and methods among the rows, most frequent first.
    `learning_order` contains the rows of the options. Technologies precede methods, and an option on which many others
    build precedes the rest.

    `needed` is the number of counted skills that bring each posting within reach. `with_skills` is the number of
    postings with any. The postings with the rare skill `sets.keys[column]`, which has no row, are
    `rare_postings[rare_starts[column] : rare_starts[column + 1]]`.
    """

    vocabulary: Vocabulary
    sets: PostingSets
    names: tuple[str, ...]
    rows: Mapping[str, int]
    bits: NDArray[np.uint8]
    needed: NDArray[np.int16]
    with_skills: int
    options: Mapping[int, Option]
    learning_order: tuple[int, ...]
    rare_postings: NDArray[np.uint32]
    rare_starts: NDArray[np.int64]
    _columns: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_postings(cls, *, sets: PostingSets, demanded: Sequence[str], vocabulary: Vocabulary) -> "LearningIndex":
        """Build the index of a window. `demanded` are its frequent skills, most frequent first."""
        names = list(
            dict.fromkeys((*demanded, *(implied for name in demanded for implied in vocabulary.implied.get(name, ()))))
        )
        columns = sets.find_columns(names).tolist()
        names = [
            name for name, column in zip(names, columns, strict=True) if column >= 0 and is_counted(name, vocabulary)
        ]
        rows = {name: row for row, name in enumerate(names)}
        options = _build_options([name for name in demanded if name in rows], rows, vocabulary)
        dependents = Counter(row for option in options for row in option.to_learn)
        uncounted = [name for name, kind in vocabulary.kinds.items() if kind in UNCOUNTED_KINDS]
        rare_postings, rare_starts = _find_rare_postings(sets, indexed=[*names, *uncounted])
        # Rounded up: a posting with 5 skills needs 4, a posting with 10 needs 7.
        needed = (TENTHS_IN_REACH * (sets.sizes - sets.count_among(uncounted)) + 9) // 10
        return cls(
            vocabulary=vocabulary,
            sets=sets,
            names=tuple(names),
            rows=rows,
            bits=np.packbits(sets.build_presence(names), axis=1),
            needed=needed.astype(np.int16),
            with_skills=int(np.count_nonzero(needed)),
            options={option.row: option for option in options},
            learning_order=tuple(
                option.row
                for option in sorted(options, key=lambda option: (not option.is_technology, -dependents[option.row]))
            ),
            rare_postings=rare_postings,
            rare_starts=rare_starts,
        )

    def build_presence(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        """Return a matrix with one line per given row and one column per posting: 1 if the posting has the skill."""
        return np.unpackbits(self.bits[np.array(rows, np.intp)], axis=1, count=len(self.needed))

    def count_lacking(self, held: Collection[str]) -> NDArray[np.int16]:
        """Return how many more skills bring each posting within reach of a person who holds these skills.

        The number is 0 or negative for a posting within reach.
        """
        rows = [self.rows[name] for name in held if name in self.rows]
        lacking = self.needed - sum_lines(self.build_presence(rows))
        columns = self._get_rare_columns([name for name in held if name not in self.rows])
        parts = [self.rare_postings[self.rare_starts[column] : self.rare_starts[column + 1]] for column in columns]
        if parts:
            lacking -= np.bincount(np.concatenate(parts), minlength=len(lacking)).astype(np.int16)
        return lacking

    def _get_rare_columns(self, names: Sequence[str]) -> list[int]:
        """Return the columns of the skills that any posting has. Cached, because looking up ten takes 20 µs."""
        columns = {name: self._columns.get(name) for name in names}
        unknown = [name for name, column in columns.items() if column is None]
        if unknown:
            found = dict(zip(unknown, self.sets.find_columns(unknown).tolist(), strict=True))
            columns |= found
            if len(self._columns) < _MAX_CACHED_COLUMNS:
                self._columns.update(found)
        return [column for column in columns.values() if column is not None and column >= 0]

    def count_reachable(self, lacking: NDArray[np.int16]) -> int:
        """Return the number of postings with counted skills that lack none."""
        without_skills = len(lacking) - self.with_skills
        return int(np.count_nonzero(lacking <= 0)) - without_skills


def is_counted(name: str, vocabulary: Vocabulary) -> bool:
    """Return whether a skill counts in coverage and reach."""
    return vocabulary.kinds.get(name) not in UNCOUNTED_KINDS


def build_bitmaps(matrix: NDArray[Any]) -> list[int]:
    """Return a bitmap of each line of a matrix of zeros and ones, as a Python integer."""
    return [int.from_bytes(line.tobytes()) for line in np.packbits(matrix, axis=1)]


def sum_lines(matrix: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the sum of each column of a matrix of zeros and ones."""
    # Adding bytes is five times as fast as adding wider integers. The sum of up to 255 lines fits into a byte.
    return matrix.sum(axis=0, dtype=np.uint8 if len(matrix) <= 255 else np.uint16).astype(np.int16)


def _build_options(names: Sequence[str], rows: Mapping[str, int], vocabulary: Vocabulary) -> list[Option]:
    kinds = {name: vocabulary.kinds.get(name, TECHNOLOGY) for name in names}
    learned = [name for name in names if kinds[name] in _LEARNED_KINDS]
    prerequisites = _find_prerequisites(learned, vocabulary)
    acquired = {
        name: frozenset(rows[skill] for skill in (name, *vocabulary.implied.get(name, ())) if skill in rows)
        for name in learned
    }
    return [
        Option(
            row=rows[name],
            is_technology=kinds[name] == TECHNOLOGY,
            acquired=acquired[name],
            prerequisites=frozenset(rows[skill] for skill in prerequisites[name]),
            to_learn=frozenset(rows[skill] for skill in (name, *prerequisites[name])),
            gained=acquired[name].union(*(acquired[skill] for skill in prerequisites[name])),
        )
        for name in learned
    ]


def _find_rare_postings(sets: PostingSets, *, indexed: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the postings of all skills except the `indexed` ones, by column, and the start of each column's part."""
    is_rare = np.ones(len(sets.keys), dtype=bool)
    indexed_columns = sets.find_columns(indexed)
    is_rare[indexed_columns[indexed_columns >= 0]] = False
    is_mentioned = is_rare[sets.columns]
    columns = sets.columns[is_mentioned]
    postings = np.repeat(np.arange(sets.postings, dtype=np.uint32), sets.sizes)[is_mentioned]
    # numpy sorts 16-bit integers about ten times as fast as wider ones.
    order = np.argsort(columns.astype(np.uint16) if len(sets.keys) <= 65_536 else columns, kind="stable")
    return postings[order], compute_starts(np.bincount(columns, minlength=len(sets.keys)))


def _find_prerequisites(learned: Sequence[str], vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """Return for each skill the skills to learn first: all its prerequisites, and the skills it implies.

    Implied methods are excluded: a person who learns Python learns scripting on the way.
    """
    foundations = {name: _find_foundations(name, vocabulary) for name in learned}
    rank = {name: index for index, name in enumerate(learned)}
    # Two skills can need each other, because prerequisites and implications differ. The more frequent one comes first.
    return {
        name: frozenset(
            other
            for other in learned
            if other in found
            and other != name
            and (name not in foundations[other] or rank[other] < rank[name])
            and (vocabulary.kinds.get(other) != METHOD or other not in vocabulary.implied.get(name, ()))
        )
        for name, found in foundations.items()
    }


def _find_foundations(name: str, vocabulary: Vocabulary) -> set[str]:
    """Return the skills that a skill implies or needs, directly or indirectly."""
    foundations: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for other in (*vocabulary.implied.get(current, ()), *vocabulary.prerequisites.get(current, ())):
            if other not in foundations:
                foundations.add(other)
                waiting.append(other)
    return foundations
