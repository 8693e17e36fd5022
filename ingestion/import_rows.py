"""Conversion of a file's row to a job object, and a list of the values that could not be read. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingestion.import_columns import (
    COLUMNS,
    COLUMNS_BY_NAME,
    EMPLOYMENT_STATUSES,
    MAX_NAME_LENGTH,
    SENIORITIES,
    Column,
    find_column,
    normalize_name,
)
from ingestion.table_values import has_two_readings
from market.geo.labels import parse_place_label
from market.geo.names import UNKNOWN, find_country, fold, is_country_code
from market.posting import Posting

# The API renders the id of the stored posting, which is not the source's id.
_STORED_ID = re.compile("[0-9a-f]{24}")
# Common synonyms of seniorities and employment statuses, as `normalize_name` writes them.
_SYNONYMS = {
    **dict.fromkeys(("entry", "entry_level"), "junior"),
    **dict.fromkeys(("mid", "middle", "midlevel", "intermediate"), "mid_level"),
    **dict.fromkeys(("c_suite", "clevel", "executive"), "c_level"),
    **{name.replace("_", ""): name for name in EMPLOYMENT_STATUSES},
    "permanent": "full_time",
    "temp": "temporary",
    "intern": "internship",
    "contractor": "contract",
}


def is_empty(value: Any) -> bool:
    """Return whether a cell or field is empty, blank or null."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


@dataclass(slots=True, kw_only=True)
class Row:
    """A row as a job object.

    `file_names` maps canonical column names to the file's names. `unread` lists the fields that were ignored.
    """

    job: dict[str, Any]
    file_names: dict[str, str]
    unread: list[str]


def read_row(row: Mapping[str, Any]) -> Row:
    """Return a row with its values under the canonical names of the job object."""
    named: dict[str, list[str]] = {}
    unread: list[str] = []
    for name, value in row.items():
        if not is_empty(value):
            column = find_column(name)
            if column is None:
                unread.append(name)
            else:
                named.setdefault(column.name, []).append(name)
    job: dict[str, Any] = {}
    file_names: dict[str, str] = {}
    for canonical, names in named.items():
        column = COLUMNS_BY_NAME[canonical]
        if len(names) > 1:
            # The canonical name takes precedence over the other names, in the order they are listed.
            order = (canonical, *column.other_names)
            names.sort(key=lambda name: order.index(normalize_name(name)))
        first, *others = names
        job[canonical], file_names[canonical] = row[first], first
        for name in others:
            if column.kind == "list" and isinstance(row[name], list) and isinstance(job[canonical], list):
                job[canonical] = _merge_lists(job[canonical], row[name])
            elif row[name] != row[first]:
                unread.append(name)
    _normalize_words(job)
    _normalize_countries(job)
    _build_company_object(job)
    if job.get("url") and _STORED_ID.fullmatch(str(job.get("id"))):
        del job["id"], file_names["id"]
    return Row(job=job, file_names=file_names, unread=unread)


def _merge_lists(first: list[Any], second: list[Any]) -> list[Any]:
    seen = {str(item).casefold() for item in first}
    return [*first, *(item for item in second if str(item).casefold() not in seen)]


def _normalize_words(job: dict[str, Any]) -> None:
    """Replace seniority and employment statuses with the words that filters use. Drop unknown words."""
    if "seniority" in job:
        job["seniority"] = _find_word(job["seniority"], SENIORITIES)
    statuses = job.get("employment_statuses")
    if isinstance(statuses, str):
        # JSON files may have a single status instead of a list.
        statuses = [statuses]
    if isinstance(statuses, list):
        job["employment_statuses"] = [word for status in statuses if (word := _find_word(status, EMPLOYMENT_STATUSES))]


def _find_word(value: Any, words: Sequence[str]) -> str | None:
    name = normalize_name(value) if isinstance(value, str) else ""
    word = _SYNONYMS.get(name, name)
    return word if word in words else None


def _normalize_countries(job: dict[str, Any]) -> None:
    """Replace country names with their codes, and UK with GB."""
    code = job.get("country_code")
    if isinstance(code, str) and len(code.strip()) == 2:
        job["country_code"] = _find_country(code)
    codes = job.get("country_codes")
    if isinstance(codes, list):
        job["country_codes"] = [found for code in codes if (found := _find_country(code))]
    elif isinstance(names := job.get("countries"), list):
        job["country_codes"] = [found for name in names if (found := _find_country(name))]
    if "country" in job and not job.get("country_code") and not job.get("country_codes"):
        job["country_code"] = _find_country(job["country"])


def _find_country(value: Any) -> str | None:
    """Return the code of a country given by code or name. "Georgia" is the country here, not the US state."""
    return _find_country_code(value) if isinstance(value, str) else None


@lru_cache(maxsize=4_096)
def _find_country_code(text: str) -> str | None:
    code = text.strip().upper()
    return code if is_country_code(code) else "GE" if fold(text) == "georgia" else find_country(text)


def _build_company_object(job: dict[str, Any]) -> None:
    """Move the company's columns into the nested object that TheirStack uses."""
    values = {column.company_key: job[column.name] for column in COLUMNS if column.company_key and column.name in job}
    if values:
        company = job.get("company_object")
        job["company_object"] = {**values, **(company if isinstance(company, Mapping) else {})}


def with_country(posting: Posting) -> Posting:
    """Return the posting with the country of its place, if the posting has no country itself."""
    if posting.country_code:
        return posting
    code = parse_place_label(posting.location).country_code or parse_place_label(posting.place).country_code
    return replace(posting, country_code=code, country_codes=(code,)) if code else posting


def find_unread_values(*, row: Mapping[str, Any], read: Row, posting: Posting) -> Iterator[tuple[str, str]]:
    """Yield the file's column name and a message for each value that the posting could not use."""
    for name, file_name in read.file_names.items():
        column = COLUMNS_BY_NAME[name]
        for value in _list_unread_parts(column, row[file_name], posting):
            is_date = column.kind in ("date", "time") and isinstance(value, str)
            problem = "is ambiguous" if is_date and has_two_readings(value) else "cannot be read"
            allowed = f"; use {_ALLOWED[name]}" if name in _ALLOWED else ""
            yield file_name, f"{_shorten(value)} {problem}{allowed}"


def _list_unread_parts(column: Column, value: Any, posting: Posting) -> list[Any]:
    """Return the value, or the items of a list, that the posting could not use."""
    # Files also write 0 for an unknown salary.
    if column.name == "has_blurred_data" or value in (0, "0"):
        return []
    if column.kind == "list" and isinstance(value, list | tuple):
        return [item for item in value if not _is_item_read(column.name, item)]
    if column.kind in ("list", "JSON"):
        stored = getattr(posting, column.posting_field or column.name, None)
        return [value] if isinstance(value, str) and (column.kind == "JSON" or stored in (None, (), "")) else []
    if column.name in ("country", "country_code"):
        is_short = not isinstance(value, str) or len(value.strip()) == 2
        return [] if _find_country(value) and (is_short or column.name == "country") else [value]
    if column.name == "location":
        return [value] if posting.place == UNKNOWN and value != UNKNOWN else []
    stored = getattr(posting, column.posting_field or column.name)
    return [value] if stored in (None, "") else []


def _is_item_read(name: str, item: Any) -> bool:
    if not isinstance(item, str):
        return False
    if name in ("country_codes", "countries"):
        return _find_country(item) is not None
    if name == "employment_statuses":
        return _find_word(item, EMPLOYMENT_STATUSES) is not None
    return len(item.strip()) <= MAX_NAME_LENGTH


_ALLOWED = {"seniority": ", ".join(SENIORITIES), "employment_statuses": ", ".join(EMPLOYMENT_STATUSES)}


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
