"""Conversion of TheirStack's job objects to postings. Pure.

The API's current field names take precedence over the older ones (`job_id`, `job_url`, `posted_at`...). A field that is
missing, null or of the wrong type is treated as missing. The people named in a job (`hiring_team`) and the technologies
of the whole company are not stored.
"""

import html
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from html.entities import html5
from typing import Any
from urllib.parse import urlsplit

from market.geo.labels import parse_place_label
from market.geo.names import find_country
from market.geo.places import has_country, normalize_place
from market.posting import Posting, PostingRejected

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
# A job has tens of slugs. The thousands of slugs of its company are in another object.
MAX_SLUGS = 300


def posting_from_job(job: Any, *, source: str = "theirstack") -> Posting:
    """Return the posting that a job object describes.

    Raises PostingRejected with one of the reasons `not_an_object`, `blurred`, `no_title`, `no_id_and_no_url`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job must be an object, not {type(job).__name__}.")
    company = _as_mapping(job.get("company_object"))
    job_id = _read_id(job.get("id")) or _read_id(job.get("job_id"))
    url = _read_url(job.get("url")) or _read_url(job.get("job_url"))
    job_name = f"Job {job_id or url or 'without id and url'}"
    if _read_flag(job.get("has_blurred_data")) or _read_flag(company.get("has_blurred_data")):
        raise PostingRejected("blurred", f"{job_name} is a preview with masked contents.")
    title = _read_first_text((job.get("job_title"), job.get("title")), max_length=MAX_TITLE_LENGTH)
    if title is None:
        raise PostingRejected("no_title", f"{job_name} has no title.")
    if job_id is None and url is None:
        raise PostingRejected("no_id_and_no_url", f"The job {title!r} has neither an id nor an http or https url.")
    locations = _read_locations(job.get("locations"))
    location = _read_location(job, locations)
    country_codes = _read_country_codes(job, locations)
    country_code = country_codes[0] if country_codes else None
    place = normalize_place(
        label=location,
        locations=locations,
        country=_read_text(job.get("country"), max_length=MAX_NAME_LENGTH),
        country_code=country_code,
        state_code=_read_text(job.get("state_code"), max_length=MAX_NAME_LENGTH),
        cities=_read_words(job.get("cities"), max_items=MAX_LOCATIONS, max_length=MAX_NAME_LENGTH),
    )
    country_codes = _put_labelled_first(country_codes, job, locations, label=location, place=place)
    latitude, longitude = _read_coordinates(job, locations)
    company_names = (job.get("company"), company.get("name"), job.get("company_name"))
    return Posting(
        source=source,
        job_id=job_id,
        url=url,
        title=title,
        company=_read_first_text(company_names, max_length=MAX_NAME_LENGTH) or "",
        description=_read_prose(job.get("description"), max_bytes=MAX_DESCRIPTION_BYTES),
        normalized_title=_read_text(job.get("normalized_title"), max_length=MAX_TITLE_LENGTH),
        final_url=_read_url(job.get("final_url")),
        source_url=_read_url(job.get("source_url")),
        company_domain=_read_first_text((job.get("company_domain"), company.get("domain")), max_length=MAX_NAME_LENGTH),
        company_industry=_read_text(company.get("industry"), max_length=MAX_NAME_LENGTH),
        company_industry_id=_read_count(company.get("industry_id")),
        company_employee_count=_read_count(company.get("employee_count")),
        company_country_code=_read_country_code(company.get("country_code")),
        company_logo=_read_url(company.get("logo")),
        company_linkedin_url=_read_url(company.get("linkedin_url")),
        location=location,
        place=place,
        country_code=country_codes[0] if country_codes else None,
        country_codes=country_codes,
        latitude=latitude,
        longitude=longitude,
        remote=_read_flag(job.get("remote")),
        hybrid=_read_flag(job.get("hybrid")),
        technology_slugs=_read_words(job.get("technology_slugs"), max_items=MAX_SLUGS, max_length=100),
        keyword_slugs=_read_words(job.get("keyword_slugs"), max_items=MAX_SLUGS, max_length=100),
        date_posted=_read_day(job.get("date_posted")) or _read_day(job.get("posted_at")),
        discovered_at=_read_moment(job.get("discovered_at")),
        closed_at=_read_moment(job.get("closed_at")),
        reposted=_read_flag(job.get("reposted")),
        date_reposted=_read_day(job.get("date_reposted")),
        salary_string=_read_text(job.get("salary_string"), max_length=200),
        salary_currency=_read_currency(job.get("salary_currency")),
        min_annual_salary=_read_amount(job.get("min_annual_salary")),
        max_annual_salary=_read_amount(job.get("max_annual_salary")),
        min_annual_salary_usd=_read_dollars(job.get("min_annual_salary_usd")),
        max_annual_salary_usd=_read_dollars(job.get("max_annual_salary_usd")),
        seniority=_read_text(job.get("seniority"), max_length=50),
        employment_statuses=_read_words(job.get("employment_statuses"), max_items=20, max_length=50),
        easy_apply=_read_flag(job.get("easy_apply")),
    )


def closing_from_job(job: Any, *, source: str = "theirstack") -> Posting:
    """Return a posting with only the job's id and times, for closing it. Other fields of the job may be missing.

    Raises PostingRejected with one of the reasons `not_an_object`, `no_id`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job must be an object, not {type(job).__name__}.")
    job_id = _read_id(job.get("id")) or _read_id(job.get("job_id"))
    if job_id is None:
        raise PostingRejected("no_id", "A job without an id cannot be closed.")
    return Posting(
        source=source,
        job_id=job_id,
        url=None,
        title="",
        company="",
        discovered_at=_read_moment(job.get("discovered_at")),
        closed_at=_read_moment(job.get("closed_at")),
        date_reposted=_read_day(job.get("date_reposted")),
    )


def _as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _read_id(value: Any) -> str | None:
    """Return an id as text. An overlong id is dropped, because a truncated one would identify another job."""
    if isinstance(value, str):
        text = _read_line(value, max_length=MAX_ID_LENGTH + 1)
        return text if text and len(text) <= MAX_ID_LENGTH else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        # Floats above 2**53 lose digits, which would change the id.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None
    return str(value) if abs(value) < 10**40 else None


def _read_locations(value: Any) -> tuple[Mapping[str, object], ...]:
    """Return the location objects. A plain label becomes an object with this name."""
    if not isinstance(value, list | tuple):
        return ()
    found: list[Mapping[str, object]] = []
    for item in value[:MAX_LOCATIONS]:
        if isinstance(item, Mapping):
            texts = {key: text for key, text in item.items() if isinstance(text, str)}
            cleaned = {key: _read_text(text, max_length=MAX_LABEL_LENGTH) for key, text in texts.items()}
            found.append({**item, **cleaned})
        elif label := _read_text(item, max_length=MAX_LABEL_LENGTH):
            found.append({"name": label, "display_name": label})
    return tuple(found)


def _read_location(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> str:
    """Return the job's location as the source words it: its own label, or else that of its first location."""
    labels = [job.get(key) for key in ("location", "short_location", "long_location")]
    labels += [location.get(key) for location in locations[:1] for key in ("display_name", "name")]
    return _read_first_text(labels, max_length=MAX_LABEL_LENGTH) or ""


def _read_country_codes(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> tuple[str, ...]:
    """Return all countries of a job, main country first. `country_codes` may be empty while `country_code` is set."""
    listed = _read_words(job.get("country_codes"), max_items=MAX_LOCATIONS, max_length=10)
    named = [job.get("country_code"), *listed, *(location.get("country_code") for location in locations)]
    codes = tuple(dict.fromkeys(code for value in named if (code := _read_country_code(value))))
    if codes:
        return codes
    name = _read_text(job.get("country"), max_length=MAX_NAME_LENGTH)
    code = find_country(name) if name else None
    return (code,) if code else ()


def _put_labelled_first(
    codes: tuple[str, ...],
    job: Mapping[str, Any],
    locations: tuple[Mapping[str, object], ...],
    *,
    label: str,
    place: str,
) -> tuple[str, ...]:
    """Return the countries with the label's first, if the place is the label's but the address has another country.

    The address's country is dropped, unless the label, another location or a list with the label's country names it.
    """
    written = parse_place_label(label)
    code = written.country_code
    if not codes or code is None or code == codes[0] or written.label != place:
        return codes
    if code in codes:
        return tuple(dict.fromkeys((code, *codes)))
    named = {_read_country_code(location.get("country_code")) for location in locations[1:]}
    first = [each.get("country_code") for each in (job, *locations[:1])]
    overruled = {each for value in first if (each := _read_country_code(value))} or {codes[0]}
    remaining = (each for each in codes if each not in overruled or each in named or has_country(label, each))
    return (code, *remaining)


def _read_country_code(value: Any) -> str | None:
    text = _read_text(value, max_length=3)
    return text.upper() if text and len(text) == 2 and text.isascii() and text.isalpha() else None


def _read_coordinates(
    job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]
) -> tuple[float | None, float | None]:
    """Return latitude and longitude of the same object, or (None, None)."""
    for place in (job, *locations[:1]):
        latitude, longitude = _read_number(place.get("latitude")), _read_number(place.get("longitude"))
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None, None


def _read_dollars(value: Any) -> int | None:
    amount = _read_amount(value)
    return round(amount) or None if amount is not None else None


# These functions return a usable value or None and never raise. They also accept text for numbers and booleans, as CSV
# files have it. Texts are often HTML, whose entities are decoded here, exactly once.


def _read_text(value: Any, *, max_length: int) -> str | None:
    """Return the text on one line with decoded entities, truncated to `max_length`, or None if blank or not text."""
    # Truncated before decoding, with a reserve for entities, so that a huge value costs no more than a long one.
    if not isinstance(value, str):
        return None
    return _read_line(_decode_entities(value[: max_length * _ENTITY_CHARACTERS]), max_length=max_length)


def _read_first_text(values: Iterable[Any], *, max_length: int) -> str | None:
    """Return the first value that is a text."""
    return next((text for value in values if (text := _read_text(value, max_length=max_length))), None)


def _read_line(value: Any, *, max_length: int) -> str | None:
    """Return the text on one line, truncated to `max_length`, or None if blank or not text."""
    if not isinstance(value, str):
        return None
    text = value[: max_length * 4]
    if not text.isprintable():
        text = _UNSTORABLE.sub(" ", text)
    return " ".join(text.split())[:max_length].rstrip() or None


def _read_prose(value: Any, *, max_bytes: int) -> str:
    """Return a multi-line text with decoded entities, truncated to `max_bytes` in UTF-8, or "" if it is not text."""
    if not isinstance(value, str):
        return ""
    decoded = _decode_entities(value[: max_bytes * 2])[:max_bytes]
    text = _UNSTORABLE.sub("", decoded.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) * 4 <= max_bytes:
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def _decode_entities(text: str) -> str:
    return _ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(entity: re.Match[str]) -> str:
    # `unescape` would also decode a prefix, such as the "&not" of "&notes;".
    return html.unescape(entity[0]) if entity[0][1] == "#" else html5.get(entity[0][1:], entity[0])


def _read_url(value: Any) -> str | None:
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


def _read_flag(value: Any) -> bool | None:
    """Return True or False if the value is a boolean or spells one, otherwise None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def _read_number(value: Any) -> float | None:
    """Return a finite number, or None. Booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _read_amount(value: Any) -> float | None:
    """Return a positive amount of money below 10**12, or None."""
    number = _read_number(value)
    return number if number is not None and 0 < number < 1e12 else None


def _read_currency(value: Any) -> str | None:
    """Return a currency's ISO 4217 code. Both "usd" and "$" are USD."""
    import pycountry  # noqa: PLC0415 - loads its tables, so it is imported on first use

    text = _read_text(value, max_length=10)
    if text is None:
        return None
    code = _CURRENCY_SIGNS.get(text.upper().replace(" ", "")) or text.upper()
    return code if pycountry.currencies.get(alpha_3=code) else None


def _read_count(value: Any) -> int | None:
    """Return a non-negative whole number that MongoDB and JSON represent exactly, or None."""
    number = _read_number(value)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 2**53 else None


def _read_moment(value: Any) -> datetime | None:
    """Return an ISO 8601 datetime or date in UTC. Times without a zone are taken as UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if MIN_YEAR <= moment.year <= MAX_YEAR else None


def _read_day(value: Any) -> date | None:
    """Return the UTC day of an ISO 8601 date or datetime."""
    moment = _read_moment(value)
    return moment.date() if moment else None


def _read_words(value: Any, *, max_items: int, max_length: int) -> tuple[str, ...]:
    """Return the distinct texts of a list in order.

    Texts longer than `max_length` are dropped, because a truncated name would be another name.
    """
    if not isinstance(value, list | tuple):
        return ()
    words = (_read_text(item, max_length=max_length + 1) for item in value[: max_items * 2])
    return tuple(dict.fromkeys(word for word in words if word and len(word) <= max_length))[:max_items]
