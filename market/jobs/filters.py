"""What somebody looks for among the postings, and the query of ours that finds it.

Every value reaches MongoDB as a plain value to compare with: words, names and codes go through our own keys first, and
none becomes an operator or a regular expression.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from career_navigator.plain_text import fold_accents
from market.daily_stats import day_start
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE, Place
from market.posting import build_company_key, build_title_query, normalize_words
from market.roles import normalize_role
from skills.selectors import get_vocabulary

Query = dict[str, Any]

# In a text to search for these mean nothing, unless there is nothing else in it.
_SMALL_WORDS = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"})
_MAX_SKILL_WORDS = 4
DEFAULT_CURRENCY = "USD"

# Every posting that people may see. The day is named, since the index that begins with it is else used for order alone,
# and every posting on the way read to look for the mark.
EVERY_POSTING: Query = {"day": {"$gte": datetime.min.replace(tzinfo=UTC)}, "hidden": {"$ne": True}}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What a posting has to be; what is empty or None asks for nothing.

    Skills are canonical, countries alpha-2 codes, places labels of `market.geo`, the rest as it was given. Of each list
    one is enough, except of `skills_all`, and none may be of `skills_none` and `exclude_companies`.
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
        """What it asks for, as a body that `JobFilterSerializer` reads: for keeping a filter."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value not in ((), "", None)
        }


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a text to search for: its words without accents, and the (canonical) skill that they name, if any."""

    words: tuple[str, ...]
    skill: str | None


def parse_search_text(text: str) -> list[Term]:
    """The terms of a text, all of which a posting has to have; the longest names of skills first."""
    words = normalize_words(text)
    words = [word for word in words if word not in _SMALL_WORDS] or words
    known, terms, start = get_vocabulary(), [], 0
    while start < len(words):
        length = next(
            (
                length
                for length in range(min(_MAX_SKILL_WORDS, len(words) - start), 0, -1)
                if known.canonical(" ".join(words[start : start + length]))
            ),
            1,
        )
        term = tuple(words[start : start + length])
        terms.append(Term(tuple(map(fold_accents, term)), known.canonical(" ".join(term))))
        start += length
    return terms


def build_job_query(job_filter: JobFilter, *, now: datetime) -> Query:
    """The postings that the filter asks for, hidden ones left out, as a MongoDB filter."""
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
        first = now.astimezone(UTC).date() - timedelta(days=job_filter.posted_within_days - 1)
        query["day"] = {"$gte": day_start(first)}
    if conditions:
        query["$and"] = conditions
    return query


def _match_titles(job_filter: JobFilter) -> list[Query]:
    """The postings of one of the roles, and those whose title has the words of one, whole and side by side."""
    if not job_filter.titles:
        return []
    keys = [key for key in map(normalize_role, job_filter.titles) if key]
    return [{"$or": [{"roles": {"$in": keys}}, *map(build_title_query, keys)]}]


def _match_text(job_filter: JobFilter) -> list[Query]:
    """Each term in the title, the company or the place, or among the skills."""
    conditions: list[Query] = []
    for term in parse_search_text(job_filter.text):
        worded: Query = {"search_words": {"$all": list(term.words)}}
        conditions.append({"$or": [{"skills": term.skill}, worded]} if term.skill else worded)
    if job_filter.text and not conditions:
        # A text without words is found nowhere.
        conditions.append({"search_words": {"$in": []}})
    return conditions


def _match_skills(job_filter: JobFilter) -> list[Query]:
    asked = {"$in": job_filter.skills_any, "$all": job_filter.skills_all, "$nin": job_filter.skills_none}
    return [{"skills": {operator: list(skills)}} for operator, skills in asked.items() if skills]


def _match_places(job_filter: JobFilter) -> list[Query]:
    conditions: list[Query] = []
    if job_filter.countries:
        conditions.append({"country_codes": {"$in": list(job_filter.countries)}})
    if job_filter.places:
        conditions.append({"$or": [_match_place(label) for label in job_filter.places]})
    return conditions


def _match_place(label: str) -> Query:
    """The postings of a place: a city by its label, a country by its code, a state with all its cities."""
    place = parse_place_label(label)
    if label == REMOTE:
        return {"$or": [{"place": REMOTE}, {"remote": True}]}
    if place == Place(country_code=place.country_code) and place.country_code:
        return {"country_codes": place.country_code}
    if place == Place(country_code="US", state_code=place.state_code) and place.state_code:
        last: Query = {"$arrayElemAt": [{"$split": ["$place", ", "]}, -1]}
        # The code is a word of the label; as a word it may also be in a title.
        words = {"$all": normalize_words(place.state_code)}
        in_state: Query = {"search_words": words, "$expr": {"$eq": [last, {"$literal": place.state_code}]}}
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
    """The postings whose upper end, or only end, reaches the salary.

    In the currency that is asked for where the posting pays in it; where that is USD, also by the posting's own
    conversion into USD. There are no rates to convert another currency by, so what pays in a third one is left out.
    """
    if job_filter.min_salary is None:
        return []
    enough, currency = {"$gte": job_filter.min_salary}, job_filter.currency or DEFAULT_CURRENCY
    same = {"salary_currency": currency}
    ways: list[Query] = [
        same | {"max_annual_salary": enough},
        same | {"max_annual_salary": None, "min_annual_salary": enough},
    ]
    if currency == DEFAULT_CURRENCY:
        ways += [
            {"max_annual_salary_usd": enough},
            {"max_annual_salary_usd": None, "min_annual_salary_usd": enough},
        ]
    return [{"$or": ways}]
