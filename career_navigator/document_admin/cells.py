"""What the cells of an exchanged file say, and how they are written."""

from typing import Any

from django.db import models
from import_export import widgets

from career_navigator.document_admin.fields import LinesField
from career_navigator.plain_text import quote_item, read_flag, split_items

# Of a list of texts, which may have commas, the items within one line.
_TEXT_SEPARATORS = ";"


class ListWidget(widgets.Widget):
    """A list in one cell: one item per line, or separated by semicolons; JSON may hold it as a list."""

    def __init__(self, *, separators: str = "") -> None:
        super().__init__()
        self.separators = separators

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:
        items = value if isinstance(value, list) else self._split("" if value is None else str(value))
        if any(isinstance(item, dict | list) for item in items) or isinstance(value, dict):
            raise ValueError("Each item of the list has to be text.")
        found: dict[str, str] = {}
        for item in items:
            text = "" if item is None else " ".join(str(item).split())
            if text:
                found.setdefault(fold(text), text)
        return [*found.values()]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        items = [str(item) for item in value or ()]
        separators = self.separators or (_TEXT_SEPARATORS if len(items) == 1 else "")
        return "\n".join(quote_item(item, separators=separators) for item in items)

    def _split(self, text: str) -> list[str]:
        return split_items(text, separators=self.separators or ("" if "\n" in text.strip() else _TEXT_SEPARATORS))


class YesNoWidget(widgets.BooleanWidget):
    """Yes or no in any of the usual words, and nothing that is neither. What has no mark at all says no by `no`."""

    def __init__(self, *, no: bool | None = False) -> None:
        super().__init__()
        self.no = no

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool | None:
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        # A spreadsheet may hold 1 as 1.0.
        answer = read_flag(text.removesuffix(".0"))
        if answer is None:
            raise ValueError(f"{text!r} is neither true nor false. Allowed are yes and no, true and false, 1 and 0.")
        return answer or self.no

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else "yes" if value else "no"


class ChoiceWidget(widgets.CharWidget):
    """One of some values, in any case and spacing; what is none of them is left for the document to refuse."""

    def __init__(self, *, choices: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = {fold(choice): choice for choice in choices}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = super().clean(value, row, **kwargs).strip()
        return self.choices.get(fold(text), text)


class TextWidget(widgets.CharWidget):
    """Text as a form reads it: without spaces around it, its lines ended alike."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = super().clean(value, row, **kwargs)
        return "\n".join(text.splitlines()).strip()


class WholeNumberWidget(widgets.IntegerWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        try:
            number: int | None = super().clean(value, row, **kwargs)
            if number is not None and number != float(value):
                raise ValueError
        except (ArithmeticError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{str(value)[:100]!r} is not a whole number.") from error
        return number


def build_widget(field: "models.Field[Any, Any]") -> widgets.Widget | None:
    """Return what reads and writes a field's cells; None where the library's own does."""
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
    """Return a text by which its spellings in other cases and with other spaces are found."""
    return " ".join(text.split()).casefold()


def means_the_same(first: Any, second: Any) -> bool:
    """Return whether two values of a field differ in spelling alone: spaces, and of lists case and order too."""
    if isinstance(first, list) and isinstance(second, list):
        return sorted({fold(item) for item in first}) == sorted({fold(item) for item in second})
    if isinstance(first, str) and isinstance(second, str):
        return first.split() == second.split()
    return first == second or (first in (None, "") and second in (None, ""))
