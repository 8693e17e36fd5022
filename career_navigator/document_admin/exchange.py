"""Import and export of documents as CSV, JSON and XLSX, with a preview of every row."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import mongoengine
import tablib
from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from import_export import widgets
from import_export.admin import ExportActionMixin, ImportExportMixin
from import_export.forms import ConfirmImportForm as BaseConfirmImportForm
from import_export.instance_loaders import ModelInstanceLoader
from import_export.resources import ModelResource
from import_export.results import Result, RowResult
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from career_navigator.admin_site.model_admin import UndoMixin, ask_about_chosen, is_confirmed
from career_navigator.api.exceptions import SERVER_AWAY, is_server_away
from career_navigator.cache.versioned import replace_version
from career_navigator.document_admin.admin import DocumentAdmin, keeps_time
from career_navigator.document_admin.fields import LinesField
from career_navigator.document_admin.formats import CSV, JSON, XLSX, ImportRejected, check_size
from career_navigator.document_admin.models import (
    DocumentModel,
    Lookups,
    describe_duplicate,
    insert_many,
    unique_names,
    update_many,
)

logger = logging.getLogger(__name__)

# Rows that are written in one go, which takes a fraction of a second.
BATCH_SIZE = 500


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


class ImportLookups(Lookups):
    """Of one import: read once, then kept up with the rows that are going to be stored."""

    EARLIER_ROW = object()

    def __init__(self, document: type[mongoengine.Document]) -> None:
        # The primary key of who has them, or EARLIER_ROW, by values of unique fields.
        self.owners: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {
            tuple(names): {} for names in unique_names(document)
        }
        stored_as = {name: document._fields[name].db_field for names in self.owners for name in names}
        for row in document.objects.only(*stored_as).as_pymongo():
            for names, owners in self.owners.items():
                owners[tuple(row.get(stored_as[name]) for name in names)] = row["_id"]

    def get_document(self, model: DocumentModel) -> mongoengine.Document | None:
        return model.document_as_read()

    def name_owner(self, model: DocumentModel, values: dict[str, Any]) -> str:
        owner = self.owners[tuple(values)].get(tuple(values.values()))
        if owner is self.EARLIER_ROW:
            return "an earlier row"
        is_other = owner is not None and (model._state.adding or owner != model.pk)
        return f"another {model._meta.verbose_name}" if is_other else ""

    def accept(self, model: DocumentModel) -> None:
        """Count a row that is going to be stored."""
        for names, owners in self.owners.items():
            owners[tuple(getattr(model, name) for name in names)] = self.EARLIER_ROW


class ImportLoader(ModelInstanceLoader):
    """Finds the objects that a file names, which are read with one query; no two rows may be of one object."""

    def __init__(self, resource: "DocumentResource", dataset: tablib.Dataset) -> None:
        super().__init__(resource, dataset)
        self.lookups = resource.lookups_class(resource._meta.model.document)
        self._names = tuple(resource.get_import_id_fields())
        self._keys = self.lookups.owners[self._names]
        found = [self._keys[key] for row in dataset.dict if (key := self._find_key(row)) in self._keys]
        self._instances = {instance.pk: instance for instance in self.get_queryset().filter(pk__in=found)}

    def get_instance(self, row: Any) -> Any:
        key = self._keys.get(self._get_key(row))
        if key is None:
            return None
        if key not in self._instances:
            name, message = describe_duplicate(self.resource._meta.model, self._names, "an earlier row")
            raise ValidationError({name: message})
        return self._instances.pop(key)

    def _get_key(self, row: Any) -> tuple[Any, ...]:
        return tuple(self.resource.fields[name].clean(row) for name in self._names)

    def _find_key(self, row: Any) -> tuple[Any, ...] | None:
        # `get_instance` fails for the same row, which then names what is wrong with its key.
        with contextlib.suppress(LookupError, ValueError, ArithmeticError):
            return self._get_key(row)
        return None


class ImportInterrupted(RuntimeError):
    """Whether the row was stored is not known."""


class DocumentResource(ModelResource):
    """Rows in, rows out. Each is judged by its document, first for the preview and again when it is stored."""

    # The name of the version that makes every process read the collection again.
    catalogue: ClassVar[str]
    lookups_class: ClassVar[type[ImportLookups]] = ImportLookups

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

    def get_or_init_instance(self, instance_loader: Any, row: Any) -> tuple[Any, bool]:
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
        self._save(self.create_instances, insert_many, dry_run, result)

    def bulk_update(
        self, using_transactions: bool, dry_run: bool, raise_errors: bool, batch_size: Any = None, result: Any = None
    ) -> None:
        self._save(self.update_instances, update_many, dry_run, result)

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
            with contextlib.suppress(*SERVER_AWAY):
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
                if not is_server_away(error):
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
        row.errors.append(self.get_error_result_class()(error, number=row.number))
        result.append_error_row(row.number, None, row.errors)


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

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        for base in result.base_errors:
            messages.error(request, f"The import was interrupted: {base.error}")
        rows = {row.number: [each.error for each in row.errors] for row in result.error_rows}
        unsure = {number for number, errors in rows.items() if isinstance(errors[-1], ImportInterrupted)}
        # Somebody else may have changed something since the preview.
        refused = {*rows, *(row.number for row in result.invalid_rows)} - unsure
        if refused:
            messages.error(request, f"These rows were refused meanwhile and are not imported: {_ranges(refused)}.")
        if unsure:
            messages.error(
                request,
                f"The import was interrupted: some of these rows are not imported: {_ranges(unsure)}. Choose the file"
                " again: rows that are stored already are left as they are.",
            )
        answer: HttpResponse = super().process_result(result, request)
        return answer

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        try:
            super().generate_log_entries(result, request)
        except Exception as error:
            if not is_server_away(error):
                logger.exception("An import was interrupted")
            messages.error(request, "The import was interrupted: what it stored is not in the history.")

    def _create_log_entry(self, user_pk: Any, rows: Any, import_type: str, action_flag: int) -> None:
        if rows:
            LogEntry.objects.log_actions(user_pk, rows, action_flag, "Imported.")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers as people write them: 1, 3-5."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)


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
            return ask_about_chosen(
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
