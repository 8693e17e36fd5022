"""Admin classes of document models: quick lists, words looked for by index, edits that do not overwrite."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from unfold.contrib.filters.admin import TextFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from career_navigator.admin_site.dashboard import Attention
from career_navigator.admin_site.model_admin import ReadOnlyMixin, StaffModelAdmin, describe_change
from career_navigator.document_admin.fields import ChipsWidget, LinesField, StructureField
from career_navigator.document_admin.models import ConcurrentChangeError, Duplicate
from career_navigator.document_admin.queries import DocumentModelQuerySet, DocumentPaginator

_CHANGED = (
    "Somebody changed or deleted this while you were editing it: nothing of yours was stored. "
    "Copy what you need, load the page again, and edit what stands there now."
)


class HiddenFilter(SimpleListFilter):
    """What is hidden, or what is shown: what nobody ever hid has no mark at all."""

    title = "hidden"
    parameter_name = "hidden"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Hidden"), ("no", "Shown")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(hidden=True) if self.value() == "yes" else queryset.exclude(hidden=True)


class ExactFilter(TextFilter):
    """What has the typed text in the stored field `field`, once `as_stored` has given it the form it is stored in."""

    field = ""

    def as_stored(self, text: str) -> str:
        return text.strip()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.filter(**{self.field: self.as_stored(value)}) if value else queryset


class AttentionFilter(SimpleListFilter):
    """What the dashboard counts as needing attention."""

    title = "needs attention"
    parameter_name = "attention"
    attention: Attention

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", f"{self.attention.title}, {self.attention.note}")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_condition(self.attention.condition(timezone.now())) if self.value() == "yes" else queryset


class DocumentForm(forms.ModelForm):
    """Remembers what it showed, so that an edit of something that changed meanwhile is rejected."""

    fingerprint = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "fingerprint" in self.fields and self.instance.pk is not None and not self.instance._state.adding:
            self.initial["fingerprint"] = self.instance.fingerprint(names=self._shown_names())

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        given = self.cleaned_data.pop("fingerprint", "")
        if given and given != self.initial.get("fingerprint"):
            raise ValidationError(_CHANGED, code=ConcurrentChangeError.reason)
        return cleaned

    def _shown_names(self) -> list[str]:
        return [name for name in self.fields if name != "fingerprint"]

    def _get_validation_exclusions(self) -> set[str]:
        # The document judges the whole: an optional field left empty is its business too.
        names = {field.name for field in self.instance._meta.concrete_fields}
        return {name for name in names if name not in self.fields or name in self.errors}


class DocumentAdmin(StaffModelAdmin):
    """The admin of a document model. `search_words` names the field whose words a text index finds, instead of
    `search_fields`.

    `list_only` names the stored fields a list needs where documents are large. A list is never counted twice, nor
    beyond what anybody pages through.
    """

    form = DocumentForm
    formfield_overrides = {
        LinesField: {"widget": ChipsWidget(attrs={"rows": 5})},
        StructureField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 10})},
    }
    warn_unsaved_form = True
    list_filter_submit = True
    paginator = DocumentPaginator
    show_full_result_count = False
    # To count what each filter would leave is to read the whole collection for each.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    actions_on_bottom = False
    search_words = ""
    list_only: Sequence[str] = ()
    # For lists of names: the address, below the admin's root, that suggests some, and what shows a name to people.
    suggestions: Mapping[str, tuple[str, Callable[[str], str] | None]] = {}

    @display(description="hidden", label={"hidden": "warning"})
    def is_hidden(self, obj: Any) -> str | None:
        """For a list of what can be hidden. What nobody ever hid has no mark at all."""
        return "hidden" if obj.hidden else None

    def formfield_for_dbfield(self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.suggestions:
            field.widget.suggestions, field.widget.label = self.suggestions[db_field.name]
        return field

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [name for name in super().get_fields(request, obj) if name != "fingerprint"]
        return [*fields, "fingerprint"] if self._is_edited(request, obj) else fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.fieldsets:
            return super().get_fieldsets(request, obj)
        last = (None, {"fields": ["fingerprint"]})
        return [*self.fieldsets, last] if self._is_edited(request, obj) else self.fieldsets

    def _is_edited(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", search_term: str
    ) -> tuple["models.QuerySet[Any]", bool]:
        if self.search_words and search_term.strip():
            return cast(DocumentModelQuerySet, queryset).with_words(search_term, field=self.search_words), False
        return super().get_search_results(request, queryset, search_term)

    def get_search_fields(self, request: HttpRequest) -> Any:
        # Without a name in it there would be no search box.
        return ("pk",) if self.search_words else super().get_search_fields(request)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        queryset = super().get_queryset(request)
        match = request.resolver_match
        if self.list_only and match is not None and (match.url_name or "").endswith("_changelist"):
            return queryset.only(*self.list_only)
        return queryset

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (ConcurrentChangeError, Duplicate) as refused:
            return self._report_rejected(request, refused)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)
        except ConcurrentChangeError as refused:
            return self._report_rejected(request, refused)

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: Any,
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> "Paginator[Any]":
        # An object's history is a list of Django's own.
        kind = self.paginator if isinstance(queryset, DocumentModelQuerySet) else Paginator
        return kind(queryset, per_page, orphans, allow_empty_first_page)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if keeps_time(obj) and (form.changed_data or not change):
            obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for each in queryset:
            each.delete()

    def change_each(self, request: HttpRequest, queryset: Any, **values: Any) -> list[Any]:
        """Give every chosen object these values, through its document and with a line in its history.

        Return the keys of those that changed.
        """
        changed: list[Any] = []
        for each in queryset:
            before = {name: getattr(each, name) for name in values}
            for name, value in values.items():
                setattr(each, name, value)
            names = each.changed_names()
            if not names:
                continue
            if keeps_time(each):
                each.updated_at = timezone.now()
            try:
                each.full_clean()
                each.save()
            except (ConcurrentChangeError, ValidationError) as refused:
                self.message_user(request, f"{each}: {refused}", messages.ERROR)
                continue
            changes = [
                describe_change(label=name, before=before[name], after=getattr(each, name)) for name in sorted(values)
            ]
            self.log_change(request, each, [{"changed": {"fields": sorted(names), "values": changes}}])
            changed.append(each.pk)
        self.message_user(request, f"{len(changed):,} changed.", messages.SUCCESS if changed else messages.INFO)
        return changed

    def _report_rejected(self, request: HttpRequest, refused: Exception) -> HttpResponse:
        text = _CHANGED if isinstance(refused, ConcurrentChangeError) else "Another object has the same unique value."
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def keeps_time(obj: models.Model) -> bool:
    """Whether the object says when it was last edited."""
    return any(field.name == "updated_at" for field in obj._meta.concrete_fields)


class ReadOnlyDocumentAdmin(ReadOnlyMixin, DocumentAdmin):
    """Documents that staff view and do not change."""
