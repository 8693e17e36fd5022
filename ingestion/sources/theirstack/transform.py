"""Conversion of TheirStack's job objects to postings. Pure.

The API's current field names take precedence over the older ones (`job_id`, `job_url`, `posted_at`...). A field that is
missing, null or of the wrong type is treated as missing. The people named in a job (`hiring_team`) and the technologies
of the whole company are not stored.
"""

from collections.abc import Mapping
from typing import Any

from ingestion.sources.values import (
    MAX_DESCRIPTION_BYTES,
    MAX_LABEL_LENGTH,
    MAX_LOCATIONS,
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_mapping,
    read_amount,
    read_count,
    read_country_code,
    read_currency,
    read_datetime,
    read_day,
    read_dollars,
    read_first_text,
    read_flag,
    read_id,
    read_number,
    read_prose,
    read_text,
    read_url,
    read_words,
)
from market.geo.labels import parse_place_label
from market.geo.names import find_country
from market.geo.places import has_country, normalize_place
from market.posting import Posting, PostingRejected

# A job has tens of slugs. The thousands of slugs of its company are in another object.
MAX_SLUGS = 300


def transform_job(job: Any, *, source: str = "theirstack") -> Posting:
    """Return the posting that a job object describes.

    Raises PostingRejected with one of the reasons `not_an_object`, `blurred`, `no_title`, `no_id_and_no_url`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job must be an object, not {type(job).__name__}.")
    company = as_mapping(job.get("company_object"))
    job_id = read_id(job.get("id")) or read_id(job.get("job_id"))
    url = read_url(job.get("url")) or read_url(job.get("job_url"))
    job_name = f"Job {job_id or url or 'without id and url'}"
    if read_flag(job.get("has_blurred_data")) or read_flag(company.get("has_blurred_data")):
        raise PostingRejected("blurred", f"{job_name} is a preview with masked contents.")
    title = read_first_text((job.get("job_title"), job.get("title")), max_length=MAX_TITLE_LENGTH)
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
        country=read_text(job.get("country"), max_length=MAX_NAME_LENGTH),
        country_code=country_code,
        state_code=read_text(job.get("state_code"), max_length=MAX_NAME_LENGTH),
        cities=read_words(job.get("cities"), max_items=MAX_LOCATIONS, max_length=MAX_NAME_LENGTH),
    )
    country_codes = _put_labeled_first(country_codes, job, locations, label=location, place=place)
    latitude, longitude = _read_coordinates(job, locations)
    company_names = (job.get("company"), company.get("name"), job.get("company_name"))
    return Posting(
        source=source,
        job_id=job_id,
        url=url,
        title=title,
        company=read_first_text(company_names, max_length=MAX_NAME_LENGTH) or "",
        description=read_prose(job.get("description"), max_bytes=MAX_DESCRIPTION_BYTES),
        normalized_title=read_text(job.get("normalized_title"), max_length=MAX_TITLE_LENGTH),
        final_url=read_url(job.get("final_url")),
        source_url=read_url(job.get("source_url")),
        company_domain=read_first_text((job.get("company_domain"), company.get("domain")), max_length=MAX_NAME_LENGTH),
        company_industry=read_text(company.get("industry"), max_length=MAX_NAME_LENGTH),
        company_industry_id=read_count(company.get("industry_id")),
        company_employee_count=read_count(company.get("employee_count")),
        company_country_code=read_country_code(company.get("country_code")),
        company_logo=read_url(company.get("logo")),
        company_linkedin_url=read_url(company.get("linkedin_url")),
        location=location,
        place=place,
        country_code=country_codes[0] if country_codes else None,
        country_codes=country_codes,
        latitude=latitude,
        longitude=longitude,
        remote=read_flag(job.get("remote")),
        hybrid=read_flag(job.get("hybrid")),
        technology_slugs=read_words(job.get("technology_slugs"), max_items=MAX_SLUGS, max_length=100),
        keyword_slugs=read_words(job.get("keyword_slugs"), max_items=MAX_SLUGS, max_length=100),
        date_posted=read_day(job.get("date_posted")) or read_day(job.get("posted_at")),
        discovered_at=read_datetime(job.get("discovered_at")),
        closed_at=read_datetime(job.get("closed_at")),
        reposted=read_flag(job.get("reposted")),
        date_reposted=read_day(job.get("date_reposted")),
        salary_string=read_text(job.get("salary_string"), max_length=200),
        salary_currency=read_currency(job.get("salary_currency")),
        min_annual_salary=read_amount(job.get("min_annual_salary")),
        max_annual_salary=read_amount(job.get("max_annual_salary")),
        min_annual_salary_usd=read_dollars(job.get("min_annual_salary_usd")),
        max_annual_salary_usd=read_dollars(job.get("max_annual_salary_usd")),
        seniority=read_text(job.get("seniority"), max_length=50),
        employment_statuses=read_words(job.get("employment_statuses"), max_items=20, max_length=50),
        easy_apply=read_flag(job.get("easy_apply")),
    )


def transform_closing(job: Any, *, source: str = "theirstack") -> Posting:
    """Return a posting with only the job's id and times, for closing it. Other fields of the job may be missing.

    Raises PostingRejected with one of the reasons `not_an_object`, `no_id`.
    """
    if not isinstance(job, Mapping):
        raise PostingRejected("not_an_object", f"A job must be an object, not {type(job).__name__}.")
    job_id = read_id(job.get("id")) or read_id(job.get("job_id"))
    if job_id is None:
        raise PostingRejected("no_id", "A job without an id cannot be closed.")
    return Posting(
        source=source,
        job_id=job_id,
        url=None,
        title="",
        company="",
        discovered_at=read_datetime(job.get("discovered_at")),
        closed_at=read_datetime(job.get("closed_at")),
        date_reposted=read_day(job.get("date_reposted")),
    )


def _read_locations(value: Any) -> tuple[Mapping[str, object], ...]:
    """Return the location objects. A plain label becomes an object with this name."""
    if not isinstance(value, list | tuple):
        return ()
    found: list[Mapping[str, object]] = []
    for item in value[:MAX_LOCATIONS]:
        if isinstance(item, Mapping):
            texts = {key: text for key, text in item.items() if isinstance(text, str)}
            cleaned = {key: read_text(text, max_length=MAX_LABEL_LENGTH) for key, text in texts.items()}
            found.append({**item, **cleaned})
        elif label := read_text(item, max_length=MAX_LABEL_LENGTH):
            found.append({"name": label, "display_name": label})
    return tuple(found)


def _read_location(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> str:
    """Return the job's location in the wording of the source: the job's own label, or its first location's label."""
    labels = [job.get(key) for key in ("location", "short_location", "long_location")]
    labels += [location.get(key) for location in locations[:1] for key in ("display_name", "name")]
    return read_first_text(labels, max_length=MAX_LABEL_LENGTH) or ""


def _read_country_codes(job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]) -> tuple[str, ...]:
    """Return all countries of a job, main country first. `country_codes` may be empty while `country_code` is set."""
    listed = read_words(job.get("country_codes"), max_items=MAX_LOCATIONS, max_length=10)
    named = [job.get("country_code"), *listed, *(location.get("country_code") for location in locations)]
    codes = tuple(dict.fromkeys(code for value in named if (code := read_country_code(value))))
    if codes:
        return codes
    name = read_text(job.get("country"), max_length=MAX_NAME_LENGTH)
    code = find_country(name) if name else None
    return (code,) if code else ()


def _put_labeled_first(
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
    named = {read_country_code(location.get("country_code")) for location in locations[1:]}
    first = [record.get("country_code") for record in (job, *locations[:1])]
    overruled = {address_code for value in first if (address_code := read_country_code(value))} or {codes[0]}
    remaining = (
        other_code
        for other_code in codes
        if other_code not in overruled or other_code in named or has_country(label, other_code)
    )
    return (code, *remaining)


def _read_coordinates(
    job: Mapping[str, Any], locations: tuple[Mapping[str, object], ...]
) -> tuple[float | None, float | None]:
    """Return latitude and longitude of the same object, or (None, None)."""
    for place in (job, *locations[:1]):
        latitude, longitude = read_number(place.get("latitude")), read_number(place.get("longitude"))
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None, None
