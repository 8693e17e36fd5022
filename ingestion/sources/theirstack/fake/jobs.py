"""The fake's jobs in TheirStack's order, and the filters that a search applies to them. Pure: no clock."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, StringConstraints, create_model
from pydantic.types import NonNegativeInt, PositiveInt

from market.geo.labels import parse_place_label

_WORD = re.compile(r"[\w+#]+")


class InvalidJob(ValueError):
    """A job object that cannot be searched. The message gives the reason.

    `index` is its position among the given jobs, from 0.
    """

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with the fields that searches use. `body` is the whole job object as JSON bytes."""

    id: int
    title: str
    title_words: frozenset[str]
    posted: date
    discovered_at: datetime
    closed_at: datetime | None
    countries: frozenset[str]
    location_labels: tuple[str, ...]
    remote: bool | None
    company: str
    company_domain: str
    slugs: frozenset[str]
    seniority: str | None
    employment_statuses: frozenset[str]
    low_salary: float | None
    high_salary: float | None
    body: bytes


class JobList:
    """All jobs, newest first. Reads need no lock, but only one thread may write at a time."""

    def __init__(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Parse the jobs. Raises InvalidJob."""
        self._jobs: list[Job] = []
        self.put(jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Add jobs, replacing those with the same id. Raises InvalidJob."""
        jobs_by_id = {job.id: job for job in self._jobs}
        for index, source in enumerate(jobs):
            try:
                job = _parse_job(source)
            except InvalidJob as error:
                raise InvalidJob(str(error), index=index) from error
            jobs_by_id[job.id] = job
        self._jobs = sorted(jobs_by_id.values(), key=lambda job: (job.posted, job.discovered_at, job.id), reverse=True)

    def find(self, predicates: list[Callable[[Job], bool]], *, limit: int | None) -> list[Job]:
        """Return the jobs that satisfy every predicate, at most `limit` of them."""
        return list(islice((job for job in self._jobs if all(matches(job) for matches in predicates)), limit))


def split_words(title: str) -> frozenset[str]:
    """Return a title's words as searches compare them: "Full-Stack Developer" becomes full, stack and developer."""
    return frozenset(_WORD.findall(title.lower()))


def parse_posted_date(source: Mapping[str, Any]) -> date:
    """Return the posting date of a job object. Raises InvalidJob."""
    value = source.get("date_posted")
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidJob(f"'date_posted' must be a date like 2026-01-31, not {value!r}") from error


def _parse_job(source: Mapping[str, Any]) -> Job:
    job_id, title = source.get("id"), source.get("job_title")
    if not isinstance(job_id, int) or isinstance(job_id, bool):
        raise InvalidJob(f"'id' must be a whole number, not {job_id!r}")
    if not isinstance(title, str) or not title.strip():
        raise InvalidJob(f"'job_title' must be a non-empty text, not {title!r}")
    posted = parse_posted_date(source)
    locations = [entry for entry in source.get("locations") or () if isinstance(entry, Mapping)]
    labels = [source.get(name) for name in ("location", "short_location", "long_location")]
    labels += [entry.get("display_name") or entry.get("name") for entry in locations]
    company = source.get("company_object") or {}
    low, high = source.get("min_annual_salary_usd"), source.get("max_annual_salary_usd")
    return Job(
        id=job_id,
        title=title,
        title_words=split_words(title),
        posted=posted,
        discovered_at=_read_time(source, "discovered_at") or datetime.combine(posted, datetime.min.time(), UTC),
        closed_at=_read_time(source, "closed_at"),
        countries=_read_countries(source, locations),
        location_labels=tuple(dict.fromkeys(str(label) for label in labels if label)),
        remote=source.get("remote"),
        company=str(source.get("company") or company.get("name") or ""),
        company_domain=str(source.get("company_domain") or company.get("domain") or ""),
        slugs=frozenset(source.get("technology_slugs") or ()),
        seniority=source.get("seniority"),
        employment_statuses=frozenset(source.get("employment_statuses") or ()),
        low_salary=low if low is not None else high,
        high_salary=high if high is not None else low,
        body=bytes(memoryview(orjson.dumps(source))),  # copied, because orjson's result can keep up to 32 kB allocated
    )


def _read_countries(source: Mapping[str, Any], locations: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the countries under which a job is found.

    If the job names none, they are derived from its label, as TheirStack does. The job itself is sent unchanged.
    """
    named = {source.get("country_code"), *(source.get("country_codes") or ())}
    named |= {entry.get("country_code") for entry in locations}
    codes = {str(code).upper() for code in named if code}
    if not codes and (label := source.get("location")) and (code := parse_place_label(str(label)).country_code):
        codes = {code}
    return frozenset(codes)


def _read_time(source: Mapping[str, Any], field: str) -> datetime | None:
    value = source.get(field)
    if not value:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InvalidJob(f"'{field}' must be a time like 2026-01-31T12:00:00, not {value!r}") from error
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


Predicate = Callable[[Job], bool]

# Searches without any of these filters are rejected.
REQUIRED_FILTERS = (
    *("posted_at_max_age_days", "posted_at_gte", "posted_at_lte"),
    *("company_domain_or", "company_linkedin_url_or", "company_name_or"),
)
DEFAULT_LIMIT = 25


class NoRequiredFilter(ValueError):
    """A search without any of `REQUIRED_FILTERS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A valid search. Its page skips `offset` jobs and contains up to `limit`."""

    predicates: list[Predicate]
    offset: int
    limit: int
    with_totals: bool
    blurred: bool


def _at_least(attribute: str, bound: Any) -> Predicate:
    read = attrgetter(attribute)
    return lambda job: (value := read(job)) is not None and value >= bound


def _at_most(attribute: str, bound: Any) -> Predicate:
    read = attrgetter(attribute)
    return lambda job: (value := read(job)) is not None and value <= bound


def _is_one_of(read: Callable[[Job], Any]) -> Callable[[Iterable[Any]], Predicate]:
    def any_of(values: Iterable[Any]) -> Predicate:
        allowed = frozenset(values)
        return lambda job: read(job) in allowed

    return any_of


def _shares_any(read: Callable[[Job], frozenset[str]]) -> Callable[[Iterable[str]], Predicate]:
    def any_of(values: Iterable[str]) -> Predicate:
        accepted = frozenset(values)
        return lambda job: not accepted.isdisjoint(read(job))

    return any_of


def _matches_any(read: Callable[[Job], tuple[str, ...]]) -> Callable[[Iterable[re.Pattern[str]]], Predicate]:
    return lambda patterns: lambda job: any(pattern.search(text) for text in read(job) for pattern in patterns)


def _has_title_words(titles: Iterable[str]) -> Predicate:
    searched = [words for words in map(split_words, titles) if words]
    return lambda job: any(map(job.title_words.issuperset, searched))


def _has_company_name(names: Iterable[str]) -> Predicate:
    return _is_one_of(lambda job: job.company.lower())(map(str.lower, names))


def _has_company_part(names: Iterable[str]) -> Predicate:
    parts = [name.lower() for name in names]
    return lambda job: any(part in job.company.lower() for part in parts)


def _has_whole_words(phrases: Iterable[str]) -> Predicate:
    pattern = "|".join(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in phrases)
    return _matches_any(_get_description)([re.compile(pattern, re.IGNORECASE)])


def _get_description(job: Job) -> tuple[str, ...]:
    return (orjson.loads(job.body).get("description") or "",)


def _get_company_profile(job: Job) -> str:
    return (orjson.loads(job.body).get("company_object") or {}).get("linkedin_url") or ""


def _get_midnight(now: datetime, days: int) -> datetime:
    """Return the beginning of the day `days` days ago."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=min(days, 36_500))  # limited, because dates start in the year 1


_Time = Annotated[
    datetime,
    Strict(False),  # also accepts a date, which means its beginning
    AfterValidator(lambda time: time if time.tzinfo else time.replace(tzinfo=UTC)),
]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_Seniority = Literal["c_level", "staff", "senior", "mid_level", "junior"]
_Status = Literal["full_time", "part_time", "temporary", "internship", "contract"]
_Pattern = re.Pattern[str]

# Filters with a single value: its type, and a function that builds the predicate for a given time.
_SINGLE: dict[str, tuple[Any, Callable[[Any, datetime], Predicate]]] = {
    "posted_at_max_age_days": (NonNegativeInt, lambda days, now: _at_least("posted", _get_midnight(now, days).date())),
    "posted_at_gte": (date, lambda first, now: _at_least("posted", first)),
    "posted_at_lte": (date, lambda last, now: _at_most("posted", last)),
    "discovered_at_gte": (_Time, lambda first, now: _at_least("discovered_at", first)),
    "discovered_at_lte": (_Time, lambda last, now: _at_most("discovered_at", last)),
    "discovered_at_max_age_days": (
        NonNegativeInt,
        lambda days, now: _at_least("discovered_at", _get_midnight(now, days)),
    ),
    "discovered_at_min_age_days": (
        NonNegativeInt,
        lambda days, now: _at_most("discovered_at", _get_midnight(now, days) + timedelta(days=1, microseconds=-1)),
    ),
    "is_closed": (bool, lambda closed, now: lambda job: (job.closed_at is not None) is closed),
    "closed_at_gte": (_Time, lambda first, now: _at_least("closed_at", first)),
    "closed_at_lte": (_Time, lambda last, now: _at_most("closed_at", last)),
    "remote": (bool, lambda remote, now: lambda job: job.remote is remote),
    "min_salary_usd": (float, lambda low, now: _at_least("high_salary", low)),
    "max_salary_usd": (float, lambda high, now: _at_most("low_salary", high)),
}
# Filters with a list of values: its type, its suffixes (`job_id_or`, `job_id_not`), and a function that builds the
# predicate for any of the values. Filters that parse a job's whole body come last, because they are slow.
_SEVERAL: dict[str, tuple[Any, str, Callable[[Iterable[Any]], Predicate]]] = {
    "job_id": (list[int], "or not", _is_one_of(lambda job: job.id)),
    "job_country_code": (list[_Country], "or not", _shares_any(lambda job: job.countries)),
    "job_title": (list[str], "or not", _has_title_words),
    "job_title_pattern": (list[_Pattern], "and or not", _matches_any(lambda job: (job.title,))),
    "job_location_pattern": (list[_Pattern], "or not", _matches_any(lambda job: job.location_labels)),
    "job_seniority": (list[_Seniority], "or", _is_one_of(lambda job: job.seniority)),
    "employment_statuses": (list[_Status], "or", _shares_any(lambda job: job.employment_statuses)),
    "job_technology_slug": (list[str], "or and not", _shares_any(lambda job: job.slugs)),
    "company_name": (list[str], "or not", _is_one_of(lambda job: job.company)),
    "company_name_case_insensitive": (list[str], "or", _has_company_name),
    "company_name_partial_match": (list[str], "or not", _has_company_part),
    "company_domain": (list[str], "or not", _is_one_of(lambda job: job.company_domain)),
    "company_linkedin_url": (list[str], "or", _is_one_of(_get_company_profile)),
    "job_description_pattern": (list[_Pattern], "or not", _matches_any(_get_description)),
    "job_description_contains": (list[str], "or not", _has_whole_words),
}


def _combine(form: str, any_of: Callable[[Iterable[Any]], Predicate], values: list[Any]) -> Predicate:
    if form == "and":
        every = [any_of([value]) for value in values]
        return lambda job: all(predicate(job) for predicate in every)
    found = any_of(values)
    return found if form == "or" else lambda job: not found(job)


_FILTERS: dict[str, Any] = {name: (kind | None, None) for name, (kind, _) in _SINGLE.items()} | {
    f"{name}_{form}": (kind | None, None) for name, (kind, forms, _) in _SEVERAL.items() for form in forms.split()
}


class _Paging(BaseModel):
    # TheirStack's 422 response describes a field as FastAPI does, and so as pydantic does.
    model_config = ConfigDict(strict=True, extra="forbid")

    page: NonNegativeInt | None = None
    offset: NonNegativeInt | None = None
    limit: PositiveInt | None = None
    include_total_results: bool | None = None
    blur_company_data: bool | None = None


_Request = create_model("_Request", __base__=_Paging, **_FILTERS)


def parse_search(*, body: bytes, now: datetime) -> SearchRequest:
    """Parse a request's body as the API does. Fields that are null or empty lists are ignored.

    Raises pydantic's ValidationError, then NoRequiredFilter.
    """
    request = _Request.model_validate_json(body)
    values = {name: value for name in _FILTERS if (value := getattr(request, name)) not in (None, [])}
    if values.keys().isdisjoint(REQUIRED_FILTERS):
        raise NoRequiredFilter
    predicates = [predicate(values[name], now) for name, (_, predicate) in _SINGLE.items() if name in values]
    predicates += [
        _combine(form, any_of, values[f"{name}_{form}"])
        for name, (_, forms, any_of) in _SEVERAL.items()
        for form in forms.split()
        if f"{name}_{form}" in values
    ]
    limit = request.limit or DEFAULT_LIMIT
    return SearchRequest(
        predicates=predicates,
        offset=(request.offset or 0) + (request.page or 0) * limit,
        limit=limit,
        with_totals=bool(request.include_total_results),
        blurred=bool(request.blur_company_data),
    )
