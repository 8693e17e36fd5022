"""Parts of the import pages: forms, column descriptions, template files and messages about skipped rows."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import openpyxl
import tablib
from django import forms
from django.db import models
from django.utils.html import format_html, format_html_join
from import_export.forms import ConfirmImportForm as BaseConfirmImportForm
from import_export.tmp_storages import CacheStorage
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from unfold.contrib.import_export.forms import ImportForm

from career_navigator.document_admin.cells import ListWidget, YesNoWidget
from career_navigator.document_admin.formats import JSON, MAX_ROWS, XLSX, ImportRejected, check_size

# Number of skipped rows for which a message gives the reason.
MAX_REASONS = 20
_YES_OR_NO = ("yes", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportColumn:
    """A column of an import file. `required` applies to new objects, and `example` is a stored value."""

    name: str
    required: bool
    holds: str
    allowed: tuple[str, ...]
    example: str


def describe_columns(resource: Any) -> list[ImportColumn]:
    """Return the columns of an import file in order, with examples from the first stored object."""
    example = resource.get_queryset().order_by("pk").first()
    columns = []
    for field in resource.get_user_visible_fields():
        stored = resource._meta.model._meta.get_field(field.attribute)
        allowed = tuple(value for value, _ in stored.flatchoices)
        columns.append(
            ImportColumn(
                name=field.column_name,
                required=not stored.blank and not stored.has_default(),
                holds=_describe_content(field, stored),
                allowed=_YES_OR_NO if isinstance(field.widget, YesNoWidget) else allowed,
                example="; ".join(str(field.export(example)).splitlines()) if example is not None else "",
            )
        )
    return columns


def _describe_content(field: Any, stored: "models.Field[Any, Any]") -> str:
    if isinstance(field.widget, YesNoWidget):
        return "yes or no"
    if isinstance(field.widget, ListWidget):
        marks = "semicolons or commas" if field.widget.separators else "semicolons"
        return f"a list with one item per line or separated by {marks}"
    if stored.choices:
        return "one of the allowed values"
    if isinstance(stored, models.IntegerField):
        return "a whole number"
    length = getattr(stored, "max_length", None)
    return f"text of up to {length:,} characters" if length else "text"


def build_template(resource: Any, file_format: Any) -> Any:
    """Return an import file that has only a header. A JSON file has one object with empty values instead."""
    columns = describe_columns(resource)
    if isinstance(file_format, XLSX):
        return _build_workbook(columns)
    if isinstance(file_format, JSON):
        return json.dumps([dict.fromkeys((column.name for column in columns), "")], indent=2)
    return file_format.export_data(tablib.Dataset(headers=[column.name for column in columns]))


def _build_workbook(columns: list[ImportColumn]) -> bytes:
    """Return a workbook with drop-down lists of the allowed values and a second sheet that describes the columns."""
    book = openpyxl.Workbook()
    sheet, notes = book.active, book.create_sheet("columns")
    sheet.title = "rows"
    notes.append(["column", "required", "holds", "allowed", "example"])
    for number, column in enumerate(columns, 1):
        sheet.cell(row=1, column=number, value=column.name).font = Font(bold=True)
        allowed = ", ".join(column.allowed)
        notes.append([column.name, "yes" if column.required else "no", column.holds, allowed, column.example])
        listed = ",".join(column.allowed)
        # Excel limits an inline list to 255 characters and separates its values by commas.
        if column.allowed and len(listed) <= 255 and not any("," in value for value in column.allowed):
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
            letter = get_column_letter(number)
            rule.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
            sheet.add_data_validation(rule)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def describe_left_out(result: Any, numbers: set[int]) -> str:
    """Return a message that lists the rows that were not imported, with reasons for the first MAX_REASONS rows."""
    reasons = {row.number: [str(failure.error) for failure in row.errors] for row in result.error_rows}
    for row in result.invalid_rows:
        field_errors = [f"{name}: {' '.join(texts)}" for name, texts in row.field_specific_errors.items()]
        reasons[row.number] = [*field_errors, *row.non_field_specific_errors]
    listed = [(number, " ".join(reasons[number])) for number in sorted(numbers)[:MAX_REASONS]]
    items = format_html_join("", "<li>Row {}: {}</li>", listed)
    return format_html("These rows were not imported: {}.<ul>{}</ul>", describe_ranges(numbers), items)


def describe_ranges(numbers: Iterable[int]) -> str:
    """Format numbers as ranges, such as "1, 3-5"."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)


class BoundedImportForm(ImportForm):
    """Import form that rejects a file that is too large before the file is read or stored."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        try:
            check_size(file.size)
        except ImportRejected as error:
            raise forms.ValidationError(str(error), code=error.reason) from error
        return file


class ConfirmImportForm(BaseConfirmImportForm):
    """Confirmation form that reports an error if the file of the preview has expired."""

    format = forms.TypedChoiceField(choices=[(0, "CSV"), (1, "JSON"), (2, "XLSX")], widget=forms.HiddenInput)
    resource = forms.ChoiceField(choices=[("0", "")], required=False, widget=forms.HiddenInput)
    leave_out = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_import_file_name(self) -> str:
        name: str = super().clean_import_file_name()
        if CacheStorage(name=name).read() is None:
            raise forms.ValidationError(
                "The uploaded file has expired: it was already imported or is older than a day. Upload it again."
            )
        return name
