"""Serializer fields that refuse another type than theirs, where DRF's take numbers for text and 1 for true."""

import unicodedata
from collections.abc import Sequence
from math import isnan
from typing import Any
from urllib.parse import urlsplit

from django.core.validators import BaseValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

# What is read may be shorter than what was given: in NFD one character is up to four.
_SLACK = 4
_MAX_QUOTED = 3
_MAX_QUOTE_LENGTH = 60


class StrictCharField(serializers.CharField):
    """Text, given as text: a number or a truth value is refused. `max_length` is named in the sentence."""

    default_error_messages = {"invalid": "This field has to be text."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        # DRF asks this of what was read. A subclass may take long to read megabytes, so none gets to see them.
        if self.max_length is not None and len(text) > _SLACK * self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


class OwnUserId(StrictCharField):
    """The current user's id, which nobody has to send: the token says whose it is. `IsSelf` refuses another's."""

    def __init__(self, **options: Any) -> None:
        # Longer than any id; which ids there are is not told by what is refused.
        super().__init__(
            **{"max_length": 100, "required": False, "allow_null": True}
            | {"help_text": "The current user's own; may be left out."}
            | options
        )


class BoundedList(serializers.ListField):
    """A list of up to `max_length` items; a longer one is refused, with what is too much, before its items are read."""

    default_error_messages = {
        "too_many": "This field has {given} values, and takes no more than {most}: leave out {surplus}{more}."
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        most = self.max_length
        if isinstance(data, list) and most is not None and len(data) > most:
            surplus = [str(each)[:_MAX_QUOTE_LENGTH] for each in data[most:][:_MAX_QUOTED]]
            rest = len(data) - most - len(surplus)
            self.fail(
                "too_many",
                given=len(data),
                most=most,
                surplus=", ".join(map(repr, surplus)),
                more=f" and {rest} more" if rest else "",
            )
        return super().to_internal_value(data)


class SingleLineCharField(StrictCharField):
    """Text of one line: line breaks and other white space become one space, other control characters are refused."""

    default_error_messages = {"control": "This field must not hold control characters."}

    def to_internal_value(self, data: Any) -> str:
        text = " ".join(super().to_internal_value(data).split())
        if any(unicodedata.category(character) == "Cc" for character in text):
            self.fail("control")
        return text


class StrictChoiceField(serializers.ChoiceField):
    """One of the choices, given as text; the sentence that refuses another names them all."""

    def __init__(self, choices: Sequence[str], **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"This field must be one of {', '.join(choices)}."
        self.error_messages["blank_choice"] = f"This field must be one of {', '.join(choices)}, not ''."

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        if not data:
            self.fail("blank_choice")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://\S+$"})
class HttpURLField(StrictCharField):
    """An http or https URL, stored as it was given. Nothing is fetched from it."""

    def to_internal_value(self, data: Any) -> str:
        address = super().to_internal_value(data)
        try:
            parts = urlsplit(address)
            well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            well_formed = False
        if not well_formed or any(character.isspace() or ord(character) < 32 for character in address):
            raise serializers.ValidationError("This field has to be an http or https address.")
        return address


class SchemaField(serializers.DictField):
    """An object that is answered as it is stored, described by a JSON schema that the OpenAPI document names."""

    schema_name: str
    schema: dict[str, Any]

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


class PlainNumber(serializers.FloatField):
    """A number, answered as it is: DRF's would answer 3 as 3.0."""

    def to_representation(self, value: Any) -> Any:
        return value


class _Bounded(serializers.Field[Any, Any, Any, Any]):
    """From `minimum` to `maximum`, refused by one sentence that names the field and both bounds."""

    def __init__(self, *, minimum: float, maximum: float, **options: Any) -> None:
        options |= {"min_value": minimum, "max_value": maximum}
        super().__init__(**options)
        self._sentence = f"{{field}} must be between {minimum} and {maximum}."

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        sentence = self._sentence.format(field=field_name)
        for code in ("invalid", "max_string_length", "null", "overflow"):
            self.error_messages[code] = sentence
        # The bounds themselves are among the validators, so that the schema states them.
        for validator in self.validators:
            if isinstance(validator, BaseValidator):
                validator.message = sentence


class BoundedInteger(_Bounded, serializers.IntegerField):
    """A whole number within bounds."""


class BoundedNumber(_Bounded, serializers.FloatField):
    """A number within bounds."""

    def to_internal_value(self, data: Any) -> float:
        # Python takes a truth value for 1 or 0.
        if isinstance(data, bool):
            self.fail("invalid")
        number = super().to_internal_value(data)
        # Not a number is neither below a bound nor above one.
        if isnan(number):
            self.fail("invalid")
        return number
