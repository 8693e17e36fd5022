"""Maintenance tasks: the tasks that staff may start, one click each; those with a title."""

from functools import cache

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from career_navigator.background import Task
from career_navigator.celery import app


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
