"""Reading the values in a request's body, with the framework's own words for what is wrong. Pure.

Every reader takes the field's name and its value, returns the value read and raises InvalidField.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any


class InvalidField(ValueError):
    """A field of the request that cannot be read: `field` is its name, `kind` the machine's word for what is wrong."""

    def __init__(self, field: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.kind = kind


def read_whole(field: str, value: Any) -> int:
    """Read a whole number, 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidField(field, "int_type", "Input should be a valid integer")
    if value < 0:
        raise InvalidField(field, "greater_than_equal", "Input should be greater than or equal to 0")
    return value


def read_number(field: str, value: Any) -> float:
    """Read a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidField(field, "float_type", "Input should be a valid number")
    return value


def read_flag(field: str, value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise InvalidField(field, "bool_type", "Input should be a valid boolean")
    return value


def read_date(field: str, value: Any) -> date:
    """Read a date."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InvalidField(field, "date_from_datetime_parsing", "Input should be a valid date") from error


def read_moment(field: str, value: Any) -> datetime:
    """Read a time, or a date for its beginning; in UTC where no zone is given."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InvalidField(field, "datetime_from_date_parsing", "Input should be a valid datetime") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_texts(field: str, value: Any) -> list[str]:
    """Read a list of texts."""
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise InvalidField(field, "list_type", "Input should be a valid list of strings")
    return value


def read_folded_texts(field: str, value: Any) -> list[str]:
    """Read a list of texts in lower case."""
    return [text.lower() for text in read_texts(field, value)]


def reader_of_one_of(*allowed: str) -> Callable[[str, Any], list[str]]:
    """Return a reader of lists whose texts are all among those allowed."""

    def read(field: str, value: Any) -> list[str]:
        texts = read_texts(field, value)
        if not set(texts) <= set(allowed):
            raise InvalidField(field, "enum", f"Input should be {', '.join(map(repr, allowed))}")
        return texts

    return read


def read_countries(field: str, value: Any) -> list[str]:
    """Read a list of two-letter country codes in capitals."""
    codes = read_texts(field, value)
    if not all(re.fullmatch(r"[A-Z]{2}", code) for code in codes):
        raise InvalidField(field, "enum", "Input should be an ISO 3166-1 alpha-2 country code")
    return codes


def read_ids(field: str, value: Any) -> list[int]:
    """Read a list of whole numbers."""
    if not isinstance(value, list) or not all(type(entry) is int for entry in value):
        raise InvalidField(field, "list_type", "Input should be a valid list of integers")
    return value


def read_patterns(field: str, value: Any) -> list[re.Pattern[str]]:
    """Read a list of regular expressions, which heed case unless they say otherwise."""
    try:
        return [re.compile(text) for text in read_texts(field, value)]
    except re.error as error:
        raise InvalidField(field, "value_error", f"Invalid regular expression: {error}") from error
