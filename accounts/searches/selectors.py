"""Queries for saved searches: new postings, due digests and the data export."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings

from accounts.searches.documents import NotifiedPosting, SavedSearch
from career_navigator.api.serializers import validate_as
from career_navigator.db.connection import database
from market.jobs.filters import JobFilter, Query, build_job_query
from market.jobs.selectors import QUERY_MILLISECONDS, Row, list_posting_ids, list_rows
from market.jobs.serializers import JobFilterSerializer

# Totals are counted up to this limit. Larger totals are reported as "at least".
MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPostings:
    """The new postings of a search, newest first. Pages are loaded lazily by slicing."""

    query: Query

    def count(self) -> int:
        """Return the number of postings, counted up to `MAX_COUNTED`."""
        return database().job_postings.count_documents(self.query, limit=MAX_COUNTED, maxTimeMS=QUERY_MILLISECONDS)

    def __getitem__(self, page: slice) -> list[Row]:
        offset = page.start or 0
        return list_rows(list_posting_ids(query=self.query, limit=page.stop - offset, offset=offset))


def build_filter(*, search: SavedSearch) -> JobFilter:
    """Parse the stored filter with the current vocabulary, which resolves the names of merged skills.

    Raises:
        ValidationError: the filter is no longer valid.
    """
    return validate_as(JobFilterSerializer, dict(search.filter)).job_filter


def find_new_postings(*, search: SavedSearch, now: datetime) -> NewPostings:
    """Return the open postings that match, were collected since `search.since`, and were neither emailed nor seen.

    Postings of an email that was started and may not have been sent still count as new.
    """
    notified = NotifiedPosting.objects(search=search.pk, told_at__ne=None).scalar("job")
    return _find_matching(search, since=search.since, excluded=list(notified), now=now)


def find_postings_to_mail(*, search: SavedSearch, now: datetime) -> NewPostings:
    """Return the new postings that an email can report.

    They were collected since emails were turned on and are not reserved for another email.
    """
    reserved = NotifiedPosting.objects(search=search.pk).scalar("job")
    return _find_matching(search, since=max(search.since, search.mailed_since), excluded=list(reserved), now=now)


def find_matching_postings(*, search: SavedSearch, now: datetime) -> NewPostings:
    """Return all open postings that match, whether or not they are new."""
    return _find_matching(search, since=datetime(1970, 1, 1, tzinfo=UTC), excluded=[], now=now)


def list_stored_ids(*, job_ids: Iterable[str]) -> list[ObjectId]:
    """Return the ids that belong to stored postings."""
    valid = [ObjectId(job_id) for job_id in job_ids if ObjectId.is_valid(job_id)]
    return [row["_id"] for row in database().job_postings.find({"_id": {"$in": valid}}, {"_id": 1})]


def get_local_day(now: datetime) -> date:
    """Return the date in TIME_ZONE, which determines when digests are due."""
    return now.astimezone(ZoneInfo(settings.CELERY_TIMEZONE)).date()


def get_monday(day: date) -> date:
    """Return the Monday of the week that contains the day."""
    return day - timedelta(days=day.weekday())


def list_due_searches(*, day: date, user_id: ObjectId | None = None) -> list[ObjectId]:
    """Return the searches whose digest for the day, or for the week of the day, has not been started."""
    period_starts = {"daily": day.isoformat(), "weekly": get_monday(day).isoformat()}
    query: Query = {
        "$or": [{"digest": digest, "digest_day": {"$lt": start}} for digest, start in period_starts.items()]
    }
    if user_id is not None:
        query["user"] = user_id
    rows = database().saved_searches.find(query, {"_id": 1})
    return [row["_id"] for row in rows.sort("_id", 1)]


def export_searches(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's saved searches and their notified postings for the data export."""
    return [
        {
            "id": str(search.pk),
            "name": search.name,
            "filter": dict(search.filter),
            "digest": search.digest,
            "since": search.since,
            "created_at": search.created_at,
            "updated_at": search.updated_at,
            "told": [
                {"job_id": str(notified.job), "told_at": notified.told_at}
                for notified in NotifiedPosting.objects(search=search.pk).order_by("id")
            ],
        }
        for search in SavedSearch.objects(user=user_id).order_by("id")
    ]


def _find_matching(search: SavedSearch, *, since: datetime, excluded: list[ObjectId], now: datetime) -> NewPostings:
    is_open = {"closed_at": {"$not": {"$lte": now}}}
    query: Query = build_job_query(build_filter(search=search), now=now) | is_open | {"scraped_at": {"$gte": since}}
    if excluded:
        query["_id"] = {"$nin": excluded}
    return NewPostings(query=query)
