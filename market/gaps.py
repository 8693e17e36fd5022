"""What a role asks for, and what of it a person lacks. Pure: the caller reads the stats and knows the person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from market.daily_stats import PostingSets
from market.trends import Comparison, compare_counts, percentage, wilson_interval

# A posting is within reach of who holds at least so many tenths of its skills.
TENTHS_IN_REACH = 7
MAX_NEXT_SKILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSkill:
    """`reachable_percentage` is of the postings that name a skill, once this skill and those before it are held."""

    name: str
    reachable_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """What is within reach today, and the next skills to learn."""

    reachable_percentage: float
    next_skills: tuple[NextSkill, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CandidateBits:
    """For each of the names the postings that name it, one bit a posting."""

    names: tuple[str, ...]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, names: tuple[str, ...], present: NDArray[np.bool_]) -> "CandidateBits":
        return cls(names=names, bits=np.packbits(present, axis=1))


def order_learning(
    *, sets: PostingSets, candidates: CandidateBits, allowed: Collection[str], held: Collection[str]
) -> LearningOrder:
    """Walk greedily over the postings: each step takes the skill that brings the most of them within reach.

    Only `allowed` names that are not held are taken; between equals the one that more postings out of reach ask for,
    then the one that comes first among the candidates. A skill that no posting out of reach asks for is never taken.
    """
    sizes = sets.sizes
    named = int(np.count_nonzero(sizes))
    # Rounded up: of 5 skills 4 have to be held, of 10 seven.
    lacking = (TENTHS_IN_REACH * sizes + 9) // 10 - sets.count_among(held)
    reachable = int(np.count_nonzero(lacking <= 0)) - int(np.count_nonzero(sizes == 0))
    today = percentage(reachable, named)
    open_rows = [row for row, name in enumerate(candidates.names) if name in allowed and name not in held]
    steps: list[NextSkill] = []
    while open_rows and len(steps) < MAX_NEXT_SKILLS:
        bits = candidates.bits[open_rows]
        asked = _count_bits(bits & np.packbits(lacking > 0))
        gained = _count_bits(bits & np.packbits(lacking == 1))
        best = max(range(len(open_rows)), key=lambda index: (gained[index], asked[index], -index))
        if not asked[best]:
            break
        row = open_rows.pop(best)
        lacking -= np.unpackbits(candidates.bits[row], count=len(lacking))
        reachable += int(gained[best])
        steps.append(NextSkill(name=candidates.names[row], reachable_percentage=percentage(reachable, named)))
    return LearningOrder(reachable_percentage=today, next_skills=tuple(steps))


def _count_bits(rows: NDArray[np.uint8]) -> list[int]:
    counts: list[int] = np.bitwise_count(rows).sum(axis=1, dtype=np.int64).tolist()
    return counts


MIN_THRESHOLD = 0.1
MAX_THRESHOLD = 1.0
DEFAULT_THRESHOLD = 0.25
_MIN_SHARE = Fraction(str(MIN_THRESHOLD))
# A median of fewer salaries says more about the employers than about the skill.
MIN_SALARIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDemand:
    """How many of a role's postings ask for a skill, in the window and in the one before."""

    name: str
    count: int
    count_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDemand:
    """What a role's postings of a window ask for, by how many do; every skill that a tenth of them names is there."""

    postings: int
    postings_before: int = 0
    skills: tuple[SkillDemand, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        postings: int,
        counts: Mapping[str, int],
        postings_before: int = 0,
        before: Mapping[str, int] | None = None,
    ) -> "RoleDemand":
        """From the postings that ask for each skill."""
        frequent = [name for name, count in counts.items() if count >= postings * _MIN_SHARE]
        return cls(
            postings=postings,
            postings_before=postings_before,
            skills=tuple(
                SkillDemand(name=name, count=counts[name], count_before=(before or {}).get(name, 0))
                for name in sorted(frequent, key=lambda name: (-counts[name], name))
            ),
        )

    def required(self, *, threshold: float) -> tuple[SkillDemand, ...]:
        """The skills that at least this share (0.1 to 1.0) of the postings asks for, in order of demand."""
        # Exact, as it was written: 0.28 of 25 postings is 7, where floats make it a little more.
        share = Fraction(str(threshold))
        return tuple(skill for skill in self.skills if skill.count >= share * self.postings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of what is required is held: skill by skill, and by how many postings ask for each."""

    held: int
    required: int
    percentage: float
    weighted_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SalaryMedians:
    """Medians of the middle of the pay, USD a year, of the postings that ask for a skill and of those that do not."""

    with_skill: int | None = None
    without_skill: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RoleWindow:
    """A role's demand and its postings. Made once for everybody who asks; what follows from it is kept with it."""

    demand: RoleDemand
    sets: PostingSets

    @property
    def bytes_held(self) -> int:
        """Once everything that follows from it has been asked for."""
        marks = len(self.demand.skills) * self.sets.postings
        return self.sets.bytes_held + marks + marks // 8

    @cached_property
    def _presence(self) -> NDArray[np.bool_]:
        return self.sets.presence([skill.name for skill in self.demand.skills])

    @cached_property
    def candidates(self) -> CandidateBits:
        return CandidateBits.of(tuple(skill.name for skill in self.demand.skills), self._presence)

    @cached_property
    def salary_medians(self) -> dict[str, SalaryMedians]:
        """By skill."""
        paid = np.flatnonzero(self.sets.salaries)
        paid = paid[np.argsort(self.sets.salaries[paid], kind="stable")]
        ascending = self.sets.salaries[paid].astype(np.int64)
        present = self._presence[:, paid]
        return {
            skill.name: SalaryMedians(
                with_skill=_get_median_middle(ascending, np.flatnonzero(row)),
                without_skill=_get_median_middle(ascending, np.flatnonzero(~row)),
            )
            for skill, row in zip(self.demand.skills, present, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredSkill:
    """A skill the role requires. `confidence_interval` is in percent."""

    name: str
    held: bool
    percentage: float
    confidence_interval: tuple[float, float]
    salary_medians: SalaryMedians
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAnalysis:
    """What a role requires, in order of demand, and how a person stands to it."""

    postings: int
    required: tuple[RequiredSkill, ...]
    missing: tuple[str, ...]
    coverage: Coverage
    learning_order: LearningOrder


def rank_gaps(*, window: RoleWindow, held: Collection[str], threshold: float = DEFAULT_THRESHOLD) -> GapAnalysis:
    """Compare the canonical skills a person holds with those that `threshold` of the role's postings ask for."""
    held = frozenset(held)
    demand = window.demand
    skills = demand.required(threshold=threshold)
    medians = window.salary_medians if skills else {}
    missing = tuple(skill.name for skill in skills if skill.name not in held)
    return GapAnalysis(
        postings=demand.postings,
        required=tuple(
            RequiredSkill(
                name=skill.name,
                held=skill.name in held,
                percentage=percentage(skill.count, demand.postings),
                confidence_interval=wilson_interval(count=skill.count, of=demand.postings),
                salary_medians=medians[skill.name],
                comparison=compare_counts(
                    count=skill.count,
                    postings=demand.postings,
                    previous=skill.count_before,
                    postings_before=demand.postings_before,
                ),
            )
            for skill in skills
        ),
        missing=missing,
        coverage=cover(skills=skills, held=held),
        learning_order=order_learning(sets=window.sets, candidates=window.candidates, allowed=missing, held=held),
    )


def cover(*, skills: Sequence[SkillDemand], held: Collection[str]) -> Coverage:
    """How much of the required skills is held; 0 % of nothing."""
    covered = [skill for skill in skills if skill.name in held]
    return Coverage(
        held=len(covered),
        required=len(skills),
        percentage=percentage(len(covered), len(skills)),
        weighted_percentage=percentage(sum(skill.count for skill in covered), sum(skill.count for skill in skills)),
    )


def _get_median_middle(ascending: NDArray[np.int64], places: NDArray[np.intp]) -> int | None:
    """The median of half of each sum, of those in these places, which ascend too."""
    count = len(places)
    if count < MIN_SALARIES:
        return None
    low, high = ascending[places[(count - 1) // 2]], ascending[places[count // 2]]
    return round((int(low) + int(high)) / 4)
