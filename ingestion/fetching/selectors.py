"""What is stored for a wish, and what is told of its run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from career_navigator.api.serializers import read_as
from career_navigator.connection import database
from ingestion.credits import BudgetSpentError
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRun
from ingestion.source import CollectionHaltedError
from market.jobs.filters import JobFilter, job_query
from market.jobs.selectors import QUERY_MILLISECONDS, Row, page_ids, rows_of
from market.jobs.serializers import JobFilterSerializer

# Each is answered with its whole text; POST /jobs/relevant_jobs pages through the rest.
MOST_ANSWERED = 50
MOST_COUNTED = 10_000

NO_CREDIT = "The credit for fetching jobs is used up: nothing was fetched, and what is stored is answered."
_FAILED = "Fetching jobs failed: what is stored is answered."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJobs:
    """The newest of the postings that a wish is for, and how many there are; counted up to `MOST_COUNTED`."""

    rows: list[Row]
    total: int


def stored_jobs(*, job_filter: JobFilter, now: datetime) -> StoredJobs:
    query = job_query(job_filter, now=now)
    rows = rows_of(page_ids(query=query, limit=MOST_ANSWERED, offset=0))
    total = database().job_postings.count_documents(query, limit=MOST_COUNTED, maxTimeMS=QUERY_MILLISECONDS)
    return StoredJobs(rows=rows, total=total)


def find_run(*, user_id: ObjectId, run_id: str) -> CollectionRun:
    """A run that the user has asked for. Raises DoesNotExist, and what MongoEngine raises for a malformed id."""
    return CollectionRun.objects.get(id=run_id, requested_by=str(user_id))


def filter_of(*, run: CollectionRun) -> JobFilter:
    """The filter of the postings that whoever asked for the run wants to see."""
    return read_as(JobFilterSerializer, dict(run.wanted) or {"titles": list(run.roles)}).job_filter


def describe_run(*, run: CollectionRun) -> dict[str, Any]:
    """A run as whoever asked for it is told of it."""
    return {
        "id": str(run.pk),
        "status": run.status,
        "address": f"/jobs/fetch_jobs/{run.pk}",
        "roles": list(run.roles),
        "places": list(run.places),
        "pages": run.pages,
        "collected": run.collected,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "filtered": run.filtered,
        "refused": sum(run.refused.values()),
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def notice_of(*, run: CollectionRun) -> str | None:
    """The sentence for a run that did not end well; None for the others. What exactly went wrong is for the staff."""
    if run.status in (*OPEN_RUN_STATUSES, "finished"):
        return None
    reason = (run.error or "").partition(":")[0]
    used_up = (BudgetSpentError.reason, CollectionHaltedError.reason, "out_of_credits")
    return NO_CREDIT if reason in used_up else _FAILED
