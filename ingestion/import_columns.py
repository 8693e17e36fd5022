"""Columns of a file of postings: their contents and accepted names. Pure.

The import reads these columns, and the table in `docs/reference/import-columns.md` lists them.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

SENIORITIES = ("junior", "mid_level", "senior", "staff", "c_level")
EMPLOYMENT_STATUSES = ("full_time", "part_time", "temporary", "internship", "contract")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of the job object. `kind` is a key of `KINDS`. `posting_field` is the posting's field for the value."""

    name: str
    kind: str
    example: str
    about: str
    other_names: tuple[str, ...] = ()
    posting_field: str = ""
    # The key within `company_object`, for columns that are separate fields only in tables.
    company_key: str = ""


# Kinds of values, as the docs describe them.
KINDS = {
    "text": "text",
    "address": "URL with http or https",
    "date": "date",
    "time": "date and time",
    "flag": "yes or no",
    "money": "pay per year",
    "number": "number",
    "list": "list, separated by `;`",
    "JSON": "JSON",
}

COLUMNS = (
    Column(
        name="id",
        kind="text",
        example="4711",
        about="The source's id of the job. Every row needs it or `url`.",
        other_names=("job_id",),
        posting_field="job_id",
    ),
    Column(
        name="job_title",
        kind="text",
        example="Backend Developer",
        about="Required.",
        other_names=("title",),
        posting_field="title",
    ),
    Column(
        name="url",
        kind="address",
        example="https://jobs.example.com/4711",
        about="The job's page. Every row needs it or `id`.",
        other_names=("job_url", "link"),
    ),
    Column(
        name="company",
        kind="text",
        example="Example Works",
        about="The employer.",
        other_names=("company_name", "employer"),
    ),
    Column(name="description", kind="text", example="We build …", about="The full text, up to 100 kB."),
    Column(
        name="date_posted",
        kind="date",
        example="2026-11-20",
        about="The day on which the posting counts. Defaults to today.",
        other_names=("posted_at", "posted"),
    ),
    Column(
        name="location",
        kind="text",
        example="Berlin, Germany",
        about="The job's location, or Remote. Determines the country if no column names one.",
        other_names=("place",),
    ),
    Column(
        name="short_location",
        kind="text",
        example="Berlin",
        about="Used if `location` is empty.",
        posting_field="location",
    ),
    Column(
        name="long_location",
        kind="text",
        example="Berlin, State of Berlin, Germany",
        about="Used if `location` and `short_location` are empty.",
        posting_field="location",
    ),
    Column(name="country", kind="text", example="Germany", about="The country's name.", posting_field="country_code"),
    Column(name="country_code", kind="text", example="DE", about="ISO 3166 alpha-2."),
    Column(name="country_codes", kind="list", example="DE;FR", about="For jobs in several countries."),
    Column(
        name="countries",
        kind="list",
        example="Germany;France",
        about="Country names, if there are no codes.",
        posting_field="country_codes",
    ),
    Column(
        name="state_code",
        kind="text",
        example="TX",
        about="US states only.",
        other_names=("state",),
        posting_field="place",
    ),
    Column(
        name="cities",
        kind="list",
        example="Austin",
        about="Only the first is used, if `location` names no city.",
        other_names=("city",),
        posting_field="place",
    ),
    Column(
        name="locations",
        kind="JSON",
        example='[{"name": "Austin", "state_code": "TX", "country_code": "US"}]',
        about="TheirStack's location objects, or labels. Only the first is used.",
        posting_field="place",
    ),
    Column(name="latitude", kind="number", example="52.52", about="Requires `longitude`.", other_names=("lat",)),
    Column(name="longitude", kind="number", example="13.40", about="", other_names=("lng", "lon")),
    Column(name="remote", kind="flag", example="no", about="", other_names=("is_remote",)),
    Column(name="hybrid", kind="flag", example="yes", about="", other_names=("is_hybrid",)),
    Column(
        name="technology_slugs",
        kind="list",
        example="python;postgresql",
        about="Skills in any spelling. If empty, they are extracted from title and description.",
        other_names=("skills", "technologies"),
    ),
    Column(name="keyword_slugs", kind="list", example="fintech", about="", other_names=("keywords",)),
    Column(name="seniority", kind="text", example="senior", about=f"One of {', '.join(SENIORITIES)}."),
    Column(
        name="employment_statuses",
        kind="list",
        example="full_time",
        about=f"Any of {', '.join(EMPLOYMENT_STATUSES)}.",
        other_names=("employment_status", "employment_type", "employment_types"),
    ),
    Column(
        name="salary_string",
        kind="text",
        example="€ 60,000 - 75,000",
        about="The pay as the job's page states it.",
        other_names=("salary",),
    ),
    Column(
        name="salary_currency",
        kind="text",
        example="EUR",
        about="ISO 4217 code or currency sign.",
        other_names=("currency",),
    ),
    Column(
        name="min_annual_salary",
        kind="money",
        example="60000",
        about="In `salary_currency`.",
        other_names=("min_salary", "salary_min"),
    ),
    Column(
        name="max_annual_salary",
        kind="money",
        example="75000",
        about="In `salary_currency`.",
        other_names=("max_salary", "salary_max"),
    ),
    Column(name="min_annual_salary_usd", kind="money", example="69000", about="In US dollars."),
    Column(name="max_annual_salary_usd", kind="money", example="86000", about="In US dollars."),
    Column(name="discovered_at", kind="time", example="2026-11-20T08:00:00Z", about="When the source found the job."),
    Column(name="closed_at", kind="time", example="2026-12-01", about="When the job was closed."),
    Column(name="reposted", kind="flag", example="no", about=""),
    Column(name="date_reposted", kind="date", example="2026-11-25", about=""),
    Column(name="easy_apply", kind="flag", example="no", about=""),
    Column(
        name="final_url",
        kind="address",
        example="https://example.com/jobs/4711",
        about="The target if `url` redirects.",
    ),
    Column(
        name="source_url", kind="address", example="https://board.example.org/4711", about="Where the source found it."
    ),
    Column(name="normalized_title", kind="text", example="backend developer", about=""),
    Column(
        name="company_object",
        kind="JSON",
        example='{"name": "Example Works", "domain": "example.com"}',
        about="TheirStack's company object. The columns below are an alternative.",
    ),
    Column(name="company_domain", kind="text", example="example.com", about="", other_names=("domain",)),
    Column(
        name="company_industry",
        kind="text",
        example="Software Development",
        about="",
        other_names=("industry",),
        company_key="industry",
    ),
    Column(
        name="company_industry_id",
        kind="number",
        example="4",
        about="",
        other_names=("industry_id",),
        company_key="industry_id",
    ),
    Column(
        name="company_employee_count",
        kind="number",
        example="250",
        about="",
        other_names=("employee_count",),
        company_key="employee_count",
    ),
    Column(
        name="company_country_code",
        kind="text",
        example="DE",
        about="The country of the headquarters.",
        company_key="country_code",
    ),
    Column(
        name="company_logo",
        kind="address",
        example="https://example.com/logo.png",
        about="",
        company_key="logo",
    ),
    Column(
        name="company_linkedin_url",
        kind="address",
        example="https://www.linkedin.com/company/example",
        about="",
        company_key="linkedin_url",
    ),
    Column(
        name="has_blurred_data",
        kind="flag",
        example="no",
        about="Rows with yes are previews and are rejected.",
    ),
)
COLUMNS_BY_NAME = {name: column for column in COLUMNS for name in (column.name, *column.other_names)}
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MAX_NAME_LENGTH = 100


def find_column(name: str) -> Column | None:
    """Return the column that a file's column name refers to: "Job Title", "jobTitle" and "title" are `job_title`."""
    return COLUMNS_BY_NAME.get(normalize_name(name))


def suggest_column(name: str) -> str | None:
    """Return the known column name that is spelled most similarly to an unknown one, or None."""
    return next(iter(get_close_matches(normalize_name(name), COLUMNS_BY_NAME, n=1, cutoff=0.8)), None)


@lru_cache(maxsize=4_096)
def normalize_name(name: str) -> str:
    """Return a name in snake case: "jobTitle" and "Job-Title" become `job_title`."""
    return "_".join(re.findall(r"[^\W_]+", _CAMEL_CASE_BOUNDARY.sub(" ", name[:MAX_NAME_LENGTH]).lower()))
