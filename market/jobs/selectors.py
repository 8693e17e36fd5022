"""Reading postings: by id, by skill, by words and by age, and those of a filter, which fit the candidate best first.

Scoring all that is found would take minutes on a million, so candidates are chosen first: the newest `COUNTED` that the
filter finds, which are all where it finds fewer; and beyond those, of the newest `LOOKED_AT` of the candidate's roles
and of the newest `LOOKED_AT` that ask for a skill the candidate holds, the first `CANDIDATES` each that the filter
finds. Candidates are ordered by score, then date, then id. Everything else that was found follows them, newest first,
so that paging reaches every posting, and each one once.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pymongo
from bson import ObjectId
from mongoengine import QuerySet
from pymongo import DESCENDING
from pymongo.errors import PyMongoError

from career_navigator.api.permissions import CurrentUser
from career_navigator.db.connection import database
from market.documents import JobPostingDocument
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE as ANYWHERE
from market.geo.names import get_country_name
from market.jobs.filters import EVERY_POSTING, JobFilter, Query, build_job_query
from market.jobs.match_score import JOB_PROFILE_FIELDS, REMOTE, CandidateProfile, build_job_profile, score_match
from market.posting import Posting, build_url_key
from market.roles import normalize_role
from market.selectors import DEMAND_FIELDS, Demands
from skills.selectors import get_vocabulary

# MongoDB gives a query up after this long, within the time that a request has.
QUERY_MILLISECONDS = 3_000
NEWEST_FIRST = [("day", DESCENDING), ("_id", DESCENDING)]
BEST_PAID_FIRST = [("pay_usd", DESCENDING), *NEWEST_FIRST]
ORDERINGS = ("match", "date", "pay")
# As the index has it that ends with them.
_PAID: dict[str, Any] = {"pay_usd": {"$gt": 0}}
_SHOWN: dict[str, Any] = {"hidden": {"$ne": True}}

# Values of each facet, the most frequent first.
MAX_FACET_VALUES = 20
# The fields of a posting that are counted.
FACET_FIELDS = ("skills", "country_codes", "place", "remote", "seniority", "company", "company_key")
_REMOTE = {True: "true", False: "false", None: "unknown"}

# The newest that were found are read for the facets; finding fewer, the filter found no more.
COUNTED = 2_000
CANDIDATES = 500
LOOKED_AT = 3_000
# Beyond it, and beyond what can be counted in this time, `total` says "at least so many".
MAX_TOTAL = 10_000
COUNTING_SECONDS = 0.25
_FIELDS = dict.fromkeys((*FACET_FIELDS, *JOB_PROFILE_FIELDS, *DEMAND_FIELDS, "day", "pay_usd"), 1)

Row = dict[str, Any]
Names = Callable[[str], str | None]


def find_job(job_id: str) -> Row:
    """The stored posting with this id. Raises JobPosting.DoesNotExist where there is none that people may see."""
    if not ObjectId.is_valid(job_id):
        raise JobPostingDocument.DoesNotExist("There is no such posting.")
    row = database().job_postings.find_one({"_id": ObjectId(job_id)} | _SHOWN, max_time_ms=QUERY_MILLISECONDS)
    if row is None:
        raise JobPostingDocument.DoesNotExist("There is no such posting.")
    return row


class NewestJobs:
    """All postings that people may see, newest first, then by id. Pages are read when they are asked for."""

    def count(self) -> int:
        hidden = database().job_postings.count_documents({"hidden": True}, maxTimeMS=QUERY_MILLISECONDS)
        # Counting a million takes a second; the number of documents is in the metadata of the collection.
        return max(database().job_postings.estimated_document_count() - hidden, 0)

    def __getitem__(self, page: slice) -> list[Row]:
        return list_rows(list_posting_ids(query=EVERY_POSTING, limit=page.stop - page.start, offset=page.start))


def list_posting_ids(
    *, query: dict[str, Any], limit: int, offset: int, order: list[tuple[str, int]] = NEWEST_FIRST
) -> list[ObjectId]:
    """The ids of a page of what a query finds, newest first, then by id; or in another order."""
    # Ids alone, since an index may have them: what is skipped is then never read.
    found = database().job_postings.find(query, {"_id": 1}, max_time_ms=QUERY_MILLISECONDS)
    return [row["_id"] for row in found.sort(order).skip(offset).limit(limit)]


def list_rows(ids: list[ObjectId]) -> list[Row]:
    """The stored postings with these ids, in their order; those that are gone or were hidden meanwhile left out."""
    if not ids:
        return []
    found = database().job_postings.find({"_id": {"$in": ids}} | _SHOWN, max_time_ms=QUERY_MILLISECONDS)
    rows = {row["_id"]: row for row in found}
    return [rows[each] for each in ids if each in rows]


def find_postings_by_skills(*, skills: Sequence[str], limit: int = 50) -> QuerySet:
    """Postings that ask for any of the (canonical) skills, newest collected first."""
    return (
        JobPostingDocument.objects(skills__in=list(skills), hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)
    )


def find_postings_by_keywords(*, keywords: str, location: str | None = None, limit: int = 50) -> QuerySet:
    """Postings whose title has the keywords as a phrase, in any case, and whose location contains `location`.

    The phrase goes through the text index; quotes in it, the one character with a meaning there, are taken out. The
    location is compared as plain text: nothing from outside runs as a regular expression.
    """
    phrase = keywords.replace('"', " ").replace("\\", " ").strip()
    found = JobPostingDocument.objects(hidden__ne=True)
    if phrase:
        found = found.search_text(f'"{phrase}"')
    if location:
        found = found.filter(location__icontains=location)
    return found.order_by("-scraped_at", "-id").limit(limit)


def list_recent_postings(*, now: datetime, days: int = 7, limit: int = 100) -> QuerySet:
    """Postings collected within the last `days` days, newest first."""
    since = now - timedelta(days=days)
    return (
        JobPostingDocument.objects(scraped_at__gte=since, hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)
    )


def count_stored_since(*, postings: Iterable[Posting], role: str, place: str, since: datetime) -> tuple[int, int]:
    """Count the postings that a search of this role and place has stored since then, and older ones that changed."""
    ids: dict[str, list[str]] = {}
    url_keys = []
    for posting in postings:
        if posting.job_id:
            ids.setdefault(posting.source, []).append(posting.job_id)
        elif posting.url:
            url_keys.append(build_url_key(posting.url))
    # The indexes on ids and URLs hold strings alone.
    wanted: list[dict[str, Any]] = [
        {"source": source, "job_id": {"$in": found, "$type": "string"}} for source, found in ids.items()
    ]
    if url_keys:
        wanted.append({"url_key": {"$in": url_keys, "$type": "string"}})
    collected = updated = 0
    fields = {"scraped_at": 1, "search_keywords": 1, "search_location": 1}
    for query in wanted:
        for row in database().job_postings.find(query | {"updated_at": {"$gte": since}}, fields):
            if row["scraped_at"] < since:
                updated += 1
            elif (row["search_keywords"], row["search_location"]) == (role, place):
                collected += 1
    return collected, updated


def build_candidate_profile(current_user: CurrentUser, held: Collection[str]) -> CandidateProfile:
    """The current user with the (canonical) skills that they hold. Who names no place prefers the one where they live.

    Pay that is expected in another currency than USD is not compared: nobody here knows a rate.
    """
    places = tuple(
        dict.fromkeys(
            _places(current_user.preferred_locations or ([current_user.location] if current_user.location else []))
        )
    )
    preference = current_user.remote_preference
    in_usd = (current_user.expected_salary_currency or "USD").upper() == "USD"
    return CandidateProfile(
        skills=frozenset(held),
        desired_roles=tuple(current_user.target_roles),
        experience_years=current_user.experience_years,
        preferred_locations=tuple(place for place in places if place != ANYWHERE),
        remote_preference=REMOTE if preference is None and ANYWHERE in places else preference,
        expected_salary_usd=current_user.expected_salary if in_usd else None,
    )


def _places(labels: Iterable[str]) -> Iterable[str]:
    """Each label as `Seeker.preferred_locations` has it: "Germany" is DE, "Texas" US-TX. A whole part of the world,
    of which nobody here knows the countries, is left out."""
    for label in labels:
        place = parse_place_label(label)
        if place.remote:
            yield ANYWHERE
        if place.city:
            yield place.label
        elif place.state_code:
            yield f"US-{place.state_code}"
        elif place.country_code:
            yield place.country_code


@dataclass(frozen=True, slots=True, kw_only=True)
class RelevantJobs:
    """A page. `scores` are by the rows' ids; `ordered_by` is one of ORDERINGS."""

    rows: list[Row]
    scores: dict[ObjectId, int | None]
    ordered_by: str
    total: int
    total_is_exact: bool
    facets: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedJobs:
    """The postings of a filter, in the order of a candidate. Nothing is read before a page is asked for."""

    candidate: CandidateProfile
    now: datetime
    job_filter: JobFilter = field(default_factory=JobFilter)

    def filter(self, job_filter: JobFilter) -> "RankedJobs":
        return replace(self, job_filter=job_filter)

    def get_page(self, *, ordering: str, limit: int, offset: int) -> RelevantJobs:
        return find_relevant_jobs(
            job_filter=self.job_filter,
            candidate=self.candidate,
            ordering=ordering,
            limit=limit,
            offset=offset,
            now=self.now,
        )


def find_relevant_jobs(
    *,
    job_filter: JobFilter,
    candidate: CandidateProfile | None = None,
    ordering: str = "match",
    limit: int,
    offset: int,
    now: datetime,
) -> RelevantJobs:
    """A page of what the filter finds, in one of ORDERINGS.

    `match` is by match for a candidate whose profile can be compared, else newest first. `pay` is by the upper or only
    end of a year's pay in USD, the highest first; what does not say comes last. Equals are newest first, then by id.
    """
    query = build_job_query(job_filter, now=now)
    newest = _newest(query, COUNTED)
    all_read = len(newest) < COUNTED
    scorer = _Scorer(candidate, now) if candidate is not None and not candidate.is_empty else None
    scores: dict[ObjectId, int] = {}
    if ordering == "pay":
        ranked = [row["_id"] for row in sorted(newest, key=_by_pay)] if all_read else []
    elif ordering == "match" and scorer is not None:
        candidates = newest if all_read else _with_more(newest, query, scorer.candidate)
        scores = {row["_id"]: score for row in candidates if (score := scorer.score(row)) is not None}
        # The sort is stable, and candidates are the newest first.
        ranked = sorted((row["_id"] for row in candidates if row["_id"] in scores), key=lambda each: -scores[each])
    else:
        ranked = []
    ids = ranked[offset : offset + limit]
    if ordering == "pay" and not all_read:
        ids = _page_by_pay(query, limit=limit, offset=offset)
    elif len(ids) < limit:
        rest_limit, rest_offset = limit - len(ids), max(offset - len(ranked), 0)
        if all_read:
            first = set(ranked)
            rest = [row["_id"] for row in newest if row["_id"] not in first]
            ids += rest[rest_offset : rest_offset + rest_limit]
        else:
            others = query | {"_id": {"$nin": ranked}} if ranked else query
            ids += list_posting_ids(query=others, limit=rest_limit, offset=rest_offset)
    rows = list_rows(ids)
    total, total_is_exact = (len(newest), True) if all_read else _count(query)
    names = get_vocabulary()
    return RelevantJobs(
        rows=rows,
        scores={row["_id"]: scorer.score(row) if scorer else None for row in rows},
        ordered_by="date" if ordering == "match" and not ranked else ordering,
        total=total,
        total_is_exact=total_is_exact,
        facets=count_facets(
            newest, skill_name=names.display_name, country_name=lambda code: get_country_name(code=code)
        ),
    )


def _by_pay(row: Row) -> float:
    return -(row.get("pay_usd") or 0)


def _page_by_pay(query: Query, *, limit: int, offset: int) -> list[ObjectId]:
    """The ids of a page, best paid first; after those that say what they pay in USD the others, newest first."""
    ids = list_posting_ids(query=query | _PAID, limit=limit, offset=offset, order=BEST_PAID_FIRST)
    if len(ids) == limit:
        return ids
    found = database().job_postings.count_documents(query | _PAID, limit=offset + limit, maxTimeMS=QUERY_MILLISECONDS)
    others = query | {"pay_usd": None}
    return ids + list_posting_ids(query=others, limit=limit - len(ids), offset=max(offset - found, 0))


class _Scorer:
    """Scores by one candidate's profile and by what the market asks of each posting's role."""

    def __init__(self, candidate: CandidateProfile, now: datetime) -> None:
        self.candidate = candidate
        self._demands = Demands(now=now)

    def score(self, row: Row) -> int | None:
        match = score_match(
            candidate=self.candidate, job_profile=build_job_profile(row), demand=self._demands.of(row).shares
        )
        return match.score if match else None


def _newest(query: Query, limit: int) -> list[Row]:
    found = database().job_postings.find(query, _FIELDS, max_time_ms=QUERY_MILLISECONDS)
    return list(found.sort(NEWEST_FIRST).limit(limit).batch_size(limit + 1))


def _with_more(newest: list[Row], query: Query, candidate: CandidateProfile) -> list[Row]:
    """The newest with those of the candidate's roles and skills that a bounded look further back finds, newest
    first."""
    roles = [role for role in map(normalize_role, candidate.desired_roles) if role]
    ways: list[Query] = [{"roles": {"$in": roles}}] if roles else []
    if candidate.skills:
        ways.append({"skills": {"$in": sorted(candidate.skills)}})
    found = {row["_id"]: row for row in newest}
    for way in ways:
        pipeline: list[dict[str, Any]] = [
            {"$match": EVERY_POSTING | way},
            {"$sort": dict(NEWEST_FIRST)},
            # Before the filter: where hardly any of them fits it, the search ends here.
            {"$limit": LOOKED_AT},
            {"$match": query},
            {"$limit": CANDIDATES},
            {"$project": _FIELDS},
        ]
        rows = database().job_postings.aggregate(pipeline, maxTimeMS=QUERY_MILLISECONDS, batchSize=CANDIDATES + 1)
        found.update((row["_id"], row) for row in rows)
    return sorted(found.values(), key=lambda row: (row["day"], row["_id"]), reverse=True)


def _count(query: Query) -> tuple[int, bool]:
    """How many more than `COUNTED` there are, as far as that is quickly counted, and whether those are all."""
    try:
        with pymongo.timeout(COUNTING_SECONDS):
            total = database().job_postings.count_documents(query, limit=MAX_TOTAL)
    except PyMongoError as error:
        if not error.timeout:
            raise
        return COUNTED, False
    return total, total < MAX_TOTAL


def count_facets(rows: Collection[Row], *, skill_name: Names, country_name: Names) -> dict[str, Any]:
    """Each facet's values with the number of rows that have them, ties by value; `postings` is how many were counted.

    `value` is what a filter takes, `label` how it is shown. `remote` also counts those that do not say.
    """
    companies = {row["company_key"]: row["company"] for row in reversed(list(rows)) if row.get("company_key")}
    return {
        "postings": len(rows),
        "skills": _list_most_frequent(_each(rows, "skills"), label=skill_name),
        "countries": _list_most_frequent(_each(rows, "country_codes"), label=country_name),
        "places": _list_most_frequent(row["place"] for row in rows if row.get("place")),
        "remote": _list_most_frequent(_REMOTE[row.get("remote")] for row in rows),
        "seniorities": _list_most_frequent(row["seniority"] for row in rows if row.get("seniority")),
        "companies": [
            counted | {"value": companies[counted["value"]], "label": companies[counted["value"]]}
            for counted in _list_most_frequent(row["company_key"] for row in rows if row.get("company_key"))
        ],
    }


def _each(rows: Iterable[Row], field: str) -> Iterable[str]:
    return (value for row in rows for value in set(row.get(field) or ()))


def _list_most_frequent(values: Iterable[str], *, label: Names = str) -> list[dict[str, Any]]:
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return [
        {"value": value, "label": label(value) or value, "count": count} for value, count in counts[:MAX_FACET_VALUES]
    ]
