"""Gap analysis: required skills, missing skills and what to learn next. Pure: no database access."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from market.daily_stats import PostingSets
from market.trends import Comparison, compare_counts, compute_percentage, compute_wilson_interval

# A posting is within reach of a user who has at least this many tenths of its skills.
TENTHS_IN_REACH = 7
MAX_NEXT_SKILLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSkill:
    """A skill to learn next.

    `reachable_percentage` is the share of postings with at least one skill that are within reach after the user learns
    this skill and the ones before it.
    """

    name: str
    reachable_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """The percentage of postings within reach today, and the skills to learn next, in order."""

    reachable_percentage: float
    next_skills: tuple[NextSkill, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CandidateBits:
    """A bitmap of postings per candidate skill. A bit in a row is set if the posting has the skill."""

    names: tuple[str, ...]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, names: tuple[str, ...], present: NDArray[np.bool_]) -> "CandidateBits":
        return cls(names=names, bits=np.packbits(present, axis=1))


def order_learning(
    *, sets: PostingSets, candidates: CandidateBits, allowed: Collection[str], held: Collection[str]
) -> LearningOrder:
    """Choose the next skills greedily. Each step takes the skill that brings the most postings within reach.

    Only `allowed` skills that are not in `held` are considered. Ties go to the skill that more out-of-reach postings
    require, then to the one that comes first among the candidates. A skill that no out-of-reach posting requires is
    never chosen.
    """
    sizes = sets.sizes
    with_skills = int(np.count_nonzero(sizes))
    # Rounded up: a posting with 5 skills needs 4, a posting with 10 needs 7.
    lacking = (TENTHS_IN_REACH * sizes + 9) // 10 - sets.count_among(held)
    reachable = int(np.count_nonzero(lacking <= 0)) - int(np.count_nonzero(sizes == 0))
    today = compute_percentage(reachable, with_skills)
    open_rows = [row for row, name in enumerate(candidates.names) if name in allowed and name not in held]
    steps: list[NextSkill] = []
    while open_rows and len(steps) < MAX_NEXT_SKILLS:
        bits = candidates.bits[open_rows]
        requiring = _count_bits(bits & np.packbits(lacking > 0))
        gained = _count_bits(bits & np.packbits(lacking == 1))
        best = max(range(len(open_rows)), key=lambda index: (gained[index], requiring[index], -index))
        if not requiring[best]:
            break
        row = open_rows.pop(best)
        lacking -= np.unpackbits(candidates.bits[row], count=len(lacking))
        reachable += int(gained[best])
        steps.append(
            NextSkill(name=candidates.names[row], reachable_percentage=compute_percentage(reachable, with_skills))
        )
    return LearningOrder(reachable_percentage=today, next_skills=tuple(steps))


def _count_bits(rows: NDArray[np.uint8]) -> list[int]:
    counts: list[int] = np.bitwise_count(rows).sum(axis=1, dtype=np.int64).tolist()
    return counts


MIN_THRESHOLD = 0.1
MAX_THRESHOLD = 1.0
DEFAULT_THRESHOLD = 0.25
_MIN_SHARE = Fraction(str(MIN_THRESHOLD))
# A median over fewer salaries says more about the employers than about the skill.
MIN_SALARIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDemand:
    """The number of a role's postings that require a skill, in the window and in the previous window."""

    name: str
    count: int
    count_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDemand:
    """The demand for skills in a role's postings of a window.

    `skills` has every skill that at least a tenth of the postings require, most frequent first.
    """

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
        """Build the demand from the number of postings that require each skill."""
        frequent = [name for name, count in counts.items() if count >= postings * _MIN_SHARE]
        return cls(
            postings=postings,
            postings_before=postings_before,
            skills=tuple(
                SkillDemand(name=name, count=counts[name], count_before=(before or {}).get(name, 0))
                for name in sorted(frequent, key=lambda name: (-counts[name], name))
            ),
        )

    def list_required(self, *, threshold: float) -> tuple[SkillDemand, ...]:
        """Return the skills that at least this share (0.1 to 1.0) of the postings require, most frequent first."""
        # A fraction is exact: 0.28 of 25 postings is 7, but slightly more in floating point.
        share = Fraction(str(threshold))
        return tuple(skill for skill in self.skills if skill.count >= share * self.postings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the required skills a user has. `weighted_percentage` weights each skill by its demand."""

    held: int
    required: int
    percentage: float
    weighted_percentage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SalaryMedians:
    """Median pay of the postings that require a skill and of the postings that do not, USD per year.

    A posting's pay is the midpoint of its minimum and maximum.
    """

    with_skill: int | None = None
    without_skill: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RoleWindow:
    """A role's demand and postings in a window, shared by all requests. Derived values are computed once."""

    demand: RoleDemand
    sets: PostingSets

    @property
    def size_in_bytes(self) -> int:
        """The size in bytes after every cached property has been computed."""
        presence_bytes = len(self.demand.skills) * self.sets.postings
        return self.sets.size_in_bytes + presence_bytes + presence_bytes // 8

    @cached_property
    def _presence(self) -> NDArray[np.bool_]:
        return self.sets.build_presence([skill.name for skill in self.demand.skills])

    @cached_property
    def candidates(self) -> CandidateBits:
        return CandidateBits.of(tuple(skill.name for skill in self.demand.skills), self._presence)

    @cached_property
    def salary_medians(self) -> dict[str, SalaryMedians]:
        """Salary medians by skill."""
        paid = np.flatnonzero(self.sets.salaries)
        paid = paid[np.argsort(self.sets.salaries[paid], kind="stable")]
        ascending = self.sets.salaries[paid].astype(np.int64)
        present = self._presence[:, paid]
        return {
            skill.name: SalaryMedians(
                with_skill=_compute_median_midpoint(ascending, np.flatnonzero(row)),
                without_skill=_compute_median_midpoint(ascending, np.flatnonzero(~row)),
            )
            for skill, row in zip(self.demand.skills, present, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredSkill:
    """A skill that a role requires, and whether the user has it. `confidence_interval` is in percent."""

    name: str
    held: bool
    percentage: float
    confidence_interval: tuple[float, float]
    salary_medians: SalaryMedians
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAnalysis:
    """The result of comparing a user's skills with a role. `required` and `missing` are in order of demand."""

    postings: int
    required: tuple[RequiredSkill, ...]
    missing: tuple[str, ...]
    coverage: Coverage
    learning_order: LearningOrder


def rank_gaps(*, window: RoleWindow, held: Collection[str], threshold: float = DEFAULT_THRESHOLD) -> GapAnalysis:
    """Compare a user's canonical skills with those that at least `threshold` of the role's postings require."""
    held = frozenset(held)
    demand = window.demand
    skills = demand.list_required(threshold=threshold)
    medians = window.salary_medians if skills else {}
    missing = tuple(skill.name for skill in skills if skill.name not in held)
    return GapAnalysis(
        postings=demand.postings,
        required=tuple(
            RequiredSkill(
                name=skill.name,
                held=skill.name in held,
                percentage=compute_percentage(skill.count, demand.postings),
                confidence_interval=compute_wilson_interval(count=skill.count, of=demand.postings),
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
        coverage=compute_coverage(skills=skills, held=held),
        learning_order=order_learning(sets=window.sets, candidates=window.candidates, allowed=missing, held=held),
    )


def compute_coverage(*, skills: Sequence[SkillDemand], held: Collection[str]) -> Coverage:
    """Compute the percentage of the required skills that the user has, or 0 if no skill is required."""
    covered = [skill for skill in skills if skill.name in held]
    return Coverage(
        held=len(covered),
        required=len(skills),
        percentage=compute_percentage(len(covered), len(skills)),
        weighted_percentage=compute_percentage(
            sum(skill.count for skill in covered), sum(skill.count for skill in skills)
        ),
    )


def _compute_median_midpoint(ascending: NDArray[np.int64], indexes: NDArray[np.intp]) -> int | None:
    """Return the median midpoint of the salaries at these indexes, or None if there are too few.

    `ascending` has the sum of each salary's minimum and maximum. Both arrays are in ascending order.
    """
    count = len(indexes)
    if count < MIN_SALARIES:
        return None
    low, high = ascending[indexes[(count - 1) // 2]], ascending[indexes[count // 2]]
    return round((int(low) + int(high)) / 4)
