"""Project ideas: filter them, compare them with a person's skills, rank them and describe the result. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from market.role_table import RoleTable, load_default_table
from market.trends import compute_percentage

CATALOGUE = "project_ideas"
DIFFICULTIES = ("Beginner", "Intermediate", "Advanced")
# Minimum and maximum of the ideal number of new skills: enough to learn from, but few enough to finish the project.
_IDEAL_NEW_SKILLS = (1, 2)
# Minimum number of skills for the second and the third difficulty. People at `_ENTRY_LEVELS` never get the third.
_SKILLS_FOR_LEVEL = (5, 12)
_ENTRY_LEVELS = ("12th Pass Out", "1st Year")


@dataclass(frozen=True, kw_only=True)
class Idea:
    """A project to build. `skills` are canonical names."""

    id: int
    title: str
    description: str
    difficulty: str
    estimated_time: str
    skills: tuple[str, ...]
    features: tuple[str, ...]
    roles: tuple[str, ...]
    outcome: str
    stretch: tuple[str, ...]
    role_table: RoleTable = field(default_factory=load_default_table, compare=False, repr=False)

    @cached_property
    def skill_set(self) -> frozenset[str]:
        return frozenset(self.skills)

    @cached_property
    def role_keys(self) -> frozenset[str]:
        """The canonical roles, for comparison."""
        return frozenset(self.role_table.canonicalize(role) for role in self.roles)

    @cached_property
    def effort(self) -> int:
        """The difficulty as a number, 0 for the easiest."""
        return DIFFICULTIES.index(self.difficulty)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedProject:
    """A project that a user has finished. `skills` are canonical names of all skills of the project."""

    title: str
    description: str
    skills: tuple[str, ...]
    url: str | None
    finished_date: date


class IdeaCatalogue:
    """All ideas, by id and by skill. Instances are immutable."""

    def __init__(self, ideas: Iterable[Idea]) -> None:
        self.ideas = tuple(sorted(ideas, key=lambda idea: idea.id))
        self.by_id = {idea.id: idea for idea in self.ideas}
        by_skill: dict[str, list[Idea]] = {}
        for idea in self.ideas:
            for skill in idea.skills:
                by_skill.setdefault(skill, []).append(idea)
        self.by_skill: Mapping[str, Sequence[Idea]] = by_skill
        self.role_keys = frozenset(key for idea in self.ideas for key in idea.role_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaMatch:
    """An idea compared with a person's skills: the number of skills that the person holds, and the missing skills."""

    idea: Idea
    held_count: int
    missing: tuple[str, ...]

    @classmethod
    def build(cls, idea: Idea, held: Collection[str]) -> "IdeaMatch":
        missing = tuple(skill for skill in idea.skills if skill not in held)
        return cls(idea=idea, held_count=len(idea.skills) - len(missing), missing=missing)

    @property
    def percentage(self) -> float:
        """Percentage of the idea's skills that the person has."""
        return compute_percentage(self.held_count, len(self.idea.skills))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Search criteria for ideas.

    Attributes:
        difficulty: Required difficulty, or None for any.
        focus: Canonical names of skills. If not empty, an idea must have at least one of them.
        role_key: Canonical role, or "" for any.
        only_role: Whether to leave out ideas for other roles.
    """

    difficulty: str | None = None
    focus: frozenset[str] = frozenset()
    role_key: str = ""
    only_role: bool = False


def filter_ideas(*, ideas: Iterable[Idea], criteria: Criteria) -> list[Idea]:
    """Return the ideas that meet the criteria, in the order of `ideas`."""
    return [
        idea
        for idea in ideas
        if (criteria.difficulty is None or idea.difficulty == criteria.difficulty)
        and (not criteria.focus or idea.skill_set & criteria.focus)
        and (not criteria.only_role or criteria.role_key in idea.role_keys)
    ]


def rank_recommendations(
    *, ideas: Iterable[Idea], held: Collection[str], criteria: Criteria, demand: Mapping[str, float], level: int
) -> Iterator[Idea]:
    """Yield the ideas as recommendations, best first.

    Ideas are ranked by, in this order: number of skills in focus, match with the role, one or two new skills, distance
    from `level`, demand for the new skills, and fraction of held skills. The ranking is computed lazily.

    Args:
        ideas: The ideas to rank.
        held: Canonical names of the person's skills, named or implied.
        criteria: Skills in focus and role.
        demand: Percentage of the role's postings that require a skill, by skill.
        level: Suitable difficulty, as an index into `DIFFICULTIES`.
    """
    held = frozenset(held)
    # Integers, because a sum of floats would depend on the iteration order of the set.
    tenths = {skill: round(10 * share) for skill, share in demand.items()}

    def get_rank_in_group(idea: Idea) -> tuple[float, ...]:
        missing = idea.skill_set - held
        return (
            -sum([tenths[skill] for skill in missing if skill in tenths]),
            len(missing) / (len(idea.skills) or 1),
            idea.id,
        )

    # A page shows about ten of hundreds of ideas. Grouping by the cheap criteria first avoids computing the expensive
    # ones for groups that the caller never reaches.
    groups: dict[tuple[int, ...], list[Idea]] = defaultdict(list)
    for idea in ideas:
        rank = (
            -len(idea.skill_set & criteria.focus) if criteria.focus else 0,
            criteria.role_key not in idea.role_keys if criteria.role_key else 0,
            _get_distance_from_ideal(len(idea.skill_set - held)),
            abs(idea.effort - level),
        )
        groups[rank].append(idea)
    for _, group in sorted(groups.items()):
        yield from sorted(group, key=get_rank_in_group)


def rank_for_skills(*, ideas: Iterable[Idea], held: Collection[str], skills: Collection[str]) -> list[IdeaMatch]:
    """Rank the ideas by the number of `skills` they practice, by the percentage of held skills, and by difficulty."""
    practiced = frozenset(skills)
    matches = [IdeaMatch.build(idea, held) for idea in ideas]
    matches.sort(
        key=lambda match: (-len(match.idea.skill_set & practiced), -match.percentage, match.idea.effort, match.idea.id)
    )
    return matches


def _get_distance_from_ideal(new_skills: int) -> int:
    minimum, maximum = _IDEAL_NEW_SKILLS
    return max(minimum - new_skills, new_skills - maximum, 0)


def get_level(*, skill_count: int, experience_level: str | None) -> int:
    """Return the difficulty suited to a person with this number of skills, as an index into `DIFFICULTIES`."""
    level = sum(skill_count >= minimum for minimum in _SKILLS_FOR_LEVEL)
    return min(level, 1) if experience_level in _ENTRY_LEVELS else level


def build_recommendations(
    *,
    shown_matches: Sequence[IdeaMatch],
    total: int,
    role: str | None,
    has_role_projects: bool,
    demand: Mapping[str, float],
    names: Mapping[str, str],
) -> list[str]:
    """Build the sentences that explain recommended projects.

    Args:
        shown_matches: The projects on the page.
        total: Number of projects that match the filters.
        role: Display name of the target role, if any.
        has_role_projects: Whether any project is for the role.
        demand: Percentage of the role's postings that require a skill, by skill.
        names: Display names of the missing skills of the projects shown.
    """
    sentences = []
    if role and not has_role_projects:
        sentences.append(f"No project is specifically for {role}, so these projects are based only on your skills.")
    if not shown_matches:
        sentences.append("No project matches all filters. Remove a filter to see more projects.")
        return sentences
    sentences.append(_describe_first(shown_matches[0], names))
    ready_count = sum(not match.missing for match in shown_matches)
    if len(shown_matches) > 1:
        sentences.append(
            f"You have all the skills for {ready_count} of the {len(shown_matches)} projects shown. "
            f"{total} projects match in total."
        )
    only_missing = Counter(match.missing[0] for match in shown_matches if len(match.missing) == 1)
    if only_missing:
        skill, count = min(only_missing.items(), key=lambda item: (-item[1], -demand.get(item[0], 0.0), item[0]))
        sentences.append(f"{names[skill]} is the only skill you lack for {count} of the projects shown.")
        if role and (share := demand.get(skill)):
            sentences[-1] += f" {share}% of the postings for {role} require it."
    return sentences


def _describe_first(match: IdeaMatch, names: Mapping[str, str]) -> str:
    title = match.idea.title
    if not match.missing:
        return f"Begin with {title}. You have all the skills for it."
    if len(match.missing) == 1:
        return f"Begin with {title}. The only new skill in it is {names[match.missing[0]]}."
    all_but_last = ", ".join(names[skill] for skill in match.missing[:-1])
    return f"Begin with {title}. The new skills in it are {all_but_last} and {names[match.missing[-1]]}."
