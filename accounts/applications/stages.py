"""The stages of an application, and what moving between them means.

Every stage may follow every other: nobody knows better than the person whose application it is. Whoever goes back
corrects themselves, so what was reached further on is taken back with it; an offer, a rejection and a withdrawal are
left the same way.
"""

from collections.abc import Mapping
from datetime import date, timedelta

SAVED, APPLIED, INTERVIEW, OFFER, REJECTED, WITHDRAWN = STAGES = (
    "saved",
    "applied",
    "interview",
    "offer",
    "rejected",
    "withdrawn",
)
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
