"""Admin actions: sent by POST, with a permission of their own, kept in the admin's log; maintenance tasks."""

import logging
from functools import cache
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from career_navigator.background import Task
from career_navigator.celery import app
from career_navigator.queueing import enqueue

logger = logging.getLogger(__name__)


def require_permission(request: HttpRequest, permission: str) -> User:
    """The staff member, who has the permission and sent a POST. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission) or request.method != "POST":
        raise PermissionDenied
    return user


def log_action(user: User, obj: models.Model, message: str, *, flag: int = CHANGE) -> None:
    """Write an act into the admin's log and into the process's."""
    logger.info("%s by %s: %s %s", message, user.get_username(), obj._meta.label, obj.pk)
    LogEntry.objects.log_actions(user.pk, [obj], flag, message, single_object=True)


def enqueue_or_report(request: HttpRequest, task: Any, *args: Any, otherwise: str, **options: Any) -> bool:
    """Queue a task; where the broker is unavailable show a message that says so, and what happens then."""
    is_queued = enqueue(task, *args, **options)
    if not is_queued:
        messages.error(request, f"The queue does not answer. {otherwise}")
    return is_queued


@cache
def _offered_tasks() -> dict[str, Task]:
    app.loader.import_default_modules()
    offered = [task for task in app.tasks.values() if isinstance(task, Task) and task.title]
    return {task.name: task for task in sorted(offered, key=lambda task: task.title)}


def list_tasks(*, user: User) -> list[Task]:
    """Return the tasks that the user may start, by title."""
    return [task for task in _offered_tasks().values() if user.has_perm(task.permission)]


def find_task(*, name: str) -> Task | None:
    """Return the task of that name, if staff may start it at all."""
    return _offered_tasks().get(name)


def offer_task(request: HttpRequest, *, name: str, why: str) -> None:
    """Show a message that a task should follow, with the way to it; nothing to who may not start it."""
    task, user = find_task(name=name), request.user
    if task is None or not isinstance(user, User) or not user.has_perm(task.permission):
        return
    url = reverse("admin:career_navigator_taskrun_changelist")
    messages.info(request, format_html('{} <a class="underline" href="{}#{}">{}</a>', why, url, name, task.title))
