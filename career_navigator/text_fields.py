"""Serializer fields for what people write. DRF's take numbers for text too; these say which types they take."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """Text, given as text: a number or a truth value is refused. `max_length` is named in the sentence."""

    default_error_messages = {"invalid": "This field has to be text."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Line(Text):
    """Text of one line: line breaks and other white space become one space, other control characters are refused."""

    default_error_messages = {"control": "This field must not hold control characters."}

    def to_internal_value(self, data: Any) -> str:
        text = " ".join(super().to_internal_value(data).split())
        if any(unicodedata.category(character) == "Cc" for character in text):
            self.fail("control")
        return text


class Choice(serializers.ChoiceField):
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
