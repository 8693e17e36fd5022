"""From TheirStack's job object to a posting. Pure.

The API's own field names are read first, then the older ones (`job_id`, `job_url`, `posted_at`...). A field that
is absent, null or of another type than it should be reads as absent. People named in an advert (`hiring_team`)
and what the whole company uses (its technology lists) are left behind.
"""

from collections.abc import Mapping
from typing import Any

from ingestion.source_values import (
    amount_of,
    count_of,
    day_of,
    flag_of,
    moment_of,
    number_of,
    parse_currency,
    prose_of,
    read_line,
    text_of,
    url_of,
    words_of,
)
from market.geo.labels import parse_place_label
from market.geo.names import find_country
from market.geo.places import names_country, normalize_place
from market.posting import Posting, RefusedPosting

LONGEST_ID = 200
LONGEST_TITLE = 500
LONGEST_NAME = 300
LONGEST_LABEL = 500
LONGEST_DESCRIPTION_BYTES = 100_000
MOST_LOCATIONS = 100
# The slugs of one advert, seen in tens; the thousands of a company's stand in another object.
MOST_SLUGS = 300


def posting_from_job(job: Any, *, source: str = "theirstack") -> Posting:
    """The posting a job object describes.

    Raises RefusedPosting with one of the reasons `not_an_object`, `blurred`, `no_title`, `no_id_and_no_url`.
    """
    if not isinstance(job, Mapping):
        raise RefusedPosting("not_an_object", f"A job has to be an object, not {type(job).__name__}.")
    company = _mapping(job.get("company_object"))
    job_id = _id(job.get("id")) or _id(job.get("job_id"))
    url = url_of(job.get("url")) or url_of(job.get("job_url"))
    called = f"Job {job_id or url or 'without id and url'}"
    if flag_of(job.get("has_blurred_data")) or flag_of(company.get("has_blurred_data")):
        raise RefusedPosting("blurred", f"{called} is a preview with its contents masked.")
    title = text_of(job.get("job_title"), longest=LONGEST_TITLE) or text_of(job.get("title"), longest=LONGEST_TITLE)
    if title is None:
        raise RefusedPosting("no_title", f"{called} has no title.")
    if job_id is None and url is None:
        raise RefusedPosting("no_id_and_no_url", f"The job {title!r} has neither an id nor a url.")
    locations = _locations(job.get("locations"))
    location = _location(job, locations)
    country_codes = _country_codes(job, locations)
    country_code = country_codes[0] if country_codes else None
    place = normalize_place(
        label=location,
        locations=locations,
        country=text_of(job.get("country"), longest=LONGEST_NAME),
        country_code=country_code,
        state_code=text_of(job.get("state_code"), longest=LONGEST_NAME),
        cities=words_of(job.get("cities"), most=MOST_LOCATIONS, longest=LONGEST_NAME),
    )
    country_codes = _as_labelled(country_codes, job, locations, label=location, place=place)
    latitude, longitude = _coordinates(job, locations)
    return Posting(
        source=source,
        job_id=job_id,
        url=url,
        title=title,
        company=_company_name(job, company),
        description=prose_of(job.get("description"), longest_bytes=LONGEST_DESCRIPTION_BYTES),
        normalized_title=text_of(job.get("normalized_title"), longest=LONGEST_TITLE),
        final_url=url_of(job.get("final_url")),
        source_url=url_of(job.get("source_url")),
        company_domain=text_of(job.get("company_domain"), longest=LONGEST_NAME)
        or text_of(company.get("domain"), longest=LONGEST_NAME),
        company_industry=text_of(company.get("industry"), longest=LONGEST_NAME),
        company_industry_id=count_of(company.get("industry_id")),
        company_employee_count=count_of(company.get("employee_count")),
        company_country_code=_country_code(company.get("country_code")),
        company_logo=url_of(company.get("logo")),
        company_linkedin_url=url_of(company.get("linkedin_url")),
        location=location,
        place=place,
        country_code=country_codes[0] if country_codes else None,
        country_codes=country_codes,
        latitude=latitude,
        longitude=longitude,
        remote=flag_of(job.get("remote")),
        hybrid=flag_of(job.get("hybrid")),
        technology_slugs=words_of(job.get("technology_slugs"), most=MOST_SLUGS, longest=100),
        keyword_slugs=words_of(job.get("keyword_slugs"), most=MOST_SLUGS, longest=100),
        date_posted=day_of(job.get("date_posted")) or day_of(job.get("posted_at")),
        discovered_at=moment_of(job.get("discovered_at")),
        closed_at=moment_of(job.get("closed_at")),
        reposted=flag_of(job.get("reposted")),
        date_reposted=day_of(job.get("date_reposted")),
        salary_string=text_of(job.get("salary_string"), longest=200),
        salary_currency=parse_currency(job.get("salary_currency")),
        min_annual_salary=amount_of(job.get("min_annual_salary")),
        max_annual_salary=amount_of(job.get("max_annual_salary")),
        min_annual_salary_usd=_dollars(job.get("min_annual_salary_usd")),
        max_annual_salary_usd=_dollars(job.get("max_annual_salary_usd")),
        seniority=text_of(job.get("seniority"), longest=50),
        employment_statuses=words_of(job.get("employment_statuses"), most=20, longest=50),
        easy_apply=flag_of(job.get("easy_apply")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _id(value: Any) -> str | None:
    """An id as text; an id cut short would be another job's, so one that is too long is none."""
    if isinstance(value, str):
        text = read_line(value, longest=LONGEST_ID + 1)
        return text if text and len(text) <= LONGEST_ID else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        # Past 2**53 a float has lost digits, and an id with them.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else None
    return str(value) if abs(value) < 10**40 else None


def _company_name(job: Mapping[str, Any], company: Mapping[str, Any]) -> str:
    return (
        text_of(job.get("company"), longest=LONGEST_NAME)
        or text_of(company.get("name"), longest=LONGEST_NAME)
        or text_of(job.get("company_name"), longest=LONGEST_NAME)
        or ""
    )


def _locations(value: Any) -> tuple[Mapping[str, object], ...]:
    """The location objects; a plain label becomes an object of that name."""
    if not isinstance(value, list | tuple):
        return ()
    found: list[Mapping[str, object]] = []
    for item in value[:MOST_LOCATIONS]:
        if isinstance(item, Mapping):
            texts = {key: text for key, text in item.items() if isinstance(text, str)}
            found.append({**item, **{key: text_of(text, longest=LONGEST_LABEL) for key, text in texts.items()}})
        elif label := text_of(item, longest=LONGEST_LABEL):
            found.append({"name": label, "display_name": label})
    return tuple(found)


def _location(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> str:
    """Where the job is, as the source words it: the label of the advert, else that of the first location."""
    labels = [job.get(key) for key in ("location", "short_location", "long_location")]
    labels += [location.get(key) for location in locations[:1] for key in ("display_name", "name")]
    return next((text for label in labels if (text := text_of(label, longest=LONGEST_LABEL))), "")


def _country_codes(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> tuple[str, ...]:
    """All countries named, the advert's main one first: a job may have `country_codes` empty and the code set."""
    listed = words_of(job.get("country_codes"), most=MOST_LOCATIONS, longest=10)
    named = [job.get("country_code"), *listed, *(location.get("country_code") for location in locations)]
    codes = tuple(dict.fromkeys(code for value in named if (code := _country_code(value))))
    if codes:
        return codes
    name = text_of(job.get("country"), longest=LONGEST_NAME)
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
    kept = (each for each in codes if each not in overruled or each in named or names_country(label, each))
    return (code, *kept)


def _country_code(value: Any) -> str | None:
    text = text_of(value, longest=3)
    return text.upper() if text and len(text) == 2 and text.isascii() and text.isalpha() else None


def _coordinates(
    job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]
) -> tuple[float | None, float | None]:
    """Latitude and longitude from one and the same object, or neither."""
    for place in (job, *locations[:1]):
        latitude, longitude = number_of(place.get("latitude")), number_of(place.get("longitude"))
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None, None


def _dollars(value: Any) -> int | None:
    amount = amount_of(value)
    return round(amount) or None if amount is not None else None
