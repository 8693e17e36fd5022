"""Build a roadmap: ordered skills with resources, projects and estimated hours. Pure.

The hours are rules of thumb, not measurements. They estimate how long a person who knows the prerequisites needs until
they can use the skill at work, and they make the parts of a plan comparable. A language takes weeks, a library days,
and a tool an evening or two.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from types import MappingProxyType

from learning.blueprints import FoundBlueprint, Tier
from learning.hours import estimate_hours, get_skill
from learning.milestones import Milestone, PlanItem, find_milestones
from learning.ordering import (
    CandidateSkill,
    Phase,
    ProjectOption,
    ProjectSuggestion,
    Step,
    choose_projects,
    find_alternatives,
    find_prerequisites,
    order_prerequisites,
    order_skills,
)
from learning.plans import LEARNED_KINDS, MIN_PERCENT, plan_skills
from learning.resources import Resource, ResourceCatalogue
from market.learning_index import UNCOUNTED_KINDS
from market.samples import EMPTY_SAMPLE, Sample
from market.trends import compute_percentage
from skills.vocabulary import TECHNOLOGY, Vocabulary

SOFT = "Soft Skills"
WINDOW_DAYS = 30
# Postings mention these as degrees, so a roadmap does not start with them.
_DEGREES = frozenset({"computer science"})
# Statuses of skills without stored progress.
HELD = "held"
OPEN = "open"


class RoadmapSource(Enum):
    """The source of a roadmap's skills."""

    POSTINGS = "postings"  # skills that the role's postings require, ordered by the role's blueprint if there is one
    FEW_POSTINGS = "few postings"  # only the blueprint, because the role has too few postings for shares
    # Only the blueprint or, if there is none, the learner's own skills and the skills of the role's projects.
    NO_POSTINGS = "no postings"
    NO_ROLE = "no role"  # the learner's own skills; there is no target role
    OWN_SKILLS = "own skills"  # the learner's own skills, as requested


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPath:
    """One skill of a roadmap.

    Attributes:
        priority_score: Percentage of the role's postings that require the skill. None if the roadmap is not based on
            postings.
        foundations: Direct and indirect prerequisites that are neither in the roadmap nor held, without fields, in
            the order to learn them. Each is listed, and its hours are counted, only for the first skill that needs it.
        foundation_names: Display names of the foundations.
        foundation_resources: The first resource of each foundation that has resources.
        held_through: The learner's skill that implies this one. None if the learner names it or does not have it.
        alternative: The skill that replaces this missing skill. A skill with an alternative does not need to be learned
            and has no foundations and no hours.
        estimated_hours: Hours left to learn the skill and its foundations.
        tier: How much the role depends on the skill. None if the roadmap is not based on a blueprint.
        one_of: Equivalent skills that the blueprint accepts instead of this one.
    """

    skill: str
    display_name: str
    kind: str
    is_missing: bool
    priority_score: float | None
    stage: int
    status: str
    held_through: str | None
    prerequisites: tuple[str, ...]
    foundations: tuple[str, ...]
    foundation_names: tuple[str, ...]
    foundation_resources: tuple[Resource, ...]
    alternative: str | None
    estimated_hours: int
    is_soft: bool
    resources: tuple[Resource, ...]
    projects: tuple[ProjectSuggestion, ...]
    tier: Tier | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap:
    """The skills to learn for a role, in order.

    `postings` is the number of postings of the last `days` days. `sample` describes the distinct ones among them.
    `blueprint` is that of the role or of the nearest role, if the roadmap is based on one.
    """

    target_role: str | None
    source: RoadmapSource
    postings: int
    paths: tuple[SkillPath, ...]
    sample: Sample = EMPTY_SAMPLE
    days: int = WINDOW_DAYS
    blueprint: FoundBlueprint | None = None
    milestones: tuple[Milestone, ...] = ()

    @property
    def basis(self) -> str:
        """The name of the source in the API."""
        return self.source.name.lower()

    @property
    def missing(self) -> list[SkillPath]:
        return [path for path in self.paths if path.is_missing]

    @property
    def to_learn(self) -> list[SkillPath]:
        """The missing skills that have no alternative."""
        return [path for path in self.missing if path.alternative is None]

    @property
    def coverage_percentage(self) -> float | None:
        """Percentage of the counted skills that are held. None if the roadmap is not based on postings.

        Soft skills and spoken languages do not count, as in a gap analysis.
        """
        if self.source is not RoadmapSource.POSTINGS:
            return None
        counted = [path for path in self.paths if path.kind not in UNCOUNTED_KINDS]
        return compute_percentage(sum(not path.is_missing for path in counted), len(counted))

    @property
    def estimated_hours(self) -> int:
        return sum(path.estimated_hours for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """The person a roadmap is built for.

    `named_skills` are the canonical names of the skills in the profile. `held_through` maps each skill that these imply
    to the one that implies it. The person holds both.
    `statuses` are progress statuses by skill. `completed_projects` are ids.
    """

    named_skills: Sequence[str]
    statuses: Mapping[str, str]
    completed_projects: Collection[int] = ()
    held_through: Mapping[str, str] = field(default_factory=dict)


def build_roadmap(
    *,
    target_role: str | None,
    role_key: str,
    source: RoadmapSource,
    postings: int,
    priorities: Mapping[str, float],
    learner: Learner,
    vocabulary: Vocabulary,
    prerequisites: Mapping[str, tuple[str, ...]],
    resources: ResourceCatalogue,
    project_options: Mapping[str, Sequence[ProjectOption]],
    days: int = WINDOW_DAYS,
    sample: Sample = EMPTY_SAMPLE,
    junior_skills: Sequence[Collection[str]] = (),
    employer_specific: Collection[str] = (),
    blueprint: FoundBlueprint | None = None,
    typical_hours: Mapping[str, int] = MappingProxyType({}),
) -> Roadmap:
    """Order the skills and add resources, projects and hours to each.

    With a blueprint, the roadmap contains its skills and the skills in `priorities` (percentages by canonical name)
    that belong to its trade. Without a blueprint, it contains the skills in `priorities`.

    `junior_skills` has the skills of each junior posting. `employer_specific` are skills that mainly one employer
    requires. `typical_hours` are the hours to learn skills that the blueprint does not name.
    """
    held = frozenset(learner.named_skills) | learner.held_through.keys()
    plan = (
        plan_skills(
            blueprint=blueprint.blueprint,
            shares=priorities if source is RoadmapSource.POSTINGS else None,
            held=held,
            started=learner.statuses.keys(),
            vocabulary=vocabulary,
            employer_specific=employer_specific,
        )
        if blueprint
        else []
    )
    planned = {skill.name: skill for skill in plan}
    implied = {need for name in held for need in find_prerequisites(name, prerequisites)}

    def get_full_hours(name: str) -> int | None:
        return (planned[name].hours if name in planned else None) or typical_hours.get(name)

    @cache
    def hours(name: str) -> int:
        return estimate_hours(skill=get_skill(name, vocabulary), held=held, implied=implied, base=get_full_hours(name))

    foundations_by_skill: Mapping[str, tuple[str, ...]] = {}
    if blueprint:
        alternatives = {skill.name: skill.alternative for skill in plan if skill.alternative is not None}
        steps = [
            Step(
                candidate=CandidateSkill(name=skill.name, priority=skill.share or 0.0, is_held=skill.name in held),
                stage=skill.stage,
            )
            for skill in plan
        ]
    else:
        foundations_by_skill = _select_foundations(priorities, prerequisites, vocabulary)
        alternatives, steps = _order_by_demand(
            priorities=priorities,
            held=held,
            implied=implied,
            learner=learner,
            vocabulary=vocabulary,
            prerequisites=foundations_by_skill,
            hours=hours,
        )
    projects = choose_projects(
        steps=steps,
        held=held,
        prerequisites=prerequisites,
        project_options=project_options,
        role_key=role_key,
        completed=learner.completed_projects,
    )
    # Skills that are not listed as foundations, because the learner or the roadmap has them already.
    covered = held | implied | priorities.keys() | planned.keys()
    paths = []
    for step in steps:
        name, is_held = step.candidate.name, step.candidate.is_held
        skill = get_skill(name, vocabulary)
        # A blueprint lists the foundations that its role requires.
        has_foundations = not blueprint and not is_held and name not in alternatives
        needs = order_prerequisites(name, foundations_by_skill) if has_foundations else ()
        foundations = tuple(need for need in needs if need not in covered)
        covered |= set(foundations)
        paths.append(
            SkillPath(
                skill=name,
                display_name=skill.display_name,
                kind=skill.kind,
                is_missing=not is_held,
                priority_score=step.candidate.priority if source is RoadmapSource.POSTINGS else None,
                stage=step.stage,
                status=_get_status(name, held, learner.statuses),
                held_through=learner.held_through.get(name),
                prerequisites=prerequisites.get(name, ()),
                foundations=foundations,
                foundation_names=tuple(get_skill(need, vocabulary).display_name for need in foundations),
                foundation_resources=tuple(
                    found[0] for need in foundations if (found := resources.list_for_skill(need))
                ),
                alternative=alternatives.get(name),
                estimated_hours=0 if name in alternatives else sum(map(hours, (name, *foundations))),
                is_soft=skill.category == SOFT,
                resources=resources.list_for_skill(name),
                projects=projects[name],
                tier=planned[name].tier if name in planned else None,
                one_of=planned[name].one_of if name in planned else (),
            )
        )
    items = [
        PlanItem(
            name=path.skill,
            tier=path.tier,
            hours=path.estimated_hours,
            newcomer_hours=estimate_hours(
                skill=get_skill(path.skill, vocabulary), held=(), base=get_full_hours(path.skill)
            ),
        )
        for path in paths
        if path.tier is not None and path.alternative is None
    ]
    return Roadmap(
        target_role=target_role,
        source=source,
        postings=postings,
        paths=tuple(paths),
        days=days,
        sample=sample,
        blueprint=blueprint,
        milestones=find_milestones(
            items=items,
            junior_skills=junior_skills,
            required={
                name: alternatives.get(name, name)
                for name, share in priorities.items()
                if share >= MIN_PERCENT and vocabulary.kinds.get(name, TECHNOLOGY) in LEARNED_KINDS
            },
            held=held,
            vocabulary=vocabulary,
        ),
    )


def _select_foundations(
    names: Iterable[str], prerequisites: Mapping[str, tuple[str, ...]], vocabulary: Vocabulary
) -> dict[str, tuple[str, ...]]:
    """Return the direct and indirect prerequisites of skills, without fields.

    People learn a field by learning its technologies. With fields, a roadmap would list all subjects of machine
    learning before a first tool for AI agents.
    """
    selected: dict[str, tuple[str, ...]] = {}
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in selected:
            needs = prerequisites.get(name, ())
            selected[name] = tuple(need for need in needs if vocabulary.kinds.get(need, TECHNOLOGY) in LEARNED_KINDS)
            pending += selected[name]
    return selected


def _order_by_demand(
    *,
    priorities: Mapping[str, float],
    held: Collection[str],
    implied: Collection[str],
    learner: Learner,
    vocabulary: Vocabulary,
    prerequisites: Mapping[str, tuple[str, ...]],
    hours: Callable[[str], int],
) -> tuple[dict[str, str], list[Step]]:
    """Order the skills of a role without a blueprint. Return the alternatives and the steps."""
    candidates = [CandidateSkill(name=name, priority=share, is_held=name in held) for name, share in priorities.items()]
    alternatives = find_alternatives(
        candidates=candidates, started=learner.statuses.keys(), prerequisites=prerequisites
    )
    steps = order_skills(
        candidates=[
            replace(candidate, phase=_get_phase(candidate.name, alternatives, vocabulary)) for candidate in candidates
        ],
        prerequisites=prerequisites,
        held={*held, *implied},
        hours=hours,
    )
    return alternatives, steps


def _get_phase(name: str, alternatives: Collection[str], vocabulary: Vocabulary) -> Phase:
    if name in alternatives:
        return Phase.ALTERNATIVE
    alongside = name in _DEGREES or vocabulary.get_category(name) == SOFT
    return Phase.ALONGSIDE if alongside else Phase.TECHNICAL


def _get_status(name: str, held: Collection[str], statuses: Mapping[str, str]) -> str:
    """Return the status that the user set. A held skill without the status `done` is `held`."""
    status = statuses.get(name, OPEN)
    return HELD if name in held and status != "done" else status
