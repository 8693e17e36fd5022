"""What is stored for the criteria of a fetch, and what a user learns of its run."""

from dataclasses import dataclass
from datetime import datetime

from career_navigator.api.serializers import read_as
from career_navigator.connection import database
from ingestion.credits import BudgetSpentError
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRun
from ingestion.source import CollectionHaltedError
from market.jobs.filters import JobFilter, job_query
from market.jobs.selectors import QUERY_MILLISECONDS, Row, page_ids, rows_of
from market.jobs.serializers import JobFilterSerializer

# Each is answered with its whole text; POST /jobs/relevant_jobs pages through the rest.
MAX_ANSWERED = 50
MAX_COUNTED = 10_000

NO_CREDIT = "The credit for fetching jobs is used up: nothing was fetched, and what is stored is answered."
_FAILED = "Fetching jobs failed: what is stored is answered."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJobs:
    """The newest of the postings that meet the criteria, and how many there are; counted up to `MAX_COUNTED`."""

    rows: list[Row]
    total: int


def find_stored_jobs(*, job_filter: JobFilter, now: datetime) -> StoredJobs:
    query = job_query(job_filter, now=now)
    rows = rows_of(page_ids(query=query, limit=MAX_ANSWERED, offset=0))
    total = database().job_postings.count_documents(query, limit=MAX_COUNTED, maxTimeMS=QUERY_MILLISECONDS)
    return StoredJobs(rows=rows, total=total)


def get_filter(*, run: CollectionRun) -> JobFilter:
    """Return the filter of the postings that the user who asked for the run wants to see."""
    return read_as(JobFilterSerializer, dict(run.wanted) or {"titles": list(run.roles)}).job_filter


def get_notice(*, run: CollectionRun) -> str | None:
    """Return the sentence for a run that did not end well, None for others. The staff sees what exactly went wrong."""
    if run.status in (*OPEN_RUN_STATUSES, "finished"):
        return None
    reason = (run.error or "").partition(":")[0]
    used_up = (BudgetSpentError.reason, CollectionHaltedError.reason, "out_of_credits")
    return NO_CREDIT if reason in used_up else _FAILED
