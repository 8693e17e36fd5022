"""Project ideas: how well they fit a person, in which order to show them, and what to say of them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from career_navigator.plain_text import WordList
from market.roles import normalize_role
from market.trends import compute_percentage

CATALOGUE = "project_ideas"
DIFFICULTIES = ("Beginner", "Intermediate", "Advanced")
# One or two new things beside what one knows make a project that teaches and still gets finished.
_IDEAL_NEW_SKILLS = (1, 2)
# From so many skills on, a person is ready for the second and the third difficulty; beginners of a course never for
# the third.
_SKILLS_FOR_LEVEL = (5, 12)
_FIRST_YEARS = ("12th Pass Out", "1st Year")


@dataclass(frozen=True, kw_only=True)
class Idea:
    """A project to build. `skills` are canonical."""

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

    @cached_property
    def skill_set(self) -> frozenset[str]:
        return frozenset(self.skills)

    @cached_property
    def role_keys(self) -> frozenset[str]:
        """The roles in the form they are compared in."""
        return frozenset(normalize_role(role) for role in self.roles)

    @cached_property
    def effort(self) -> int:
        """0 for the easiest."""
        return DIFFICULTIES.index(self.difficulty)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedProject:
    """A project that a user has built. `skills` are the canonical names of all that it needs, held or not."""

    title: str
    description: str
    skills: tuple[str, ...]
    url: str | None
    finished_date: date


class IdeaCatalogue:
    """All ideas, by id and by skill. Built once, never changed."""

    def __init__(self, ideas: Iterable[Idea]) -> None:
        self.ideas = tuple(sorted(ideas, key=lambda idea: idea.id))
        self.by_id = {idea.id: idea for idea in self.ideas}
        by_skill: dict[str, list[Idea]] = {}
        for idea in self.ideas:
            for skill in idea.skills:
                by_skill.setdefault(skill, []).append(idea)
        self.by_skill: Mapping[str, Sequence[Idea]] = by_skill
        self.role_keys = frozenset(key for idea in self.ideas for key in idea.role_keys)
        self.words = WordList(text for idea in self.ideas for text in (idea.title, *idea.skills, *idea.features))


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaMatch:
    """An idea and how a person stands to it."""

    idea: Idea
    held: int
    missing: tuple[str, ...]

    @classmethod
    def of(cls, idea: Idea, held: Collection[str]) -> "IdeaMatch":
        missing = tuple(skill for skill in idea.skills if skill not in held)
        return cls(idea=idea, held=len(idea.skills) - len(missing), missing=missing)

    @property
    def percentage(self) -> float:
        """Skills held of the skills listed."""
        return compute_percentage(self.held, len(self.idea.skills))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What somebody looks for. `focus` are canonical names of which a project has to have one; `role_key` is "" for
    any role, `only_role` says whether projects for other roles are left out."""

    difficulty: str | None = None
    focus: frozenset[str] = frozenset()
    role_key: str = ""
    only_role: bool = False


def filter_ideas(*, ideas: Iterable[Idea], criteria: Criteria) -> list[Idea]:
    """Return the ideas that meet the criteria, in their order."""
    return [
        idea
        for idea in ideas
        if (criteria.difficulty is None or idea.difficulty == criteria.difficulty)
        and (not criteria.focus or idea.skill_set & criteria.focus)
        and (not criteria.only_role or criteria.role_key in idea.role_keys)
    ]


def order_recommended(
    *, ideas: Iterable[Idea], held: Collection[str], criteria: Criteria, demand: Mapping[str, float], level: int
) -> Iterator[Idea]:
    """The best next project first, each put in its place when it is asked for.

    First those with more of the skills in focus, then those for the role, then those with one or two skills to learn,
    then those of a difficulty near `level`, then by how many of the role's postings ask for what they teach
    (`demand`, in percent), then by how much is held.
    """

    held = frozenset(held)
    # Whole tenths, whose sum does not depend on the order of a set.
    tenths = {skill: round(10 * share) for skill, share in demand.items()}

    def worth(idea: Idea) -> tuple[float, ...]:
        missing = idea.skill_set - held
        return (
            -sum([tenths[skill] for skill in missing if skill in tenths]),
            len(missing) / (len(idea.skills) or 1),
            idea.id,
        )

    # A page shows ten of hundreds: what follows the cheap part of the order is computed for those groups alone that
    # are reached.
    groups: dict[tuple[int, ...], list[Idea]] = defaultdict(list)
    for idea in ideas:
        place = (
            -len(idea.skill_set & criteria.focus) if criteria.focus else 0,
            criteria.role_key not in idea.role_keys if criteria.role_key else 0,
            _distance_from_best(len(idea.skill_set - held)),
            abs(idea.effort - level),
        )
        groups[place].append(idea)
    for _, group in sorted(groups.items()):
        yield from sorted(group, key=worth)


def order_for_building(*, ideas: Iterable[Idea], held: Collection[str], skills: Collection[str]) -> list[IdeaMatch]:
    """Those that exercise most of the skills first, then those of which most is held, then the easier ones."""
    wanted = frozenset(skills)
    matches = [IdeaMatch.of(idea, held) for idea in ideas]
    matches.sort(
        key=lambda each: (-len(each.idea.skill_set & wanted), -each.percentage, each.idea.effort, each.idea.id)
    )
    return matches


def _distance_from_best(new_skills: int) -> int:
    fewest, most = _IDEAL_NEW_SKILLS
    return max(fewest - new_skills, new_skills - most, 0)


def get_level(*, skills: int, experience_level: str | None) -> int:
    """The difficulty that suits who holds so many skills, as the place in `DIFFICULTIES`."""
    level = sum(skills >= least for least in _SKILLS_FOR_LEVEL)
    return min(level, 1) if experience_level in _FIRST_YEARS else level


def build_recommendations(
    *,
    shown: Sequence[IdeaMatch],
    total: int,
    role: str | None,
    role_is_known: bool,
    demand: Mapping[str, float],
    names: Mapping[str, str],
) -> list[str]:
    """What follows from what is shown. `demand` is in percent of the role's postings, `names` are to show skills by."""
    sentences = []
    if role and not role_is_known:
        sentences.append(f"No project is made for {role} in particular, so these go by your skills alone.")
    if not shown:
        sentences.append("No project has all that you asked for; leave out a filter to see more.")
        return sentences
    sentences.append(_describe_first(shown[0], names))
    ready = sum(not match.missing for match in shown)
    if len(shown) > 1:
        sentences.append(f"You hold every skill of {ready} of the {len(shown)} projects shown; {total} fit in all.")
    only_missing = Counter(match.missing[0] for match in shown if len(match.missing) == 1)
    if only_missing:
        skill, count = min(only_missing.items(), key=lambda item: (-item[1], -demand.get(item[0], 0.0), item[0]))
        projects = "project" if count == 1 else "projects"
        sentences.append(
            f"{names[skill]} is the one skill you lack for {count} {projects} shown{_asked(skill, demand, role)}."
        )
    return sentences


def _describe_first(match: IdeaMatch, names: Mapping[str, str]) -> str:
    title = match.idea.title
    if not match.missing:
        return f"Begin with {title}: you hold all it needs."
    if len(match.missing) == 1:
        return f"Begin with {title}: the only thing new in it is {names[match.missing[0]]}."
    listed = ", ".join(names[skill] for skill in match.missing[:-1])
    return f"Begin with {title}: new in it are {listed} and {names[match.missing[-1]]}."


def _asked(skill: str, demand: Mapping[str, float], role: str | None) -> str:
    share = demand.get(skill)
    return f"; {share} % of the postings for {role} ask for it" if share and role else ""
