"""The filters of a job search: which there are, what values they take, and which jobs they let through. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from ingestion.stand_in.request_fields import (
    InvalidField,
    read_countries,
    read_date,
    read_flag,
    read_folded_texts,
    read_ids,
    read_moment,
    read_number,
    read_patterns,
    read_texts,
    read_whole,
    reader_of_one_of,
)

if TYPE_CHECKING:
    from ingestion.stand_in.catalogue import Job

Predicate = Callable[["Job"], bool]

# A search without one of these is refused.
REQUIRED_FILTERS = (
    "posted_at_max_age_days",
    "posted_at_gte",
    "posted_at_lte",
    "company_domain_or",
    "company_linkedin_url_or",
    "company_name_or",
)
DEFAULT_LIMIT = 25
_SENIORITIES = ("c_level", "staff", "senior", "mid_level", "junior")
_STATUSES = ("full_time", "part_time", "temporary", "internship", "contract")
_NEVER = datetime.min.replace(tzinfo=UTC)
_WORDS = re.compile(r"[\w+#]+")


class NoRequiredFilter(ValueError):
    """A search without any of REQUIRED_FILTERS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search that can be answered. A page begins after `offset` jobs and has up to `limit`."""

    predicates: list[Predicate]
    offset: int
    limit: int
    with_totals: bool
    blurred: bool


@dataclass(frozen=True, slots=True)
class _Filter:
    """How a value is read (raising InvalidField), and the predicate that value makes on a given day."""

    read: Callable[[str, Any], Any]
    predicate: Callable[[Any, datetime], Predicate]


def read_search(*, payload: Any, now: datetime) -> Search:
    """Read a request's body as the API does; fields that are null or empty lists do not count.

    Raises InvalidField, then NoRequiredFilter.
    """
    if not isinstance(payload, Mapping):
        raise InvalidField("", "dict_type", "Input should be a valid dictionary")
    given = {name: value for name, value in payload.items() if value is not None and value != []}
    page = read_whole("page", given.pop("page", 0))
    offset = read_whole("offset", given.pop("offset", 0))
    limit = read_whole("limit", given.pop("limit", DEFAULT_LIMIT))
    if limit == 0:
        raise InvalidField("limit", "greater_than_equal", "Input should be greater than or equal to 1")
    with_totals = read_flag("include_total_results", given.pop("include_total_results", False))
    blurred = read_flag("blur_company_data", given.pop("blur_company_data", False))
    unknown = next((name for name in given if name not in _FILTERS), None)
    if unknown is not None:
        raise InvalidField(unknown, "extra_forbidden", "Extra inputs are not permitted")
    values = {name: _FILTERS[name].read(name, value) for name, value in given.items()}
    if not any(name in values for name in REQUIRED_FILTERS):
        raise NoRequiredFilter
    # In the table's order, which has the cheap and selective ones first.
    predicates = [entry.predicate(values[name], now) for name, entry in _FILTERS.items() if name in values]
    return Search(
        predicates=predicates,
        offset=offset + page * limit,
        limit=limit,
        with_totals=with_totals,
        blurred=blurred,
    )


def title_words(title: str) -> frozenset[str]:
    """Return a title's words as searches compare them: "Full-Stack Developer" has full, stack and developer."""
    return frozenset(_WORDS.findall(title.lower()))


def _titles_any(titles: list[str], _: datetime) -> Predicate:
    wanted = [words for words in map(title_words, titles) if words]
    return lambda job: any(map(job.title_words.issuperset, wanted))


def _shared(attribute: str) -> Callable[[list[Any], datetime], Predicate]:
    """Let jobs through whose set of this name shares an element with the values."""

    def predicate(values: list[Any], _: datetime) -> Predicate:
        wanted = frozenset(values)
        return lambda job: not wanted.isdisjoint(getattr(job, attribute))

    return predicate


def _among(read: Callable[["Job"], Any]) -> Callable[[list[Any], datetime], Predicate]:
    """Let jobs through whose value is one of those given."""

    def predicate(values: list[Any], _: datetime) -> Predicate:
        wanted = frozenset(values)
        return lambda job: read(job) in wanted

    return predicate


def _matching(read: Callable[["Job"], tuple[str, ...]], combine: Callable[..., bool] = any) -> Any:
    """Let jobs through of whose texts one matches any (or, with `all`, every one) of the patterns."""

    def predicate(patterns: list[re.Pattern[str]], _: datetime) -> Predicate:
        def found(job: "Job") -> bool:
            texts = read(job)
            return combine(any(pattern.search(text) for text in texts) for pattern in patterns)

        return found

    return predicate


def _not(positive: Callable[[Any, datetime], Predicate]) -> Callable[[Any, datetime], Predicate]:
    def predicate(value: Any, now: datetime) -> Predicate:
        unwanted = positive(value, now)
        return lambda job: not unwanted(job)

    return predicate


def _company_part(names: list[str], _: datetime) -> Predicate:
    parts = [name.lower() for name in names]
    return lambda job: any(part in job.company.lower() for part in parts)


def _whole_words(phrases: list[str], _: datetime) -> Predicate:
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in phrases), re.IGNORECASE)
    return lambda job: any(map(pattern.search, _description(job)))


def _description(job: "Job") -> tuple[str, ...]:
    return (orjson.loads(job.body).get("description") or "",)


def _company_profile(job: "Job") -> str:
    return (orjson.loads(job.body).get("company_object") or {}).get("linkedin_url") or ""


def _at_most_old(read: Callable[["Job"], date]) -> Callable[[int, datetime], Predicate]:
    def predicate(days: int, now: datetime) -> Predicate:
        first = _days_before(now, days)
        return lambda job: read(job) >= first

    return predicate


def _at_least_old(read: Callable[["Job"], date]) -> Callable[[int, datetime], Predicate]:
    def predicate(days: int, now: datetime) -> Predicate:
        last = _days_before(now, days)
        return lambda job: read(job) <= last

    return predicate


def _days_before(now: datetime, days: int) -> date:
    return now.date() - timedelta(days=min(days, 36_500))


# Cheap and selective filters first, those that read a job's whole body last.
_FILTERS: dict[str, _Filter] = {
    "posted_at_max_age_days": _Filter(read_whole, _at_most_old(lambda job: job.posted)),
    "posted_at_gte": _Filter(read_date, lambda first, now: lambda job: job.posted >= first),
    "posted_at_lte": _Filter(read_date, lambda last, now: lambda job: job.posted <= last),
    "discovered_at_gte": _Filter(read_moment, lambda first, now: lambda job: job.discovered_at >= first),
    "discovered_at_lte": _Filter(read_moment, lambda last, now: lambda job: job.discovered_at <= last),
    "discovered_at_max_age_days": _Filter(read_whole, _at_most_old(lambda job: job.discovered_at.date())),
    "discovered_at_min_age_days": _Filter(read_whole, _at_least_old(lambda job: job.discovered_at.date())),
    "is_closed": _Filter(read_flag, lambda wanted, now: lambda job: (job.closed_at is not None) is wanted),
    "closed_at_gte": _Filter(
        read_moment, lambda first, now: lambda job: bool(job.closed_at and job.closed_at >= first)
    ),
    "closed_at_lte": _Filter(read_moment, lambda last, now: lambda job: bool(job.closed_at and job.closed_at <= last)),
    "job_id_or": _Filter(read_ids, _among(lambda job: job.id)),
    "job_id_not": _Filter(read_ids, _not(_among(lambda job: job.id))),
    "remote": _Filter(read_flag, lambda wanted, now: lambda job: job.remote is wanted),
    "job_country_code_or": _Filter(read_countries, _shared("countries")),
    "job_country_code_not": _Filter(read_countries, _not(_shared("countries"))),
    "job_title_or": _Filter(read_texts, _titles_any),
    "job_title_not": _Filter(read_texts, _not(_titles_any)),
    "job_title_pattern_and": _Filter(read_patterns, _matching(lambda job: (job.title,), all)),
    "job_title_pattern_or": _Filter(read_patterns, _matching(lambda job: (job.title,))),
    "job_title_pattern_not": _Filter(read_patterns, _not(_matching(lambda job: (job.title,)))),
    "job_location_pattern_or": _Filter(read_patterns, _matching(lambda job: job.location_labels)),
    "job_location_pattern_not": _Filter(read_patterns, _not(_matching(lambda job: job.location_labels))),
    "job_seniority_or": _Filter(reader_of_one_of(*_SENIORITIES), _among(lambda job: job.seniority)),
    "employment_statuses_or": _Filter(reader_of_one_of(*_STATUSES), _shared("employment_statuses")),
    "min_salary_usd": _Filter(
        read_number, lambda low, now: lambda job: job.high_salary is not None and job.high_salary >= low
    ),
    "max_salary_usd": _Filter(
        read_number, lambda high, now: lambda job: job.low_salary is not None and job.low_salary <= high
    ),
    "job_technology_slug_or": _Filter(read_texts, _shared("slugs")),
    "job_technology_slug_and": _Filter(read_texts, lambda slugs, now: lambda job: job.slugs.issuperset(slugs)),
    "job_technology_slug_not": _Filter(read_texts, _not(_shared("slugs"))),
    "company_name_or": _Filter(read_texts, _among(lambda job: job.company)),
    "company_name_not": _Filter(read_texts, _not(_among(lambda job: job.company))),
    "company_name_case_insensitive_or": _Filter(read_folded_texts, _among(lambda job: job.company.lower())),
    "company_name_partial_match_or": _Filter(read_texts, _company_part),
    "company_name_partial_match_not": _Filter(read_texts, _not(_company_part)),
    "company_domain_or": _Filter(read_texts, _among(lambda job: job.company_domain)),
    "company_domain_not": _Filter(read_texts, _not(_among(lambda job: job.company_domain))),
    "company_linkedin_url_or": _Filter(read_texts, _among(_company_profile)),
    "job_description_pattern_or": _Filter(read_patterns, _matching(_description)),
    "job_description_pattern_not": _Filter(read_patterns, _not(_matching(_description))),
    "job_description_contains_or": _Filter(read_texts, _whole_words),
    "job_description_contains_not": _Filter(read_texts, _not(_whole_words)),
}
