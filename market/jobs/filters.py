"""Job filters, and the MongoDB queries built from them.

Every user-supplied value reaches MongoDB as a plain value in a comparison. Words, names and codes are normalized to
stored keys first, and no value becomes an operator or a regular expression.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from career_navigator.plain_text import fold_accents
from market.daily_stats import day_start
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE, Place
from market.posting import build_company_key, build_title_query, normalize_words
from market.role_selectors import canonicalize_role
from market.roles import normalize_role
from skills.selectors import get_vocabulary

Query = dict[str, Any]

# Stop words, which are searched for only if the text has no other words.
_STOP_WORDS = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"})
_MAX_SKILL_WORDS = 4
DEFAULT_CURRENCY = "USD"

# All visible postings. The condition on `day` matches everything, but without it MongoDB uses the index on
# (day, id, hidden, ...) only for sorting and reads every posting to check `hidden`.
EVERY_POSTING: Query = {"day": {"$gte": datetime.min.replace(tzinfo=UTC)}, "hidden": {"$ne": True}}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Search criteria for postings. Empty or None means that a criterion does not apply.

    Skills are canonical names, countries are alpha-2 codes, places are labels from `market.geo`, and other values are
    unchanged user input. A posting must match at least one value per list. The exceptions are `skills_all`, of which
    it must have every skill, and `skills_none` and `exclude_companies`, of which it must match none.
    """

    titles: tuple[str, ...] = ()
    text: str = ""
    skills_any: tuple[str, ...] = ()
    skills_all: tuple[str, ...] = ()
    skills_none: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    remote: bool | None = None
    hybrid: bool | None = None
    seniorities: tuple[str, ...] = ()
    min_salary: float | None = None
    currency: str | None = None
    posted_within_days: int | None = None
    companies: tuple[str, ...] = ()
    exclude_companies: tuple[str, ...] = ()

    def as_body(self) -> dict[str, Any]:
        """Return the criteria that apply as a request body for `JobFilterSerializer`, for saving a filter."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value not in ((), "", None)
        }


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a search text: its words without accents, and the canonical skill they name, if any."""

    words: tuple[str, ...]
    skill: str | None


def parse_search_text(text: str) -> list[Term]:
    """Split a search text into terms, longest skill names first. A posting must match every term."""
    words = normalize_words(text)
    words = [word for word in words if word not in _STOP_WORDS] or words
    vocabulary, terms, start = get_vocabulary(), [], 0
    while start < len(words):
        length = next(
            (
                length
                for length in range(min(_MAX_SKILL_WORDS, len(words) - start), 0, -1)
                if vocabulary.get_canonical_name(" ".join(words[start : start + length]))
            ),
            1,
        )
        term = tuple(words[start : start + length])
        terms.append(Term(tuple(map(fold_accents, term)), vocabulary.get_canonical_name(" ".join(term))))
        start += length
    return terms


def build_job_query(job_filter: JobFilter, *, now: datetime) -> Query:
    """Build the MongoDB query for the visible postings that match the filter."""
    conditions = [
        *_match_titles(job_filter),
        *_match_text(job_filter),
        *_match_skills(job_filter),
        *_match_places(job_filter),
        *_match_companies(job_filter),
        *_match_salary(job_filter),
    ]
    query: Query = dict(EVERY_POSTING)
    if job_filter.remote is not None:
        query["remote"] = job_filter.remote
    if job_filter.hybrid is not None:
        query["hybrid"] = job_filter.hybrid
    if job_filter.seniorities:
        query["seniority"] = {"$in": list(job_filter.seniorities)}
    if job_filter.posted_within_days is not None:
        first_day = now.astimezone(UTC).date() - timedelta(days=job_filter.posted_within_days - 1)
        query["day"] = {"$gte": day_start(first_day)}
    if conditions:
        query["$and"] = conditions
    return query


def _match_titles(job_filter: JobFilter) -> list[Query]:
    """Match postings of one of the roles, or whose title contains a role's words next to each other."""
    if not job_filter.titles:
        return []
    keys = [key for key in map(normalize_role, job_filter.titles) if key]
    roles = [canonicalize_role(key) for key in keys]
    return [{"$or": [{"roles": {"$in": roles}}, *map(build_title_query, keys)]}]


def _match_text(job_filter: JobFilter) -> list[Query]:
    """Match every term in the title, company or place, or among the skills."""
    conditions: list[Query] = []
    for term in parse_search_text(job_filter.text):
        has_words: Query = {"search_words": {"$all": list(term.words)}}
        conditions.append({"$or": [{"skills": term.skill}, has_words]} if term.skill else has_words)
    if job_filter.text and not conditions:
        # A text without words matches no posting.
        conditions.append({"search_words": {"$in": []}})
    return conditions


def _match_skills(job_filter: JobFilter) -> list[Query]:
    skills_by_operator = {"$in": job_filter.skills_any, "$all": job_filter.skills_all, "$nin": job_filter.skills_none}
    return [{"skills": {operator: list(skills)}} for operator, skills in skills_by_operator.items() if skills]


def _match_places(job_filter: JobFilter) -> list[Query]:
    conditions: list[Query] = []
    if job_filter.countries:
        conditions.append({"country_codes": {"$in": list(job_filter.countries)}})
    if job_filter.places:
        conditions.append({"$or": [_match_place(label) for label in job_filter.places]})
    return conditions


def _match_place(label: str) -> Query:
    """Match a city by its label, a country by its code, or a US state with all its cities."""
    place = parse_place_label(label)
    if label == REMOTE:
        return {"$or": [{"place": REMOTE}, {"remote": True}]}
    if place == Place(country_code=place.country_code) and place.country_code:
        return {"country_codes": place.country_code}
    if place == Place(country_code="US", state_code=place.state_code) and place.state_code:
        last_place_part: Query = {"$arrayElemAt": [{"$split": ["$place", ", "]}, -1]}
        # `search_words` uses an index but also matches the code in a title, so the end of the place is checked too.
        words = {"$all": normalize_words(place.state_code)}
        in_state: Query = {"search_words": words, "$expr": {"$eq": [last_place_part, {"$literal": place.state_code}]}}
        return {"$or": [{"place": label}, in_state]}
    return {"place": label}


def _match_companies(job_filter: JobFilter) -> list[Query]:
    conditions: list[Query] = []
    if job_filter.companies:
        conditions.append({"company_key": {"$in": [build_company_key(name) for name in job_filter.companies]}})
    if job_filter.exclude_companies:
        conditions.append({"company_key": {"$nin": [build_company_key(name) for name in job_filter.exclude_companies]}})
    return conditions


def _match_salary(job_filter: JobFilter) -> list[Query]:
    """Match postings whose maximum pay, or only stated pay, is at least the minimum salary.

    Compares pay in the requested currency, and for USD also the source's own conversion to USD. The server has no
    exchange rates, so postings that pay in any other currency do not match.
    """
    if job_filter.min_salary is None:
        return []
    at_least_minimum, currency = {"$gte": job_filter.min_salary}, job_filter.currency or DEFAULT_CURRENCY
    in_currency = {"salary_currency": currency}
    alternatives: list[Query] = [
        in_currency | {"max_annual_salary": at_least_minimum},
        in_currency | {"max_annual_salary": None, "min_annual_salary": at_least_minimum},
    ]
    if currency == DEFAULT_CURRENCY:
        alternatives += [
            {"max_annual_salary_usd": at_least_minimum},
            {"max_annual_salary_usd": None, "min_annual_salary_usd": at_least_minimum},
        ]
    return [{"$or": alternatives}]
