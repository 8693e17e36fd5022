"""What the admins of models share: a base class, actions kept in the admin's log, and maintenance tasks to start."""

import logging
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display
from unfold.templatetags import unfold_list

from career_navigator.background import Task
from career_navigator.celery import app, enqueue

_KEY = "key-of-the-row"


@cache
def _checkbox() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _KEY))


class StaffModelAdmin(ModelAdmin):
    """Unfold's, stricter about what a list is asked for by hand."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Others, `regex` before all, would bring a pattern of the caller's into the database.
        path, _, kind = lookup.rpartition("__")
        return (not path or kind in {"exact", "isnull"}) and super().lookup_allowed(lookup, value, request)

    @display(description=mark_safe(checkbox.render("action_toggle_all", 1)))  # noqa: S308 - a widget's own
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """The box that chooses a row, of which only the key differs: rendering each takes a tenth of a page."""
        return mark_safe(_checkbox().replace(_KEY, escape(obj.pk)))  # noqa: S308 - a widget's own, its key escaped

    def response_action(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(map(self._is_key, chosen)):
            self.message_user(request, "What was chosen is not in this list.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        answer: HttpResponse | None = super().response_action(request, queryset)
        return answer

    def _is_key(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except (ValidationError, ValueError):
            return False
        return True


logger = logging.getLogger(__name__)


class ReadOnlyMixin:
    """What staff view and do not change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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


# Unfold 0.91, the last release for Python 3.11, makes a list's headers again for each row, a quarter of what a page of
# 60 postings takes. Here they are made once per page. Later releases do so too
# (https://github.com/unfoldadmin/django-unfold/pull/2172), so this goes with Python 3.11.
if sys.version_info < (3, 12):
    _result_headers = unfold_list.result_headers

    def _get_headers(changelist: Any) -> Iterable[dict[str, Any]]:
        if not hasattr(changelist, "headers_made"):
            changelist.headers_made = list(_result_headers(changelist))
        headers: list[dict[str, Any]] = changelist.headers_made
        return headers

    unfold_list.result_headers = _get_headers
