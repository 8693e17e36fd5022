"""A roadmap as a person reads it: each skill with where, how long and on what to learn it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from learning.alternatives import find_alternatives
from learning.hours import estimate_hours
from learning.resources import Resource, ResourceCatalogue
from learning.roadmaps import (
    Exercise,
    Practice,
    Turn,
    Wanted,
    all_needs,
    choose_projects,
    needs_in_order,
    order_skills,
)
from market.trends import percentage
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary

SOFT = "Soft Skills"
# Adverts name them as degrees; nobody begins with one to get to work.
_DEGREES = frozenset({"computer science"})
# Besides those that a user sets.
HELD = "held"
OPEN = "open"


class Basis(Enum):
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
    stands in for it, need not be learnt: it has no foundations and no hours.
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
    projects: tuple[Practice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap:
    """What to learn for a role, in order. `postings` is how many were asked, 0 unless they are the basis."""

    target_role: str | None
    basis: Basis
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
        if self.basis is not Basis.POSTINGS:
            return None
        return percentage(len(self.paths) - len(self.missing), len(self.paths))

    @property
    def estimated_hours(self) -> int:
        return sum(path.estimated_hours for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose roadmap it is: canonical names of all skills held, statuses by skill, and finished projects."""

    held: Sequence[str]
    statuses: Mapping[str, str]
    finished_projects: Collection[int] = ()


def lay_out(
    *,
    target_role: str | None,
    role_key: str,
    basis: Basis,
    postings: int,
    priorities: Mapping[str, float],
    person: Person,
    words: Vocabulary,
    prerequisites: Mapping[str, tuple[str, ...]],
    resources: ResourceCatalogue,
    exercises: Mapping[str, Sequence[Exercise]],
) -> Roadmap:
    """Put the skills of `priorities` (percent by canonical name) in order, each with what helps to learn it."""
    held = frozenset(person.held)
    wanted = [Wanted(name=name, priority=share, held=name in held) for name, share in priorities.items()]
    alternatives = find_alternatives(wanted=wanted, begun=person.statuses.keys(), prerequisites=prerequisites)
    implied = {need for name in held for need in all_needs(name, prerequisites)}

    @cache
    def hours(name: str) -> int:
        return estimate_hours(skill=_skill(name, words), held=held, implied=implied)

    steps = order_skills(
        wanted=[replace(each, turn=_turn(each.name, alternatives, words)) for each in wanted],
        prerequisites=prerequisites,
        learnt=held | implied,
        hours=hours,
    )
    projects = choose_projects(
        steps=steps,
        held=held,
        prerequisites=prerequisites,
        exercises=exercises,
        role_key=role_key,
        finished=person.finished_projects,
    )
    # What needs no words as a foundation any more.
    settled = held | implied | priorities.keys()
    paths = []
    for step in steps:
        name = step.wanted.name
        skill = _skill(name, words)
        needs = prerequisites.get(name, ())
        below = () if step.wanted.held or name in alternatives else needs_in_order(name, prerequisites)
        foundations = tuple(need for need in below if need not in settled)
        settled |= set(foundations)
        paths.append(
            SkillPath(
                skill=name,
                display_name=skill.display_name,
                is_missing=not step.wanted.held,
                priority_score=step.wanted.priority if basis is Basis.POSTINGS else None,
                stage=step.stage,
                status=_status(name, held, person.statuses),
                prerequisites=needs,
                foundations=foundations,
                foundation_names=tuple(_skill(need, words).display_name for need in foundations),
                foundation_resources=tuple(found[0] for need in foundations if (found := resources.of(need))),
                alternative=alternatives.get(name),
                estimated_hours=0 if name in alternatives else sum(map(hours, (name, *foundations))),
                is_soft=skill.category == SOFT,
                resources=resources.of(name),
                projects=projects[name],
            )
        )
    return Roadmap(target_role=target_role, basis=basis, postings=postings, paths=tuple(paths))


def _skill(name: str, words: Vocabulary) -> Skill:
    return words.get(name) or Skill(name=name, display_name=name, category=DEFAULT_CATEGORY)


def _turn(name: str, alternatives: Collection[str], words: Vocabulary) -> Turn:
    if name in alternatives:
        return Turn.ALTERNATIVE
    alongside = name in _DEGREES or words.category(name) == SOFT
    return Turn.ALONGSIDE if alongside else Turn.TECHNICAL


def _status(name: str, held: Collection[str], statuses: Mapping[str, str]) -> str:
    """The status the person set; of a skill that is held all the same, that it is."""
    status = statuses.get(name, OPEN)
    return HELD if name in held and status != "done" else status
