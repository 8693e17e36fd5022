"""Widgets that parse and render the cells of imported and exported files."""

from typing import Any

from django.db import models
from import_export import widgets

from career_navigator.document_admin.fields import LinesField
from career_navigator.plain_text import quote_item, read_flag, split_items

# Separates the items of a list of texts on one line. A comma can be part of a text.
_TEXT_SEPARATORS = ";"


class ListWidget(widgets.Widget):
    """Widget for a list in one cell, with one item per line or separated by semicolons. JSON files may have a list."""

    def __init__(self, *, separators: str = "") -> None:
        super().__init__()
        self.separators = separators

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:
        items = value if isinstance(value, list) else self._split("" if value is None else str(value))
        if any(isinstance(item, dict | list) for item in items) or isinstance(value, dict):
            raise ValueError("Each item of the list must be text.")
        texts: dict[str, str] = {}
        for item in items:
            text = "" if item is None else " ".join(str(item).split())
            if text:
                texts.setdefault(fold(text), text)
        return [*texts.values()]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        items = [str(item) for item in value or ()]
        separators = self.separators or (_TEXT_SEPARATORS if len(items) == 1 else "")
        return "\n".join(quote_item(item, separators=separators) for item in items)

    def _split(self, text: str) -> list[str]:
        return split_items(text, separators=self.separators or ("" if "\n" in text.strip() else _TEXT_SEPARATORS))


class YesNoWidget(widgets.BooleanWidget):
    """Widget for a flag, which accepts the usual words for yes and no and rejects other text.

    `no` is the stored value for no. It is None for fields that are absent unless they are true.
    """

    def __init__(self, *, no: bool | None = False) -> None:
        super().__init__()
        self.no = no

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool | None:
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        # Some spreadsheets store 1 as 1.0.
        flag = read_flag(text.removesuffix(".0"))
        if flag is None:
            raise ValueError(f"{text!r} is not a yes or no value. Use yes or no, true or false, 1 or 0.")
        return flag or self.no

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else "yes" if value else "no"


class ChoiceWidget(widgets.CharWidget):
    """Widget for a choice, regardless of case and spacing. The document's validation rejects other values."""

    def __init__(self, *, choices: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = {fold(choice): choice for choice in choices}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = super().clean(value, row, **kwargs).strip()
        return self.choices.get(fold(text), text)


class TextWidget(widgets.CharWidget):
    """Widget for text, which strips surrounding whitespace and normalizes line breaks like a form field."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = super().clean(value, row, **kwargs)
        return "\n".join(text.splitlines()).strip()


class WholeNumberWidget(widgets.IntegerWidget):
    """Widget for an integer, which rejects fractions instead of truncating them."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        try:
            number: int | None = super().clean(value, row, **kwargs)
            if number is not None and number != float(value):
                raise ValueError
        except (ArithmeticError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{str(value)[:100]!r} is not a whole number.") from error
        return number


def build_widget(field: "models.Field[Any, Any]") -> widgets.Widget | None:
    """Return the widget for a field's cells, or None to use the library's default."""
    if isinstance(field, LinesField):
        return ListWidget(separators=field.separators)
    if isinstance(field, models.BooleanField):
        return YesNoWidget(no=None if field.null else False)
    if field.choices:
        return ChoiceWidget(choices=[value for value, _ in field.flatchoices])
    if isinstance(field, models.CharField | models.TextField):
        return TextWidget()
    if isinstance(field, models.IntegerField):
        return WholeNumberWidget()
    return None


def fold(text: str) -> str:
    """Return the text in a form for comparison that ignores case and spacing."""
    return " ".join(text.split()).casefold()


def are_equivalent(first: Any, second: Any) -> bool:
    """Return whether two values of a field are equivalent.

    Spacing is ignored, and for lists also case and order. None and an empty text are equivalent.
    """
    if isinstance(first, list) and isinstance(second, list):
        return sorted({fold(item) for item in first}) == sorted({fold(item) for item in second})
    if isinstance(first, str) and isinstance(second, str):
        return first.split() == second.split()
    return first == second or (first in (None, "") and second in (None, ""))
