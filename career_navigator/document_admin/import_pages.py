"""What the pages of an import offer and say: its forms, a file's columns, a template to fill in, rows left out."""

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

# As many reasons as a message has room for.
MAX_REASONS = 20
_YES_OR_NO = ("yes", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportColumn:
    """A column: whether every new row needs it, what it holds, which values alone it may have, and one as stored."""

    name: str
    required: bool
    holds: str
    allowed: tuple[str, ...]
    example: str


def describe_columns(resource: Any) -> list[ImportColumn]:
    """Return the columns of a file in their order; the example is of the first object there is."""
    example = resource.get_queryset().order_by("pk").first()
    columns = []
    for field in resource.get_user_visible_fields():
        stored = resource._meta.model._meta.get_field(field.attribute)
        allowed = tuple(value for value, _ in stored.flatchoices)
        columns.append(
            ImportColumn(
                name=field.column_name,
                required=not stored.blank and not stored.has_default(),
                holds=_describe(field, stored),
                allowed=_YES_OR_NO if isinstance(field.widget, YesNoWidget) else allowed,
                example="; ".join(str(field.export(example)).splitlines()) if example is not None else "",
            )
        )
    return columns


def _describe(field: Any, stored: "models.Field[Any, Any]") -> str:
    if isinstance(field.widget, YesNoWidget):
        return "yes or no"
    if isinstance(field.widget, ListWidget):
        marks = "semicolons or commas" if field.widget.separators else "semicolons"
        return f"a list, one item a line or separated by {marks}"
    if stored.choices:
        return "one of the values"
    if isinstance(stored, models.IntegerField):
        return "a whole number"
    length = getattr(stored, "max_length", None)
    return f"text of up to {length:,} characters" if length else "text"


def build_template(resource: Any, form: Any) -> Any:
    """Return a file of this form with the columns' names and no row; JSON has one object with empty values."""
    columns = describe_columns(resource)
    if isinstance(form, XLSX):
        return _build_workbook(columns)
    if isinstance(form, JSON):
        return json.dumps([dict.fromkeys((column.name for column in columns), "")], indent=2)
    return form.export_data(tablib.Dataset(headers=[column.name for column in columns]))


def _build_workbook(columns: list[ImportColumn]) -> bytes:
    """Return a workbook that offers the allowed values, and says on a second sheet what each column holds."""
    book = openpyxl.Workbook()
    sheet, notes = book.active, book.create_sheet("columns")
    sheet.title = "rows"
    notes.append(["column", "required", "holds", "allowed", "example"])
    for number, column in enumerate(columns, 1):
        sheet.cell(row=1, column=number, value=column.name).font = Font(bold=True)
        allowed = ", ".join(column.allowed)
        notes.append([column.name, "yes" if column.required else "no", column.holds, allowed, column.example])
        listed = ",".join(column.allowed)
        # A longer list, or one whose values have commas, would need cells of its own.
        if column.allowed and len(listed) <= 255 and not any("," in value for value in column.allowed):
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
            letter = get_column_letter(number)
            rule.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
            sheet.add_data_validation(rule)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def describe_left_out(result: Any, numbers: set[int]) -> str:
    """Name the rows that are not imported, the first ones with what is wrong with them."""
    reasons = {row.number: [str(each.error) for each in row.errors] for row in result.error_rows}
    for row in result.invalid_rows:
        found = [f"{name}: {' '.join(texts)}" for name, texts in row.field_specific_errors.items()]
        reasons[row.number] = [*found, *row.non_field_specific_errors]
    listed = [(number, " ".join(reasons[number])) for number in sorted(numbers)[:MAX_REASONS]]
    items = format_html_join("", "<li>Row {}: {}</li>", listed)
    return format_html("These rows are not imported: {}.<ul>{}</ul>", describe_ranges(numbers), items)


def describe_ranges(numbers: Iterable[int]) -> str:
    """Numbers as people write them: 1, 3-5."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)


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
    leave_out = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_import_file_name(self) -> str:
        name: str = super().clean_import_file_name()
        if CacheStorage(name=name).read() is None:
            raise forms.ValidationError("The file is no longer kept: it was imported already, or is older than a day.")
        return name
