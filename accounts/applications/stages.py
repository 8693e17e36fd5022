"""The stages of an application, what moving between them means, and how far somebody's applications come.

Every stage may follow every other: nobody knows better than the person whose application it is. Anyone who goes back
corrects themselves, so what was reached further on is taken back with it; an offer, a rejection and a withdrawal are
left the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TypeVar

SAVED, APPLIED, INTERVIEW, OFFER, REJECTED, WITHDRAWN = STAGES = (
    "saved",
    "applied",
    "interview",
    "offer",
    "rejected",
    "withdrawn",
)
Day = TypeVar("Day", bound=date)

# The last two are alternatives: the one takes the other back.
_ORDER = {SAVED: 0, APPLIED: 1, INTERVIEW: 2, OFFER: 3, REJECTED: 4, WITHDRAWN: 4}

MIN_DAY = date(2000, 1, 1)
# East of Greenwich it is tomorrow already.
MAX_DAYS_AHEAD = timedelta(days=1)

STEPS = ((SAVED, APPLIED), (APPLIED, INTERVIEW), (INTERVIEW, OFFER), (APPLIED, OFFER), (APPLIED, REJECTED))
# What nobody gets without having applied, noted or not.
_RESPONSES = (INTERVIEW, OFFER, REJECTED)


class DayRejected(ValueError):
    """A day on which an application cannot have reached the stage."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def advance_stage(*, reached: Mapping[str, date], stage: str, day: date | None, today: date) -> dict[str, date]:
    """The days on which the stages were reached, once `stage` was on `day`; by default the one that stands, else today.

    Stages before it stay, and need not have been reached; those after it are taken back. A job may be saved after it
    was applied for. Raises DayRejected (`out_of_range`, `before_earlier_stage`).
    """
    before = {each: on for each, on in reached.items() if _ORDER[each] < _ORDER[stage]}
    steps = {each: on for each, on in before.items() if each != SAVED}
    if day is None:
        day = reached.get(stage, max((today, *steps.values())))
    if not MIN_DAY <= day <= today + MAX_DAYS_AHEAD:
        raise DayRejected("out_of_range", f"must be between {MIN_DAY} and today.")
    for each, on in steps.items():
        if day < on:
            raise DayRejected("before_earlier_stage", f"must not be before {on}, the day of {each}.")
    return before | {stage: day}


def get_furthest(stages: Iterable[str]) -> str:
    """Return the stage that is furthest on, the first of a rejection and a withdrawal."""
    return max(stages, key=_ORDER.__getitem__)


def merge_histories(*, stage: str, histories: Iterable[Mapping[str, Day]]) -> dict[str, Day]:
    """Return the days on which stages up to `stage` were reached, for one application of which several were kept.

    A stage has its earliest day, and no later one than the stage after it; a job may be saved after that.
    """
    days: dict[str, Day] = {}
    for history in histories:
        for each, day in history.items():
            days[each] = min(day, days.get(each, day))
    merged: dict[str, Day] = {}
    latest = days.get(stage)
    for each in reversed(STAGES):
        if each in days and (each == stage or _ORDER[each] < _ORDER[stage]):
            if each != SAVED and latest is not None:
                latest = days[each] = min(days[each], latest)
            merged[each] = days[each]
    return {each: merged[each] for each in STAGES if each in merged}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationHistory:
    """An application: the stage at which it stands, and the days of the stages it has reached."""

    stage: str
    reached: dict[str, date]

    def get_day(self, stage: str) -> date | None:
        """The day on which the stage was reached; of `applied`, when that was not noted, the first answer's."""
        if stage in self.reached or stage != APPLIED:
            return self.reached.get(stage)
        return min((self.reached[answer] for answer in _RESPONSES if answer in self.reached), default=None)


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


def measure_funnel(*, histories: Sequence[ApplicationHistory], days: int, today: date) -> Funnel:
    """The funnel of the last `days` days, today included.

    What was corrected away counts nowhere. An application that was rejected or withdrawn has still reached the stages
    before.
    """
    first_day = today - timedelta(days=days - 1)

    def came_to(stage: str) -> list[ApplicationHistory]:
        return [each for each in histories if (day := each.get_day(stage)) is not None and day >= first_day]

    counts = tuple(
        StageCount(stage=stage, reached=len(came_to(stage)), standing=sum(each.stage == stage for each in histories))
        for stage in STAGES
    )
    steps = tuple(_step(came_to(start), start, end) for start, end in STEPS)
    return Funnel(days=days, first_day=first_day, last_day=today, stages=counts, steps=steps)


def _step(entered: Sequence[ApplicationHistory], start: str, end: str) -> Step:
    advanced = [each for each in entered if each.get_day(end) is not None]
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
