"""Choose the skills of a roadmap from a blueprint and from the skills that postings require. Pure.

The blueprint says what a role requires and in which order. Postings order the skills of a stage, choose among
equivalent skills, and add the skills that at least a tenth of them require.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from learning.blueprints import Blueprint, Entry, Tier
from learning.ordering import GROUPS, MIN_STAGE_SIZE, find_prerequisites
from market.samples import Sample
from skills.vocabulary import FIELD, METHOD, TECHNOLOGY, Vocabulary

# With fewer distinct postings or employers, shares say more about individual employers than about the role.
MIN_JOBS, MIN_EMPLOYERS = 20, 5
# Minimum percentages of postings for a skill to be in the roadmap, and to belong to the specialisation.
MIN_PERCENT, MIN_PERCENT_SPECIALISATION = 10, 25
# Kinds of skills that a roadmap can add to a blueprint. People learn a field by learning its technologies.
LEARNED_KINDS = frozenset({TECHNOLOGY, METHOD})
_TIERS = tuple(Tier)
_TOOLS = "Tools/Technologies"
# Options with at least this fraction of the highest share count as equal. The blueprint's order then decides.
_EQUAL_DEMAND = 0.8
# Roadmaps can add further skills of a subcategory if the blueprint has at least this many of its skills.
_MIN_SKILLS_OF_SUBCATEGORY = 2
# Subcategories from which no skills are added, because they span many fields.
_CROSS_ROLE_SUBCATEGORIES = frozenset(
    {(_TOOLS, "Business Applications"), (_TOOLS, "Recruiting Systems"), (_TOOLS, "Practices")}
)


def has_enough_jobs(sample: Sample) -> bool:
    """Return whether a sample is large enough to compute shares. An unknown number of employers is not checked."""
    has_employers = sample.employers is None or sample.employers >= MIN_EMPLOYERS
    return sample.distinct_jobs >= MIN_JOBS and has_employers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSkill:
    """A skill of a plan.

    Attributes:
        share: Percentage of the postings that require the skill. None if there are too few postings.
        hours: Hours to working knowledge for a newcomer. None if the blueprint does not name the skill.
        one_of: The equivalent skills that the blueprint accepts instead of this one.
        alternative: The skill that replaces this one.
    """

    name: str
    tier: Tier
    stage: int
    share: float | None
    hours: int | None = None
    one_of: tuple[str, ...] = ()
    alternative: str | None = None


def plan_skills(
    *,
    blueprint: Blueprint,
    shares: Mapping[str, float] | None,
    held: Collection[str],
    started: Collection[str],
    vocabulary: Vocabulary,
    employer_specific: Collection[str] = (),
) -> list[PlannedSkill]:
    """Choose and order the skills to learn for a blueprint.

    Args:
        blueprint: What the role requires.
        shares: Percentages of postings by skill, or None if there are too few postings. The plan is then the whole
            blueprint.
        held: All skills of the learner, named or implied.
        started: Skills that the learner has planned or started.
        vocabulary: Provides the kinds of skills, the skills that they imply and their prerequisites.
        employer_specific: Skills that mainly one employer requires. They do not count as required outside the core.
    """
    planner = _Planner(
        blueprint=blueprint,
        shares=shares,
        held=frozenset(held),
        started=frozenset(started),
        employer_specific=frozenset(employer_specific),
        vocabulary=vocabulary,
    )
    planned = planner.drop_implied(planner.choose_entries())
    if shares is not None:
        planned += planner.add_frequent_skills(planned)
    return planner.arrange(planned)


@dataclass(frozen=True, kw_only=True)
class _Planner:
    """The steps of `plan_skills`, with its arguments as fields."""

    blueprint: Blueprint
    shares: Mapping[str, float] | None
    held: frozenset[str]
    started: frozenset[str]
    employer_specific: frozenset[str]
    vocabulary: Vocabulary

    def _get_share(self, name: str) -> float:
        return (self.shares or {}).get(name, 0.0)

    def _find_prerequisites(self, name: str) -> set[str]:
        return find_prerequisites(name, self.vocabulary.prerequisites)

    def choose_entries(self) -> list[PlannedSkill]:
        """Return the skills of the blueprint's entries, without entries that too few postings require."""
        planned: list[PlannedSkill] = []
        replaced: set[str] = set()
        omitted: list[Entry] = []
        for entry in self.blueprint.entries:
            chosen = self._choose_options(entry, replaced)
            if chosen:
                replaced |= set(entry.options) - {skill.name for skill in chosen if skill.alternative is None}
            else:
                omitted.append(entry)
            planned += chosen
        # Keep the prerequisites of chosen skills, no matter how few postings name them.
        learned = [skill.name for skill in planned if skill.alternative is None]
        needed = {prerequisite for name in learned for prerequisite in self._find_prerequisites(name)}
        for entry in omitted:
            if needed.intersection(entry.options):
                planned += self._choose_options(entry, replaced, needed)
        return planned

    def _choose_options(
        self, entry: Entry, replaced: Collection[str], needed: Collection[str] = ()
    ) -> list[PlannedSkill]:
        """Return the option to learn, other options to keep, and options that the first one replaces.

        The result is empty if too few postings require any of the options. Options in `needed` are kept like started
        ones. An option that builds on an option in `replaced`, such as Django without Python, is left out.
        """
        options = [
            option
            for option in entry.options
            if self.vocabulary.get_canonical_name(option) == option
            and (option in self.held or not self._find_prerequisites(option) & (set(replaced) - self.held))
        ]
        must_keep = {option for option in options if option in self.held or option in self.started or option in needed}
        tier = self._get_tier(entry, options)
        if tier is None and not must_keep:
            return []
        equal_share = max(map(self._get_share, options), default=0.0) * _EQUAL_DEMAND
        options.sort(
            key=lambda name: (name not in self.held, name not in must_keep, -min(self._get_share(name), equal_share))
        )
        chosen: list[PlannedSkill] = []
        for option in options:
            if chosen and option not in must_keep and self._get_share(option) < MIN_PERCENT:
                continue
            chosen.append(
                PlannedSkill(
                    name=option,
                    tier=tier or entry.tier,
                    stage=entry.stage,
                    share=None if self.shares is None else self._get_share(option),
                    hours=entry.hours,
                    one_of=() if chosen else tuple(name for name in entry.options if name != option),
                    alternative=chosen[0].name if chosen and option not in must_keep else None,
                )
            )
        return chosen

    def _get_tier(self, entry: Entry, options: Iterable[str]) -> Tier | None:
        """Return the tier of an entry, or None if too few postings require one of the options."""
        if self.shares is None or entry.tier is Tier.CORE:
            return entry.tier
        frequent = [name for name in options if name not in self.employer_specific]
        share = max(map(self._get_share, frequent), default=0.0)
        if share < MIN_PERCENT:
            return None
        # Postings mention a field as the context of a job more often than as a requirement.
        is_field = self.vocabulary.kinds.get(frequent[0]) == FIELD
        return Tier.SPECIALISATION if share >= MIN_PERCENT_SPECIALISATION and not is_field else entry.tier

    def drop_implied(self, planned: Iterable[PlannedSkill]) -> list[PlannedSkill]:
        """Drop missing skills outside the core that a skill of an earlier stage implies."""
        planned = list(planned)
        implied: dict[str, int] = {}
        for skill in planned:
            if skill.alternative is None:
                for name in self.vocabulary.implied.get(skill.name, ()):
                    implied[name] = min(skill.stage, implied.get(name, skill.stage))
        return [
            skill
            for skill in planned
            if skill.tier is Tier.CORE
            or skill.name in self.held
            or skill.alternative is not None
            or implied.get(skill.name, skill.stage) >= skill.stage
        ]

    def add_frequent_skills(self, planned: Collection[PlannedSkill]) -> list[PlannedSkill]:
        """Return the technologies and methods of the role's field that postings require and the blueprint lacks."""
        to_learn = [skill for skill in planned if skill.alternative is None]
        learned = {skill.name for skill in to_learn}
        covered = learned.union(*(self.vocabulary.implied.get(name, ()) for name in learned))
        replaced = {option for skill in planned for option in (skill.name, *skill.one_of)} - learned
        last_stage = max((skill.stage for skill in planned if skill.tier is not Tier.NICE_TO_HAVE), default=0)
        added: list[PlannedSkill] = []
        for name, share in self._list_addable_skills(covered):
            # Skip services of a cloud that was not chosen.
            if name in covered or replaced.intersection(self.vocabulary.implied.get(name, ())):
                continue
            # `arrange` moves the skills that build on this one to the next stage.
            dependent_stages = [skill.stage for skill in to_learn if name in self._find_prerequisites(skill.name)]
            # Other skills follow the blueprint's specialisation, in stages of the usual size.
            stage = min(dependent_stages, default=last_stage + 1 + len(added) // MIN_STAGE_SIZE)
            added.append(
                PlannedSkill(
                    name=name,
                    tier=Tier.SPECIALISATION if share >= MIN_PERCENT_SPECIALISATION else Tier.NICE_TO_HAVE,
                    stage=stage,
                    share=share,
                    alternative=None if name in self.held or dependent_stages else _find_equivalent(name, learned),
                )
            )
            covered |= {name, *self.vocabulary.implied.get(name, ())}
        return added

    def _list_addable_skills(self, covered: Collection[str]) -> list[tuple[str, float]]:
        """Return the frequent skills of the field that are not in `covered`, with their shares, highest first."""
        subcategories = self._list_subcategories()
        shares = {
            name: share
            for name, share in (self.shares or {}).items()
            if share >= MIN_PERCENT
            and name not in self.employer_specific
            and name not in self.blueprint.skills
            and name not in self.blueprint.never
            and name not in covered
            and self.vocabulary.kinds.get(name, TECHNOLOGY) in LEARNED_KINDS
            and self._get_subcategory(name) in subcategories
        }
        # Removing a skill can make the skills that build on it unrelated.
        while unrelated := [name for name in shares if self._is_unrelated(name, {*covered, *shares})]:
            for name in unrelated:
                del shares[name]
        return sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))

    def _list_subcategories(self) -> set[tuple[str, str]]:
        """Return the subcategories from which skills can be added to the blueprint."""
        counts = Counter(map(self._get_subcategory, self.blueprint.skills))
        return {
            subcategory for subcategory, count in counts.items() if count >= _MIN_SKILLS_OF_SUBCATEGORY
        } - _CROSS_ROLE_SUBCATEGORIES

    def _get_subcategory(self, name: str) -> tuple[str, str]:
        skill = self.vocabulary.get(name)
        return (skill.category, skill.subcategory) if skill else ("", "")

    def _is_unrelated(self, name: str, covered: Collection[str]) -> bool:
        """Return whether a skill builds on technologies or methods that the role does not need."""
        return any(
            self.vocabulary.kinds.get(prerequisite) in LEARNED_KINDS
            and prerequisite not in covered
            and prerequisite not in self.held
            and prerequisite not in self.blueprint.skills
            for prerequisite in self._find_prerequisites(name)
        )

    def arrange(self, planned: Iterable[PlannedSkill]) -> list[PlannedSkill]:
        """Sort the skills by tier and stage, move each behind its prerequisites, and number the stages from 1.

        A prerequisite has at least the tier of the skills that build on it. Within a stage, missing skills come before
        held ones, and those that more postings require come first. Skills with an alternative form the last stage.
        """
        skills = list(planned)
        learned = [skill for skill in skills if skill.alternative is None]
        stages = {skill.name: skill.stage for skill in learned}
        prerequisites = {name: self._find_prerequisites(name) & stages.keys() - {name} for name in stages}
        tiers = {skill.name: _TIERS.index(skill.tier) for skill in learned}
        for skill in learned:
            for prerequisite in prerequisites[skill.name]:
                tiers[prerequisite] = min(tiers[prerequisite], _TIERS.index(skill.tier))
        # Bound the passes, because separate edits of the vocabulary can create a cycle of prerequisites.
        for _ in stages:
            delayed = {
                name: max(stages[prerequisite] for prerequisite in prerequisites[name])
                for name in stages
                if prerequisites[name]
            }
            delayed = {name: stage + 1 for name, stage in delayed.items() if stage >= stages[name]}
            if not delayed:
                break
            stages |= delayed
        tier_stages = {name: (tiers[name], stage) for name, stage in stages.items()}
        numbers = {tier_stage: number for number, tier_stage in enumerate(sorted(set(tier_stages.values())), start=1)}
        positions = {skill.name: position for position, skill in enumerate(skills)}
        arranged = [
            replace(skill, tier=_TIERS[tiers[skill.name]], stage=numbers[tier_stages[skill.name]])
            if skill.name in tier_stages
            else replace(skill, stage=len(numbers) + 1)
            for skill in skills
        ]
        return sorted(
            arranged,
            key=lambda skill: (skill.stage, skill.name in self.held, -(skill.share or 0.0), positions[skill.name]),
        )


def _find_equivalent(name: str, learned: Collection[str]) -> str | None:
    """Return an equivalent skill of the plan, if any."""
    return next((other for group in GROUPS if name in group for other in group if other in learned), None)
