"""Addresses of web pages that people give."""

from typing import Any
from urllib.parse import urlsplit

from rest_framework import serializers

from career_navigator.text_fields import Text


class WebAddress(Text):
    """An http or https address, kept as it was given. Nothing is fetched from it."""

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
