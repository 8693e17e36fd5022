"""The stages of an application, and what moving between them means.

Every stage may follow every other: nobody knows better than the person whose application it is. Whoever goes back
corrects themselves, so what was reached further on is taken back with it; an offer, a rejection and a withdrawal are
left the same way.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
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
_PLACES = {SAVED: 0, APPLIED: 1, INTERVIEW: 2, OFFER: 3, REJECTED: 4, WITHDRAWN: 4}

EARLIEST_DAY = date(2000, 1, 1)
# East of Greenwich it is tomorrow already.
FURTHEST_AHEAD = timedelta(days=1)


class DayRefused(ValueError):
    """A day on which an application cannot have reached the stage."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def reach(*, reached: Mapping[str, date], stage: str, day: date | None, today: date) -> dict[str, date]:
    """The days on which the stages were reached, once `stage` was on `day`; by default the one that stands, else today.

    Stages before it stay, and need not have been reached; those after it are taken back. A job may be saved after it
    was applied for. Raises DayRefused (`out_of_range`, `before_earlier_stage`).
    """
    before = {each: on for each, on in reached.items() if _PLACES[each] < _PLACES[stage]}
    steps = {each: on for each, on in before.items() if each != SAVED}
    if day is None:
        day = reached.get(stage, max((today, *steps.values())))
    if not EARLIEST_DAY <= day <= today + FURTHEST_AHEAD:
        raise DayRefused("out_of_range", f"must be between {EARLIEST_DAY} and today.")
    for each, on in steps.items():
        if day < on:
            raise DayRefused("before_earlier_stage", f"must not be before {on}, the day of {each}.")
    return before | {stage: day}


def get_furthest(stages: Iterable[str]) -> str:
    """Return the stage that is furthest on, the first of a rejection and a withdrawal."""
    return max(stages, key=_PLACES.__getitem__)


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
        if each in days and (each == stage or _PLACES[each] < _PLACES[stage]):
            if each != SAVED and latest is not None:
                latest = days[each] = min(days[each], latest)
            merged[each] = days[each]
    return {each: merged[each] for each in STAGES if each in merged}
