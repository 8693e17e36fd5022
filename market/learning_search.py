"""The search for sets of skills that bring many postings of a role within reach. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from math import sqrt
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from market.learning_index import LearningIndex, build_bitmaps, sum_lines
from market.trends import compute_percentage

# A step with more skills would be too large to act on.
MAX_STEP_SKILLS = 5
# Value of one more skill for a posting, by the number of skills that the posting lacks.
_VALUES = ((slice(1, 2), 100), (slice(2, 3), 25), (slice(3, 5), 8), (slice(5, None), 2))
# The search uses at most this many postings, evenly spaced. A sample of this size is enough to rank sets.
_MAX_SEARCHED_POSTINGS = 1000


def divide_set(rows: list[int]) -> list[list[int]]:
    """Divide a set in learning order into parts of nearly equal size, of up to `MAX_STEP_SKILLS` skills."""
    parts = -(-len(rows) // MAX_STEP_SKILLS)
    ends = [len(rows) * part // parts for part in range(parts + 1)] if parts else []
    return [rows[start:end] for start, end in pairwise(ends)]


class _Levels:
    """Searched postings by the number of skills that they lack.

    A level is a bitmap of postings. Python integers are faster bitmaps than arrays for up to a thousand postings. The
    postings of level 0 are within reach.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self._levels = levels

    @classmethod
    def from_counts(cls, lacking: NDArray[np.int16]) -> "_Levels":
        """Build the levels from the number of skills that each posting lacks."""
        if not len(lacking):
            return cls([0, 0])
        highest = max(int(lacking.max()), 1)
        return cls(build_bitmaps(np.maximum(lacking, 0) == np.arange(highest + 1)[:, None]))

    @property
    def reached_count(self) -> int:
        """The number of postings within reach."""
        return self._levels[0].bit_count()

    @property
    def unreached_count(self) -> int:
        """The number of postings that are not within reach."""
        return sum([level.bit_count() for level in self._levels[1:]])

    def select_nearest(self) -> "_Levels":
        """Return the postings that lack the fewest skills, without the postings within reach."""
        nearest = next((lacking for lacking, level in enumerate(self._levels) if lacking and level), 1)
        return _Levels([0] * nearest + [self._levels[nearest]])

    def acquire(self, bitmaps: Iterable[int]) -> "_Levels":
        """Return the levels of a person who acquires the skills with these bitmaps."""
        levels = self._levels
        for bitmap in bitmaps:
            others = ~bitmap
            reached = levels[0] | levels[1] & bitmap
            levels = [level & others | above & bitmap for level, above in zip(levels, [*levels[1:], 0], strict=True)]
            levels[0] = reached
        return _Levels(levels)

    def count_gain(self, bitmaps: Sequence[int]) -> int:
        """Return how many more postings are within reach of a person who acquires the skills with these bitmaps."""
        # A posting that lacks more skills than the person acquires stays out of reach.
        near = self._levels[: len(bitmaps) + 1]
        return _Levels(near).acquire(bitmaps).reached_count - self.reached_count if any(near[1:]) else 0

    def score_skills(self, bitmaps: Iterable[int]) -> list[int]:
        """Return the value of acquiring each skill, given its bitmap."""
        levels = self._levels
        bands = [(band, value) for lacking, value in _VALUES if (band := reduce(or_, levels[lacking], 0))]
        return [sum([value * (bitmap & band).bit_count() for band, value in bands]) for bitmap in bitmaps]


class _Option(NamedTuple):
    """An option of the index without the rows that the person holds."""

    row: int
    to_learn: frozenset[int]
    gained: frozenset[int]


class _Pick(NamedTuple):
    """An addition to a growing set: the skills to learn, and the levels and options that remain afterwards."""

    rows: list[int]
    levels: _Levels
    options: list[_Option]


class LearningSearch:
    """The search for one person. Each set that it finds adds to the skills that the person holds.

    Skills are rows of the index, and a set contains only options. A person acquires the skills of a set and the skills
    that these imply. Only some postings are searched: those that the options can bring within reach.
    """

    def __init__(
        self, *, index: LearningIndex, required: Sequence[str], held: Collection[str], hours: Callable[[str], int]
    ) -> None:
        self._index = index
        self._lacking = index.count_lacking(held)
        self._reachable = index.count_reachable(self._lacking)
        self._held = frozenset(index.rows[name] for name in held if name in index.rows)
        options = [index.options[row] for name in required if (row := index.rows.get(name, -1)) in index.options]
        self._required = frozenset(option.row for option in options)
        self._options = _remove_acquired(
            [_Option(option.row, option.to_learn, option.gained) for option in options], self._held
        )
        self._is_newcomer = not any(index.options[row].is_technology for row in self._held if row in index.options)
        self._hours = {
            row: max(1, hours(index.names[row]))
            for row in frozenset().union(*(option.to_learn for option in self._options))
        }
        self._open_rows = sorted(frozenset().union(*(option.gained for option in self._options)))
        self._present = index.build_presence(self._open_rows)
        # The other postings stay out of reach, no matter what the person learns.
        self._search_in(np.flatnonzero((self._lacking > 0) & (sum_lines(self._present) >= self._lacking)))

    def _search_in(self, postings: NDArray[np.intp]) -> None:
        """Search in these postings, or in a sample of them."""
        self._is_sampled = len(postings) > _MAX_SEARCHED_POSTINGS
        if self._is_sampled:
            postings = postings[np.linspace(0, len(postings) - 1, _MAX_SEARCHED_POSTINGS).astype(np.intp)]
        bitmaps = build_bitmaps(self._present[:, postings]) if len(postings) else [0] * len(self._open_rows)
        self._bitmaps = dict(zip(self._open_rows, bitmaps, strict=True))
        self._levels = _Levels.from_counts(self._lacking[postings])
        self._picks: list[_Pick] = []

    @property
    def reachable_percentage(self) -> float:
        """The percentage of postings with counted skills that are within reach."""
        return compute_percentage(self._reachable, self._index.with_skills)

    def count_hours(self, rows: Iterable[int]) -> int:
        """Return the hours to learn the skills, at least one each."""
        return sum(map(self._hours.__getitem__, rows))

    def list_names(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the names of the skills."""
        return tuple(self._index.names[row] for row in rows)

    def list_acquired(self, rows: Iterable[int]) -> set[str]:
        """Return the names of the skills and of the skills that they imply."""
        return {self._index.names[acquired] for row in rows for acquired in self._index.options[row].acquired}

    def find_best_set(self, *, max_skills: int) -> list[int]:
        """Return the set that brings the most postings within reach per hour, in learning order.

        If the search finds no set of up to `MAX_STEP_SKILLS` skills that brings a posting within reach, returns a
        larger set that does so for one of the nearest postings. Returns an empty list if the larger set has more than
        `max_skills` skills, or if nothing brings a posting within reach.
        """
        unreached = self._levels.unreached_count
        if not unreached:
            return []
        best_rate, best = self._find_best_single()
        rows: list[int] = []
        for pick in self._iterate_picks():
            rows = [*rows, *pick.rows]
            if len(rows) > MAX_STEP_SKILLS:
                break
            hours = self.count_hours(rows)
            rate = (pick.levels.reached_count - self._levels.reached_count) / hours
            # The earlier set wins a tie. It has fewer skills.
            if rate > best_rate:
                best_rate, best = rate, rows
            if best and unreached / hours <= best_rate:
                break
        best = self._refine(best or self._find_set_for_nearest())
        return best if len(best) <= max_skills else []

    def _find_set_for_nearest(self) -> list[int]:
        """Return a set that brings one of the postings that lack the fewest skills within reach."""
        levels, options, rows = self._levels.select_nearest(), self._options, []
        while pick := self._choose_pick(levels, options):
            rows += pick.rows
            _, levels, options = pick
            if levels.reached_count:
                return rows
        return []

    def _refine(self, rows: list[int]) -> list[int]:
        """Return the set in learning order, without useless skills.

        If the first parts of a divided set bring a posting within reach, returns only their skills.
        """
        rows = self._sort(self._drop_useless(rows))
        end = 0
        for part in divide_set(rows)[:-1]:
            end += len(part)
            if self._count_gain(self._list_new_rows(rows[:end])):
                return self._refine(rows[:end])
        return rows

    def learn(self, rows: Sequence[int]) -> None:
        """Add a set, and the skills that it implies, to the held skills."""
        acquired, reached = self._list_new_rows(rows), self._levels.reached_count
        picks = self._count_picks(rows)
        if picks:
            _, self._levels, self._options = self._picks[picks - 1]
            del self._picks[:picks]
        else:
            self._levels = self._levels.acquire([self._bitmaps[row] for row in acquired])
            self._options = _remove_acquired(self._options, acquired)
            self._picks.clear()
        if self._is_sampled:
            self._lacking -= sum_lines(self._present[[self._open_rows.index(row) for row in acquired]])
            self._reachable = self._index.count_reachable(self._lacking)
        else:
            self._reachable += self._levels.reached_count - reached
        self._held |= acquired
        self._is_newcomer = False

    def _count_picks(self, rows: Collection[int]) -> int:
        """Return the number of picks that the set consists of, or 0 if the set does not consist of picks."""
        picked: set[int] = set()
        for count, pick in enumerate(self._picks, start=1):
            picked.update(pick.rows)
            if picked.issuperset(rows):
                return count if len(picked) == len(rows) else 0
        return 0

    def find_first_set(self) -> list[int]:
        """Return the skills that most postings require, as a first step if no set brings a posting within reach.

        Returns an empty list unless the person is a newcomer.
        """
        if not self._is_newcomer:
            return []
        self._search_in(np.flatnonzero(self._lacking > 0))
        rows: list[int] = []
        for pick in self._iterate_picks():
            rows += pick.rows
            if len(rows) >= MAX_STEP_SKILLS:
                break
        return self._sort(rows)[:MAX_STEP_SKILLS]

    def _find_best_single(self) -> tuple[float, list[int]]:
        """Return the single skill that brings the most postings within reach per hour, as a set, and their number."""
        best_rate, best = 0.0, []
        for option in self._options:
            is_allowed = not self._is_newcomer or self._index.options[option.row].is_technology
            if is_allowed and len(option.gained) == 1:
                rate = self._levels.count_gain([self._bitmaps[option.row]]) / self._hours[option.row]
                if rate > best_rate:
                    best_rate, best = rate, [option.row]
        return best_rate, best

    def _iterate_picks(self) -> Iterator[_Pick]:
        """Yield the picks that add to the held skills. Each pick is computed when it is needed, and only once."""
        position = 0
        while True:
            if position == len(self._picks):
                _, levels, options = self._picks[-1] if self._picks else ([], self._levels, self._options)
                pick = self._choose_pick(levels, options)
                if pick is None:
                    return
                self._picks.append(pick)
            yield self._picks[position]
            position += 1

    def _choose_pick(self, levels: _Levels, options: list[_Option]) -> _Pick | None:
        """Return the most valuable option, or None if no option has value.

        The value is divided by the square root of the hours, so that an option that takes long can still come first.
        """
        rows = list(frozenset().union(*[option.gained for option in options]))
        scores = dict(zip(rows, levels.score_skills([self._bitmaps[row] for row in rows]), strict=True))
        values = [
            sum(map(scores.__getitem__, option.gained)) / sqrt(self.count_hours(option.to_learn)) for option in options
        ]
        if self._is_newcomer and options is self._options:
            values = self._prefer_technologies(values)
        highest = max(values, default=0.0)
        if not highest:
            return None
        option = options[values.index(highest)]
        return _Pick(
            rows=[*option.to_learn],
            levels=levels.acquire([self._bitmaps[row] for row in option.gained]),
            options=_remove_acquired(options, option.gained),
        )

    def _prefer_technologies(self, values: list[float]) -> list[float]:
        """Return the values of the options, with 0 for methods, unless only methods have value."""
        of_technologies = [
            value if self._index.options[option.row].is_technology else 0.0
            for option, value in zip(self._options, values, strict=True)
        ]
        return of_technologies if any(of_technologies) else values

    def _list_new_rows(self, rows: Iterable[int]) -> frozenset[int]:
        """Return the rows that the person acquires with a set and does not hold."""
        options = self._index.options
        return frozenset().union(*(options[row].acquired for row in rows)) - self._held

    def _drop_useless(self, rows: list[int]) -> list[int]:
        """Return the set without the skills that add no gain and that no other skill of the set needs.

        A method that another skill of the set implies is learned with that skill, so it is not needed first. At least
        one skill that the role requires remains, so that a set never consists of prerequisites.
        """
        if len(rows) < 2:
            return rows
        options = self._index.options
        gain = self._count_gain(self._list_new_rows(rows))
        for row in reversed(rows):
            others = [other for other in rows if other != row]
            acquired = self._list_new_rows(others)
            is_free = not options[row].is_technology and row in acquired
            is_needed = not is_free and any(row in options[other].to_learn for other in others)
            has_required = not self._required.isdisjoint(others)
            if has_required and not is_needed and self._count_gain(acquired) == gain:
                rows = others
        return rows

    def _count_gain(self, acquired: Iterable[int]) -> int:
        return self._levels.count_gain([self._bitmaps[row] for row in acquired])

    def _sort(self, rows: Collection[int]) -> list[int]:
        """Sort a set so that each skill comes after its prerequisites, and otherwise in the order of the index."""
        waiting = [row for row in self._index.learning_order if row in rows]
        ordered: list[int] = []
        while waiting:
            ordered.append(next(row for row in waiting if self._index.options[row].prerequisites.isdisjoint(waiting)))
            waiting.remove(ordered[-1])
        return ordered


def _remove_acquired(options: Iterable[_Option], rows: frozenset[int]) -> list[_Option]:
    """Return the options that remain after a person acquires the rows, without these rows."""
    return [
        option if rows.isdisjoint(option.gained) else _Option(option.row, option.to_learn - rows, option.gained - rows)
        for option in options
        if option.row not in rows
    ]
