"""Import and export of documents as CSV, JSON and XLSX, with a preview of every row."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import NOT_PROVIDED
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from import_export import fields as resource_fields
from import_export.admin import ExportActionMixin, ImportExportMixin
from import_export.resources import ModelResource
from import_export.results import Result, RowResult
from unfold.contrib.import_export.forms import SelectableFieldsExportForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from career_navigator.admin_site.model_admin import UndoMixin, is_confirmed, render_selection_confirmation
from career_navigator.api.exceptions import SERVER_UNAVAILABLE, is_server_unavailable
from career_navigator.cache.versioned import replace_version
from career_navigator.document_admin.admin import DocumentAdmin, has_update_time
from career_navigator.document_admin.cells import are_equivalent, build_widget, fold
from career_navigator.document_admin.formats import ABSENT, CSV, JSON, XLSX, ImportRejected
from career_navigator.document_admin.import_lookups import ImportLoader, ImportLookups
from career_navigator.document_admin.import_pages import (
    BoundedImportForm,
    ConfirmImportForm,
    build_template,
    describe_columns,
    describe_left_out,
    describe_ranges,
)
from career_navigator.document_admin.models import (
    DocumentModel,
    insert_many,
    update_many,
)

logger = logging.getLogger(__name__)

_EMPTY: tuple[Any, ...] = (None, "", [])
# Number of rows per bulk write. A batch takes a fraction of a second.
BATCH_SIZE = 500


class ImportInterrupted(RuntimeError):
    """The import stopped before it was known whether the row was stored."""


class DocumentResource(ModelResource):
    """Base resource for importing and exporting documents.

    The document validates each row, first for the preview and again before the row is stored.
    """

    # Name of the version that tells every process to reload the collection.
    catalogue: ClassVar[str]
    lookups_class: ClassVar[type[ImportLookups]] = ImportLookups
    lookups: ImportLookups

    class Meta:
        clean_model_instances = True
        instance_loader_class = ImportLoader
        skip_unchanged = True
        report_skipped = True
        # A standalone MongoDB server has no transactions to roll back, so the preview must not write at all.
        use_transactions = False
        # Rows are written after all rows are validated, in batches of BATCH_SIZE.
        use_bulk = True
        batch_size = None
        store_instance = True
        store_row_values = True

    @classmethod
    def field_from_django_field(
        cls, field_name: str, django_field: "models.Field[Any, Any]", readonly: bool
    ) -> resource_fields.Field:
        field = super().field_from_django_field(field_name, django_field, readonly)
        field.widget = build_widget(django_field) or field.widget
        # The meaning of an empty cell depends on the object, see `import_field`.
        field.default = NOT_PROVIDED
        return field

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        names = {fold(field.column_name.replace("_", " ")): field.column_name for field in self.get_import_fields()}
        headers = [str(header) for header in dataset.headers or ()]
        dataset.headers = [names.get(fold(header.replace("_", " ")), header) for header in headers] or None
        unknown = sorted({*(dataset.headers or ())}.difference(names.values()))
        if unknown:
            allowed = ", ".join(names.values())
            raise ValueError(f"The file has unknown columns: {', '.join(unknown)}. Allowed columns: {allowed}.")
        # Drop the empty rows of a spreadsheet.
        numbers, dataset.row_numbers = dataset.row_numbers, []
        for number in numbers:
            row = dataset.lpop()
            if any(cell is not ABSENT and str(cell or "").strip() for cell in row):
                dataset.append(row)
                dataset.row_numbers.append(number)
        super().before_import(dataset, **kwargs)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        for name in [name for name, value in row.items() if value is ABSENT]:
            del row[name]

    def import_field(self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        """Set the field from the row.

        Keeps the stored value if the row has an equivalent one, or if the cell is empty and the field has a default.
        """
        if field.column_name not in row:
            return
        name = field.attribute
        stored = getattr(instance, name)
        super().import_field(field, instance, row, is_m2m, **kwargs)
        value = instance.canonical(name, getattr(instance, name))
        is_unset = value in _EMPTY and instance._meta.get_field(name).get_default() not in _EMPTY
        is_same = are_equivalent(instance.canonical(name, stored), value)
        setattr(instance, name, stored if is_unset or is_same else value)

    def after_import(self, dataset: Any, result: Result, **kwargs: Any) -> None:
        """Replace the row numbers with the numbers that a spreadsheet program shows."""
        super().after_import(dataset, result, **kwargs)
        for row in result.error_rows:
            cells = row.errors[0].row or {}
            row.values = [cells.get(name, "") for name in result.diff_headers]
        for row in (*result.rows, *result.invalid_rows, *result.error_rows):
            if number := getattr(row, "number", None):
                row.number = dataset.row_numbers[number - 1]

    def get_or_init_instance(self, instance_loader: Any, row: Any) -> tuple[Any, bool]:
        for name in self.get_import_id_fields():
            try:
                self.fields[name].clean(row)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        instance, new = super().get_or_init_instance(instance_loader, row)
        instance.lookups = instance_loader.lookups
        return instance, new

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if has_update_time(instance):
            instance.updated_at = timezone.now()

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        instance.lookups.accept(instance)

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        row_result.number = kwargs["row_number"]

    def bulk_create(
        self, using_transactions: bool, dry_run: bool, raise_errors: bool, batch_size: Any = None, result: Any = None
    ) -> None:
        self._reject_dangling(result)
        self._save(self.create_instances, insert_many, dry_run, result)

    def bulk_update(
        self, using_transactions: bool, dry_run: bool, raise_errors: bool, batch_size: Any = None, result: Any = None
    ) -> None:
        self._save(self.update_instances, update_many, dry_run, result)

    def _reject_dangling(self, result: Result) -> None:
        """Reject rows that refer to objects of other rows which were themselves rejected."""
        rows = {id(row.instance): row for row in result.rows}
        while dangling := [
            (pending, instance, message)
            for pending in (self.create_instances, self.update_instances)
            for instance in pending
            if (message := self.lookups.find_missing(instance))
        ]:
            for pending, instance, message in dangling:
                pending.remove(instance)
                self.lookups.withdraw(instance)
                self._reject(rows[id(instance)], ValueError(message), result)

    def _save(
        self,
        instances: list[Any],
        save: Callable[[Sequence[DocumentModel]], dict[int, Exception]],
        dry_run: bool,
        result: Result,
    ) -> None:
        """Store the instances unless this is a dry run. Rows that are not stored are rejected with the reason."""
        if dry_run:
            instances.clear()
            return
        try:
            self._save_batches(instances, save, result)
        finally:
            # Also after an interruption or if another import stored the rows, since processes may serve older data.
            with contextlib.suppress(*SERVER_UNAVAILABLE):
                replace_version(self.catalogue)

    def _save_batches(self, instances: list[Any], save: Any, result: Result) -> None:
        rows = {id(row.instance): row for row in result.rows}
        pending = [*instances]
        instances.clear()
        while pending:
            batch, pending = pending[:BATCH_SIZE], pending[BATCH_SIZE:]
            try:
                errors = save(batch)
            except Exception as error:
                if not is_server_unavailable(error):
                    logger.exception("An import was interrupted")
                for instance in [*batch, *pending]:
                    self._reject(rows[id(instance)], ImportInterrupted(), result)
                return
            for index, reason in errors.items():
                self._reject(rows[id(batch[index])], reason, result)

    def _reject(self, row: RowResult, error: Exception, result: Result) -> None:
        result.totals[row.import_type] -= 1
        row.import_type = RowResult.IMPORT_TYPE_ERROR
        result.increment_row_result_total(row)
        row.errors.append(self.get_error_result_class()(error, row=row.row_values, number=row.number))
        result.append_error_row(row.number, None, row.errors)


class ExchangeMixin(ExportActionMixin, ImportExportMixin):
    """Mixin that adds import and export to a `DocumentAdmin` with `resource_classes`.

    Importing requires the permissions to add and to change, exporting the permission to view.
    """

    import_template_name = "career_navigator/admin_site/import.html"
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

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the import page. If some rows of a file are invalid, it offers to import only the valid rows."""
        response: Any = super().import_action(request, **kwargs)
        context = response.context_data
        result = context.get("result")
        if result and "confirm_form" not in context and not result.base_errors:
            context["good_rows"] = sum(result.totals[kind] for kind in ("new", "update"))
            context["good_rows_form"] = self.create_confirm_form(request, import_form=context["form"])
            context["good_rows_form"].initial["leave_out"] = True
        context["columns"] = describe_columns(self.get_import_resource_classes(request)[0]())
        return cast(HttpResponse, response)

    def get_urls(self) -> list[Any]:
        name = "{}_{}_import_template".format(*self.get_model_info())
        view = self.admin_site.admin_view(self.import_template_view)
        return [path("import/template.<str:kind>", view, name=name), *super().get_urls()]

    def import_template_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Return an empty file in the format `kind`, with the columns of an import."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        file_format = next((each() for each in self.formats if each().get_extension() == kind), None)
        if file_format is None:
            raise Http404
        content = build_template(self.get_import_resource_classes(request)[0](), file_format)
        filename = f"{self.opts.model_name}-template.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return HttpResponse(content, content_type=file_format.get_content_type(), headers=headers)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        for failure in result.base_errors:
            messages.error(request, f"The import was interrupted: {failure.error}")
        rows = {row.number: [each.error for each in row.errors] for row in result.error_rows}
        unsure = {number for number, errors in rows.items() if isinstance(errors[-1], ImportInterrupted)}
        # Rows can become invalid after the preview if somebody else changes objects in the meantime.
        rejected = {*rows, *(row.number for row in result.invalid_rows)} - unsure
        if rejected and request.POST.get("leave_out"):
            messages.warning(request, describe_left_out(result, rejected))
        elif rejected:
            messages.error(
                request,
                f"These rows became invalid after the preview and were not imported: {describe_ranges(rejected)}.",
            )
        if unsure:
            messages.error(
                request,
                f"The import was interrupted. Some of these rows may not be imported: {describe_ranges(unsure)}."
                " Import the file again. Rows that are already stored do not change.",
            )
        response: HttpResponse = super().process_result(result, request)
        return response

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        try:
            super().generate_log_entries(result, request)
        except Exception as error:
            if not is_server_unavailable(error):
                logger.exception("An import was interrupted")
            messages.error(request, "The import was interrupted. The stored rows are missing from the history.")

    def _create_log_entry(self, user_pk: Any, rows: Any, import_type: str, action_flag: int) -> None:
        if rows:
            LogEntry.objects.log_actions(user_pk, rows, action_flag, "Imported.")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))


class HiddenField(forms.BooleanField):
    """Form field for `hidden`, which is stored as True or not at all."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=UnfoldBooleanSwitchWidget, help_text="Hidden from users.")

    def clean(self, value: Any) -> Any:
        return super().clean(value) or None


class CuratedAdmin(UndoMixin, ExchangeMixin, DocumentAdmin):
    """Base model admin for seeded catalogues that curators edit, hide, publish, import and export."""

    actions: Any = ("publish", "hide")

    def formfield_for_dbfield(self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "hidden":
            return HiddenField()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: Any) -> None:
        """Show the selected hidden objects to users again."""
        self.update_selected(request, queryset.filter(hidden=True), hidden=None)

    @action(description="Hide", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Hide the selected objects from users, after a confirmation."""
        visible = queryset.exclude(hidden=True)
        if not is_confirmed(request):
            return render_selection_confirmation(
                request,
                visible,
                verb="Hide",
                facts=["Hidden objects are not shown to users."],
                undo="You can undo this with “Undo” within an hour, or with “Publish” at any time.",
            )
        changed = self.update_selected(request, visible, hidden=True)
        if changed:
            self.offer_undo(request, f"{len(changed):,} hidden.", {"ids": [str(pk) for pk in changed]})
        return None

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        hidden = self.get_queryset(request).filter(pk__in=values["ids"], hidden=True)
        self.update_selected(request, hidden, hidden=None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The next seeding would add a deleted object again, but it keeps an object hidden.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
