"""The jobs the stand-in knows, in the order the source lists them. Pure: no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson

from ingestion.stand_in.filters import Predicate, title_words
from market.geo.labels import parse_place_label


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a search; the totals are None unless they were asked for."""

    jobs: list[Job]
    total_jobs: int | None
    total_companies: int | None


class Catalogue:
    """All jobs, newest first. Not safe for writing from several threads at once; readers need no lock."""

    def __init__(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Take the jobs over. Raises UnusableJob."""
        self._jobs: list[Job] = []
        self._ids: set[int] = set()
        self.put(jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._ids

    def put(self, jobs: Iterable[Mapping[str, Any]]) -> int:
        """Add jobs, each in place of one with the same id; returns how many there were. Raises UnusableJob."""
        known = {job.id: job for job in self._jobs}
        given = 0
        for source in jobs:
            try:
                job = _job_of(source)
            except UnusableJob as error:
                raise UnusableJob(str(error), index=given) from error
            known[job.id] = job
            given += 1
        self._jobs = sorted(known.values(), key=lambda job: (job.posted, job.discovered_at, job.id), reverse=True)
        self._ids = set(known)
        return given

    def close(self, job_ids: Iterable[int], *, at: datetime) -> int:
        """Mark jobs as closed at an aware time; returns how many of them are known."""
        wanted = set(job_ids) & self._ids
        moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return self.put(orjson.loads(job.body) | {"closed_at": moment} for job in self._jobs if job.id in wanted)

    def search(self, predicates: list[Predicate], *, offset: int, limit: int, with_totals: bool) -> Page:
        """Return the jobs that satisfy every predicate, `limit` of them after skipping `offset`."""
        found: list[Job] = []
        enough = offset + limit
        for job in self._jobs:
            for predicate in predicates:
                if not predicate(job):
                    break
            else:
                found.append(job)
                if len(found) == enough and not with_totals:
                    break
        return Page(
            jobs=found[offset:enough],
            total_jobs=len(found) if with_totals else None,
            total_companies=len({job.company for job in found}) if with_totals else None,
        )

    def slug_counts(self) -> dict[str, tuple[int, int]]:
        """Return for each technology slug how many jobs and how many companies ask for it."""
        companies: dict[str, list[str]] = {}
        for job in self._jobs:
            for slug in job.slugs:
                companies.setdefault(slug, []).append(job.company)
        return {slug: (len(names), len(set(names))) for slug, names in sorted(companies.items())}


def _job_of(source: Mapping[str, Any]) -> Job:
    job_id, title = source.get("id"), source.get("job_title")
    if not isinstance(job_id, int) or isinstance(job_id, bool):
        raise UnusableJob(f"'id' has to be a whole number, not {job_id!r}")
    if not isinstance(title, str) or not title.strip():
        raise UnusableJob(f"'job_title' has to be a text, not {title!r}")
    posted_date = posted_date_of(source)
    locations = [entry for entry in source.get("locations") or () if isinstance(entry, Mapping)]
    labels = dict.fromkeys(
        str(label)
        for label in (
            source.get("location"),
            source.get("short_location"),
            source.get("long_location"),
            *(entry.get("display_name") or entry.get("name") for entry in locations),
        )
        if label
    )
    discovered_at = source.get("discovered_at")
    closed_at = source.get("closed_at")
    company = source.get("company_object") or {}
    low, high = source.get("min_annual_salary_usd"), source.get("max_annual_salary_usd")
    return Job(
        id=job_id,
        title=title,
        title_words=title_words(title),
        posted=posted_date,
        discovered_at=_moment_of("discovered_at", discovered_at)
        if discovered_at
        else datetime(posted_date.year, posted_date.month, posted_date.day, tzinfo=UTC),
        closed_at=_moment_of("closed_at", closed_at) if closed_at else None,
        countries=_countries_of(source, locations),
        location_labels=tuple(labels),
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


def _countries_of(source: Mapping[str, Any], locations: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the countries by which a job is found.

    Where a file names none, the label is read, as the source itself resolves labels. What is sent stays as it was.
    """
    named = {source.get("country_code"), *(source.get("country_codes") or ())}
    named |= {entry.get("country_code") for entry in locations}
    codes = {str(code).upper() for code in named if code}
    if not codes and (label := source.get("location")):
        code = parse_place_label(str(label)).country_code
        codes = {code} if code else set()
    return frozenset(codes)


def posted_date_of(source: Mapping[str, Any]) -> date:
    """Return the day a job object was posted. Raises UnusableJob."""
    value = source.get("date_posted")
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UnusableJob(f"'date_posted' has to be a date like 2026-01-31, not {value!r}") from error


def _moment_of(field: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnusableJob(f"'{field}' has to be a time like 2026-01-31T12:00:00, not {value!r}") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
