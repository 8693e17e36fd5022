"""Parsing of dates, numbers and flags in tables written by people, in the notations of several countries. Pure.

A cell is often clear only in the context of its column: 05/06/2026 is in June if another row has 28/06/2026. Cells that
cannot be read or stay ambiguous are left as they are, so that the caller can report them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from career_navigator.plain_text import normalize_word, read_flag

# Longer texts are not parsed: they cannot be a date, a number or a flag.
MAX_CELL_LENGTH = 60
# Texts that people and programs write into empty cells.
_EMPTY_CELLS = frozenset({"", "-", "--", "n/a", "na", "nan", "none", "null", "nil"})
# Month names and abbreviations in several languages, without accents.
_MONTHS = (
    ("januar januari janvier enero gennaio jan ene gen", 1),
    ("februar februari fevrier febrero febbraio feb fev", 2),
    ("marz maart mars march marzo marco mar mrz", 3),
    ("april avril abril aprile apr avr abr", 4),
    ("mai mei may mayo maggio maio mag", 5),
    ("juni juin june junio giugno junho jun giu", 6),
    ("juli juillet july julio luglio julho jul lug", 7),
    ("august augustus aout agosto aug ago", 8),
    ("september septembre septiembre settembre setembro sept sep set", 9),
    ("oktober october octobre octubre ottobre outubro okt oct ott out", 10),
    ("november novembre noviembre novembro nov", 11),
    ("dezember december decembre diciembre dicembre dezembro dez dec dic", 12),
)
_MONTH_NAMES = {name: number for names, number in _MONTHS for name in names.split()} | {
    "january": 1,
    "february": 2,
}
_TIME = re.compile(r"(?:,?\s+|T)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])?\.?(?:[Mm]\.?)?$")
_NUMBERED = re.compile(r"(\d{1,2})([./-]) ?(\d{1,2})\2 ?(\d{4}|\d{2})\.?")
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})\.?")
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er)?\s+(?:de\s+)?)?(?P<month>[^\W\d_]{3,})\.?,?\s+(?:de\s+)?"
    r"(?:(?P<day_after>\d{1,2})(?:st|nd|rd|th)?,?\s+)?(?P<year>\d{4})"
)
_MONEY = re.compile(r"^(?:[A-Za-z]{3}|[A-Z]{0,2}\$|[€£¥₹₽₩₪₺₴])\s*|\s*(?:[A-Za-z]{3}|[€£¥₹₽₩₪₺₴$]|zł)$")
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)*)(k?)", re.IGNORECASE)


def read_columns(rows: Sequence[dict[str, Any]], *, get_kind: Callable[[str], str]) -> None:
    """Parse the texts of date, number and flag columns in place. Empty cells become None.

    `get_kind` returns the kind of a column by its name: `date`, `time`, `flag`, `money`, `number`, or anything else.
    """
    readers: dict[str, Callable[[Sequence[str]], Callable[[str], object]]] = {
        "date": _build_date_reader,
        "time": _build_date_reader,
        "flag": lambda texts: read_flag,
        "money": _build_amount_reader,
        "number": lambda texts: _read_number,
    }
    for name in {name for row in rows for name in row}:
        reader = readers.get(get_kind(name))
        if reader is None:
            continue
        cells = [row for row in rows if isinstance(row.get(name), str) and len(row[name]) <= MAX_CELL_LENGTH]
        for row in cells:
            if row[name].strip().lower() in _EMPTY_CELLS:
                row[name] = None
        cells = [row for row in cells if row[name] is not None]
        read = reader([row[name] for row in cells])
        for row in cells:
            value = read(row[name].strip())
            row[name] = row[name] if value is None else value


def has_two_readings(text: str) -> bool:
    """Return whether the text is a date in which day and month cannot be told apart."""
    found = _NUMBERED.fullmatch(_TIME.sub("", text.strip())) if len(text) <= MAX_CELL_LENGTH else None
    return found is not None and found[2] != "." and int(found[1]) <= 12 and int(found[3]) <= 12


def _build_date_reader(texts: Sequence[str]) -> Callable[[str], str | None]:
    """Return a parser for a column's dates. Its unambiguous dates decide whether day or month comes first."""
    numbered = [found for text in texts if (found := _NUMBERED.fullmatch(_TIME.sub("", text.strip())))]
    pairs = [(int(found[1]), int(found[3])) for found in numbered if found[2] != "."]
    orders = {first > 12 for first, second in pairs if (first > 12) != (second > 12)}
    day_first = orders.pop() if len(orders) == 1 else None
    return lambda text: _read_date(text, day_first)


def _read_date(text: str, day_first: bool | None) -> str | None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return text
    clock = _TIME.search(text)
    day = _read_day(text[: clock.start()] if clock else text, day_first)
    try:
        if day is None or clock is None:
            return day and date(*day).isoformat()
        hour = int(clock[1])
        if clock[4]:
            hour = hour % 12 + (12 if clock[4] in "Pp" else 0)
        return datetime.combine(date(*day), time(hour, int(clock[2]), int(clock[3] or 0))).isoformat()
    except ValueError:
        return None


def _read_day(text: str, day_first: bool | None) -> tuple[int, int, int] | None:
    """Return year, month and day, or None if the text is ambiguous or not a date."""
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _NAMED.fullmatch(text):
        month = _MONTH_NAMES.get(normalize_word(found["month"]))
        days = [number for number in (found["day"], found["day_after"]) if number]
        return (int(found["year"]), month, int(days[0])) if month and len(days) == 1 else None
    found = _NUMBERED.fullmatch(text)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    year += 2000 if year < 100 else 0
    # Dates with dots always have the day first.
    if found[2] == "." or first > 12 or first == second:
        return year, second, first
    if second > 12:
        return year, first, second
    if day_first is None:
        return None
    return (year, second, first) if day_first else (year, first, second)


def _build_amount_reader(texts: Sequence[str]) -> Callable[[str], float | None]:
    """Return a parser for a column's amounts. Its unambiguous amounts decide which mark separates the decimals."""
    marks = {mark for text in texts if (mark := _find_decimal_mark(_strip_currency(text)))}
    decimal_mark = marks.pop() if len(marks) == 1 else None
    return lambda text: _read_amount(_strip_currency(text), decimal_mark)


def _strip_currency(text: str) -> str:
    bare = _MONEY.sub("", _MONEY.sub("", text.strip()))
    return re.sub(r"[\s\u00a0\u202f\u2009'’]", "", bare)


def _find_decimal_mark(text: str) -> str | None:
    """Return the decimal mark of an amount, or None if the amount alone does not show it."""
    marks = [character for character in text if character in ".,"]
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    if marks and not _has_thousands(text, marks[0]):
        return marks[0]
    return None


def _has_thousands(text: str, mark: str) -> bool:
    """Return whether the mark must separate thousands, because amounts never have three decimals."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+k?", text, re.IGNORECASE) is not None


def _read_amount(text: str, decimal_mark: str | None) -> float | None:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    number = found[1]
    own = _find_decimal_mark(number)
    if own is None and (marks := {character for character in number if character in ".,"}):
        (mark,) = marks
        if mark == decimal_mark:
            # Either three decimals, or thousands written differently from the rest of the column.
            return None
        own = "," if mark == "." else "."
    if own:
        whole, _, decimals = number.rpartition(own) if own in number else (number, "", "")
        thousands = "," if own == "." else "."
        if thousands in whole and not _has_thousands(whole, thousands):
            return None
        number = f"{whole.replace(thousands, '')}.{decimals or 0}"
        if number.count(".") > 1:
            return None
    return float(number) * (1_000 if found[2] else 1)


def _read_number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
