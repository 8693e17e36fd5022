"""From TheirStack's job object to a posting. Pure.

The API's own field names are read first, then the older ones (`job_id`, `job_url`, `posted_at`...). A field that
is absent, null or of another type than it should be reads as absent. People named in an advert (`hiring_team`)
and what the whole company uses (its technology lists) are left behind.
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
MAX_ID_LENGTH = 200
MAX_TITLE_LENGTH = 500
MAX_NAME_LENGTH = 300
MAX_LABEL_LENGTH = 500
MAX_DESCRIPTION_BYTES = 100_000
MAX_LOCATIONS = 100
# The slugs of one advert, seen in tens; the thousands of a company's are in another object.
MAX_SLUGS = 300


def posting_from_job(job: Any, *, source: str = "theirstack") -> Posting:
    """The posting a job object describes.

    Raises RefusedPosting with one of the reasons `not_an_object`, `blurred`, `no_title`, `no_id_and_no_url`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job has to be an object, not {type(job).__name__}.")
    company = _mapping(job.get("company_object"))
    job_id = _id(job.get("id")) or _id(job.get("job_id"))
    url = _read_url(job.get("url")) or _read_url(job.get("job_url"))
    called = f"Job {job_id or url or 'without id and url'}"
    if _read_flag(job.get("has_blurred_data")) or _read_flag(company.get("has_blurred_data")):
        raise PostingRejected("blurred", f"{called} is a preview with its contents masked.")
    title = _read_first_text((job.get("job_title"), job.get("title")), longest=MAX_TITLE_LENGTH)
    if title is None:
        raise PostingRejected("no_title", f"{called} has no title.")
    if job_id is None and url is None:
        raise PostingRejected("no_id_and_no_url", f"The job {title!r} has neither an id nor a url with http or https.")
    locations = _locations(job.get("locations"))
    location = _location(job, locations)
    country_codes = _country_codes(job, locations)
    country_code = country_codes[0] if country_codes else None
    place = normalize_place(
        label=location,
        locations=locations,
        country=_read_text(job.get("country"), longest=MAX_NAME_LENGTH),
        country_code=country_code,
        state_code=_read_text(job.get("state_code"), longest=MAX_NAME_LENGTH),
        cities=_read_words(job.get("cities"), most=MAX_LOCATIONS, longest=MAX_NAME_LENGTH),
    )
    country_codes = _as_labelled(country_codes, job, locations, label=location, place=place)
    latitude, longitude = _coordinates(job, locations)
    return Posting(
        source=source,
        job_id=job_id,
        url=url,
        title=title,
        company=_read_first_text(
            (job.get("company"), company.get("name"), job.get("company_name")), longest=MAX_NAME_LENGTH
        )
        or "",
        description=_read_prose(job.get("description"), longest_bytes=MAX_DESCRIPTION_BYTES),
        normalized_title=_read_text(job.get("normalized_title"), longest=MAX_TITLE_LENGTH),
        final_url=_read_url(job.get("final_url")),
        source_url=_read_url(job.get("source_url")),
        company_domain=_read_first_text((job.get("company_domain"), company.get("domain")), longest=MAX_NAME_LENGTH),
        company_industry=_read_text(company.get("industry"), longest=MAX_NAME_LENGTH),
        company_industry_id=_read_count(company.get("industry_id")),
        company_employee_count=_read_count(company.get("employee_count")),
        company_country_code=_country_code(company.get("country_code")),
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
        technology_slugs=_read_words(job.get("technology_slugs"), most=MAX_SLUGS, longest=100),
        keyword_slugs=_read_words(job.get("keyword_slugs"), most=MAX_SLUGS, longest=100),
        date_posted=_read_day(job.get("date_posted")) or _read_day(job.get("posted_at")),
        discovered_at=_read_moment(job.get("discovered_at")),
        closed_at=_read_moment(job.get("closed_at")),
        reposted=_read_flag(job.get("reposted")),
        date_reposted=_read_day(job.get("date_reposted")),
        salary_string=_read_text(job.get("salary_string"), longest=200),
        salary_currency=_read_currency(job.get("salary_currency")),
        min_annual_salary=_read_amount(job.get("min_annual_salary")),
        max_annual_salary=_read_amount(job.get("max_annual_salary")),
        min_annual_salary_usd=_read_dollars(job.get("min_annual_salary_usd")),
        max_annual_salary_usd=_read_dollars(job.get("max_annual_salary_usd")),
        seniority=_read_text(job.get("seniority"), longest=50),
        employment_statuses=_read_words(job.get("employment_statuses"), most=20, longest=50),
        easy_apply=_read_flag(job.get("easy_apply")),
    )


def closing_from_job(job: Any, *, source: str = "theirstack") -> Posting:
    """Return a posting with what a job object says of its closing alone; its title and the like may be left out.

    Raises RefusedPosting with one of the reasons `not_an_object`, `no_id`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job has to be an object, not {type(job).__name__}.")
    job_id = _id(job.get("id")) or _id(job.get("job_id"))
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


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _id(value: Any) -> str | None:
    """An id as text; an id cut short would be another job's, so one that is too long is none."""
    if isinstance(value, str):
        text = _read_line(value, longest=MAX_ID_LENGTH + 1)
        return text if text and len(text) <= MAX_ID_LENGTH else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        # Past 2**53 a float has lost digits, and an id with them.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None
    return str(value) if abs(value) < 10**40 else None


def _locations(value: Any) -> tuple[Mapping[str, object], ...]:
    """The location objects; a plain label becomes an object of that name."""
    if not isinstance(value, list | tuple):
        return ()
    found: list[Mapping[str, object]] = []
    for item in value[:MAX_LOCATIONS]:
        if isinstance(item, Mapping):
            texts = {key: text for key, text in item.items() if isinstance(text, str)}
            found.append({**item, **{key: _read_text(text, longest=MAX_LABEL_LENGTH) for key, text in texts.items()}})
        elif label := _read_text(item, longest=MAX_LABEL_LENGTH):
            found.append({"name": label, "display_name": label})
    return tuple(found)


def _location(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> str:
    """Where the job is, as the source words it: the label of the advert, else that of the first location."""
    labels = [job.get(key) for key in ("location", "short_location", "long_location")]
    labels += [location.get(key) for location in locations[:1] for key in ("display_name", "name")]
    return _read_first_text(labels, longest=MAX_LABEL_LENGTH) or ""


def _country_codes(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> tuple[str, ...]:
    """All countries named, the advert's main one first: a job may have `country_codes` empty and the code set."""
    listed = _read_words(job.get("country_codes"), most=MAX_LOCATIONS, longest=10)
    named = [job.get("country_code"), *listed, *(location.get("country_code") for location in locations)]
    codes = tuple(dict.fromkeys(code for value in named if (code := _country_code(value))))
    if codes:
        return codes
    name = _read_text(job.get("country"), longest=MAX_NAME_LENGTH)
    code = find_country(name) if name else None
    return (code,) if code else ()


def _as_labelled(
    codes: tuple[str, ...],
    job: Mapping[str, Any],
    locations: tuple[Mapping[str, object], ...],
    *,
    label: str,
    place: str,
) -> tuple[str, ...]:
    """The countries with that of the label first, where the place is the label's and the address names another one.

    The country of the address then goes, unless the label, another location or a list of the label's country names it.
    """
    written = parse_place_label(label)
    code = written.country_code
    if not codes or code is None or code == codes[0] or written.label != place:
        return codes
    if code in codes:
        return tuple(dict.fromkeys((code, *codes)))
    named = {_country_code(location.get("country_code")) for location in locations[1:]}
    first = (job.get("country_code"), *(location.get("country_code") for location in locations[:1]))
    overruled = {each for value in first if (each := _country_code(value))} or {codes[0]}
    kept = (each for each in codes if each not in overruled or each in named or has_country(label, each))
    return (code, *kept)


def _country_code(value: Any) -> str | None:
    text = _read_text(value, longest=3)
    return text.upper() if text and len(text) == 2 and text.isascii() and text.isalpha() else None


def _coordinates(
    job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]
) -> tuple[float | None, float | None]:
    """Latitude and longitude from one and the same object, or neither."""
    for place in (job, *locations[:1]):
        latitude, longitude = _read_number(place.get("latitude")), _read_number(place.get("longitude"))
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None, None


def _read_dollars(value: Any) -> int | None:
    amount = _read_amount(value)
    return round(amount) or None if amount is not None else None


# The readers answer a usable value or None, and never raise. A CSV import gives text where JSON gives numbers and
# booleans, so both are read. Texts often come as HTML: their entities are decoded here, once, and nowhere else.


def _read_text(value: Any, *, longest: int) -> str | None:
    """The text on one line, its entities decoded, cut to `longest` characters; None when it is no text or blank."""
    # Cut first, with room for what falls away, so that an endless value costs no more than a long one.
    return (
        _read_line(_decoded(value[: longest * _ENTITY_CHARACTERS]), longest=longest) if isinstance(value, str) else None
    )


def _read_first_text(values: Iterable[Any], *, longest: int) -> str | None:
    """The first of the values that is a text."""
    return next((text for value in values if (text := _read_text(value, longest=longest))), None)


def _read_line(value: Any, *, longest: int) -> str | None:
    """The text on one line as it is, cut to `longest` characters; None when it is no text or blank."""
    if not isinstance(value, str):
        return None
    text = value[: longest * 4]
    if not text.isprintable():
        text = _UNSTORABLE.sub(" ", text)
    return " ".join(text.split())[:longest].rstrip() or None


def _read_prose(value: Any, *, longest_bytes: int) -> str:
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


def _read_url(value: Any) -> str | None:
    """An http or https address with a host; None for anything else, such as `javascript:` or one too long."""
    if not isinstance(value, str):
        return None
    # Out of HTML; other entities would be parameters.
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
    """True or False where the value says so."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def _read_number(value: Any) -> float | None:
    """A finite number; None for what is none, booleans among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _read_amount(value: Any) -> float | None:
    """A sum of money above 0 and below any real one's size; None for anything else."""
    number = _read_number(value)
    return number if number is not None and 0 < number < 1e12 else None


def _read_currency(value: Any) -> str | None:
    """A currency by its code of ISO 4217, however it is written: "usd" and "$" are USD."""
    import pycountry  # its tables are read at the first question, not at import

    text = _read_text(value, longest=10)
    if text is None:
        return None
    code = _CURRENCY_SIGNS.get(text.upper().replace(" ", "")) or text.upper()
    return code if pycountry.currencies.get(alpha_3=code) else None


def _read_count(value: Any) -> int | None:
    """A whole number from 0 that a database's integer can hold."""
    number = _read_number(value)
    return int(number) if number is not None and number.is_integer() and 0 <= number < 2**53 else None


def _read_moment(value: Any) -> datetime | None:
    """An ISO 8601 datetime or date in UTC; one without a zone is in UTC already."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def _read_day(value: Any) -> date | None:
    """The day, in UTC, of an ISO 8601 date or datetime."""
    moment = _read_moment(value)
    return moment.date() if moment else None


def _read_words(value: Any, *, most: int, longest: int) -> tuple[str, ...]:
    """The distinct texts of a list, in its order and as they are written.

    What is no text is left out, and so is what is longer than `longest`: a name cut short would be another name.
    """
    if not isinstance(value, list | tuple):
        return ()
    words = (_read_text(item, longest=longest + 1) for item in value[: most * 2])
    return tuple(dict.fromkeys(word for word in words if word and len(word) <= longest))[:most]
