"""What the admin of every model shares: no look-up but those its filters make, no action on what is no id."""

from functools import cache
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display

from career_navigator.admin_site import unfold_headers as unfold_headers  # makes pages faster with Python 3.11

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
