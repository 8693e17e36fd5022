"""Choose the skills of a roadmap from a blueprint and from what postings require. Pure.

The blueprint says what a role requires and in which order. Postings order the skills of a stage, choose among
equivalent skills, and add what at least a tenth of them require.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from learning.blueprints import Blueprint, Entry, Tier
from learning.ordering import GROUPS, MIN_STAGE_SIZE, find_prerequisites
from market.samples import Sample
from skills.vocabulary import FIELD, METHOD, TECHNOLOGY, Vocabulary

# With fewer distinct adverts or employers, shares say more about individual employers than about the role.
MIN_JOBS, MIN_EMPLOYERS = 20, 5
# Minimum percentages of adverts for a skill to be in the roadmap, and to belong to the specialisation.
MIN_PERCENT, MIN_PERCENT_SPECIALISATION = 10, 25
# Kinds of skills that a roadmap can add to a blueprint. A person has a field by having its technologies.
LEARNED_KINDS = frozenset({TECHNOLOGY, METHOD})
_TOOLS = "Tools/Technologies"
# Options with at least this fraction of the highest share count as equal. The blueprint's order then decides.
_EQUAL_DEMAND = 0.8
# Roadmaps can add further skills of a subcategory if the blueprint has at least this many of its skills.
_MIN_SKILLS_OF_SUBCATEGORY = 2
# Subcategories from which no skills are added, because they span many trades.
_CLOSED = frozenset({(_TOOLS, "Business Applications"), (_TOOLS, "Recruiting Systems"), (_TOOLS, "Practices")})


def has_enough_jobs(sample: Sample) -> bool:
    """Return whether a sample is large enough to compute shares. An unknown number of employers is not checked."""
    has_employers = sample.employers is None or sample.employers >= MIN_EMPLOYERS
    return sample.distinct_jobs >= MIN_JOBS and has_employers


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSkill:
    """A skill of a plan.

    Attributes:
        share: Percentage of the adverts that require the skill. None if there are too few adverts.
        hours: Hours to working knowledge for a newcomer. None to estimate them by the kind of skill.
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
) -> list[PlannedSkill]:
    """Choose and order the skills to learn for a blueprint.

    Args:
        blueprint: What the role requires.
        shares: Percentages of adverts by skill, or None if there are too few adverts. The plan is then the whole
            blueprint.
        held: All skills of the learner, named or implied.
        started: Skills that the learner has planned or started.
        vocabulary: Provides the kinds of skills, the skills that they imply and their prerequisites.
    """
    planned: list[PlannedSkill] = []
    replaced: set[str] = set()
    omitted: list[Entry] = []
    for entry in blueprint.entries:
        chosen = _choose(entry, shares=shares, held=held, started=started, replaced=replaced, vocabulary=vocabulary)
        if chosen:
            replaced |= set(entry.options) - {skill.name for skill in chosen if skill.alternative is None}
        else:
            omitted.append(entry)
        planned += chosen
    # Keep the prerequisites of chosen skills, no matter how few adverts name them.
    learned = [skill.name for skill in planned if skill.alternative is None]
    needed = {need for name in learned for need in find_prerequisites(name, vocabulary.prerequisites)}
    for entry in omitted:
        if needed.intersection(entry.options):
            planned += _choose(
                entry,
                shares=shares,
                held=held,
                started=needed.intersection(entry.options),
                replaced=replaced,
                vocabulary=vocabulary,
            )
    planned = _drop_implied(planned, held=held, vocabulary=vocabulary)
    if shares is not None:
        planned += _promote(blueprint, planned, shares=shares, held=held, vocabulary=vocabulary)
    return _arrange(planned, held=held, vocabulary=vocabulary)


def _choose(
    entry: Entry,
    *,
    shares: Mapping[str, float] | None,
    held: Collection[str],
    started: Collection[str],
    replaced: Collection[str],
    vocabulary: Vocabulary,
) -> list[PlannedSkill]:
    """Return the skill to learn for an entry, other options to keep, and options that the first one replaces.

    An option that builds on an option that was not chosen, such as Django without Python, is left out.
    """
    prerequisites, known = vocabulary.prerequisites, shares or {}
    options = [
        option
        for option in entry.options
        if vocabulary.get_canonical_name(option) == option
        and (option in held or not find_prerequisites(option, prerequisites) & (set(replaced) - set(held)))
    ]
    share = max((known.get(option, 0.0) for option in options), default=0.0)
    is_begun = any(option in held or option in started for option in options)
    tier = entry.tier
    if tier is Tier.NICE_TO_HAVE and shares is not None:
        if share < MIN_PERCENT and not is_begun:
            return []
        # Adverts mention a field as the context of a job more often than as a requirement.
        is_field = vocabulary.kinds.get(options[0]) == FIELD if options else False
        tier = Tier.SPECIALISATION if share >= MIN_PERCENT_SPECIALISATION and not is_field else tier
    if tier is Tier.SPECIALISATION and shares is not None and share < MIN_PERCENT and not is_begun:
        return []
    near_best = share * _EQUAL_DEMAND
    options.sort(key=lambda name: (name not in held, name not in started, -min(known.get(name, 0.0), near_best)))
    chosen: list[PlannedSkill] = []
    for option in options:
        is_kept = option in held or option in started
        if chosen and not is_kept and known.get(option, 0.0) < MIN_PERCENT:
            continue
        chosen.append(
            PlannedSkill(
                name=option,
                tier=tier,
                stage=entry.stage,
                share=None if shares is None else known.get(option, 0.0),
                hours=entry.hours,
                one_of=() if chosen else tuple(name for name in entry.options if name != option),
                alternative=chosen[0].name if chosen and not is_kept else None,
            )
        )
    return chosen


def _drop_implied(planned: list[PlannedSkill], *, held: Collection[str], vocabulary: Vocabulary) -> list[PlannedSkill]:
    """Drop missing skills outside the core that a skill of an earlier stage implies."""
    implied: dict[str, int] = {}
    for skill in planned:
        if skill.alternative is None:
            for name in vocabulary.implied.get(skill.name, ()):
                implied[name] = min(skill.stage, implied.get(name, skill.stage))
    return [
        skill
        for skill in planned
        if skill.tier is Tier.CORE
        or skill.name in held
        or skill.alternative is not None
        or implied.get(skill.name, skill.stage) >= skill.stage
    ]


def _promote(
    blueprint: Blueprint,
    planned: list[PlannedSkill],
    *,
    shares: Mapping[str, float],
    held: Collection[str],
    vocabulary: Vocabulary,
) -> list[PlannedSkill]:
    """Return the technologies and methods of the trade that adverts require and the blueprint does not name."""
    learned = {skill.name for skill in planned if skill.alternative is None}
    covered = learned.union(*(vocabulary.implied.get(name, ()) for name in learned))
    own = blueprint.skills
    replaced = {option for skill in planned for option in (skill.name, *skill.one_of)} - learned
    opened = Counter(_get_subcategory(name, vocabulary) for name in own)
    subcategories = {each for each, count in opened.items() if count >= _MIN_SKILLS_OF_SUBCATEGORY} - _CLOSED
    last = max((skill.stage for skill in planned if skill.tier is not Tier.NICE_TO_HAVE), default=0)
    promoted: list[PlannedSkill] = []
    for name, share in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])):
        if (
            share < MIN_PERCENT
            or name in own
            or name in covered
            or name in blueprint.never
            or vocabulary.kinds.get(name, TECHNOLOGY) not in LEARNED_KINDS
            or _get_subcategory(name, vocabulary) not in subcategories
            # Skip services of a cloud that was not chosen.
            or replaced.intersection(vocabulary.implied.get(name, ()))
            or _is_foreign(name, (covered, held, own), vocabulary)
        ):
            continue
        promoted.append(
            PlannedSkill(
                name=name,
                tier=Tier.SPECIALISATION if share >= MIN_PERCENT_SPECIALISATION else Tier.NICE_TO_HAVE,
                # Split into stages of the usual size, after the blueprint's specialisation.
                stage=last + 1 + len(promoted) // MIN_STAGE_SIZE,
                share=share,
                alternative=None if name in held else _find_equivalent(name, learned),
            )
        )
        covered |= {name, *vocabulary.implied.get(name, ())}
    return promoted


def _get_subcategory(name: str, vocabulary: Vocabulary) -> tuple[str, str]:
    skill = vocabulary.get(name)
    return (skill.category, skill.subcategory) if skill else ("", "")


def _is_foreign(name: str, known: Iterable[Collection[str]], vocabulary: Vocabulary) -> bool:
    """Return whether a skill builds on technologies or methods that the trade does not need."""
    return any(
        vocabulary.kinds.get(need) in LEARNED_KINDS and not any(need in names for names in known)
        for need in find_prerequisites(name, vocabulary.prerequisites)
    )


def _find_equivalent(name: str, learned: Collection[str]) -> str | None:
    """Return an equivalent skill of the plan, if any."""
    return next((other for group in GROUPS if name in group for other in group if other in learned), None)


def _arrange(planned: Iterable[PlannedSkill], *, held: Collection[str], vocabulary: Vocabulary) -> list[PlannedSkill]:
    """Sort the skills by stage, move each behind its prerequisites, and number the stages from 1.

    Within a stage, missing skills come before held ones, and those that more adverts require come first. Skills with an
    alternative form the last stage.
    """
    skills = list(planned)
    stages = {skill.name: skill.stage for skill in skills if skill.alternative is None}
    needs = {name: find_prerequisites(name, vocabulary.prerequisites) & stages.keys() - {name} for name in stages}
    # Bound the passes, because separate edits of the vocabulary can create a cycle of prerequisites.
    for _ in stages:
        late = {name: max(stages[need] for need in needs[name]) for name in stages if needs[name]}
        late = {name: stage + 1 for name, stage in late.items() if stage >= stages[name]}
        if not late:
            break
        stages |= late
    last = max(stages.values(), default=0) + 1
    numbers = {stage: number for number, stage in enumerate(sorted({*stages.values(), last}), start=1)}
    placed = [replace(skill, stage=numbers[stages.get(skill.name, last)]) for skill in skills]
    positions = {skill.name: position for position, skill in enumerate(placed)}
    return sorted(
        placed, key=lambda skill: (skill.stage, skill.name in held, -(skill.share or 0.0), positions[skill.name])
    )
