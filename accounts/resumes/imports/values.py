"""Convert the values of other formats to those of resume content. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.resumes.json_resume import MAX_LINE_LENGTH

MAX_UNREAD = 200
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO_DATE = re.compile(r"(?P<year>[12]\d{3})(?:[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?)?(?:[T ]\d.*)?")
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[-/.](?P<year>[12]\d{3})")
_NAMED_MONTH = re.compile(r"(?P<month>[A-Za-z]{3,9})\.?,?\s+(?:(?P<day>\d{1,2}),?\s+)?(?P<year>[12]\d{3})")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.?\s+(?P<month>[A-Za-z]{3,9})\.?,?\s+(?P<year>[12]\d{3})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(slots=True)
class ImportedResume:
    """The content of a resume, and the values that have no place in it, as "path: value"."""

    content: dict[str, Any]
    unread: list[str] = field(default_factory=list)

    def add_unread(self, path: str, value: object) -> None:
        if len(self.unread) < MAX_UNREAD:
            self.unread.append(f"{path}: {value}"[:MAX_LINE_LENGTH])


def parse_date(value: object) -> str | None:
    """Return a date as a year, a month or a day ("2021", "2021-03", "2021-03-15"), or None if it is not understood."""
    text = str(value).strip()
    for pattern in (_ISO_DATE, _MONTH_FIRST, _NAMED_MONTH, _DAY_FIRST):
        if (match := pattern.fullmatch(text)) is not None:
            return _build_date(**match.groupdict())
    return None


def _build_date(year: str, month: str | None = None, day: str | None = None) -> str | None:
    if month is None:
        return year
    number = int(month) if month.isdecimal() else _find_month(month)
    if not 1 <= number <= 12:
        return None
    if day is None:
        return f"{year}-{number:02}"
    return f"{year}-{number:02}-{int(day):02}" if 1 <= int(day) <= 31 else None


def _find_month(name: str) -> int:
    abbreviation = name[:3].casefold()
    return _MONTHS.index(abbreviation) + 1 if abbreviation in _MONTHS else 0


def build_url(text: str) -> str | None:
    """Return a web address with a scheme, or None if the text is not a web address."""
    text = text.strip()
    if not text or " " in text or ("." not in text and "://" not in text):
        return None
    if text.casefold().startswith(("http://", "https://")):
        return text
    return None if _SCHEME.match(text) and not re.match(r"[\w.-]+:\d", text) else f"https://{text.lstrip('/')}"


def clean_text(text: str) -> str:
    """Remove control characters, which no format can show, and surrounding spaces."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def drop_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are neither None nor empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def drop_empty_entries(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries without empty values, and without the entries that have no values."""
    return [entry for each in entries if (entry := drop_empty(each))]
