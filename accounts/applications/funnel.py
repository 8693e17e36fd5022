"""How far somebody's applications come: how many, what share of them, in how many days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from accounts.applications.stages import APPLIED, INTERVIEW, OFFER, REJECTED, SAVED, STAGES

STEPS = ((SAVED, APPLIED), (APPLIED, INTERVIEW), (INTERVIEW, OFFER), (APPLIED, OFFER), (APPLIED, REJECTED))
# What nobody gets without having applied, noted or not.
_ANSWERS = (INTERVIEW, OFFER, REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """An application: the stage at which it stands, and the days of the stages it has reached."""

    stage: str
    reached: dict[str, date]

    def day_of(self, stage: str) -> date | None:
        """The day on which the stage was reached; of `applied`, when that was not noted, the first answer's."""
        if stage in self.reached or stage != APPLIED:
            return self.reached.get(stage)
        return min((self.reached[answer] for answer in _ANSWERS if answer in self.reached), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """`reached`: applications that came to the stage within the window; `standing`: all that stand there now."""

    stage: str
    reached: int
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`entered`: applications that came to `from_stage` within the window; `advanced`: those of them that have come to
    `to_stage`, within the window or since.

    `rate` is the share of those in percent, to one decimal; None when none entered. `median_days` is the median of the
    days between the two, over those whose both days were noted; None when there are none.
    """

    from_stage: str
    to_stage: str
    entered: int
    advanced: int
    rate: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """The window's `days` include its first and its last."""

    days: int

    first_day: date
    last_day: date
    stages: tuple[StageCount, ...]
    steps: tuple[Step, ...]


def measure_funnel(*, courses: Sequence[Course], days: int, today: date) -> Funnel:
    """The funnel of the last `days` days, today included.

    What was corrected away counts nowhere. An application that was rejected or withdrawn has still reached the stages
    before.
    """
    first_day = today - timedelta(days=days - 1)

    def came_to(stage: str) -> list[Course]:
        return [each for each in courses if (day := each.day_of(stage)) is not None and day >= first_day]

    counts = tuple(
        StageCount(stage=stage, reached=len(came_to(stage)), standing=sum(each.stage == stage for each in courses))
        for stage in STAGES
    )
    steps = tuple(_step(came_to(start), start, end) for start, end in STEPS)
    return Funnel(days=days, first_day=first_day, last_day=today, stages=counts, steps=steps)


def _step(entered: Sequence[Course], start: str, end: str) -> Step:
    advanced = [each for each in entered if each.day_of(end) is not None]
    waits = [
        (each.reached[end] - each.reached[start]).days
        for each in advanced
        if start in each.reached and end in each.reached and each.reached[start] <= each.reached[end]
    ]
    return Step(
        from_stage=start,
        to_stage=end,
        entered=len(entered),
        advanced=len(advanced),
        rate=round(100 * len(advanced) / len(entered), 1) if entered else None,
        median_days=median(waits) if waits else None,
    )
