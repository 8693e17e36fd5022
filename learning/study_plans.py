"""When to learn which skill of a roadmap, at so many hours a week. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from learning.paths import Roadmap, SkillPath

FEWEST_HOURS, MOST_HOURS, USUAL_HOURS = 1, 80, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyBlock:
    """A skill with the first and the last day of learning it."""

    path: SkillPath
    first_day: date
    last_day: date


def plan_study(*, roadmap: Roadmap, hours_per_week: int, first_day: date) -> list[StudyBlock]:
    """The skills to learn one after the other, each for whole days: first what is begun, then in order."""
    blocks: list[StudyBlock] = []
    hours, day = 0, 0
    for path in sorted(roadmap.to_learn, key=lambda path: path.status != "learning"):
        hours += path.estimated_hours
        # Reckoned from the beginning, so that rounding does not add up.
        last = max(ceil(hours * 7 / hours_per_week) - 1, day)
        blocks.append(
            StudyBlock(path=path, first_day=first_day + timedelta(days=day), last_day=first_day + timedelta(days=last))
        )
        day = last + 1
    return blocks


def next_monday(today: date) -> date:
    """The Monday after the day."""
    return today + timedelta(days=7 - today.weekday())
