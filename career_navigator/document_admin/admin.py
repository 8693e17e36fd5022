"""Base admin classes for document models: fast changelists, indexed word search and optimistic locking of edits."""

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
    "Your changes were not saved because somebody else changed or deleted this object while you were editing it. "
    "Copy what you need, reload the page and make your changes again."
)


class HiddenFilter(SimpleListFilter):
    """Filter by visibility. An object without `hidden` is shown."""

    title = "hidden"
    parameter_name = "hidden"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Hidden"), ("no", "Shown")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(hidden=True) if self.value() == "yes" else queryset.exclude(hidden=True)


class ExactFilter(TextFilter):
    """Filter for objects whose `field` equals the typed text, as normalized by `as_stored`."""

    field = ""

    def as_stored(self, text: str) -> str:
        """Return the typed text in the form in which the field stores it."""
        return text.strip()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.filter(**{self.field: self.as_stored(value)}) if value else queryset


class AttentionFilter(SimpleListFilter):
    """Filter for the objects that the dashboard counts under `attention`."""

    title = "needs attention"
    parameter_name = "attention"
    attention: Attention

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", f"{self.attention.title}, {self.attention.note}")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_condition(self.attention.condition(timezone.now())) if self.value() == "yes" else queryset


class DocumentForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at runtime
    """Model form that rejects an edit if the object has changed since the form was shown.

    A hidden field holds a fingerprint of the values shown.
    """

    fingerprint = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "fingerprint" in self.fields and self.instance.pk is not None and not self.instance._state.adding:
            self.initial["fingerprint"] = self.instance.fingerprint(names=self._shown_names())

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        submitted = self.cleaned_data.pop("fingerprint", "")
        if submitted and submitted != self.initial.get("fingerprint"):
            raise ValidationError(_CHANGED, code=ConcurrentChangeError.reason)
        return cleaned

    def _shown_names(self) -> list[str]:
        return [name for name in self.fields if name != "fingerprint"]

    def _get_validation_exclusions(self) -> set[str]:
        # Django would exclude optional fields that were left empty, but the document must validate those too.
        names = {field.name for field in self.instance._meta.concrete_fields}
        return {name for name in names if name not in self.fields or name in self.errors}


class DocumentAdmin(StaffModelAdmin):
    """Base model admin for document models.

    `search_words` names a field with a text index, which is searched instead of `search_fields`. `list_only` names the
    fields that a changelist loads if the documents are large. A changelist is counted once, up to `MAX_COUNTED`.
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
    # Counting facets would read the whole collection once per filter.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    actions_on_bottom = False
    search_words = ""
    list_only: Sequence[str] = ()
    # For fields that are lists of names: the path below the admin's root that returns suggestions, and a function that
    # returns the label of a name.
    suggestions: Mapping[str, tuple[str, Callable[[str], str] | None]] = {}

    @display(description="hidden", label={"hidden": "warning"})
    def is_hidden(self, obj: Any) -> str | None:
        """Return the label of a hidden object for a changelist column."""
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
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def get_search_fields(self, request: HttpRequest) -> Any:
        # Django only shows the search box if this is not empty.
        return ("pk",) if self.search_words else super().get_search_fields(request)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        queryset: models.QuerySet[Any] = super().get_queryset(request)
        match = request.resolver_match
        if self.list_only and match is not None and (match.url_name or "").endswith("_changelist"):
            return queryset.only(*self.list_only)
        return queryset

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (ConcurrentChangeError, Duplicate) as error:
            return self._report_rejected(request, error)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)
        except ConcurrentChangeError as error:
            return self._report_rejected(request, error)

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: Any,
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> "Paginator[Any]":
        # The history page paginates log entries, which are not documents.
        paginator_class = self.paginator if isinstance(queryset, DocumentModelQuerySet) else Paginator
        return paginator_class(queryset, per_page, orphans, allow_empty_first_page)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if has_update_time(obj) and (form.changed_data or not change):
            obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            obj.delete()

    def update_selected(self, request: HttpRequest, queryset: Any, **values: Any) -> list[Any]:
        """Set these values on each object, through its document and with an entry in its history.

        Returns the primary keys of the objects that changed. Shows a message for each object that is rejected.
        """
        changed: list[Any] = []
        for obj in queryset:
            before = {name: getattr(obj, name) for name in values}
            for name, value in values.items():
                setattr(obj, name, value)
            names = obj.changed_names()
            if not names:
                continue
            if has_update_time(obj):
                obj.updated_at = timezone.now()
            try:
                obj.full_clean()
                obj.save()
            except (ConcurrentChangeError, ValidationError) as error:
                self.message_user(request, f"{obj}: {error}", messages.ERROR)
                continue
            changes = [
                describe_change(label=name, before=before[name], after=getattr(obj, name)) for name in sorted(values)
            ]
            self.log_change(request, obj, [{"changed": {"fields": sorted(names), "values": changes}}])
            changed.append(obj.pk)
        self.message_user(request, f"{len(changed):,} changed.", messages.SUCCESS if changed else messages.INFO)
        return changed

    def _report_rejected(self, request: HttpRequest, error: Exception) -> HttpResponse:
        text = _CHANGED if isinstance(error, ConcurrentChangeError) else "Another object has the same unique value."
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def has_update_time(obj: models.Model) -> bool:
    """Return whether the model has an `updated_at` field."""
    return any(field.name == "updated_at" for field in obj._meta.concrete_fields)


class ReadOnlyDocumentAdmin(ReadOnlyMixin, DocumentAdmin):
    """Base model admin for documents that staff can only view."""
