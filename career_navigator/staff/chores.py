"""Chores: what staff may start by hand, one click each. The apps register them; a worker does them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from career_navigator.documents import OPEN_CHORE_STATUSES, ChoreRun
from career_navigator.registrations import Registry

logger = logging.getLogger(__name__)


class ChoreFailed(Exception):
    """A chore that could not do its work; the message says why, for the person who started it."""

    reason = "chore_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """`work` takes the time and returns what it did in a sentence; it has to be harmless when run twice.

    It raises ChoreFailed for what it foresees. Who may start it needs the permission.
    """

    name: str
    title: str
    explanation: str
    work: Callable[[datetime], str]
    icon: str = "build"
    permission: str = "career_navigator.run_chore"


_chores: Registry[Chore] = Registry()


def register_chore(chore: Chore) -> None:
    """Offer a chore to the staff; called in an app's `registrations.py`."""
    _chores[chore.name] = chore


def chores_for(*, user: User) -> list[Chore]:
    """The chores that the user may start, in the order they were registered."""
    return [chore for chore in _chores.values() if user.has_perm(chore.permission)]


def find_chore(*, name: str) -> Chore | None:
    """The chore of that name."""
    return _chores.get(name)


def offer_chore(request: HttpRequest, *, name: str, why: str) -> None:
    """Tell the caller that a chore should follow, with the way to it; nothing to who may not start it."""
    chore = _chores.get(name)
    if chore is None or not isinstance(request.user, User) or not request.user.has_perm(chore.permission):
        return
    address = reverse("admin:career_navigator_chorerun_changelist")
    link = format_html('{} <a class="underline" href="{}#{}">{}</a>', why, address, name, chore.title)
    messages.info(request, link)


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
