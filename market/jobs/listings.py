"""The public view of a stored posting.

Information that the source does not provide is null or empty. Pure except for skill names, which come from the
vocabulary.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from market.geo.names import UNKNOWN, get_country_name
from market.jobs.filters import JobFilter, parse_search_text
from market.posting import build_posting_keys, normalize_words
from market.role_selectors import canonicalize_role
from market.roles import has_phrase, normalize_role
from skills.selectors import get_vocabulary

# A posting without a closing notice counts as expired this many days after it was posted or reposted.
EXPIRES_AFTER_DAYS = 60

Row = Mapping[str, Any]


class JobListing:
    """A stored posting as the API returns it, with the words of the filter that matched.

    Attributes that are not defined here come from the stored row and default to None.
    """

    def __init__(
        self, row: Row, *, now: datetime, job_filter: JobFilter | None = None, match_score: int | None = None
    ) -> None:
        self.row = row
        self.match_score = match_score
        self.job_expired = _is_expired(row, now=now)
        self.matching_phrase, self.matching_words = (
            _find_matching_title(row, job_filter=job_filter) if job_filter else (None, [])
        )
        self.min_salary, self.max_salary, self.currency = _get_salary(row)
        self.skills: list[str] = list(row.get("skills") or ())
        # The names of the hiring team are personal data, so collection does not store them.
        self.hiring_team = None

    def __getattr__(self, name: str) -> Any:
        return self.row.get(name)

    @property
    def url(self) -> str | None:
        return self.row.get("url") or self.row.get("final_url") or self.row.get("source_url")

    @property
    def date_posted(self) -> str | None:
        return _format_date(self.row.get("date_posted"))

    @property
    def date_reposted(self) -> str | None:
        return _format_date(self.row.get("date_reposted"))

    @property
    def location(self) -> str | None:
        place = self.row.get("place")
        return self.row.get("location") or (None if place == UNKNOWN else place)

    @property
    def country(self) -> str | None:
        code = self.row.get("country_code")
        return get_country_name(code=code) if code else None

    @property
    def description(self) -> str | None:
        return self.row.get("description") or None

    @property
    def key_info(self) -> list[str]:
        """Short facts from the posting's fields: "Remote", "90,000 to 120,000 USD per year"."""
        row, years = self.row, self.row.get("years_asked")
        facts = [
            "Remote" if row.get("remote") else "Hybrid" if row.get("hybrid") else None,
            _humanize(row.get("seniority")),
            *(_humanize(status) for status in row.get("employment_statuses") or ()),
            _format_pay(row),
            None if years is None else f"Requires {years:g} {'year' if years == 1 else 'years'} of experience",
            row.get("company_industry"),
            f"{employees:,} employees" if (employees := row.get("company_employee_count")) else None,
            "Easy to apply" if row.get("easy_apply") else None,
        ]
        return [fact for fact in facts if fact]

    @property
    def technologies(self) -> list[str]:
        vocabulary = get_vocabulary()
        return [vocabulary.get_display_name(skill) for skill in self.skills]

    @property
    def nice_to_have(self) -> list[str]:
        return list(self.row.get("nice_to_have") or ())


def _is_expired(row: Row, *, now: datetime) -> bool:
    """Return whether the posting was closed, or last (re)posted more than `EXPIRES_AFTER_DAYS` days ago."""
    closed_at = row.get("closed_at")
    if closed_at is not None and closed_at <= now:
        return True
    last_posted = max(row["day"], row.get("date_reposted") or row["day"])
    return bool((now.astimezone(UTC).date() - last_posted.astimezone(UTC).date()).days > EXPIRES_AFTER_DAYS)


def _find_matching_title(row: Row, *, job_filter: JobFilter) -> tuple[str | None, list[str]]:
    """Return the filter's phrase that matches the posting, and the filter's words and skills that occur in it.

    The phrase is the first of the filter's titles that matches the posting's title or roles. If none does, it is the
    filter's text, provided the posting's title contains it word for word.
    """
    keys = build_posting_keys(row)
    posting_words, posting_skills = set(keys["search_words"]), set(row.get("skills") or ())
    phrases = [
        title
        for title in job_filter.titles
        if has_phrase(key=keys["title_key"], phrase=normalize_role(title))
        or canonicalize_role(title) in (row.get("roles") or ())
    ]
    if job_filter.text and has_phrase(key=keys["title_key"], phrase=normalize_role(job_filter.text)):
        phrases.append(job_filter.text)
    words = [skill for skill in (*job_filter.skills_all, *job_filter.skills_any) if skill in posting_skills]
    for term in parse_search_text(job_filter.text):
        if term.skill is not None and term.skill in posting_skills:
            words.append(term.skill)
        else:
            words += [word for word in term.words if word in posting_words]
    for title in job_filter.titles:
        words += [word for word in normalize_words(title) if word in posting_words]
    return next(iter(phrases), None), list(dict.fromkeys(words))


def _get_salary(row: Row) -> tuple[float | None, float | None, str | None]:
    """Return minimum and maximum pay per year and the currency. Falls back to the amounts in USD."""
    low, high = row.get("min_annual_salary"), row.get("max_annual_salary")
    if low is not None or high is not None:
        return low, high, row.get("salary_currency")
    low, high = row.get("min_annual_salary_usd"), row.get("max_annual_salary_usd")
    if low is not None or high is not None:
        return low, high, "USD"
    return None, None, row.get("salary_currency")


def _format_pay(row: Row) -> str | None:
    low, high, currency = _get_salary(row)
    if low is None and high is None:
        return None
    if low is not None and high is not None:
        amount = f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    else:
        amount = f"from {low:,.0f}" if low is not None else f"up to {high:,.0f}"
    return f"{amount} {currency} per year" if currency else f"{amount} per year"


def _humanize(value: str | None) -> str | None:
    """Turn an identifier into a label: "full_time" becomes "Full time"."""
    return value.replace("_", " ").capitalize() if value else None


def _format_date(time: datetime | None) -> str | None:
    return time.astimezone(UTC).date().isoformat() if time else None
