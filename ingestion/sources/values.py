"""Readers for single values of a source's object. Pure.

Each function returns a usable value or None and never raises. A value that is missing, of the wrong type or too long
counts as missing. Texts may also spell numbers and booleans, as in CSV files. Texts are often HTML, whose entities are
decoded here, exactly once.
"""

import html
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from html.entities import html5
from typing import Any
from urllib.parse import urlsplit

MAX_URL_LENGTH = 2_000
# Signs that stand for a single currency. "¥" is missing because both yen and yuan use it.
_CURRENCY_SIGNS = {
    "$": "USD",
    "US$": "USD",
    "USD$": "USD",
    "€": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "£": "GBP",
    "₹": "INR",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "R$": "BRL",
    "S$": "SGD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "ZŁ": "PLN",
    "₩": "KRW",
    "₪": "ILS",
    "₺": "TRY",
    "₴": "UAH",
    "₽": "RUB",
    "KČ": "CZK",
    "FT": "HUF",
    "₱": "PHP",
}
MIN_YEAR, MAX_YEAR = 1970, 2200

# Control characters other than tab and line feed (NUL ends MongoDB's keys and C strings), and unpaired surrogates,
# which JSON can escape but UTF-8 cannot encode.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# The semicolon is required, since "R&D" and "?a=1&copy=2" contain no entities.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Most entities are at most this long.
_ENTITY_CHARACTERS = 8
MAX_ID_LENGTH = 200
MAX_TITLE_LENGTH = 500
MAX_NAME_LENGTH = 300
MAX_LABEL_LENGTH = 500
MAX_DESCRIPTION_BYTES = 100_000
MAX_LOCATIONS = 100


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return the object, or an empty one if the value is not an object."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """Return the list, or an empty one if the value is not a list."""
    return value if isinstance(value, list) else []


def list_objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list. Other items are left out."""
    return [item for item in as_list(value) if isinstance(item, Mapping)]


def read_id(value: Any) -> str | None:
    """Return an id as text. An overlong id is dropped, because a truncated one would identify another job."""
    if isinstance(value, str):
        text = read_line(value, max_length=MAX_ID_LENGTH + 1)
        return text if text and len(text) <= MAX_ID_LENGTH else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        # Floats above 2**53 lose digits, which would change the id.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None
    return str(value) if abs(value) < 10**40 else None


def read_country_code(value: Any) -> str | None:
    """Return the two-letter code of a country in upper case. The code is not looked up."""
    text = read_text(value, max_length=3)
    return text.upper() if text and len(text) == 2 and text.isascii() and text.isalpha() else None


def read_dollars(value: Any) -> int | None:
    """Return a positive amount of money, rounded to a whole number."""
    amount = read_amount(value)
    return round(amount) or None if amount is not None else None


def read_text(value: Any, *, max_length: int) -> str | None:
    """Return the text on one line with decoded entities, truncated to `max_length`, or None if blank or not text."""
    # Truncated before decoding, with a reserve for entities, so that a huge value costs no more than a long one.
    if not isinstance(value, str):
        return None
    return read_line(_decode_entities(value[: max_length * _ENTITY_CHARACTERS]), max_length=max_length)


def read_first_text(values: Iterable[Any], *, max_length: int) -> str | None:
    """Return the first value that is a text."""
    return next((text for value in values if (text := read_text(value, max_length=max_length))), None)


def read_line(value: Any, *, max_length: int) -> str | None:
    """Return the text on one line, truncated to `max_length`, or None if blank or not text."""
    if not isinstance(value, str):
        return None
    text = value[: max_length * 4]
    if not text.isprintable():
        text = _UNSTORABLE.sub(" ", text)
    return " ".join(text.split())[:max_length].rstrip() or None


def read_prose(value: Any, *, max_bytes: int, is_html: bool = True) -> str:
    """Return a multi-line text truncated to `max_bytes` in UTF-8, or "" if it is not text.

    Entities are decoded unless `is_html` is false.
    """
    if not isinstance(value, str):
        return ""
    text = value[: max_bytes * 2]
    text = (_decode_entities(text) if is_html else text)[:max_bytes]
    text = _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) * 4 <= max_bytes:
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def _decode_entities(text: str) -> str:
    return _ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(entity: re.Match[str]) -> str:
    # `unescape` would also decode a prefix, such as the "&not" of "&notes;".
    return html.unescape(entity[0]) if entity[0][1] == "#" else html5.get(entity[0][1:], entity[0])


def read_url(value: Any) -> str | None:
    """Return an http or https URL with a host. Return None for anything else, such as `javascript:` or a long URL."""
    if not isinstance(value, str):
        return None
    # "&amp;" comes from HTML. Other entities would be query parameters.
    url = value.strip().replace("&amp;", "&")
    if len(url) > MAX_URL_LENGTH or _UNSTORABLE.search(url) or _SPACES.search(url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return url if usable else None


def read_flag(value: Any) -> bool | None:
    """Return True or False if the value is a boolean or spells one, otherwise None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def read_number(value: Any) -> float | None:
    """Return a finite number, or None. Booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_amount(value: Any) -> float | None:
    """Return a positive amount of money below 10**12, or None."""
    number = read_number(value)
    return number if number is not None and 0 < number < 1e12 else None


def read_currency(value: Any) -> str | None:
    """Return a currency's ISO 4217 code. Both "usd" and "$" are USD."""
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    text = read_text(value, max_length=10)
    if text is None:
        return None
    code = _CURRENCY_SIGNS.get(text.upper().replace(" ", "")) or text.upper()
    return code if pycountry.currencies.get(alpha_3=code) else None


def read_count(value: Any) -> int | None:
    """Return a non-negative whole number that MongoDB and JSON represent exactly, or None."""
    number = read_number(value)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 2**53 else None


def read_datetime(value: Any) -> datetime | None:
    """Return an ISO 8601 datetime or date in UTC. Times without a zone are taken as UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if MIN_YEAR <= moment.year <= MAX_YEAR else None


def read_day(value: Any) -> date | None:
    """Return the UTC day of an ISO 8601 date or datetime."""
    moment = read_datetime(value)
    return moment.date() if moment else None


def read_words(value: Any, *, max_items: int, max_length: int) -> tuple[str, ...]:
    """Return the distinct texts of a list in order.

    Texts longer than `max_length` are dropped, because a truncated name would be another name.
    """
    if not isinstance(value, list | tuple):
        return ()
    words = (read_text(item, max_length=max_length + 1) for item in value[: max_items * 2])
    return tuple(dict.fromkeys(word for word in words if word and len(word) <= max_length))[:max_items]


def read_timestamp(value: Any) -> datetime | None:
    """Return a Unix time in seconds or milliseconds. Numbers from 10**11 are milliseconds."""
    number = read_number(value)
    if number is None or not 0 < number < 1e14:
        return None
    moment = datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)
    return moment if MIN_YEAR <= moment.year <= MAX_YEAR else None
