"""Shared parts of the model admins: a base class, confirmation pages, undo, action logging and maintenance tasks."""

import json
import logging
import secrets
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.cache import cache as django_cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display
from unfold.templatetags import unfold_list

from career_navigator.background import Task
from career_navigator.celery import app, enqueue

_KEY = "key-of-the-row"
# Maximum length of an old or new value in the log. Longer values are truncated.
MAX_LOGGED_VALUE = 300


@cache
def _checkbox() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _KEY))


class StaffModelAdmin(ModelAdmin):
    """Unfold's `ModelAdmin` with restricted lookups, logged values and a layout for phones.

    `phone_columns` are the columns that a changelist shows on a phone, title first. They default to the first three.
    `empty_text` explains an empty changelist.
    """

    phone_columns: Sequence[str] = ()
    empty_text = ""
    object_history_template: Any = "career_navigator/admin_site/history.html"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Other lookups, especially `regex`, would run a pattern from the query string in the database.
        path, _, kind = lookup.rpartition("__")
        return (not path or kind in {"exact", "isnull"}) and super().lookup_allowed(lookup, value, request)

    @display(description=mark_safe(checkbox.render("action_toggle_all", 1)))  # noqa: S308 - rendered by a widget
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """Return the checkbox that selects a row.

        It is rendered once and only the key is replaced, since rendering one per row takes a tenth of the page's time.
        """
        return mark_safe(_checkbox().replace(_KEY, escape(obj.pk)))  # noqa: S308 - a widget with an escaped key

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        # Use the menu's title instead of Django's "Select … to change".
        title = capfirst(self.opts.verbose_name_plural)
        columns = self.phone_columns or self.get_list_display(request)[:3]
        return super().changelist_view(request, {"title": title, "phone_columns": columns} | (extra_context or {}))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        page = getattr(response, "context_data", {}).get("action_list")
        if page is not None:
            page.object_list = list(page.object_list)
            for entry in page.object_list:
                entry.changes = list_changes(entry)
        return response

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[Any]:
        message: list[Any] = super().construct_change_message(request, form, formsets, add)
        # Passwords must not be logged.
        names = [name for name in form.changed_data if name in form.fields and "password" not in name]
        if not add and message and "changed" in message[0] and names:
            stored = {field.name for field in self.opts.concrete_fields}
            message[0]["changed"]["values"] = [
                describe_change(
                    label=str(form.fields[name].label or name),
                    before=form.initial.get(name),
                    # A stored field's value can differ from the form's because the model normalizes it.
                    after=getattr(form.instance, name) if name in stored else form.cleaned_data.get(name),
                )
                for name in names
            ]
        return message

    def response_action(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(map(self._is_key, selected)):
            self.message_user(request, "The selected rows are not in this list.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def _is_key(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except (ValidationError, ValueError):
            return False
        return True


def describe_change(*, label: str, before: Any, after: Any) -> list[str]:
    """Return a field's label, old value and new value in the form that a log entry stores."""
    return [label, _describe_value(before), _describe_value(after)]


def list_changes(entry: LogEntry) -> list[list[str]]:
    """Return the changes that `describe_change` stored in a log entry, or an empty list if it has none."""
    try:
        message = json.loads(entry.change_message)
    except ValueError:
        return []
    parts = message if isinstance(message, list) else []
    return [change for part in parts if "changed" in part for change in part["changed"].get("values", ())]


def _describe_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "empty"
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        value = ", ".join(map(str, value)) or "empty"
    text = str(value)
    return text if len(text) <= MAX_LOGGED_VALUE else f"{text[: MAX_LOGGED_VALUE - 1]}…"


logger = logging.getLogger(__name__)

UNDO_TTL_SECONDS = 3600
# Number of selected objects that a confirmation page lists by name. The rest are only counted.
_MAX_NAMED = 10
_CONFIRMED = "confirmed"


def render_confirmation(
    request: HttpRequest,
    *,
    title: str,
    submit_label: str,
    facts: Iterable[str],
    undo: str,
    back: str,
    hidden: Sequence[tuple[str, str]] = (),
    field: dict[str, str] | None = None,
    opts: Any = None,
) -> HttpResponse:
    """Render the confirmation page for a destructive action. Its form posts the `hidden` values to the same URL.

    `submit_label` is the text of the submit button, and `back` is the URL of the cancel link. The sentences in `facts`
    say what the action does and how many objects it affects, and `undo` says whether it can be undone. `field` has the
    `name` and `label` of a text input that the user must fill in first.
    """
    context = admin.site.each_context(request) | {
        "title": title,
        "submit_label": submit_label,
        "facts": list(facts),
        "undo": undo,
        "back": back,
        "hidden": hidden,
        "field": field,
        "opts": opts,
    }
    return TemplateResponse(request, "career_navigator/admin_site/confirm.html", context)


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the user confirmed a changelist action on its confirmation page."""
    return _CONFIRMED in request.POST


def render_selection_confirmation(
    request: HttpRequest, queryset: Any, *, verb: str, undo: str, facts: Iterable[str] = ()
) -> HttpResponse:
    """Render the confirmation page for a changelist action, with the number and the names of the selected objects."""
    opts, count = queryset.model._meta, queryset.count()
    noun = opts.verbose_name if count == 1 else opts.verbose_name_plural
    names = [str(obj) for obj in queryset[:_MAX_NAMED]]
    more = [f"and {count - len(names):,} more"] if count > len(names) else []
    selection = [
        (name, value)
        for name in ("action", "select_across", "index", ACTION_CHECKBOX_NAME)
        for value in request.POST.getlist(name)
    ]
    return render_confirmation(
        request,
        title=f"{verb} {count:,} {noun}?",
        submit_label=f"{verb} {count:,} {noun}",
        facts=[*facts, *names, *more],
        undo=undo,
        back=request.get_full_path(),
        hidden=[*selection, (_CONFIRMED, "yes")],
        opts=opts,
    )


class UndoMixin:
    """Mixin for a `StaffModelAdmin` whose actions the same user can undo within an hour.

    `undo` receives the `values` that were passed to `offer_undo`.
    """

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._undo_view)  # type: ignore[attr-defined]
        return [path("undo/<str:token>/", view, name=self._undo_name), *super().get_urls()]  # type: ignore[misc]

    def offer_undo(self, request: HttpRequest, text: str, values: dict[str, Any]) -> None:
        """Show a message that describes the completed action, with a button that undoes it."""
        token = secrets.token_urlsafe(16)
        django_cache.set(_undo_key(request, token), values, UNDO_TTL_SECONDS)
        button = format_html(
            '{} <form method="post" action="{}" class="staff-undo"><input type="hidden" name="csrfmiddlewaretoken"'
            ' value="{}"><button type="submit" class="underline">Undo</button></form>',
            *(text, reverse(f"admin:{self._undo_name}", args=[token]), get_token(request)),
        )
        messages.success(request, button)

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        """Undo the action. `values` is what the action passed to `offer_undo`."""
        raise NotImplementedError

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_change_permission(request))  # type: ignore[attr-defined]

    @property
    def _undo_name(self) -> str:
        opts = self.opts  # type: ignore[attr-defined]
        return f"{opts.app_label}_{opts.model_name}_undo"

    def _undo_view(self, request: HttpRequest, token: str) -> HttpResponse:
        if request.method != "POST" or not self.has_undo_permission(request):
            raise PermissionDenied
        key = _undo_key(request, token)
        values = django_cache.get(key)
        if values is None:
            messages.info(request, "The action was not undone: it was undone before, or is more than an hour old.")
        elif django_cache.delete(key):
            self.undo(request, values)
        opts = self.opts  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))


def _undo_key(request: HttpRequest, token: str) -> str:
    return f"undo:{request.user.pk}:{token}"


class ReadOnlyMixin:
    """Mixin for model admins in which staff can only view objects."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def require_permission(request: HttpRequest, *permissions: str, method: str = "POST") -> User:
    """Return the current user if they have at least one of the permissions.

    Raises:
        PermissionDenied: The user has none of the permissions, or the request uses another HTTP method.
    """
    user = request.user
    if not isinstance(user, User) or not any(map(user.has_perm, permissions)) or request.method != method:
        raise PermissionDenied
    return user


def log_action(user: User, obj: models.Model, message: str, *, flag: int = CHANGE) -> None:
    """Record an action in the admin's log and in the process log."""
    logger.info("%s by %s: %s %s", message, user.get_username(), obj._meta.label, obj.pk)
    LogEntry.objects.log_actions(user.pk, [obj], flag, message, single_object=True)


def enqueue_or_report(request: HttpRequest, task: Any, *args: Any, fallback_message: str, **options: Any) -> bool:
    """Queue a task and return whether it was queued.

    If the broker is unavailable, shows an error message that ends with `fallback_message`.
    """
    is_queued = enqueue(task, *args, **options)
    if not is_queued:
        messages.error(request, f"The queue is unavailable. {fallback_message}")
    return is_queued


@cache
def _load_staff_tasks() -> dict[str, Task]:
    app.loader.import_default_modules()
    tasks = [task for task in app.tasks.values() if isinstance(task, Task) and task.title]
    return {task.name: task for task in sorted(tasks, key=lambda task: task.title)}


def list_tasks(*, user: User) -> list[Task]:
    """Return the tasks that the user may start, ordered by title."""
    return [task for task in _load_staff_tasks().values() if can_start(user=user, task=task)]


def can_start(*, user: Any, task: Task) -> bool:
    """Return whether the user may start and cancel the task."""
    return isinstance(user, User) and any(map(user.has_perm, task.permissions))


def find_task(*, name: str) -> Task | None:
    """Return the task with this name, or None if it is not a task that staff can start."""
    return _load_staff_tasks().get(name)


def offer_task(request: HttpRequest, *, name: str, why: str) -> None:
    """Show a message with a link for starting a task and the reason `why`, if the user may start the task."""
    task = find_task(name=name)
    if task is None or not can_start(user=request.user, task=task):
        return
    url = reverse("admin:career_navigator_taskrun_changelist")
    messages.info(request, format_html('{} <a class="underline" href="{}#{}">{}</a>', why, url, name, task.title))


# Unfold 0.91, the last release for Python 3.11, builds a changelist's headers again for each row, which is a quarter of
# the time for a page of 60 postings. This patch builds them once per page. Later releases do the same
# (https://github.com/unfoldadmin/django-unfold/pull/2172), so remove it with the support for Python 3.11.
if sys.version_info < (3, 12):
    _result_headers = unfold_list.result_headers

    def _get_headers(changelist: Any) -> Iterable[dict[str, Any]]:
        if not hasattr(changelist, "cached_headers"):
            changelist.cached_headers = list(_result_headers(changelist))
        headers: list[dict[str, Any]] = changelist.cached_headers
        return headers

    unfold_list.result_headers = _get_headers
