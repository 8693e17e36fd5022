"""A roadmap as a person reads it: each skill with where, how long and on what to learn it. Pure.

Hours are rules of thumb for someone who knows what the skill builds on, to the point of using it at work. They are no
measurements: they make a plan's parts comparable. A language takes weeks, a library days, a tool an evening or two.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from market.trends import percentage
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary

SOFT = "Soft Skills"
# Adverts name them as degrees; nobody begins with one to get to work.
_DEGREES = frozenset({"computer science"})
# Besides those that a user sets.
HELD = "held"
OPEN = "open"


class RoadmapSource(Enum):
    """Where a roadmap's skills come from."""

    POSTINGS = "postings"  # what the role's postings ask for
    NO_POSTINGS = "no postings"  # the person's own skills and the role's projects', as the role has no postings
    NO_ROLE = "no role"  # the person's own skills, as no role is aimed at
    OWN_SKILLS = "own skills"  # the same, as it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPath:
    """One skill of a roadmap. `priority_score` is in percent of the role's postings, None where it goes by none; hours
    are those still to learn.

    `foundations` are what the skill builds on, directly or not, that is nowhere in the roadmap and not held either: to
    be learnt first, in this order, and in the hours of the first skill that needs it. `foundation_names` shows them,
    `foundation_resources` has the first resource of each that has one. A missing skill with an `alternative`, which
    replaces it, need not be learnt: it has no foundations and no hours.
    """

    skill: str
    display_name: str
    is_missing: bool
    priority_score: float | None
    stage: int
    status: str
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
    """What to learn for a role, in order. `postings` is how many were asked, 0 unless they are the basis."""

    target_role: str | None
    basis: RoadmapSource
    postings: int
    paths: tuple[SkillPath, ...]

    @property
    def missing(self) -> list[SkillPath]:
        return [path for path in self.paths if path.is_missing]

    @property
    def to_learn(self) -> list[SkillPath]:
        """What is missing and has no alternative."""
        return [path for path in self.missing if path.alternative is None]

    @property
    def coverage_percentage(self) -> float | None:
        """Skills held of all skills of the roadmap; None where these are not what postings ask for."""
        if self.basis is not RoadmapSource.POSTINGS:
            return None
        return percentage(len(self.paths) - len(self.missing), len(self.paths))

    @property
    def estimated_hours(self) -> int:
        return sum(path.estimated_hours for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Whose roadmap it is: canonical names of all skills held, statuses by skill, and finished projects."""

    held: Sequence[str]
    statuses: Mapping[str, str]
    completed_projects: Collection[int] = ()


def build_roadmap(
    *,
    target_role: str | None,
    role_key: str,
    basis: RoadmapSource,
    postings: int,
    priorities: Mapping[str, float],
    person: Learner,
    words: Vocabulary,
    prerequisites: Mapping[str, tuple[str, ...]],
    resources: ResourceCatalogue,
    project_options: Mapping[str, Sequence[ProjectOption]],
) -> Roadmap:
    """Put the skills of `priorities` (percent by canonical name) in order, each with what helps to learn it."""
    held = frozenset(person.held)
    wanted = [CandidateSkill(name=name, priority=share, held=name in held) for name, share in priorities.items()]
    alternatives = find_alternatives(wanted=wanted, begun=person.statuses.keys(), prerequisites=prerequisites)
    implied = {need for name in held for need in find_prerequisites(name, prerequisites)}

    @cache
    def hours(name: str) -> int:
        return estimate_hours(skill=_get_skill(name, words), held=held, implied=implied)

    steps = order_skills(
        wanted=[replace(each, phase=_get_phase(each.name, alternatives, words)) for each in wanted],
        prerequisites=prerequisites,
        acquired=held | implied,
        hours=hours,
    )
    projects = choose_projects(
        steps=steps,
        held=held,
        prerequisites=prerequisites,
        project_options=project_options,
        role_key=role_key,
        finished=person.completed_projects,
    )
    # What needs no words as a foundation any more.
    covered = held | implied | priorities.keys()
    paths = []
    for step in steps:
        name = step.wanted.name
        skill = _get_skill(name, words)
        needs = prerequisites.get(name, ())
        below = () if step.wanted.held or name in alternatives else order_prerequisites(name, prerequisites)
        foundations = tuple(need for need in below if need not in covered)
        covered |= set(foundations)
        paths.append(
            SkillPath(
                skill=name,
                display_name=skill.display_name,
                is_missing=not step.wanted.held,
                priority_score=step.wanted.priority if basis is RoadmapSource.POSTINGS else None,
                stage=step.stage,
                status=_get_status(name, held, person.statuses),
                prerequisites=needs,
                foundations=foundations,
                foundation_names=tuple(_get_skill(need, words).display_name for need in foundations),
                foundation_resources=tuple(found[0] for need in foundations if (found := resources.of(need))),
                alternative=alternatives.get(name),
                estimated_hours=0 if name in alternatives else sum(map(hours, (name, *foundations))),
                is_soft=skill.category == SOFT,
                resources=resources.of(name),
                projects=projects[name],
            )
        )
    return Roadmap(target_role=target_role, basis=basis, postings=postings, paths=tuple(paths))


def _get_skill(name: str, words: Vocabulary) -> Skill:
    return words.get(name) or Skill(name=name, display_name=name, category=DEFAULT_CATEGORY)


def _get_phase(name: str, alternatives: Collection[str], words: Vocabulary) -> Phase:
    if name in alternatives:
        return Phase.ALTERNATIVE
    alongside = name in _DEGREES or words.category(name) == SOFT
    return Phase.ALONGSIDE if alongside else Phase.TECHNICAL


def _get_status(name: str, held: Collection[str], statuses: Mapping[str, str]) -> str:
    """The status the person set; of a skill that is held all the same, that it is."""
    status = statuses.get(name, OPEN)
    return HELD if name in held and status != "done" else status


_OF_SUBCATEGORY = {
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
_OF_CATEGORY = {
    "Programming Languages": 60,
    "Frameworks/Libraries": 40,
    "Databases": 30,
    "Cloud Platforms": 30,
    "Tools/Technologies": 20,
    "Soft Skills": 10,
}
# A whole platform rather than one of its services.
_OF_SKILL = {
    "aws": 60,
    "azure": 60,
    "google cloud": 60,
    "kubernetes": 50,
    "machine learning": 80,
    "deep learning": 60,
    # Fields of study, and notations that are learnt on the side.
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
# Someone who knows a related skill has met most of the ideas; someone who holds what builds on a skill, nearly all.
_LEFT_WITH_RELATED = 0.6
_LEFT_WHERE_IMPLIED = 0.25


def estimate_hours(*, skill: Skill, held: Collection[str], implied: Collection[str] = ()) -> int:
    """Hours to learn the skill, 0 where it is held.

    A quarter remains where it is `implied`, as something that is held builds on it; six tenths where a related skill
    is held.
    """
    if skill.name in held:
        return 0
    base = _OF_SKILL.get(skill.name) or _OF_SUBCATEGORY.get(
        (skill.category, skill.subcategory), _OF_CATEGORY[skill.category]
    )
    if skill.name in implied:
        return round(base * _LEFT_WHERE_IMPLIED)
    related = any(name in held for name in skill.related)
    return round(base * _LEFT_WITH_RELATED) if related else base
