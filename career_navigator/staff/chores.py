"""Chores: what staff may start by hand, one click each. The apps register them; a worker does them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId

from career_navigator.documents import OPEN_CHORE_STATUSES, ChoreRun

logger = logging.getLogger(__name__)


class ChoreFailed(Exception):
    """A chore that could not do its work; the message says why, for the person who started it."""

    reason = "chore_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """`work` takes the time and returns what it did in a sentence; it has to be harmless when run twice.

    It raises ChoreFailed for what it foresees.
    """

    name: str
    title: str
    explanation: str
    work: Callable[[datetime], str]
    icon: str = "build"


_chores: dict[str, Chore] = {}


def register_chore(chore: Chore) -> None:
    """Offer a chore to the staff; called in `AppConfig.ready`."""
    _chores[chore.name] = chore


def chores() -> list[Chore]:
    """Every chore, in the order they were registered."""
    return [*_chores.values()]


def find_chore(*, name: str) -> Chore | None:
    """The chore of that name."""
    return _chores.get(name)


def record_chore(*, chore: Chore, asked_by: str, now: datetime) -> ChoreRun:
    """Record that the chore was asked for; `career_navigator.tasks.run_chore` does it."""
    run: ChoreRun = ChoreRun(chore=chore.name, asked_by=asked_by, created_at=now).save()
    return run


def do_chore(*, run_id: ObjectId, clock: Callable[[], datetime]) -> None:
    """Do a recorded chore and record what came of it. Nothing happens when it is over already."""
    open_run = ChoreRun.objects(id=run_id, status__in=OPEN_CHORE_STATUSES)
    if not open_run.update_one(set__status="running", set__started_at=clock()):
        return
    name = ChoreRun.objects.get(id=run_id).chore
    chore, status = _chores.get(name), "failed"
    outcome = f"there is no chore {name!r}"
    try:
        if chore is not None:
            outcome, status = chore.work(clock()), "finished"
    except ChoreFailed as failure:
        outcome = str(failure)
    except Exception:
        # Whoever waits for it is told; the worker logs the rest.
        open_run.update_one(set__status="failed", set__outcome="broke off; see the log", set__finished_at=clock())
        raise
    logger.info("chore %s %s: %s", name, status, outcome)
    open_run.update_one(set__status=status, set__outcome=outcome, set__finished_at=clock())
