"""Gap analysis: required skills, missing skills and what to learn next. Pure: no database access."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from market.daily_stats import PostingSets
from market.learning_index import UNCOUNTED_KINDS, LearningIndex
from market.learning_order import LearningOrder, order_learning
from market.samples import EMPTY_SAMPLE, Sample
from market.trends import Comparison, Interval, compare_counts, compute_percentage, compute_wilson_interval
from skills.vocabulary import SOFT_SKILL, SPOKEN_LANGUAGE, TECHNOLOGY, HeldSkills, Vocabulary

MIN_THRESHOLD = 0.1
MAX_THRESHOLD = 1.0
DEFAULT_THRESHOLD = 0.25
_MIN_SHARE = Fraction(str(MIN_THRESHOLD))
# A median of fewer salaries says more about the employers than about the skill.
MIN_SALARIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDemand:
    """The number of a role's distinct postings that require a skill, in the window and in the previous window."""

    name: str
    count: int
    count_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDemand:
    """The demand for skills in a role's postings of a window.

    `postings` includes copies of a posting. Everything else counts distinct postings. `skills` contains the skills that
    at least a tenth of the `jobs` require, most frequent first.
    """

    postings: int
    sample: Sample = EMPTY_SAMPLE
    sample_before: Sample = EMPTY_SAMPLE
    skills: tuple[SkillDemand, ...] = ()

    @property
    def jobs(self) -> int:
        """The number of distinct postings, by which shares are divided."""
        return self.sample.distinct_jobs

    @classmethod
    def from_counts(
        cls,
        *,
        postings: int,
        counts: Mapping[str, int],
        postings_before: int = 0,
        before: Mapping[str, int] | None = None,
        sample: Sample | None = None,
        sample_before: Sample | None = None,
    ) -> "RoleDemand":
        """Build the demand from the number of distinct postings that require each skill.

        Without samples, every posting counts as a distinct posting from a different employer.
        """
        sample = sample or Sample(distinct_jobs=postings)
        frequent = [name for name, count in counts.items() if count >= sample.distinct_jobs * _MIN_SHARE]
        return cls(
            postings=postings,
            sample=sample,
            sample_before=sample_before or Sample(distinct_jobs=postings_before),
            skills=tuple(
                SkillDemand(name=name, count=counts[name], count_before=(before or {}).get(name, 0))
                for name in sorted(frequent, key=lambda name: (-counts[name], name))
            ),
        )

    def list_required(self, *, threshold: float) -> tuple[SkillDemand, ...]:
        """Return the skills that at least this share (0.1 to 1.0) of the jobs require, most frequent first."""
        # Use an exact fraction, because 0.28 of 25 postings is 7, but slightly more in floating point.
        minimum = ceil(Fraction(str(threshold)) * self.jobs)
        return tuple([skill for skill in self.skills if skill.count >= minimum])


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the counted required skills a user has. `weighted_percentage` weights each skill by its demand."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillStats:
    """The share of a role's distinct postings that require a skill, its interval, pay and change."""

    percentage: float
    confidence_interval: Interval
    salary_medians: SalaryMedians
    comparison: Comparison


@dataclass(frozen=True, kw_only=True, eq=False)
class RoleWindow:
    """A role's demand and postings in a window, shared by all requests. Derived values are computed once."""

    demand: RoleDemand
    sets: PostingSets
    # The view of the last vocabulary. It is replaced when the vocabulary changes.
    _views: list["WindowView"] = field(default_factory=list, init=False, repr=False)

    @property
    def size_in_bytes(self) -> int:
        """The size in bytes after every cached property has been computed."""
        presence_bytes = len(self.demand.skills) * self.sets.postings
        # A learning index has bitmaps of implied skills as well, about three times as many skills as the frequent ones.
        # Its lists contain each mention of a skill at most once.
        index_bytes = (
            3 * presence_bytes // 8 + 2 * self.sets.postings + self.sets.columns.nbytes + self.sets.keys.nbytes
        )
        return self.sets.size_in_bytes + presence_bytes + index_bytes

    @cached_property
    def _presence(self) -> NDArray[np.bool_]:
        return self.sets.build_presence([skill.name for skill in self.demand.skills])

    def get_view(self, vocabulary: Vocabulary) -> "WindowView":
        """Return the view of the window for a vocabulary, which is computed once per vocabulary."""
        for view in self._views:
            if view.vocabulary is vocabulary:
                return view
        view = WindowView(window=self, vocabulary=vocabulary)
        self._views[:] = [view]
        return view

    @cached_property
    def skill_stats(self) -> dict[str, SkillStats]:
        """Stats of each skill, by name. They do not depend on the user."""
        demand = self.demand
        sample, before = demand.sample, demand.sample_before
        return {
            skill.name: SkillStats(
                percentage=compute_percentage(skill.count, demand.jobs),
                confidence_interval=compute_wilson_interval(
                    count=skill.count, of=demand.jobs, design_effect=sample.design_effect
                ),
                salary_medians=self.salary_medians[skill.name],
                comparison=compare_counts(
                    count=skill.count,
                    postings=demand.jobs,
                    previous=skill.count_before,
                    postings_before=before.distinct_jobs,
                    design_effect=sample.design_effect,
                    design_effect_before=before.design_effect,
                ),
            )
            for skill in demand.skills
        }

    @cached_property
    def salary_medians(self) -> dict[str, SalaryMedians]:
        """Salary medians by skill."""
        salaried_columns = np.flatnonzero(self.sets.salaries)
        salaried_columns = salaried_columns[np.argsort(self.sets.salaries[salaried_columns], kind="stable")]
        sorted_salaries = self.sets.salaries[salaried_columns].astype(np.int64)
        present = self._presence[:, salaried_columns]
        return {
            skill.name: SalaryMedians(
                with_skill=_compute_median_midpoint(sorted_salaries, np.flatnonzero(row)),
                without_skill=_compute_median_midpoint(sorted_salaries, np.flatnonzero(~row)),
            )
            for skill, row in zip(self.demand.skills, present, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredSkill:
    """A skill that a role requires, and whether the user has it. `confidence_interval` is in percent.

    `held_through` is the skill of the user that implies this one, or None if the user names it or does not have it.
    """

    name: str
    kind: str
    held: bool
    held_through: str | None
    percentage: float
    confidence_interval: tuple[float, float]
    salary_medians: SalaryMedians
    comparison: Comparison


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowView:
    """The values of a gap analysis that depend only on a role's window and the vocabulary, not on the user."""

    window: RoleWindow
    vocabulary: Vocabulary

    @cached_property
    def learning_index(self) -> LearningIndex:
        """The window's postings by skill."""
        demanded = [skill.name for skill in self.window.demand.skills]
        return LearningIndex.from_postings(sets=self.window.sets, demanded=demanded, vocabulary=self.vocabulary)

    @cached_property
    def _required_skills(self) -> dict[tuple[str, bool, str | None], RequiredSkill]:
        return {}

    def describe_skill(self, name: str, *, held: HeldSkills) -> RequiredSkill:
        """Return a frequent skill and whether a person who holds these skills has it. Cached per combination."""
        key = (name, name in held.names, held.through.get(name))
        required_skill = self._required_skills.get(key)
        if required_skill is None:
            stats = self.window.skill_stats[name]
            required_skill = self._required_skills[key] = RequiredSkill(
                name=name,
                kind=self.vocabulary.kinds.get(name, TECHNOLOGY),
                held=key[1],
                held_through=key[2],
                percentage=stats.percentage,
                confidence_interval=stats.confidence_interval,
                salary_medians=stats.salary_medians,
                comparison=stats.comparison,
            )
        return required_skill


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAnalysis:
    """The result of comparing a user's skills with a role. All lists of skills are in order of demand.

    `required` and `missing` contain the counted skills. Soft skills and spoken languages are listed separately.
    """

    postings: int
    sample: Sample
    required: tuple[RequiredSkill, ...]
    soft_skills: tuple[RequiredSkill, ...]
    spoken_languages: tuple[RequiredSkill, ...]
    missing: tuple[str, ...]
    coverage: Coverage
    learning_order: LearningOrder


_NO_VOCABULARY = Vocabulary(())


def rank_gaps(
    *,
    window: RoleWindow,
    held: HeldSkills | Collection[str],
    threshold: float = DEFAULT_THRESHOLD,
    vocabulary: Vocabulary = _NO_VOCABULARY,
    hours: Callable[[str], int] | None = None,
) -> GapAnalysis:
    """Compare a user's skills with those that at least `threshold` of the role's postings require.

    Args:
        window: The role's postings.
        held: The user's skills, with what they imply or as canonical names that imply nothing.
        threshold: The minimum share of postings for a skill to count as required.
        vocabulary: Provides the kinds of skills, the skills that they imply and their prerequisites.
        hours: Returns the hours to learn a skill.
    """
    if not isinstance(held, HeldSkills):
        held = HeldSkills(named=tuple(held), through={})
    demand, view = window.demand, window.get_view(vocabulary)
    skills = demand.list_required(threshold=threshold)
    required = [view.describe_skill(skill.name, held=held) for skill in skills]
    counted = tuple([skill for skill in required if skill.kind not in UNCOUNTED_KINDS])
    return GapAnalysis(
        postings=demand.postings,
        sample=demand.sample,
        required=counted,
        soft_skills=tuple([skill for skill in required if skill.kind == SOFT_SKILL]),
        spoken_languages=tuple([skill for skill in required if skill.kind == SPOKEN_LANGUAGE]),
        missing=tuple([skill.name for skill in counted if not skill.held]),
        coverage=compute_coverage(skills=skills, held=held.names, vocabulary=vocabulary),
        learning_order=order_learning(
            index=view.learning_index,
            required=[skill.name for skill in counted],
            held=held.names,
            hours=hours,
        ),
    )


def compute_coverage(
    *, skills: Sequence[SkillDemand], held: Collection[str], vocabulary: Vocabulary = _NO_VOCABULARY
) -> Coverage:
    """Compute the percentage of the required skills that the user has, or 0 if none of them counts.

    `held` contains all skills of the user, named or implied. Soft skills and spoken languages do not count.
    """
    skills = [skill for skill in skills if vocabulary.kinds.get(skill.name) not in UNCOUNTED_KINDS]
    covered = [skill for skill in skills if skill.name in held]
    return Coverage(
        held=len(covered),
        required=len(skills),
        percentage=compute_percentage(len(covered), len(skills)),
        weighted_percentage=compute_percentage(
            sum(skill.count for skill in covered), sum(skill.count for skill in skills)
        ),
    )


def _compute_median_midpoint(sorted_salaries: NDArray[np.int64], indexes: NDArray[np.intp]) -> int | None:
    """Return the median midpoint of the salaries at these indexes, or None if there are too few.

    `sorted_salaries` contains the sum of each salary's minimum and maximum. Both arrays are in ascending order.
    """
    count = len(indexes)
    if count < MIN_SALARIES:
        return None
    low, high = sorted_salaries[indexes[(count - 1) // 2]], sorted_salaries[indexes[count // 2]]
    return round((int(low) + int(high)) / 4)
