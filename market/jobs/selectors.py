"""Reading postings for people: one by its id, a page of the newest."""

from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from career_navigator.connection import database
from market.documents import JobPosting
from market.jobs.filters import EVERY_POSTING

# MongoDB gives a query up after this long, within the time that a request has.
QUERY_MILLISECONDS = 3_000
NEWEST_FIRST = [("day", DESCENDING), ("_id", DESCENDING)]
_SHOWN: dict[str, Any] = {"hidden": {"$ne": True}}

Row = dict[str, Any]


def find_job(job_id: str) -> Row:
    """The stored posting with this id. Raises JobPosting.DoesNotExist where there is none that people may see."""
    if not ObjectId.is_valid(job_id):
        raise JobPosting.DoesNotExist("There is no such posting.")
    row = database().job_postings.find_one({"_id": ObjectId(job_id)} | _SHOWN, max_time_ms=QUERY_MILLISECONDS)
    if row is None:
        raise JobPosting.DoesNotExist("There is no such posting.")
    return row


class NewestJobs:
    """All postings that people may see, newest first, then by id. Pages are read when they are asked for."""

    def count(self) -> int:
        hidden = database().job_postings.count_documents({"hidden": True}, maxTimeMS=QUERY_MILLISECONDS)
        # Counting a million takes a second; the number of documents is in the metadata of the collection.
        return max(database().job_postings.estimated_document_count() - hidden, 0)

    def __getitem__(self, page: slice) -> list[Row]:
        return rows_of(page_ids(query=EVERY_POSTING, limit=page.stop - page.start, offset=page.start))


def page_ids(*, query: dict[str, Any], limit: int, offset: int) -> list[ObjectId]:
    """The ids of a page of what a query finds, newest first, then by id."""
    # Ids alone, since an index may have them: what is skipped is then never read.
    found = database().job_postings.find(query, {"_id": 1}, max_time_ms=QUERY_MILLISECONDS)
    return [row["_id"] for row in found.sort(NEWEST_FIRST).skip(offset).limit(limit)]


def rows_of(ids: list[ObjectId]) -> list[Row]:
    """The stored postings with these ids, in their order; those that are gone or were hidden meanwhile left out."""
    if not ids:
        return []
    found = database().job_postings.find({"_id": {"$in": ids}} | _SHOWN, max_time_ms=QUERY_MILLISECONDS)
    rows = {row["_id"]: row for row in found}
    return [rows[each] for each in ids if each in rows]
