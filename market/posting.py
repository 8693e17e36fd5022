"""A job advert as its source describes it, before it is stored."""

from dataclasses import dataclass
from datetime import date, datetime

# What wrote a posting: the job source, or `manage.py generate_postings`, whose postings nobody advertised.
THEIRSTACK, GENERATED = SOURCES = ("theirstack", "generated")


class RefusedPosting(ValueError):
    """A source's job object that cannot become a posting.

    `reason` is stable and fit for counting (`no_title`, `blurred`...); the message adds what was seen.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What a source says of one advert. Datetimes are aware and in UTC; salaries are a year's pay.

    `source` and `job_id` together identify the advert where the source gives an id; else `url` does.
    `place` is the label the figures group by (see `market.geo.places`).
    """

    source: str
    job_id: str | None
    url: str | None
    title: str
    company: str
    description: str = ""
    normalized_title: str | None = None
    final_url: str | None = None
    source_url: str | None = None
    company_domain: str | None = None
    company_industry: str | None = None
    company_industry_id: int | None = None
    company_employee_count: int | None = None
    company_country_code: str | None = None
    company_logo: str | None = None
    company_linkedin_url: str | None = None
    location: str = ""
    place: str = ""
    country_code: str | None = None
    country_codes: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    remote: bool | None = None
    hybrid: bool | None = None
    technology_slugs: tuple[str, ...] = ()
    keyword_slugs: tuple[str, ...] = ()
    date_posted: date | None = None
    discovered_at: datetime | None = None
    closed_at: datetime | None = None
    reposted: bool | None = None
    date_reposted: date | None = None
    salary_string: str | None = None
    salary_currency: str | None = None
    min_annual_salary: float | None = None
    max_annual_salary: float | None = None
    min_annual_salary_usd: int | None = None
    max_annual_salary_usd: int | None = None
    seniority: str | None = None
    employment_statuses: tuple[str, ...] = ()
    easy_apply: bool | None = None
