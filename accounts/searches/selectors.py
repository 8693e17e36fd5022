"""Reads of saved searches: what they newly find, whose digest is due, and what an account's export needs."""

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

# Beyond it a total says "at least so many".
MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPostings:
    """What a search newly finds, the newest first. Pages are read when they are asked for."""

    query: Query

    def count(self) -> int:
        """Return how many there are, counted up to `MAX_COUNTED`."""
        return database().job_postings.count_documents(self.query, limit=MAX_COUNTED, maxTimeMS=QUERY_MILLISECONDS)

    def __getitem__(self, page: slice) -> list[Row]:
        offset = page.start or 0
        return list_rows(list_posting_ids(query=self.query, limit=page.stop - offset, offset=offset))


def build_filter(*, search: SavedSearch) -> JobFilter:
    """The filter, by today's vocabulary: the names of merged skills are followed. Raises ValidationError."""
    return validate_as(JobFilterSerializer, dict(search.filter)).job_filter


def find_new_postings(*, search: SavedSearch, now: datetime) -> NewPostings:
    """What matches, is not closed, was first collected since the search began (or its filter last changed), and has
    neither been mailed nor marked as seen.

    Of a mail that was begun and may not have been sent, the postings still count as new.
    """
    notified = NotifiedPosting.objects(search=search.pk, told_at__ne=None).scalar("job")
    return _find_matching(search, since=search.since, but=list(notified), now=now)


def find_postings_to_mail(*, search: SavedSearch, now: datetime) -> NewPostings:
    """What a mail can report: what is new and came since mails were turned on, except for what a mail was begun
    with."""
    claimed = NotifiedPosting.objects(search=search.pk).scalar("job")
    return _find_matching(search, since=max(search.since, search.mailed_since), but=list(claimed), now=now)


def matching_postings(*, search: SavedSearch, now: datetime) -> NewPostings:
    """What matches and is not closed, new or not."""
    return _find_matching(search, since=datetime(1970, 1, 1, tzinfo=UTC), but=[], now=now)


def list_stored_ids(*, job_ids: Iterable[str]) -> list[ObjectId]:
    """Those of the ids that are a stored posting's."""
    wanted = [ObjectId(job_id) for job_id in job_ids if ObjectId.is_valid(job_id)]
    return [row["_id"] for row in database().job_postings.find({"_id": {"$in": wanted}}, {"_id": 1})]


def get_local_day(now: datetime) -> date:
    """The day by which digests go: that of TIME_ZONE of the environment."""
    return now.astimezone(ZoneInfo(settings.CELERY_TIMEZONE)).date()


def get_monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def list_due_searches(*, day: date, user_id: ObjectId | None = None) -> list[ObjectId]:
    """The searches whose digest of that day, or of the week with that day, has not been begun."""
    due = {"daily": day.isoformat(), "weekly": get_monday(day).isoformat()}
    query: Query = {"$or": [{"digest": digest, "digest_day": {"$lt": first}} for digest, first in due.items()]}
    if user_id is not None:
        query["user"] = user_id
    found = database().saved_searches.find(query, {"_id": 1})
    return [row["_id"] for row in found.sort("_id", 1)]


def export_searches(user_id: ObjectId) -> list[dict[str, Any]]:
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


def _find_matching(search: SavedSearch, *, since: datetime, but: list[ObjectId], now: datetime) -> NewPostings:
    still_open = {"closed_at": {"$not": {"$lte": now}}}
    query: Query = build_job_query(build_filter(search=search), now=now) | still_open | {"scraped_at": {"$gte": since}}
    if but:
        query["_id"] = {"$nin": but}
    return NewPostings(query=query)
