"""Read postings by id, skill, words or age, and rank the postings of a filter for a candidate.

Scoring every match would take minutes on a million postings, so only a bounded number is scored: the newest
`MAX_NEWEST` postings that match the filter. If there are more matches, up to `MAX_EXTRA` further postings are added
from the newest `MAX_SCANNED` of the candidate's roles, and up to `MAX_EXTRA` from the newest `MAX_SCANNED` that require
one of the candidate's skills. Scored postings are sorted by score, date and id. All other matches follow, newest first,
so that paging reaches every posting exactly once.
"""

from collections.abc import Iterable, Sequence
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
from market.jobs.facets import FACET_FIELDS, count_facets
from market.jobs.filters import EVERY_POSTING, JobFilter, Query, build_job_query
from market.jobs.match_profiles import JOB_PROFILE_FIELDS, REMOTE, CandidateProfile, build_job_profile
from market.jobs.match_score import score_match
from market.posting import Posting, build_url_key
from market.role_selectors import canonicalize_role, get_role_table
from market.selectors import DEMAND_FIELDS, Demands
from skills.selectors import get_vocabulary
from skills.vocabulary import HeldSkills

# MongoDB aborts a query after this time, which is below the request timeout.
QUERY_MILLISECONDS = 3_000
NEWEST_FIRST = [("day", DESCENDING), ("_id", DESCENDING)]
BEST_PAID_FIRST = [("pay_usd", DESCENDING), *NEWEST_FIRST]
ORDERINGS = ("match", "date", "pay")
# Must equal the `partialFilterExpression` of the index on `pay_usd`.
_PAID: dict[str, Any] = {"pay_usd": {"$gt": 0}}
_VISIBLE: dict[str, Any] = {"hidden": {"$ne": True}}

# The newest matches are read for facets and scores. If there are fewer than this, they are all matches.
MAX_NEWEST = 2_000
MAX_EXTRA = 500
MAX_SCANNED = 3_000
# `total` is a lower bound if there are more matches, or if counting takes longer than `COUNTING_SECONDS`.
MAX_TOTAL = 10_000
COUNTING_SECONDS = 0.25
_FIELDS = dict.fromkeys((*FACET_FIELDS, *JOB_PROFILE_FIELDS, *DEMAND_FIELDS, "day", "pay_usd"), 1)

Row = dict[str, Any]


def find_job(job_id: str) -> Row:
    """Return the stored posting with this id.

    Raises:
        JobPostingDocument.DoesNotExist: If the posting does not exist or is hidden.
    """
    if not ObjectId.is_valid(job_id):
        raise JobPostingDocument.DoesNotExist("This job posting does not exist.")
    row = database().job_postings.find_one({"_id": ObjectId(job_id)} | _VISIBLE, max_time_ms=QUERY_MILLISECONDS)
    if row is None:
        raise JobPostingDocument.DoesNotExist("This job posting does not exist.")
    return row


class NewestJobs:
    """A lazy sequence of all visible postings for pagination, newest first, then by id."""

    def count(self) -> int:
        hidden = database().job_postings.count_documents({"hidden": True}, maxTimeMS=QUERY_MILLISECONDS)
        # Counting a million documents takes a second, while the estimated count comes from collection metadata.
        return max(database().job_postings.estimated_document_count() - hidden, 0)

    def __getitem__(self, page: slice) -> list[Row]:
        return list_rows(list_posting_ids(query=EVERY_POSTING, limit=page.stop - page.start, offset=page.start))


def list_posting_ids(
    *, query: dict[str, Any], limit: int, offset: int, order: list[tuple[str, int]] = NEWEST_FIRST
) -> list[ObjectId]:
    """Return a page of the ids of postings that match a query, by default newest first, then by id."""
    # Project the id only, so that an index can cover the query and skipped postings are never read.
    found = database().job_postings.find(query, {"_id": 1}, max_time_ms=QUERY_MILLISECONDS)
    return [row["_id"] for row in found.sort(order).skip(offset).limit(limit)]


def list_rows(ids: list[ObjectId]) -> list[Row]:
    """Return the postings with these ids in the same order, except those deleted or hidden in the meantime."""
    if not ids:
        return []
    found = database().job_postings.find({"_id": {"$in": ids}} | _VISIBLE, max_time_ms=QUERY_MILLISECONDS)
    rows = {row["_id"]: row for row in found}
    return [rows[posting_id] for posting_id in ids if posting_id in rows]


def find_postings_by_skills(*, skills: Sequence[str], limit: int = 50) -> QuerySet:
    """Return visible postings that require any of the canonical skills, most recently collected first."""
    return (
        JobPostingDocument.objects(skills__in=list(skills), hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)
    )


def find_postings_by_keywords(*, keywords: str, location: str | None = None, limit: int = 50) -> QuerySet:
    """Return postings whose title contains the keywords as a phrase and whose location contains `location`.

    Both comparisons ignore case. The phrase is looked up in the text index. Quotes and backslashes have a meaning
    there and are removed from the phrase. The location is escaped, so no input runs as a regular expression.
    """
    phrase = keywords.replace('"', " ").replace("\\", " ").strip()
    found = JobPostingDocument.objects(hidden__ne=True)
    if phrase:
        found = found.search_text(f'"{phrase}"')
    if location:
        found = found.filter(location__icontains=location)
    return found.order_by("-scraped_at", "-id").limit(limit)


def list_recent_postings(*, now: datetime, days: int = 7, limit: int = 100) -> QuerySet:
    """Return visible postings collected within the last `days` days, most recently collected first."""
    since = now - timedelta(days=days)
    return (
        JobPostingDocument.objects(scraped_at__gte=since, hidden__ne=True).order_by("-scraped_at", "-id").limit(limit)
    )


def count_stored_since(*, postings: Iterable[Posting], role: str, place: str, since: datetime) -> tuple[int, int]:
    """Count what a search for this role and place has stored since a time.

    Returns the number of new postings and the number of older postings that were updated.
    """
    ids: dict[str, list[str]] = {}
    url_keys = []
    for posting in postings:
        if posting.job_id:
            ids.setdefault(posting.source, []).append(posting.job_id)
        elif posting.url:
            url_keys.append(build_url_key(posting.url))
    # `$type` is required for MongoDB to use the indexes on ids and URLs, which contain only strings.
    queries: list[dict[str, Any]] = [
        {"source": source, "job_id": {"$in": job_ids, "$type": "string"}} for source, job_ids in ids.items()
    ]
    if url_keys:
        queries.append({"url_key": {"$in": url_keys, "$type": "string"}})
    collected = updated = 0
    fields = {"scraped_at": 1, "search_keywords": 1, "search_location": 1}
    for query in queries:
        for row in database().job_postings.find(query | {"updated_at": {"$gte": since}}, fields):
            if row["scraped_at"] < since:
                updated += 1
            elif (row["search_keywords"], row["search_location"]) == (role, place):
                collected += 1
    return collected, updated


def build_candidate_profile(current_user: CurrentUser, held: HeldSkills) -> CandidateProfile:
    """Build the candidate profile of the current user, who has the skills `held`.

    Preferred places default to the user's own location. An expected salary in a currency other than USD is ignored,
    because the server has no exchange rates.
    """
    places = tuple(
        dict.fromkeys(
            _list_places(current_user.preferred_locations or ([current_user.location] if current_user.location else []))
        )
    )
    preference = current_user.remote_preference
    in_usd = (current_user.expected_salary_currency or "USD").upper() == "USD"
    return CandidateProfile(
        skills=held.names,
        held_through=held.through,
        desired_roles=tuple(current_user.target_roles),
        experience_years=current_user.experience_years,
        preferred_locations=tuple(place for place in places if place != ANYWHERE),
        remote_preference=REMOTE if preference is None and ANYWHERE in places else preference,
        expected_salary_usd=current_user.expected_salary if in_usd else None,
        role_table=get_role_table(),
        skill_kinds=get_vocabulary().kinds,
    )


def _list_places(labels: Iterable[str]) -> Iterable[str]:
    """Convert labels to the form of `CandidateProfile.preferred_locations`, such as DE or US-TX.

    World regions are left out, because their countries are not known here.
    """
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
    """A page of relevant jobs. `scores` has match scores by id, and `ordered_by` is one of ORDERINGS."""

    rows: list[Row]
    scores: dict[ObjectId, int | None]
    ordered_by: str
    total: int
    total_is_exact: bool
    facets: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedJobs:
    """A lazy query for postings that match a filter, ranked for a candidate. `get_page` runs it."""

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
    """Return a page of the postings that match a filter, in one of ORDERINGS.

    `match` sorts by match score, or newest first if the candidate's profile has nothing to compare. `pay` sorts by the
    maximum (or only stated) pay per year in USD, highest first; postings without pay come last. Ties are sorted newest
    first, then by id.
    """
    query = build_job_query(job_filter, now=now)
    newest = _find_newest(query, MAX_NEWEST)
    all_read = len(newest) < MAX_NEWEST
    scorer = _Scorer(candidate, now) if candidate is not None and not candidate.is_empty else None
    scores: dict[ObjectId, int] = {}
    if ordering == "pay":
        ranked = [row["_id"] for row in sorted(newest, key=_get_pay_sort_key)] if all_read else []
    elif ordering == "match" and scorer is not None:
        scorable = newest if all_read else _add_relevant(newest, query, scorer.candidate)
        scores = {row["_id"]: score for row in scorable if (score := scorer.score(row)) is not None}
        # The sort is stable and the rows are newest first, so ties stay newest first.
        ranked = sorted(
            (row["_id"] for row in scorable if row["_id"] in scores), key=lambda posting_id: -scores[posting_id]
        )
    else:
        ranked = []
    ids = ranked[offset : offset + limit]
    if ordering == "pay" and not all_read:
        ids = _list_ids_by_pay(query, limit=limit, offset=offset)
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
    total, total_is_exact = (len(newest), True) if all_read else _count_matches(query)
    vocabulary = get_vocabulary()
    return RelevantJobs(
        rows=rows,
        scores={row["_id"]: scorer.score(row) if scorer else None for row in rows},
        ordered_by="date" if ordering == "match" and not ranked else ordering,
        total=total,
        total_is_exact=total_is_exact,
        facets=count_facets(
            newest, skill_name=vocabulary.get_display_name, country_name=lambda code: get_country_name(code=code)
        ),
    )


def _get_pay_sort_key(row: Row) -> float:
    return -(row.get("pay_usd") or 0)


def _list_ids_by_pay(query: Query, *, limit: int, offset: int) -> list[ObjectId]:
    """Return a page of ids, best paid first. Postings without pay in USD follow, newest first."""
    ids = list_posting_ids(query=query | _PAID, limit=limit, offset=offset, order=BEST_PAID_FIRST)
    if len(ids) == limit:
        return ids
    paid = database().job_postings.count_documents(query | _PAID, limit=offset + limit, maxTimeMS=QUERY_MILLISECONDS)
    unpaid = query | {"pay_usd": None}
    return ids + list_posting_ids(query=unpaid, limit=limit - len(ids), offset=max(offset - paid, 0))


class _Scorer:
    """A scorer of postings for one candidate that uses the demand for skills in each posting's role."""

    def __init__(self, candidate: CandidateProfile, now: datetime) -> None:
        self.candidate = candidate
        self._demands = Demands(now=now)

    def score(self, row: Row) -> int | None:
        demand = self._demands.get(row)
        match = score_match(
            candidate=self.candidate,
            job_profile=build_job_profile(row),
            demand=demand.shares,
            is_role_demand=demand.role is not None,
        )
        return match.score if match else None


def _find_newest(query: Query, limit: int) -> list[Row]:
    found = database().job_postings.find(query, _FIELDS, max_time_ms=QUERY_MILLISECONDS)
    return list(found.sort(NEWEST_FIRST).limit(limit).batch_size(limit + 1))


def _add_relevant(newest: list[Row], query: Query, candidate: CandidateProfile) -> list[Row]:
    """Add older matches with the candidate's roles or skills from a bounded scan. Return all, newest first."""
    roles = [role for role in map(canonicalize_role, candidate.desired_roles) if role]
    criteria: list[Query] = [{"roles": {"$in": roles}}] if roles else []
    # Implied fields, such as software engineering, would find nearly every posting.
    if named := candidate.skills - candidate.held_through.keys():
        criteria.append({"skills": {"$in": sorted(named)}})
    found = {row["_id"]: row for row in newest}
    for criterion in criteria:
        pipeline: list[dict[str, Any]] = [
            {"$match": EVERY_POSTING | criterion},
            {"$sort": dict(NEWEST_FIRST)},
            # Before the filter, to bound the scan when hardly any posting matches the filter.
            {"$limit": MAX_SCANNED},
            {"$match": query},
            {"$limit": MAX_EXTRA},
            {"$project": _FIELDS},
        ]
        rows = database().job_postings.aggregate(pipeline, maxTimeMS=QUERY_MILLISECONDS, batchSize=MAX_EXTRA + 1)
        found.update((row["_id"], row) for row in rows)
    return sorted(found.values(), key=lambda row: (row["day"], row["_id"]), reverse=True)


def _count_matches(query: Query) -> tuple[int, bool]:
    """Count the matches of a query with at least `MAX_NEWEST` matches.

    Returns the count and whether it is exact. Counting stops at `MAX_TOTAL`; after `COUNTING_SECONDS` the count falls
    back to `MAX_NEWEST`.
    """
    try:
        with pymongo.timeout(COUNTING_SECONDS):
            total = database().job_postings.count_documents(query, limit=MAX_TOTAL)
    except PyMongoError as error:
        if not error.timeout:
            raise
        return MAX_NEWEST, False
    return total, total < MAX_TOTAL
