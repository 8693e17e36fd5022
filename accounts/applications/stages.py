"""Stages of an application, transitions between them, and the funnel of a user's applications.

Users can move an application from any stage to any other. Moving back is a correction, so it removes the dates of all
later stages. This also applies to leaving an offer, a rejection or a withdrawal.
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

# Rejection and withdrawal are alternatives: setting one removes the other.
_ORDER = {SAVED: 0, APPLIED: 1, INTERVIEW: 2, OFFER: 3, REJECTED: 4, WITHDRAWN: 4}

MIN_DAY = date(2000, 1, 1)
# Dates are compared with today in UTC. East of Greenwich, the local date can be one day ahead.
MAX_DAYS_AHEAD = timedelta(days=1)

STEPS = ((SAVED, APPLIED), (APPLIED, INTERVIEW), (INTERVIEW, OFFER), (APPLIED, OFFER), (APPLIED, REJECTED))
# Stages that imply an application, whether or not the `applied` stage was recorded.
_RESPONSES = (INTERVIEW, OFFER, REJECTED)


class DayRejected(ValueError):
    """Raised for a date on which the application cannot have reached the stage."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def advance_stage(*, reached: Mapping[str, date], stage: str, day: date | None, today: date) -> dict[str, date]:
    """Return the stage dates after moving an application to `stage` on `day`.

    `day` defaults to the recorded date of the stage, or else today. Dates of earlier stages are kept, and earlier
    stages may be skipped. Dates of later stages are removed. `saved` may be later than `applied`, since users can save
    a job after applying.

    Raises:
        DayRejected: with reason `out_of_range` or `before_earlier_stage`.
    """
    earlier = {name: reached_date for name, reached_date in reached.items() if _ORDER[name] < _ORDER[stage]}
    steps = {name: reached_date for name, reached_date in earlier.items() if name != SAVED}
    if day is None:
        day = reached.get(stage, max((today, *steps.values())))
    if not MIN_DAY <= day <= today + MAX_DAYS_AHEAD:
        raise DayRejected("out_of_range", f"must be between {MIN_DAY} and today.")
    for name, reached_date in steps.items():
        if day < reached_date:
            raise DayRejected("before_earlier_stage", f"must not be before {reached_date}, the date of {name}.")
    return earlier | {stage: day}


def get_furthest_stage(stages: Iterable[str]) -> str:
    """Return the most advanced stage. Rejection and withdrawal rank equally, so the first one in the list wins."""
    return max(stages, key=_ORDER.__getitem__)


def merge_histories(*, stage: str, histories: Iterable[Mapping[str, Day]]) -> dict[str, Day]:
    """Merge the stage dates of duplicate applications, for the stages up to `stage`.

    Each stage gets its earliest date, but not a later date than the following stage. `saved` is exempt from that limit.
    """
    days: dict[str, Day] = {}
    for history in histories:
        for name, day in history.items():
            days[name] = min(day, days.get(name, day))
    merged: dict[str, Day] = {}
    latest = days.get(stage)
    for name in reversed(STAGES):
        if name in days and (name == stage or _ORDER[name] < _ORDER[stage]):
            if name != SAVED and latest is not None:
                latest = days[name] = min(days[name], latest)
            merged[name] = days[name]
    return {name: merged[name] for name in STAGES if name in merged}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationHistory:
    """The current stage of an application and the dates of the stages it has reached."""

    stage: str
    reached: dict[str, date]

    def get_day(self, stage: str) -> date | None:
        """Return the date of a stage, or None if it was not reached.

        If `applied` was not recorded, return the date of the first response.
        """
        if stage in self.reached or stage != APPLIED:
            return self.reached.get(stage)
        return min((self.reached[response] for response in _RESPONSES if response in self.reached), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """Application counts of a stage.

    `reached` counts applications that reached the stage within the window. `standing` counts all applications that are
    at the stage now.
    """

    stage: str
    reached: int
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The conversion from one stage to another.

    `entered` counts applications that reached `from_stage` within the window. `advanced` counts those of them that
    reached `to_stage` at any time. `rate` is `advanced` in percent of `entered`, to one decimal, or None if none
    entered. `median_days` is the median number of days between the stages, over applications with both dates recorded,
    or None if there are none.
    """

    from_stage: str
    to_stage: str
    entered: int
    advanced: int
    rate: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Stage counts and conversions within a window of `days` days, from `first_day` to `last_day` inclusive."""

    days: int
    first_day: date
    last_day: date
    stages: tuple[StageCount, ...]
    steps: tuple[Step, ...]


def measure_funnel(*, histories: Sequence[ApplicationHistory], days: int, today: date) -> Funnel:
    """Compute the funnel of the last `days` days, including today.

    Stages removed by a correction do not count. Rejected and withdrawn applications count for the stages they reached
    before.
    """
    first_day = today - timedelta(days=days - 1)

    def list_reached(stage: str) -> list[ApplicationHistory]:
        return [history for history in histories if (day := history.get_day(stage)) is not None and day >= first_day]

    counts = tuple(
        StageCount(
            stage=stage, reached=len(list_reached(stage)), standing=sum(history.stage == stage for history in histories)
        )
        for stage in STAGES
    )
    steps = tuple(_measure_step(list_reached(start), start, end) for start, end in STEPS)
    return Funnel(days=days, first_day=first_day, last_day=today, stages=counts, steps=steps)


def _measure_step(entered: Sequence[ApplicationHistory], start: str, end: str) -> Step:
    advanced = [history for history in entered if history.get_day(end) is not None]
    waits = [
        (history.reached[end] - history.reached[start]).days
        for history in advanced
        if start in history.reached and end in history.reached and history.reached[start] <= history.reached[end]
    ]
    return Step(
        from_stage=start,
        to_stage=end,
        entered=len(entered),
        advanced=len(advanced),
        rate=round(100 * len(advanced) / len(entered), 1) if entered else None,
        median_days=median(waits) if waits else None,
    )
