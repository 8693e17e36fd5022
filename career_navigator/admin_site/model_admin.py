"""What the admins of models share: a base class, logged actions, questions before them, undo, maintenance tasks."""

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
# Of a value that the log shows before and after a change.
MAX_LOGGED_VALUE = 300


@cache
def _checkbox() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _KEY))


class StaffModelAdmin(ModelAdmin):
    """Unfold's, stricter about what a list is asked for by hand.

    `phone_columns` are what a list shows of a row on a phone, the title first; by default its first three columns.
    `empty_text` says what fills a list that is empty.
    """

    phone_columns: Sequence[str] = ()
    empty_text = ""
    object_history_template: Any = "career_navigator/admin_site/history.html"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Others, `regex` before all, would bring a pattern of the caller's into the database.
        path, _, kind = lookup.rpartition("__")
        return (not path or kind in {"exact", "isnull"}) and super().lookup_allowed(lookup, value, request)

    @display(description=mark_safe(checkbox.render("action_toggle_all", 1)))  # noqa: S308 - a widget's own
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """The box that chooses a row, of which only the key differs: rendering each takes a tenth of a page."""
        return mark_safe(_checkbox().replace(_KEY, escape(obj.pk)))  # noqa: S308 - a widget's own, its key escaped

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        # The title is the menu's; Django's would be "Select … to change".
        title = capfirst(self.opts.verbose_name_plural)
        columns = self.phone_columns or self.get_list_display(request)[:3]
        return super().changelist_view(request, {"title": title, "phone_columns": columns} | (extra_context or {}))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        page = getattr(response, "context_data", {}).get("action_list")
        if page is not None:
            page.object_list = list(page.object_list)
            for entry in page.object_list:
                entry.changes = list_changes(entry)
        return response

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> list[Any]:
        message: list[Any] = super().construct_change_message(request, form, formsets, add)
        # What was typed into them is in no log.
        names = [name for name in form.changed_data if name in form.fields and "password" not in name]
        if not add and message and "changed" in message[0] and names:
            stored = {field.name for field in self.opts.concrete_fields}
            message[0]["changed"]["values"] = [
                describe_change(
                    label=str(form.fields[name].label or name),
                    before=form.initial.get(name),
                    # What the object made of what was typed is what is stored.
                    after=getattr(form.instance, name) if name in stored else form.cleaned_data.get(name),
                )
                for name in names
            ]
        return message

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


def describe_change(*, label: str, before: Any, after: Any) -> list[str]:
    """Return a field's name, old and new value, as the log keeps them beside its own words."""
    return [label, _describe_value(before), _describe_value(after)]


def list_changes(entry: LogEntry) -> list[list[str]]:
    """Return what `describe_change` has put into an entry of the log; nothing of entries without."""
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
        return "nothing"
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        value = ", ".join(map(str, value)) or "nothing"
    text = str(value)
    return text if len(text) <= MAX_LOGGED_VALUE else f"{text[: MAX_LOGGED_VALUE - 1]}…"


logger = logging.getLogger(__name__)

UNDO_TTL_SECONDS = 3600
# A question names so many of what was chosen, and counts the rest.
_MAX_NAMED = 10
_CONFIRMED = "confirmed"


def ask_for_confirmation(
    request: HttpRequest,
    *,
    title: str,
    act: str,
    facts: Iterable[str],
    undo: str,
    back: str,
    hidden: Sequence[tuple[str, str]] = (),
    field: dict[str, str] | None = None,
    opts: Any = None,
) -> HttpResponse:
    """Render the question before a destructive action. Its form sends `hidden` to the same URL by POST.

    `facts` say what is done and to how many, `undo` whether it can be undone. With `field`, the `name` and `label` of
    an input, something has to be typed first.
    """
    context = admin.site.each_context(request) | {
        "title": title,
        "act": act,
        "facts": list(facts),
        "undo": undo,
        "back": back,
        "hidden": hidden,
        "field": field,
        "opts": opts,
    }
    return TemplateResponse(request, "career_navigator/admin_site/confirm.html", context)


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the question before a list's action was answered."""
    return _CONFIRMED in request.POST


def ask_about_selected(
    request: HttpRequest, queryset: Any, *, verb: str, undo: str, facts: Iterable[str] = ()
) -> HttpResponse:
    """Render the question before an action of a list, with how many objects were chosen and their names."""
    opts, count = queryset.model._meta, queryset.count()
    what = opts.verbose_name if count == 1 else opts.verbose_name_plural
    named = [str(each) for each in queryset[:_MAX_NAMED]]
    more = [f"and {count - len(named):,} more"] if count > len(named) else []
    answered = [
        (name, value)
        for name in ("action", "select_across", "index", ACTION_CHECKBOX_NAME)
        for value in request.POST.getlist(name)
    ]
    return ask_for_confirmation(
        request,
        title=f"{verb} {count:,} {what}?",
        act=f"{verb} {count:,} {what}",
        facts=[*facts, *named, *more],
        undo=undo,
        back=request.get_full_path(),
        hidden=[*answered, (_CONFIRMED, "yes")],
        opts=opts,
    )


class UndoMixin:
    """For a `StaffModelAdmin` whose actions can be undone within the hour by who did them.

    `undo` gets back what `offer_undo` was given.
    """

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._undo_view)  # type: ignore[attr-defined]
        return [path("undo/<str:token>/", view, name=self._undo_name), *super().get_urls()]  # type: ignore[misc]

    def offer_undo(self, request: HttpRequest, text: str, values: dict[str, Any]) -> None:
        """Show a message that says what was done, with a button that undoes it."""
        token = secrets.token_urlsafe(16)
        django_cache.set(_undo_key(request, token), values, UNDO_TTL_SECONDS)
        button = format_html(
            '{} <form method="post" action="{}" class="staff-undo"><input type="hidden" name="csrfmiddlewaretoken"'
            ' value="{}"><button type="submit" class="underline">Undo</button></form>',
            *(text, reverse(f"admin:{self._undo_name}", args=[token]), get_token(request)),
        )
        messages.success(request, button)

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
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
            messages.info(request, "Nothing is undone: it was undone already, or more than an hour has passed.")
        elif django_cache.delete(key):
            self.undo(request, values)
        opts = self.opts  # type: ignore[attr-defined]
        return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))


def _undo_key(request: HttpRequest, token: str) -> str:
    return f"undo:{request.user.pk}:{token}"


class ReadOnlyMixin:
    """What staff view and do not change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def require_permission(request: HttpRequest, *permissions: str, method: str = "POST") -> User:
    """Return the current user, who has one of the permissions. Raises PermissionDenied, for other methods too."""
    user = request.user
    if not isinstance(user, User) or not any(map(user.has_perm, permissions)) or request.method != method:
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
    return [task for task in _offered_tasks().values() if can_start(user=user, task=task)]


def can_start(*, user: Any, task: Task) -> bool:
    """Return whether the user may start and cancel the task."""
    return isinstance(user, User) and any(map(user.has_perm, task.permissions))


def find_task(*, name: str) -> Task | None:
    """Return the task of that name, if staff may start it at all."""
    return _offered_tasks().get(name)


def offer_task(request: HttpRequest, *, name: str, why: str) -> None:
    """Show a message that a task should follow, with the way to it; nothing to who may not start it."""
    task = find_task(name=name)
    if task is None or not can_start(user=request.user, task=task):
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
