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

from career_navigator.admin_site.model_admin import UndoMixin, ask_about_selected, is_confirmed
from career_navigator.api.exceptions import SERVER_UNAVAILABLE, is_server_unavailable
from career_navigator.cache.versioned import replace_version
from career_navigator.document_admin.admin import DocumentAdmin, keeps_time
from career_navigator.document_admin.cells import build_widget, fold, means_the_same
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
# Rows that are written in one go, which takes a fraction of a second.
BATCH_SIZE = 500


class ImportInterrupted(RuntimeError):
    """Whether the row was stored is not known."""


class DocumentResource(ModelResource):
    """Rows in, rows out. Each is judged by its document, first for the preview and again when it is stored."""

    # The name of the version that makes every process read the collection again.
    catalogue: ClassVar[str]
    lookups_class: ClassVar[type[ImportLookups]] = ImportLookups
    lookups: ImportLookups

    class Meta:
        clean_model_instances = True
        instance_loader_class = ImportLoader
        skip_unchanged = True
        report_skipped = True
        # MongoDB has no transactions on a single server: the preview must not write at all.
        use_transactions = False
        # Written when every row was judged, in batches of our own.
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
        # What an empty cell means depends on the object: see `import_field`.
        field.default = NOT_PROVIDED
        return field

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        names = {fold(field.column_name.replace("_", " ")): field.column_name for field in self.get_import_fields()}
        given = [str(header) for header in dataset.headers or ()]
        dataset.headers = [names.get(fold(header.replace("_", " ")), header) for header in given] or None
        unknown = sorted({*(dataset.headers or ())}.difference(names.values()))
        if unknown:
            known = ", ".join(names.values())
            raise ValueError(f"The file has columns that mean nothing here: {', '.join(unknown)}. It may have {known}.")
        # Rows that a spreadsheet has empty among others.
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
        """Set the field, unless the row says in another spelling what is stored, or nothing where a value has to be."""
        if field.column_name not in row:
            return
        name = field.attribute
        stored = getattr(instance, name)
        super().import_field(field, instance, row, is_m2m, **kwargs)
        value = instance.canonical(name, getattr(instance, name))
        is_open = value in _EMPTY and instance._meta.get_field(name).get_default() not in _EMPTY
        is_same = means_the_same(instance.canonical(name, stored), value)
        setattr(instance, name, stored if is_open or is_same else value)

    def after_import(self, dataset: Any, result: Result, **kwargs: Any) -> None:
        """Number the rows as the program that wrote the file does."""
        super().after_import(dataset, result, **kwargs)
        for row in result.error_rows:
            given = row.errors[0].row or {}
            row.values = [given.get(name, "") for name in result.diff_headers]
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
        if keeps_time(instance):
            instance.updated_at = timezone.now()

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        instance.lookups.accept(instance)

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        row_result.number = kwargs["row_number"]

    def bulk_create(
        self, using_transactions: bool, dry_run: bool, raise_errors: bool, batch_size: Any = None, result: Any = None
    ) -> None:
        self._refuse_dangling(result)
        self._save(self.create_instances, insert_many, dry_run, result)

    def bulk_update(
        self, using_transactions: bool, dry_run: bool, raise_errors: bool, batch_size: Any = None, result: Any = None
    ) -> None:
        self._save(self.update_instances, update_many, dry_run, result)

    def _refuse_dangling(self, result: Result) -> None:
        """Refuse rows that name what other rows would have brought, had those not been refused."""
        rows = {id(row.instance): row for row in result.rows}
        while dangling := [
            (pending, each, missing)
            for pending in (self.create_instances, self.update_instances)
            for each in pending
            if (missing := self.lookups.find_missing(each))
        ]:
            for pending, each, missing in dangling:
                pending.remove(each)
                self.lookups.withdraw(each)
                self._refuse(rows[id(each)], ValueError(missing), result)

    def _save(
        self,
        instances: list[Any],
        save: Callable[[Sequence[DocumentModel]], dict[int, Exception]],
        dry_run: bool,
        result: Result,
    ) -> None:
        """Store the instances, and count as refused the rows of those that are not, each with the reason."""
        if dry_run:
            instances.clear()
            return
        try:
            self._save_batches(instances, save, result)
        finally:
            # Also where a batch was interrupted, or another import stored the rows: some may not be served yet.
            with contextlib.suppress(*SERVER_UNAVAILABLE):
                replace_version(self.catalogue)

    def _save_batches(self, instances: list[Any], save: Any, result: Result) -> None:
        rows = {id(row.instance): row for row in result.rows}
        pending = [*instances]
        instances.clear()
        while pending:
            batch, pending = pending[:BATCH_SIZE], pending[BATCH_SIZE:]
            try:
                refused = save(batch)
            except Exception as error:
                if not is_server_unavailable(error):
                    logger.exception("An import was interrupted")
                for each in [*batch, *pending]:
                    self._refuse(rows[id(each)], ImportInterrupted(), result)
                return
            for index, reason in refused.items():
                self._refuse(rows[id(batch[index])], reason, result)

    def _refuse(self, row: RowResult, error: Exception, result: Result) -> None:
        result.totals[row.import_type] -= 1
        row.import_type = RowResult.IMPORT_TYPE_ERROR
        result.increment_row_result_total(row)
        row.errors.append(self.get_error_result_class()(error, row=row.row_values, number=row.number))
        result.append_error_row(row.number, None, row.errors)


class ExchangeMixin(ExportActionMixin, ImportExportMixin):
    """For a `DocumentAdmin` with `resource_classes`. Who may import may add and change; who may export may view."""

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
        """Offer to import the good rows of a file alone, where others cannot be imported."""
        answer: Any = super().import_action(request, **kwargs)
        context = answer.context_data
        result = context.get("result")
        if result and "confirm_form" not in context and not result.base_errors:
            context["good_rows"] = sum(result.totals[kind] for kind in ("new", "update"))
            context["good_rows_form"] = self.create_confirm_form(request, import_form=context["form"])
            context["good_rows_form"].initial["leave_out"] = True
        context["columns"] = describe_columns(self.get_import_resource_classes(request)[0]())
        return cast(HttpResponse, answer)

    def get_urls(self) -> list[Any]:
        name = "{}_{}_import_template".format(*self.get_model_info())
        view = self.admin_site.admin_view(self.import_template_view)
        return [path("import/template.<str:kind>", view, name=name), *super().get_urls()]

    def import_template_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = next((each() for each in self.formats if each().get_extension() == kind), None)
        if form is None:
            raise Http404
        content = build_template(self.get_import_resource_classes(request)[0](), form)
        filename = f"{self.opts.model_name}-template.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return HttpResponse(content, content_type=form.get_content_type(), headers=headers)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        for base in result.base_errors:
            messages.error(request, f"The import was interrupted: {base.error}")
        rows = {row.number: [each.error for each in row.errors] for row in result.error_rows}
        unsure = {number for number, errors in rows.items() if isinstance(errors[-1], ImportInterrupted)}
        # Somebody else may have changed something since the preview.
        refused = {*rows, *(row.number for row in result.invalid_rows)} - unsure
        if refused and request.POST.get("leave_out"):
            messages.warning(request, describe_left_out(result, refused))
        elif refused:
            messages.error(
                request, f"These rows were refused meanwhile and are not imported: {describe_ranges(refused)}."
            )
        if unsure:
            messages.error(
                request,
                f"The import was interrupted: some of these rows are not imported: {describe_ranges(unsure)}."
                " Choose the file again: rows that are stored already are left as they are.",
            )
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        try:
            super().generate_log_entries(result, request)
        except Exception as error:
            if not is_server_unavailable(error):
                logger.exception("An import was interrupted")
            messages.error(request, "The import was interrupted: what it stored is not in the history.")

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


class CuratedAdmin(UndoMixin, ExchangeMixin, DocumentAdmin):
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
    def hide(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        shown = queryset.exclude(hidden=True)
        if not is_confirmed(request):
            return ask_about_selected(
                request,
                shown,
                verb="Hide",
                facts=["What is hidden is answered to nobody."],
                undo="It can be undone: by “Undo” within the hour, by “Publish” at any time.",
            )
        changed = self.change_each(request, shown, hidden=True)
        if changed:
            self.offer_undo(request, f"{len(changed):,} hidden.", {"ids": [str(each) for each in changed]})
        return None

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        hidden = self.get_queryset(request).filter(pk__in=values["ids"], hidden=True)
        self.change_each(request, hidden, hidden=None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Seeding would bring it back; hiding lasts.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
