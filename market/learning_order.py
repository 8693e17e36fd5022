"""The order in which to learn the skills that a role requires. Pure.

A posting is within reach of a person who has at least 70% of its skills. Most postings require ten or more skills, so
one more skill rarely brings a posting within reach. Each step is therefore a set of skills.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from market.daily_stats import PostingSets
from market.trends import compute_percentage
from skills.vocabulary import METHOD, SOFT_SKILL, SPOKEN_LANGUAGE, TECHNOLOGY, Vocabulary

# A posting is within reach of a user who has at least this many tenths of its skills.
TENTHS_IN_REACH = 7
MAX_STEPS = 5
# A step with more skills would be too large to act on. Steps grow to the second limit only if no smaller step brings a
# posting within reach, as for a person who has few of the skills.
MAX_STEP_SKILLS = 6
MAX_FIRST_STEP_SKILLS = 20
# Kinds of skills that postings list by habit. They count neither in coverage nor in reach.
UNCOUNTED_KINDS = frozenset({SOFT_SKILL, SPOKEN_LANGUAGE})
# Kinds of skills that a step can contain. A field is learned through its technologies.
_LEARNED_KINDS = frozenset({TECHNOLOGY, METHOD})
# Hours to learn a skill, if no estimates are given.
_DEFAULT_HOURS = 20
# Value of one more skill by the number of skills a posting still lacks: (lower bound, upper bound, weight).
_WEIGHTS = ((1, 1, 1.0), (2, 2, 0.25), (3, 4, 0.08), (5, 10_000, 0.02))


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSkill:
    """A step of learning: skills that together bring more postings within reach.

    `skills` are in learning order, and `name` is the first one. `reachable_percentage` is the share of postings
    with at least one counted skill that are within reach after this step and the ones before it. `hours` is the
    estimated time for the step.
    """

    name: str
    reachable_percentage: float
    skills: tuple[str, ...]
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """The percentage of postings within reach today, and the steps of learning, in order."""

    reachable_percentage: float
    next_skills: tuple[NextSkill, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LearningSpace:
    """The data that the steps of all users share: the postings that have each skill, and the size of each posting.

    `names` are the skills that a tenth of the postings require, and the skills that these imply. `bits` has one bitmap
    of postings per name. `sizes` is the number of counted skills per posting. `needs` maps each frequent technology
    and method to the frequent technologies and methods to learn first.
    """

    vocabulary: Vocabulary
    needs: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    bits: NDArray[np.uint64]
    sizes: NDArray[np.int32]

    @classmethod
    def of(cls, *, sets: PostingSets, demanded: Sequence[str], vocabulary: Vocabulary) -> "LearningSpace":
        """Build the space of a window. `demanded` are its frequent skills."""
        uncounted = [name for name, kind in vocabulary.kinds.items() if kind in UNCOUNTED_KINDS]
        reached = dict.fromkeys(demanded)
        for name in demanded:
            reached |= dict.fromkeys(vocabulary.implied.get(name, ()))
        names = tuple(name for name in reached if _is_counted(name, vocabulary) and sets.find_column(name) is not None)
        learnable = [name for name in demanded if vocabulary.kinds.get(name, TECHNOLOGY) in _LEARNED_KINDS]
        return cls(
            vocabulary=vocabulary,
            needs=_find_needs(learnable, vocabulary),
            names=names,
            bits=_pack(sets.build_presence(names)),
            sizes=(sets.sizes - sets.count_among(uncounted)).astype(np.int32),
        )


def order_learning(
    *,
    sets: PostingSets,
    space: LearningSpace,
    demanded: Sequence[str],
    missing: Sequence[str],
    held: Collection[str],
    hours: Callable[[str], int] | None = None,
) -> LearningOrder:
    """Choose up to five steps, each of which brings the most postings within reach per hour.

    A step grows greedily by the skill with the highest value per square root of its hours. Postings that lack fewer
    skills count more. A skill is added together with its missing prerequisites and the missing skills that it implies,
    if the role demands them. The search keeps the prefix of the step that brings the most postings within reach per
    hour, and drops skills that contribute nothing. A user who has none of the role's technologies starts with a
    technology, not a method. Steps that bring no posting within reach are not listed.

    Args:
        sets: The postings.
        space: The space of these postings.
        demanded: Skills that a tenth of the postings require, in order of demand.
        missing: Skills the person lacks, in order of demand. Steps use only the technologies and methods among them.
        held: All skills that the person has, named or implied.
        hours: Returns the hours to learn a skill.
    """
    counted = [name for name in held if _is_counted(name, space.vocabulary)]
    # Rounded up: a posting with 5 skills needs 4, a posting with 10 needs 7.
    lacking = (TENTHS_IN_REACH * space.sizes + 9) // 10 - sets.count_among(counted).astype(np.int32)
    search = _Search(space=space, demanded=demanded, missing=missing, held=held, hours=hours)
    with_skills = int(np.count_nonzero(space.sizes))
    without = len(space.sizes) - with_skills
    reachable = int(np.count_nonzero(lacking <= 0)) - without
    today = compute_percentage(reachable, with_skills)
    steps: list[NextSkill] = []
    while len(steps) < MAX_STEPS and reachable < with_skills and (skills := search.find_step(lacking)):
        lacking = search.learn(lacking, skills)
        reachable = int(np.count_nonzero(lacking <= 0)) - without
        steps.append(
            NextSkill(
                name=skills[0],
                reachable_percentage=compute_percentage(reachable, with_skills),
                skills=skills,
                hours=search.count_hours(skills),
            )
        )
        search.hold(skills)
    return LearningOrder(reachable_percentage=today, next_skills=tuple(steps))


def _pack(present: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack the last axis into 64-bit words. Counting bits in words is eight times as fast as in bytes."""
    bits = np.packbits(present, axis=-1)
    words = np.zeros((*bits.shape[:-1], (bits.shape[-1] + 7) // 8 * 8), dtype=np.uint8)
    words[..., : bits.shape[-1]] = bits
    return words.view(np.uint64)


def _is_counted(name: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.kinds.get(name) not in UNCOUNTED_KINDS


class _Search:
    """The search for the steps of one person. `hold` adds the skills of a step to those that the person has."""

    def __init__(
        self,
        *,
        space: LearningSpace,
        demanded: Sequence[str],
        missing: Sequence[str],
        held: Collection[str],
        hours: Callable[[str], int] | None,
    ) -> None:
        self._space = space
        self._rows = {name: row for row, name in enumerate(space.names)}
        self._hours = hours or (lambda name: _DEFAULT_HOURS)
        self._held = set(held)
        kinds = space.vocabulary.kinds
        self._rank = {name: rank for rank, name in enumerate(demanded)}
        self._needs = space.needs
        self._technologies = {name for name in space.needs if kinds.get(name, TECHNOLOGY) == TECHNOLOGY}
        self._implied: Mapping[str, Collection[str]] = space.vocabulary.implied
        self._options = [name for name in missing if name in self._needs]
        self._is_newcomer = not self._held & self._technologies

    def count_hours(self, skills: Iterable[str]) -> int:
        """Return the hours to learn the skills, at least one each."""
        return sum(max(1, self._hours(name)) for name in skills)

    def hold(self, skills: Iterable[str]) -> None:
        """Add the skills, and the skills they imply, to the held skills."""
        self._held |= self._expand(skills)
        self._is_newcomer = False

    def learn(self, lacking: NDArray[np.int32], skills: Iterable[str]) -> NDArray[np.int32]:
        """Return how many skills each posting lacks once the skills are learned."""
        lacking = lacking.copy()
        for name in self._expand(skills) - self._held:
            if (row := self._rows.get(name)) is not None:
                lacking -= np.unpackbits(self._space.bits[row].view(np.uint8), count=len(lacking))
        return lacking

    def find_step(self, lacking: NDArray[np.int32]) -> tuple[str, ...]:
        """Return the skills of the best next step, in learning order. Empty if no step raises the reach."""
        best: tuple[float, tuple[str, ...]] = (0.0, ())
        for skills in self._iterate_beginnings(lacking):
            rate = self._compute_rate(lacking, skills)
            # The earlier step wins a tie. It usually has fewer skills.
            if rate > best[0]:
                best = (rate, skills)
            if best[1] and len(skills) >= MAX_STEP_SKILLS:
                break
        return self._sort(self._drop_useless(lacking, best[1]))

    def _iterate_beginnings(self, lacking: NDArray[np.int32]) -> Iterator[tuple[str, ...]]:
        """Yield the three best skills that suffice with their needs, then the prefixes of a greedily growing step."""
        open_options = [name for name in self._options if name not in self._held]
        options = open_options
        if self._is_newcomer:
            options = [name for name in open_options if name in self._technologies] or open_options
        sufficient = self._score_options(options, (), self._score_rows(lacking, _WEIGHTS[:1]))
        for name in list(sufficient)[:3]:
            yield self._add((), name)
        skills: tuple[str, ...] = ()
        state = lacking
        while len(skills) < MAX_FIRST_STEP_SKILLS:
            values = self._score_options(options, skills, self._score_rows(state, _WEIGHTS))
            if not values:
                return
            skills = self._add(skills, next(iter(values)))
            yield skills
            state = self.learn(lacking, skills)
            options = open_options

    def _score_options(
        self, options: Iterable[str], skills: tuple[str, ...], scores: Sequence[float]
    ) -> dict[str, float]:
        """Return the options that have value beyond `skills`, with value per square root of hours, best first."""
        learned = self._expand(skills)
        values = {name: self._score(name, learned, scores) for name in options if name not in learned}
        ranked = sorted(values, key=lambda name: (-values[name], self._rank[name]))
        return {name: values[name] for name in ranked if values[name]}

    def _score_rows(self, lacking: NDArray[np.int32], weights: Sequence[tuple[int, int, float]]) -> list[float]:
        """Return the value of each row's skill: the postings with the skill, weighted by the skills they lack."""
        total = np.zeros(len(self._rows))
        for low, high, weight in weights:
            is_lacking = (lacking >= low) & (lacking <= high)
            if is_lacking.any():
                total += weight * np.bitwise_count(self._space.bits & _pack(is_lacking)).sum(axis=1, dtype=np.int64)
        scores: list[float] = total.tolist()
        return scores

    def _score(self, name: str, learned: Collection[str], scores: Sequence[float]) -> float:
        skills = self._add((), name, learned)
        gained = self._expand(skills) - self._held - set(learned)
        worth = sum(scores[self._rows[each]] for each in gained if each in self._rows)
        return worth / sqrt(self.count_hours(skills))

    def _add(self, skills: tuple[str, ...], name: str, learned: Collection[str] = ()) -> tuple[str, ...]:
        """Return the skills followed by the needs of `name` and by `name`."""
        more = (each for each in (*self._needs[name], name) if each not in self._held and each not in learned)
        return tuple(dict.fromkeys((*skills, *more)))

    def _expand(self, skills: Iterable[str]) -> set[str]:
        return {each for name in skills for each in (name, *self._implied.get(name, ()))}

    def _compute_rate(self, lacking: NDArray[np.int32], skills: tuple[str, ...]) -> float:
        return self._count_gain(lacking, skills) / self.count_hours(skills)

    def _count_gain(self, lacking: NDArray[np.int32], skills: tuple[str, ...]) -> int:
        return int(np.count_nonzero((self.learn(lacking, skills) <= 0) & (lacking > 0)))

    def _drop_useless(self, lacking: NDArray[np.int32], skills: tuple[str, ...]) -> tuple[str, ...]:
        """Return the skills without those that add no gain and that no other skill of the step needs.

        A method that another skill of the step implies is learned with that skill, so it is not needed first.
        """
        gain = self._count_gain(lacking, skills)
        for name in reversed(skills):
            others = tuple(each for each in skills if each != name)
            is_free = name not in self._technologies and name in self._expand(others)
            is_needed = not is_free and any(name in self._needs[each] for each in others)
            if others and not is_needed and self._count_gain(lacking, others) == gain:
                skills = others
        return skills

    def _sort(self, skills: tuple[str, ...]) -> tuple[str, ...]:
        """Sort by needs, then technologies before methods, then by the number of skills that build on each."""
        sorter = TopologicalSorter({name: set(self._needs[name]) & set(skills) for name in skills})
        sorter.prepare()
        ready: list[str] = []
        ordered: list[str] = []
        while sorter.is_active():
            ready += sorter.get_ready()
            ready.sort(key=self._rank_first_steps)
            ordered.append(ready.pop(0))
            sorter.done(ordered[-1])
        return tuple(ordered)

    def _rank_first_steps(self, name: str) -> tuple[bool, int, int]:
        dependents = sum(name in needs for needs in self._needs.values())
        return name not in self._technologies, -dependents, self._rank[name]


def _find_needs(learnable: Sequence[str], vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """Return for each skill the skills to learn first: all its prerequisites, and the skills it implies.

    Implied methods are excluded: a person who learns Python learns scripting on the way.
    """
    reached = {name: _find_reached(name, vocabulary) for name in learnable}
    rank = {name: index for index, name in enumerate(learnable)}
    # If two skills need each other, because prerequisites and implications differ, the more frequent one comes first.
    return {
        name: tuple(
            each
            for each in learnable
            if each in found
            and each != name
            and (name not in reached[each] or rank[each] < rank[name])
            and (vocabulary.kinds.get(each) != METHOD or each not in vocabulary.implied.get(name, ()))
        )
        for name, found in reached.items()
    }


def _find_reached(name: str, vocabulary: Vocabulary) -> set[str]:
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        for each in (*vocabulary.implied.get(current, ()), *vocabulary.prerequisites.get(current, ())):
            if each not in reached:
                reached.add(each)
                waiting.append(each)
    return reached
