"""Reading values that somebody else wrote: each reader answers a usable value or None, and never raises.

A CSV import gives text where JSON gives numbers and booleans, so both are read. Texts often come as HTML: their
entities are decoded here, once, and nowhere else.
"""

import html
import math
import re
from datetime import UTC, date, datetime
from html.entities import html5
from typing import Any
from urllib.parse import urlsplit

LONGEST_URL = 2_000
# Signs of one currency; the yen's is the yuan's too.
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
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200

# Control characters other than tab and line feed (MongoDB's keys and C programs end at NUL), and halves of
# surrogate pairs, which JSON can escape but UTF-8 cannot hold.
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# Without the semicolon "R&D" and "?a=1&copy=2" would hold entities.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# An entity is this much longer than its character, mostly.
_ENTITY_CHARACTERS = 8


def text_of(value: Any, *, longest: int) -> str | None:
    """The text on one line, its entities decoded, cut to `longest` characters; None when it is no text or blank."""
    # Cut first, with room for what falls away, so that an endless value costs no more than a long one.
    return (
        read_line(_decoded(value[: longest * _ENTITY_CHARACTERS]), longest=longest) if isinstance(value, str) else None
    )


def read_line(value: Any, *, longest: int) -> str | None:
    """The text on one line as it is, cut to `longest` characters; None when it is no text or blank."""
    if not isinstance(value, str):
        return None
    text = value[: longest * 4]
    if not text.isprintable():
        text = _UNSTORABLE.sub(" ", text)
    return " ".join(text.split())[:longest].rstrip() or None


def prose_of(value: Any, *, longest_bytes: int) -> str:
    """The text with its lines, its entities decoded, cut to `longest_bytes` in UTF-8; "" when it is no text."""
    if not isinstance(value, str):
        return ""
    decoded = _decoded(value[: longest_bytes * 2])[:longest_bytes]
    text = _UNSTORABLE.sub("", decoded.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) * 4 <= longest_bytes:
        return text
    return text.encode()[:longest_bytes].decode(errors="ignore")


def _decoded(text: str) -> str:
    return _ENTITY.sub(_entity_character, text) if "&" in text else text


def _entity_character(entity: re.Match[str]) -> str:
    # `unescape` would read a beginning too: the "&not" of "&notes;".
    return html.unescape(entity[0]) if entity[0][1] == "#" else html5.get(entity[0][1:], entity[0])


def url_of(value: Any) -> str | None:
    """An http or https address with a host; None for anything else, such as `javascript:` or one too long."""
    if not isinstance(value, str):
        return None
    # Out of HTML; other entities would be parameters.
    url = value.strip().replace("&amp;", "&")
    if len(url) > LONGEST_URL or _UNSTORABLE.search(url) or _SPACES.search(url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return url if usable else None


def flag_of(value: Any) -> bool | None:
    """True or False where the value says so."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def number_of(value: Any) -> float | None:
    """A finite number; None for what is none, booleans among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def amount_of(value: Any) -> float | None:
    """A sum of money above 0 and below any real one's size; None for anything else."""
    number = number_of(value)
    return number if number is not None and 0 < number < 1e12 else None


def parse_currency(value: Any) -> str | None:
    """A currency by its code of ISO 4217, however it is written: "usd" and "$" are USD."""
    import pycountry  # its tables are read at the first question, not at import

    text = text_of(value, longest=10)
    if text is None:
        return None
    code = _CURRENCY_SIGNS.get(text.upper().replace(" ", "")) or text.upper()
    return code if pycountry.currencies.get(alpha_3=code) else None


def count_of(value: Any) -> int | None:
    """A whole number from 0 that a database's integer can hold."""
    number = number_of(value)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 2**53 else None


def moment_of(value: Any) -> datetime | None:
    """An ISO 8601 datetime or date in UTC; one without a zone is in UTC already."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def day_of(value: Any) -> date | None:
    """The day, in UTC, of an ISO 8601 date or datetime."""
    moment = moment_of(value)
    return moment.date() if moment else None


def words_of(value: Any, *, most: int, longest: int) -> tuple[str, ...]:
    """The distinct texts of a list, in its order and as they are written.

    What is no text is left out, and so is what is longer than `longest`: a name cut short would be another name.
    """
    if not isinstance(value, list | tuple):
        return ()
    words = (text_of(item, longest=longest + 1) for item in value[: most * 2])
    return tuple(dict.fromkeys(word for word in words if word and len(word) <= longest))[:most]
