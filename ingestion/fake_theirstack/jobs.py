"""The jobs the fake knows, in the order TheirStack lists them. Pure: no clock."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import orjson

from market.geo.labels import parse_place_label

_WORD = re.compile(r"[\w+#]+")


class UnusableJob(ValueError):
    """A job object that a search could not find; the message says what is wrong with it.

    `index` is its place among the jobs given, from 0.
    """

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as searches see it. `body` is the whole job object as JSON, ready to be sent."""

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
    """All jobs, newest first. Not safe for writing from several threads at once; readers need no lock."""

    def __init__(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Take the jobs over. Raises UnusableJob."""
        self._jobs: list[Job] = []
        self.put(jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Add jobs, each in place of one with the same id. Raises UnusableJob."""
        known = {job.id: job for job in self._jobs}
        for index, source in enumerate(jobs):
            try:
                job = _read_job(source)
            except UnusableJob as error:
                raise UnusableJob(str(error), index=index) from error
            known[job.id] = job
        self._jobs = sorted(known.values(), key=lambda job: (job.posted, job.discovered_at, job.id), reverse=True)

    def find(self, predicates: list[Callable[[Job], bool]], *, enough: int | None) -> list[Job]:
        """Return the jobs that satisfy every predicate, up to `enough` of them."""
        return list(islice((job for job in self._jobs if all(fits(job) for fits in predicates)), enough))


def split_words(title: str) -> frozenset[str]:
    """Return a title's words as searches compare them: "Full-Stack Developer" has full, stack and developer."""
    return frozenset(_WORD.findall(title.lower()))


def read_posted_date(source: Mapping[str, Any]) -> date:
    """Return the day a job object was posted. Raises UnusableJob."""
    value = source.get("date_posted")
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UnusableJob(f"'date_posted' has to be a date like 2026-01-31, not {value!r}") from error


def _read_job(source: Mapping[str, Any]) -> Job:
    job_id, title = source.get("id"), source.get("job_title")
    if not isinstance(job_id, int) or isinstance(job_id, bool):
        raise UnusableJob(f"'id' has to be a whole number, not {job_id!r}")
    if not isinstance(title, str) or not title.strip():
        raise UnusableJob(f"'job_title' has to be a text, not {title!r}")
    posted = read_posted_date(source)
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
        body=bytes(memoryview(orjson.dumps(source))),  # a copy: orjson's own holds on to up to 32 kB
    )


def _read_countries(source: Mapping[str, Any], locations: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the countries by which a job is found.

    Where a file names none, the label is read, as TheirStack itself resolves labels. What is sent stays as it was.
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
        raise UnusableJob(f"'{field}' has to be a time like 2026-01-31T12:00:00, not {value!r}") from error
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
