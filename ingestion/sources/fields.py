"""Fields of a posting that sources state in similar forms: place, employment and dates. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingestion.sources.values import MAX_LABEL_LENGTH, read_text
from market.geo.labels import parse_place_label
from market.geo.names import find_country
from market.geo.places import normalize_place

_STATUSES = {
    "full_time": ("full-time", "full time", "fulltime", "vollzeit", "permanent", "regular full time"),
    "part_time": ("part-time", "part time", "parttime", "teilzeit"),
    "temporary": ("temporary", "temp", "fixed term", "fixed-term", "befristet", "short term", "seasonal"),
    "internship": ("intern", "internship", "trainee", "traineeship", "praktikum", "working_student", "werkstudent"),
    "contract": ("contract", "contractor", "freelance", "freelancer"),
}
_STATUS_BY_NAME = {name: status for status, names in _STATUSES.items() for name in names}
# "International" contains "intern", so a phrase must consist of whole words.
_STATUS_PHRASES = {
    name: re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    for name in sorted(_STATUS_BY_NAME, key=len, reverse=True)
}
_REMOTE = re.compile(r"\bremote\b", re.IGNORECASE)
_HYBRID = re.compile(r"\bhybrid\b", re.IGNORECASE)


def list_statuses(*values: Any) -> tuple[str, ...]:
    """Return the employment statuses that free texts name. Unknown texts name none."""
    texts = [text for value in values if (text := read_text(value, max_length=200))]
    found = [_STATUS_BY_NAME[name] for text in texts for name, phrase in _STATUS_PHRASES.items() if phrase.search(text)]
    return tuple(dict.fromkeys(found))


def build_place_fields(
    *, label: Any, locations: Sequence[Mapping[str, Any]] = (), country_code: str | None = None, country: Any = None
) -> dict[str, Any]:
    """Return the fields of `Posting` that say where a job is.

    `locations` are objects with `name`, `country_code`, `state_code` or `country_name`, the main location first.
    """
    text = read_text(label, max_length=MAX_LABEL_LENGTH) or ""
    named = read_text(country, max_length=MAX_LABEL_LENGTH)
    code = country_code or (find_country(named) if named else None)
    codes = [code] if code else []
    for location in locations:
        country_name = location.get("country_name")
        other = location.get("country_code") or (find_country(country_name) if country_name else None)
        if isinstance(other, str) and other.upper() not in codes:
            codes.append(other.upper())
    if not codes and (written := parse_place_label(text).country_code):
        codes.append(written)
    place = normalize_place(label=text, locations=locations, country=named, country_code=code)
    return {
        "location": text,
        "place": place,
        "country_code": codes[0] if codes else None,
        "country_codes": tuple(codes),
    }


def is_remote_label(label: Any) -> bool | None:
    """Return True if a label says that the job is remote, otherwise None, since silence is no answer."""
    text = read_text(label, max_length=MAX_LABEL_LENGTH) or ""
    return True if _REMOTE.search(text) and not _HYBRID.search(text) else None


def is_hybrid_label(label: Any) -> bool | None:
    """Return True if a label says that the job is hybrid, otherwise None."""
    return True if _HYBRID.search(read_text(label, max_length=MAX_LABEL_LENGTH) or "") else None


def read_workplace(value: Any) -> tuple[bool | None, bool | None]:
    """Return whether the workplace is remote and whether it is hybrid. Both are None if the value does not say."""
    name = (read_text(value, max_length=40) or "").lower().replace("-", "").replace("_", "").replace(" ", "")
    return {
        "remote": (True, False),
        "hybrid": (False, True),
        "onsite": (False, False),
        "inoffice": (False, False),
    }.get(name, (None, None))
