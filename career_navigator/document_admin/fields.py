"""Django model and form fields for the fields of a MongoEngine document."""

import json
import re
from collections.abc import Callable
from typing import Any

import mongoengine
from bson import json_util
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator, RegexValidator
from django.db import models
from django_mongodb_backend.fields import ObjectIdAutoField, ObjectIdField
from mongoengine.base import BaseField
from unfold.widgets import UnfoldAdminTextareaWidget

from career_navigator.plain_text import quote_item, split_items

# List items with at most this length are names. A name that contains a comma or semicolon must be quoted.
MAX_NAME_LENGTH = 100
NAME_SEPARATORS = ",;"
# Relaxed extended JSON, so that datetimes and ObjectIds survive a round trip through a form.
_JSON_OPTIONS = json_util.RELAXED_JSON_OPTIONS


class ChipsWidget(UnfoldAdminTextareaWidget):
    """A text area with one item per line, which `chips.js` turns into chips.

    `suggestions` is the path below the admin's root that returns suggestions. `label` returns an item's display name.
    """

    class Media:
        js = (forms.Script("career_navigator/chips.js", defer=True),)

    separators = ""
    suggestions = ""
    label: Callable[[str], str] | None = None

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        chips = {"data-chips": self.separators}
        if self.suggestions:
            chips["data-suggestions"] = self.suggestions
        if self.label:
            items = split_items(value or "", separators=self.separators)
            chips["data-labels"] = json.dumps({item: self.label(item) for item in items})
        context["widget"]["attrs"] |= chips
        return context


class LinesFormField(forms.CharField):
    """Form field for a list of strings, with one item per line or between `separators`.

    Without separators, a line that looks like several items is rejected.
    """

    widget = ChipsWidget(attrs={"rows": 4})

    def __init__(self, *args: Any, separators: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.separators = self.widget.separators = separators

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(self._quote, map(str, value))) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = value if isinstance(value, str) else "\n".join(value or ())
        items = split_items(text, separators=self.separators)
        if not self.separators:
            items = [self._read_text(item) for item in items]
        unique: dict[str, str] = {}
        for item in items:
            unique.setdefault(" ".join(item.split()).casefold(), item)
        return [*unique.values()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))
        except ValidationError:
            return True

    def _quote(self, item: str) -> str:
        is_quoted = not self.separators and (_looks_like_list(item) or _QUOTED.fullmatch(item))
        return f'"{item}"' if is_quoted else quote_item(item, separators=self.separators)

    def _read_text(self, line: str) -> str:
        if quoted := _QUOTED.fullmatch(line):
            return quoted[1]
        if _looks_like_list(line):
            raise ValidationError(
                f"{line!r} looks like several items. Enter each item on a separate line, or put a single item in double"
                " quotes.",
                code="several",
            )
        return line


# A line that is entirely in quotes.
_QUOTED = re.compile(r'"(.*)"')


def _looks_like_list(text: str) -> bool:
    """Return whether a text is a list of single words, or of at least three short phrases."""
    lengths = [len(part.split()) for part in re.split("[,;]", text)]
    return len(lengths) > 1 and (max(lengths) <= 1 or (len(lengths) > 2 and max(lengths) <= _MAX_PHRASE_WORDS))


_MAX_PHRASE_WORDS = 3


class StructureFormField(forms.CharField):
    """Form field for a structured value, edited as extended JSON."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 8})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else dump_structure(value, indent=2)

    def to_python(self, value: Any) -> Any:
        if not value:
            return None
        try:
            return json_util.loads(value, json_options=_JSON_OPTIONS)
        except (ValueError, TypeError) as error:
            raise ValidationError(f"Enter valid JSON: {error}", code="invalid") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(dump_structure(initial) != dump_structure(self.to_python(data)))


class LinesField(models.Field):  # type: ignore[type-arg] # not generic at runtime
    """Model field for a list of strings. A lookup with a string matches every list that contains the string.

    `separators` also separate items within a line. They are used for names, while texts have one line each.
    """

    empty_strings_allowed = False

    def __init__(self, *args: Any, separators: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.separators = separators

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[str]:
        return list(value or ())

    def get_prep_value(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        lines: Any = self.value_from_object(obj)
        return "\n".join(lines or ())

    def formfield(self, **kwargs: Any) -> Any:
        # Because of the callable default Django would add a hidden initial value. The form's fingerprint replaces it.
        options = {
            "form_class": LinesFormField,
            "show_hidden_initial": False,
            "separators": self.separators,
            **kwargs,
        }
        return super().formfield(**options)


class StructureField(models.Field):  # type: ignore[type-arg] # not generic at runtime
    """Model field for any other MongoDB value, such as a map or a list of maps, which forms show as JSON."""

    empty_strings_allowed = False

    def value_to_string(self, obj: models.Model) -> str:
        return dump_structure(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": StructureFormField, "show_hidden_initial": False, **kwargs})


class WholeNumberField(models.BigIntegerField):  # type: ignore[type-arg] # not generic at runtime
    """Model field for an integer of either of MongoDB's widths."""


def dump_structure(value: Any, *, indent: int | None = None) -> str:
    """Return a MongoDB value as extended JSON, or an empty string for None."""
    return "" if value is None else json_util.dumps(value, json_options=_JSON_OPTIONS, indent=indent)


def build_model_field(field: BaseField) -> "models.Field[Any, Any]":
    """Return the Django field for a document's field.

    The Django field determines forms and lookups. The document validates what is stored.
    """
    # MongoEngine does not set `primary_key` on the id field that it adds automatically.
    is_key = field.db_field == "_id"
    if is_key and isinstance(field, mongoengine.ObjectIdField):
        key: models.Field[Any, Any] = ObjectIdAutoField(primary_key=True)
        return key
    options: dict[str, Any] = {
        "blank": not field.required and not is_key,
        "null": not field.required and field.default is None and not is_key,
        "primary_key": is_key,
        "db_column": field.db_field,
        "verbose_name": (getattr(field, "verbose_name", None) or field.name).replace("_", " "),
        "help_text": getattr(field, "help_text", None) or "",
    }
    if field.default is not None:
        options["default"] = field.default
    return _build_for_type(field, options)


def _build_for_type(field: BaseField, options: dict[str, Any]) -> "models.Field[Any, Any]":
    if isinstance(field, mongoengine.StringField):
        return _build_string_field(field, options)
    if isinstance(field, mongoengine.BooleanField):
        # An unticked checkbox means False, so the checkbox must not be required.
        return models.BooleanField(**options | {"blank": True})
    if isinstance(field, mongoengine.IntField | mongoengine.LongField):
        return WholeNumberField(**options, validators=_build_limits(field))
    if isinstance(field, mongoengine.FloatField):
        return models.FloatField(**options, validators=_build_limits(field))
    if isinstance(field, mongoengine.DateTimeField):
        return models.DateTimeField(**options)
    if isinstance(field, mongoengine.ObjectIdField):
        reference: models.Field[Any, Any] = ObjectIdField(**options)
        return reference
    if isinstance(field, mongoengine.BinaryField):
        return models.BinaryField(**options | {"editable": False})
    if isinstance(field, mongoengine.ListField) and isinstance(field.field, mongoengine.StringField):
        # MongoEngine does not store an empty list, so an absent list is an empty list and never null.
        is_names = field.field.max_length is not None and field.field.max_length <= MAX_NAME_LENGTH
        separators = NAME_SEPARATORS if is_names else ""
        return LinesField(**options | {"null": False, "default": list, "separators": separators})
    return StructureField(**options | {"null": True})


_INVALID_URL = "Enter a URL that starts with http:// or https://."


def _build_string_field(field: mongoengine.StringField, options: dict[str, Any]) -> "models.Field[Any, Any]":
    validators: list[Any] = []
    if field.regex is not None:
        message = _INVALID_URL if field.regex.pattern.startswith("^https?://") else None
        validators.append(RegexValidator(field.regex, message))
    if field.min_length:
        validators.append(MinLengthValidator(field.min_length))
    if field.choices:
        options["choices"] = [choice if isinstance(choice, tuple) else (choice, choice) for choice in field.choices]
        allowed = ", ".join(value for value, _ in options["choices"])
        options["error_messages"] = {"invalid_choice": f"%(value)r is not one of the allowed values: {allowed}."}
        options.setdefault("max_length", max(len(value) for value, _ in options["choices"]))
    if field.max_length:
        options["max_length"] = field.max_length
    is_line = "max_length" in options and options["max_length"] <= _MAX_LINE_LENGTH
    return (models.CharField if is_line else models.TextField)(**options, validators=validators)


# Longer texts get a text area instead of a single-line input.
_MAX_LINE_LENGTH = 300


def _build_limits(field: mongoengine.IntField | mongoengine.FloatField) -> list[Any]:
    limits: list[Any] = []
    if field.min_value is not None:
        limits.append(MinValueValidator(field.min_value))
    if field.max_value is not None:
        limits.append(MaxValueValidator(field.max_value))
    return limits
