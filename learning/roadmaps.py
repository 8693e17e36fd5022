"""Build a roadmap: ordered skills with resources, projects and estimated hours. Pure.

The hours are rules of thumb, not measurements. They estimate how long a person who knows the prerequisites needs until
they can use the skill at work, and they make the parts of a plan comparable. A language takes weeks, a library days,
and a tool an evening or two.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache

from learning.ordering import (
    CandidateSkill,
    Phase,
    ProjectOption,
    ProjectSuggestion,
    choose_projects,
    find_alternatives,
    find_prerequisites,
    order_prerequisites,
    order_skills,
)
from learning.resources import Resource, ResourceCatalogue
from market.learning_order import UNCOUNTED_KINDS
from market.samples import EMPTY_SAMPLE, Sample
from market.trends import compute_percentage
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary

SOFT = "Soft Skills"
# Postings mention these as degrees, so a roadmap does not start with them.
_DEGREES = frozenset({"computer science"})
# Statuses of skills without stored progress.
HELD = "held"
OPEN = "open"


class RoadmapSource(Enum):
    """The source of a roadmap's skills."""

    POSTINGS = "postings"  # skills that the role's postings require
    NO_POSTINGS = "no postings"  # the learner's own skills and those of the role's projects; the role has no postings
    NO_ROLE = "no role"  # the learner's own skills; there is no target role
    OWN_SKILLS = "own skills"  # the learner's own skills, as requested


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPath:
    """One skill of a roadmap.

    Attributes:
        priority_score: Percentage of the role's postings that require the skill. None if the roadmap is not based on
            postings.
        foundations: Direct and indirect prerequisites that are neither in the roadmap nor acquired, in the order to
            learn them. Each is listed, and its hours are counted, only for the first skill that needs it.
        foundation_names: Display names of the foundations.
        foundation_resources: The first resource of each foundation that has resources.
        held_through: The learner's skill that implies this one. None if the learner names it or does not have it.
        alternative: The skill that replaces this missing skill. A skill with an alternative does not need to be learned
            and has no foundations and no hours.
        estimated_hours: Hours left to learn the skill and its foundations.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap:
    """The skills to learn for a role, in order.

    `postings` is the number of postings analyzed, 0 for other sources. `sample` describes the distinct adverts among
    them.
    """

    target_role: str | None
    source: RoadmapSource
    postings: int
    paths: tuple[SkillPath, ...]
    sample: Sample = EMPTY_SAMPLE

    @property
    def missing(self) -> list[SkillPath]:
        return [path for path in self.paths if path.is_missing]

    @property
    def to_learn(self) -> list[SkillPath]:
        """The missing skills that have no alternative."""
        return [path for path in self.missing if path.alternative is None]

    @property
    def coverage_percentage(self) -> float | None:
        """Percentage of the counted skills that are acquired. None if the roadmap is not based on postings.

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

    `acquired_skills` are canonical names. `held_through` maps each skill that these imply to the one that implies it.
    `statuses` are progress statuses by skill. `completed_projects` are ids.
    """

    acquired_skills: Sequence[str]
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
) -> Roadmap:
    """Order the skills of `priorities` (percent by canonical name) and add resources, projects and hours to each."""
    acquired = frozenset(learner.acquired_skills) | learner.held_through.keys()
    candidates = [
        CandidateSkill(name=name, priority=share, is_acquired=name in acquired) for name, share in priorities.items()
    ]
    alternatives = find_alternatives(
        candidates=candidates, started=learner.statuses.keys(), prerequisites=prerequisites
    )
    implied = {need for name in acquired for need in find_prerequisites(name, prerequisites)}

    @cache
    def hours(name: str) -> int:
        return estimate_hours(skill=_get_skill(name, vocabulary), acquired=acquired, implied=implied)

    steps = order_skills(
        candidates=[replace(each, phase=_get_phase(each.name, alternatives, vocabulary)) for each in candidates],
        prerequisites=prerequisites,
        acquired=acquired | implied,
        hours=hours,
    )
    projects = choose_projects(
        steps=steps,
        acquired=acquired,
        prerequisites=prerequisites,
        project_options=project_options,
        role_key=role_key,
        completed=learner.completed_projects,
    )
    # Skills that are not listed as foundations, because the learner or the roadmap has them already.
    covered = acquired | implied | priorities.keys()
    paths = []
    for step in steps:
        name, is_acquired = step.candidate.name, step.candidate.is_acquired
        skill = _get_skill(name, vocabulary)
        needs = () if is_acquired or name in alternatives else order_prerequisites(name, prerequisites)
        foundations = tuple(need for need in needs if need not in covered)
        covered |= set(foundations)
        paths.append(
            SkillPath(
                skill=name,
                display_name=skill.display_name,
                kind=skill.kind,
                is_missing=not is_acquired,
                priority_score=step.candidate.priority if source is RoadmapSource.POSTINGS else None,
                stage=step.stage,
                status=_get_status(name, acquired, learner.statuses),
                held_through=learner.held_through.get(name),
                prerequisites=prerequisites.get(name, ()),
                foundations=foundations,
                foundation_names=tuple(_get_skill(need, vocabulary).display_name for need in foundations),
                foundation_resources=tuple(
                    found[0] for need in foundations if (found := resources.list_for_skill(need))
                ),
                alternative=alternatives.get(name),
                estimated_hours=0 if name in alternatives else sum(map(hours, (name, *foundations))),
                is_soft=skill.category == SOFT,
                resources=resources.list_for_skill(name),
                projects=projects[name],
            )
        )
    return Roadmap(target_role=target_role, source=source, postings=postings, paths=tuple(paths))


def _get_skill(name: str, vocabulary: Vocabulary) -> Skill:
    return vocabulary.get(name) or Skill(name=name, display_name=name, category=DEFAULT_CATEGORY)


def _get_phase(name: str, alternatives: Collection[str], vocabulary: Vocabulary) -> Phase:
    if name in alternatives:
        return Phase.ALTERNATIVE
    alongside = name in _DEGREES or vocabulary.get_category(name) == SOFT
    return Phase.ALONGSIDE if alongside else Phase.TECHNICAL


def _get_status(name: str, acquired: Collection[str], statuses: Mapping[str, str]) -> str:
    """Return the status the user set. An acquired skill is `held` unless it is `done`."""
    status = statuses.get(name, OPEN)
    return HELD if name in acquired and status != "done" else status


_HOURS_BY_SUBCATEGORY = {
    ("Programming Languages", "General Purpose"): 80,
    ("Programming Languages", "Hardware"): 80,
    ("Programming Languages", "Programming Foundations"): 40,
    ("Programming Languages", "Query and Data"): 30,
    ("Programming Languages", "Shell and Scripting"): 20,
    ("Programming Languages", "Web"): 40,
    ("Frameworks/Libraries", "Mobile"): 50,
    ("Databases", "Practices"): 20,
    ("Cloud Platforms", "Practices"): 20,
    ("Tools/Technologies", "Machine Learning"): 40,
    ("Tools/Technologies", "Data Engineering"): 30,
    ("Tools/Technologies", "Operating Systems"): 40,
    ("Tools/Technologies", "Networking and Infrastructure"): 30,
    ("Tools/Technologies", "Security"): 30,
    ("Tools/Technologies", "DevOps"): 25,
    ("Tools/Technologies", "Practices"): 10,
    ("Tools/Technologies", "Version Control"): 10,
}
_HOURS_BY_CATEGORY = {
    "Programming Languages": 60,
    "Frameworks/Libraries": 40,
    "Databases": 30,
    "Cloud Platforms": 30,
    "Tools/Technologies": 20,
    "Soft Skills": 10,
}
# Hours of skills whose category does not fit, such as whole platforms, fields of study and simple notations.
_HOURS_BY_SKILL = {
    "aws": 60,
    "azure": 60,
    "google cloud": 60,
    "kubernetes": 50,
    "machine learning": 80,
    "deep learning": 60,
    "computer science": 120,
    "distributed systems": 60,
    "mathematics": 80,
    "statistics": 60,
    "sap": 60,
    "css": 40,
    "html": 20,
    "json": 3,
    "markdown": 3,
    "regular expressions": 8,
    "xml": 5,
    "yaml": 3,
    "ios": 60,
    "android": 60,
    "jupyter": 5,
    "rstudio": 5,
    "storybook": 10,
    "tailwind css": 15,
}
# Fractions of the hours that remain. A related skill shares most of the concepts. A skill that builds on this one
# covers nearly all of them.
_FRACTION_IF_RELATED = 0.6
_FRACTION_IF_IMPLIED = 0.25


def estimate_hours(*, skill: Skill, acquired: Collection[str], implied: Collection[str] = ()) -> int:
    """Estimate the hours left to learn the skill.

    Returns 0 if the skill is acquired, a quarter of the full hours if the skill is in `implied` because an acquired
    skill builds on it, and 60% if a related skill is acquired.
    """
    if skill.name in acquired:
        return 0
    hours = _HOURS_BY_SKILL.get(skill.name) or _HOURS_BY_SUBCATEGORY.get(
        (skill.category, skill.subcategory), _HOURS_BY_CATEGORY[skill.category]
    )
    if skill.name in implied:
        return round(hours * _FRACTION_IF_IMPLIED)
    has_related = any(name in acquired for name in skill.related)
    return round(hours * _FRACTION_IF_RELATED) if has_related else hours


def build_hours_estimate(*, vocabulary: Vocabulary, held: Collection[str]) -> Callable[[str], int]:
    """Return a function that estimates the hours a person with these skills needs to learn a skill."""
    return lambda name: estimate_hours(skill=_get_skill(name, vocabulary), acquired=held)
