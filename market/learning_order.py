"""The order in which to learn the skills that a role requires. Pure.

A posting is within reach of a person who has at least 70% of its skills. Most postings require ten or more skills, so
one more skill rarely brings a posting within reach. Each step is therefore a set of skills.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from market.learning_index import LearningIndex
from market.learning_search import MAX_STEP_SKILLS, LearningSearch, divide_set
from market.trends import compute_percentage

MAX_STEPS = 5
# Hours to learn a skill, if no estimates are given.
_DEFAULT_HOURS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSkill:
    """A step of learning: up to five skills to learn together.

    `skills` are in learning order, and `name` is the first one. Both percentages apply after this step and the ones
    before it. `reachable_percentage` is the share of postings with at least one counted skill that are within reach.
    `coverage_percentage` is the share of the required skills that the person has. `hours` is the estimated time for the
    step.
    """

    name: str
    reachable_percentage: float
    coverage_percentage: float
    skills: tuple[str, ...]
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """The percentage of postings within reach today, and the steps of learning, in order."""

    reachable_percentage: float
    next_skills: tuple[NextSkill, ...]


def order_learning(
    *,
    index: LearningIndex,
    required: Sequence[str],
    held: Collection[str],
    hours: Callable[[str], int] | None = None,
) -> LearningOrder:
    """Choose up to five steps that bring the most postings within reach per hour.

    The search looks for the best set of up to five skills. If no such set brings a posting within reach, the search
    continues with larger sets and divides the set that it finds into several steps. Only the last of these steps brings
    postings within reach. The others are listed because they lead to it. Steps that lead to nothing are not listed,
    except the first step of a person who has none of the role's technologies.

    Args:
        index: The postings of the window.
        required: The counted skills that the role requires, in order of demand. Steps use only the technologies and
            methods among them, and what these build on.
        held: All skills that the person has, named or implied.
        hours: Returns the hours to learn a skill.
    """
    search = LearningSearch(index=index, required=required, held=held, hours=hours or (lambda name: _DEFAULT_HOURS))
    today = reachable = search.reachable_percentage
    steps: list[tuple[list[int], float]] = []
    while found := search.find_best_set(max_skills=MAX_STEP_SKILLS * (MAX_STEPS - len(steps))):
        search.learn(found)
        previous, reachable = reachable, search.reachable_percentage
        # A few postings of a large window may not change a rounded percentage.
        if reachable <= previous:
            break
        *leading, last = divide_set(found)
        steps += [(rows, previous) for rows in leading]
        steps.append((last, reachable))
    if not steps and (found := search.find_first_set()):
        steps = [(found, today)]
    return LearningOrder(
        reachable_percentage=today,
        next_skills=tuple(_describe_steps(steps, search=search, required=required, held=held)),
    )


def _describe_steps(
    steps: Iterable[tuple[list[int], float]], *, search: LearningSearch, required: Sequence[str], held: Collection[str]
) -> Iterator[NextSkill]:
    uncovered = set(required).difference(held)
    for rows, reachable in steps:
        uncovered -= search.list_acquired(rows)
        skills = search.list_names(rows)
        yield NextSkill(
            name=skills[0],
            reachable_percentage=reachable,
            coverage_percentage=compute_percentage(len(required) - len(uncovered), len(required)),
            skills=skills,
            hours=search.count_hours(rows),
        )
