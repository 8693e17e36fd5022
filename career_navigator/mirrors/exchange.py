"""Import and export of mirrors as CSV, JSON and XLSX, with a preview that shows what is wrong in every row."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.models import LogEntry
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from import_export import widgets
from import_export.admin import ExportActionMixin, ImportExportMixin
from import_export.forms import ConfirmImportForm as BaseConfirmImportForm
from import_export.resources import ModelResource
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from career_navigator.mirrors.admin import MirrorAdmin, keeps_time
from career_navigator.mirrors.fields import LinesField
from career_navigator.mirrors.formats import CSV, JSON, XLSX, ImportRejected, check_size


class LinesWidget(widgets.Widget):
    """A list in one cell, an item a line; JSON may hold it as a list."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:
        items = value if isinstance(value, list) else str(value or "").splitlines()
        if any(isinstance(item, dict | list) for item in items) or isinstance(value, dict):
            raise ValueError("Each item of the list has to be text.")
        return [str(item).strip() for item in items if str(item).strip()]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "\n".join(value or ())


class YesNoWidget(widgets.BooleanWidget):
    """Yes or no, and nothing that is neither."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool | None:
        if value not in (*self.TRUE_VALUES, *self.FALSE_VALUES, *self.NULL_VALUES):
            raise ValueError(f"{value!r} is neither true nor false.")
        answer: bool | None = super().clean(value, row, **kwargs)
        return answer


class MirrorResource(ModelResource):
    """Rows in, rows out. Each is judged by its document, first for the preview and again when it is stored."""

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        # MongoDB has no transactions on a single server: the preview must not write at all.
        use_transactions = False
        store_instance = False

    @classmethod
    def widget_from_django_field(cls, f: "models.Field[Any, Any]", default: Any = widgets.Widget) -> Any:
        if isinstance(f, models.BooleanField):
            return YesNoWidget
        return LinesWidget if isinstance(f, LinesField) else super().widget_from_django_field(f, default)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        unknown = sorted(
            set(map(str, dataset.headers or ())) - {field.column_name for field in self.get_import_fields()}
        )
        if unknown:
            raise ValueError(f"The file has columns that mean nothing here: {', '.join(unknown)}.")
        super().before_import(dataset, **kwargs)

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if keeps_time(instance):
            instance.updated_at = timezone.now()


class BoundedImportForm(ImportForm):
    """Rejects a file that is too large before anything reads or keeps it."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        try:
            check_size(file.size)
        except ImportRejected as error:
            raise forms.ValidationError(str(error), code=error.reason) from error
        return file


class ConfirmImportForm(BaseConfirmImportForm):
    """Says so when the file of the preview is no longer kept."""

    format = forms.TypedChoiceField(choices=[(0, "CSV"), (1, "JSON"), (2, "XLSX")], widget=forms.HiddenInput)
    resource = forms.ChoiceField(choices=[("0", "")], required=False, widget=forms.HiddenInput)

    def clean_import_file_name(self) -> str:
        name: str = super().clean_import_file_name()
        if CacheStorage(name=name).read() is None:
            raise forms.ValidationError("The file is no longer kept: it was imported already, or is older than a day.")
        return name


class ExchangeMixin(ExportActionMixin, ImportExportMixin):
    """For a `MirrorAdmin` with `resource_classes`. Who may import may add and change; who may export may view."""

    import_template_name = "career_navigator/staff/import.html"
    import_form_class = BoundedImportForm
    confirm_form_class = ConfirmImportForm
    export_form_class = SelectableFieldsExportForm
    formats = (CSV, JSON, XLSX)

    def get_import_formats(self) -> list[Any]:
        return list(self.formats)

    def get_export_formats(self) -> list[Any]:
        return list(self.formats)

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        if isinstance(e, ImportRejected):
            form.add_error("import_file", str(e))
        else:
            super().add_data_read_fail_error_to_form(form, e)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        # Somebody else may have changed something since the preview.
        refused = sorted({row.number for row in [*result.error_rows, *result.invalid_rows]})
        if refused:
            numbers = ", ".join(map(str, refused))
            messages.error(request, f"These rows were refused meanwhile and are not imported: {numbers}.")
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def _create_log_entry(self, user_pk: Any, rows: Any, import_type: str, action_flag: int) -> None:
        if rows:
            LogEntry.objects.log_actions(user_pk, rows, action_flag, "Imported.")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))


class HiddenField(forms.BooleanField):
    """Yes, or no mark at all."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=UnfoldBooleanSwitchWidget, help_text="Answered to nobody.")

    def clean(self, value: Any) -> Any:
        return super().clean(value) or None


class CuratedAdmin(ExchangeMixin, MirrorAdmin):
    """For what curators keep beside what seeding writes: published, hidden, exchanged; `hidden` says which."""

    actions: Any = ("publish", "hide")

    def formfield_for_dbfield(self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "hidden":
            return HiddenField()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: Any) -> None:
        self.change_each(request, queryset.filter(hidden=True), hidden=None)

    @action(description="Hide", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: Any) -> None:
        self.change_each(request, queryset.exclude(hidden=True), hidden=True)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Seeding would bring it back; hiding lasts.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
