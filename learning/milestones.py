"""Milestones of a roadmap: enough skills to apply for a first job, and enough for a competitive application. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from learning.blueprints import Tier
from market.learning_index import TENTHS_IN_REACH
from market.trends import compute_percentage
from skills.vocabulary import Vocabulary

MilestoneName = Literal["enough_to_apply", "competitive"]
MilestoneBasis = Literal["junior_postings", "blueprint"]
MILESTONES, MILESTONE_BASES = get_args(MilestoneName), get_args(MilestoneBasis)
# With fewer junior postings, the shares say more about individual employers than about the role.
MIN_JUNIOR_POSTINGS = 20
# Percentage of junior postings that must be within reach.
ENOUGH_PERCENT = 50
# Maximum hours before a newcomer's first application, even if further skills would bring more postings within reach.
MAX_HOURS_TO_APPLY = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """A skill to learn, in order. `newcomer_hours` are for a person who has no skills yet."""

    name: str
    tier: Tier
    hours: int
    newcomer_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A point of a roadmap at which its first skills are learned.

    Attributes:
        basis: `junior_postings` if junior postings determine the skills, otherwise `blueprint`.
        skills: The skills up to the milestone, including those that the person already has.
        estimated_hours: The hours that the person still needs.
        newcomer_hours: The hours that a person without any skill needs.
        reachable_percentage: Percentage of the junior postings within reach after the milestone. None if there
            are too few junior postings.
    """

    name: MilestoneName
    basis: MilestoneBasis
    skills: tuple[str, ...]
    estimated_hours: int
    newcomer_hours: int
    junior_postings: int
    reachable_percentage: float | None


def find_milestones(
    *,
    items: Sequence[PlanItem],
    junior_skills: Sequence[Collection[str]],
    required: Mapping[str, str],
    held: Collection[str],
    vocabulary: Vocabulary,
) -> tuple[Milestone, ...]:
    """Find the milestones of a plan.

    `enough_to_apply` is the core, because postings take it for granted. If at least 20 postings are for juniors,
    further skills follow in the plan's order until half of these postings are within reach. If that takes a newcomer
    more than 900 hours, the milestone is the core without further skills. `competitive` is the core and the
    specialisation.

    Args:
        items: The skills to learn, in order.
        junior_skills: The skills of each junior posting.
        required: The technologies and methods that a tenth of the role's postings require, each with the skill of the
            plan that covers it. Other skills of a posting differ from employer to employer and do not count.
        held: All skills of the person, named or implied.
        vocabulary: Provides the kinds of skills and the skills that they imply.
    """
    core = [item for item in items if item.tier is Tier.CORE]
    if not core:
        return ()
    others = [item for item in items if item.tier is not Tier.CORE]
    reach = _Reach(junior_skills=junior_skills, required=required, vocabulary=vocabulary)
    enough, is_based_on_postings = core, False
    if reach.postings >= MIN_JUNIOR_POSTINGS:
        for count in range(len(others) + 1):
            candidate = [*core, *others[:count]]
            if sum(item.newcomer_hours for item in candidate) > MAX_HOURS_TO_APPLY:
                break
            if reach.compute(held, candidate) >= ENOUGH_PERCENT:
                enough, is_based_on_postings = candidate, True
                break
    competitive = [item for item in items if item in enough or item.tier is not Tier.NICE_TO_HAVE]
    return (
        _build("enough_to_apply", enough, reach=reach, held=held, is_based_on_postings=is_based_on_postings),
        _build("competitive", competitive, reach=reach, held=held, is_based_on_postings=False),
    )


def _build(
    name: MilestoneName,
    items: Sequence[PlanItem],
    *,
    reach: "_Reach",
    held: Collection[str],
    is_based_on_postings: bool,
) -> Milestone:
    has_too_few_postings = reach.postings < MIN_JUNIOR_POSTINGS
    return Milestone(
        name=name,
        basis="junior_postings" if is_based_on_postings else "blueprint",
        skills=tuple(item.name for item in items),
        estimated_hours=sum(item.hours for item in items),
        newcomer_hours=sum(item.newcomer_hours for item in items),
        junior_postings=reach.postings,
        reachable_percentage=None if has_too_few_postings else reach.compute(held, items),
    )


class _Reach:
    """Computes which share of the junior postings is within reach."""

    def __init__(
        self, *, junior_skills: Sequence[Collection[str]], required: Mapping[str, str], vocabulary: Vocabulary
    ) -> None:
        required_skills = [{required[name] for name in skills if name in required} for skills in junior_skills]
        self._required = [skills for skills in required_skills if skills]
        self._implied = vocabulary.implied
        self.postings = len(self._required)

    def compute(self, held: Collection[str], items: Sequence[PlanItem]) -> float:
        """Return the percentage of the postings within reach of a person who has these skills."""
        learned = {item.name for item in items}
        covered = set(held).union(learned, *(self._implied.get(name, ()) for name in learned))
        reached = sum(10 * len(skills & covered) >= TENTHS_IN_REACH * len(skills) for skills in self._required)
        return compute_percentage(reached, self.postings)
