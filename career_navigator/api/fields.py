"""Serializer fields that check types strictly. DRF's fields accept a number as text and 1 as true."""

import unicodedata
from collections.abc import Sequence
from math import isnan
from typing import Any
from urllib.parse import urlsplit

from django.core.validators import BaseValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

# Subclasses may normalize text to fewer characters: NFD encodes one character as up to four.
_NORMALIZATION_FACTOR = 4
_MAX_QUOTED_ITEMS = 3
_MAX_QUOTE_LENGTH = 60


class StrictCharField(serializers.CharField):
    """A text field that rejects numbers and booleans."""

    default_error_messages = {"invalid": "This field must be text."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        # DRF checks max_length after conversion. Subclasses can take long to convert megabytes, so check it here too.
        if self.max_length is not None and len(text) > _NORMALIZATION_FACTOR * self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return text


class OwnUserId(StrictCharField):
    """The optional id of the current user, whom the access token already identifies.

    `IsSelf` rejects the id of another user.
    """

    def __init__(self, **options: Any) -> None:
        # The limit exceeds the length of an id, so the error does not reveal which ids exist.
        super().__init__(
            **{"max_length": 100, "required": False, "allow_null": True}
            | {"help_text": "The current user's id. Optional."}
            | options
        )


class BoundedList(serializers.ListField):
    """A list of at most `max_length` items.

    The length is checked before the items are validated. The error message quotes the surplus items.
    """

    default_error_messages = {
        "too_many": "This field has {count} values, but at most {limit} are allowed. Remove {surplus}{more}."
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        limit = self.max_length
        if isinstance(data, list) and limit is not None and len(data) > limit:
            surplus = [str(each)[:_MAX_QUOTE_LENGTH] for each in data[limit:][:_MAX_QUOTED_ITEMS]]
            rest = len(data) - limit - len(surplus)
            self.fail(
                "too_many",
                count=len(data),
                limit=limit,
                surplus=", ".join(map(repr, surplus)),
                more=f" and {rest} more" if rest else "",
            )
        return super().to_internal_value(data)


class SingleLineCharField(StrictCharField):
    """A single line of text.

    Each run of whitespace, including line breaks, becomes one space. Other control characters are rejected.
    """

    default_error_messages = {"control": "This field must not contain control characters."}

    def to_internal_value(self, data: Any) -> str:
        text = " ".join(super().to_internal_value(data).split())
        if any(unicodedata.category(character) == "Cc" for character in text):
            self.fail("control")
        return text


class StrictChoiceField(serializers.ChoiceField):
    """A choice that must be a string. The error message lists all choices."""

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
    """An http or https URL, stored unchanged. The service never fetches it."""

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        try:
            parts = urlsplit(url)
            is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_valid = False
        if not is_valid or any(character.isspace() or ord(character) < 32 for character in url):
            raise serializers.ValidationError("This field must be an http or https URL.")
        return url


class SchemaField(serializers.DictField):
    """An object returned as it is stored. The OpenAPI document describes it by the named JSON schema."""

    schema_name: str
    schema: dict[str, Any]

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


class PlainNumber(serializers.FloatField):
    """A number returned unchanged. DRF's FloatField would return 3 as 3.0."""

    def to_representation(self, value: Any) -> Any:
        return value


class _Bounded(serializers.Field[Any, Any, Any, Any]):
    """Mixin for numbers from `minimum` to `maximum`. Every error message names the field and both bounds."""

    def __init__(self, *, minimum: float, maximum: float, **options: Any) -> None:
        options |= {"min_value": minimum, "max_value": maximum}
        super().__init__(**options)
        self._message = f"{{field}} must be between {minimum} and {maximum}."

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        message = self._message.format(field=field_name)
        for code in ("invalid", "max_string_length", "null", "overflow"):
            self.error_messages[code] = message
        # The bounds stay DRF validators, so that the OpenAPI schema includes them.
        for validator in self.validators:
            if isinstance(validator, BaseValidator):
                validator.message = message


class BoundedInteger(_Bounded, serializers.IntegerField):
    """A whole number within bounds."""


class BoundedNumber(_Bounded, serializers.FloatField):
    """A number within bounds."""

    def to_internal_value(self, data: Any) -> float:
        # float(True) is 1.0.
        if isinstance(data, bool):
            self.fail("invalid")
        number: float = super().to_internal_value(data)
        # NaN passes both bounds, because every comparison with it is false.
        if isnan(number):
            self.fail("invalid")
        return number
