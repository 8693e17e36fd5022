"""When postings were closed, as far as their source's events say so, in whatever order these arrive."""

from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from career_navigator.connection import database
from market.posting import Posting
from market.selectors import day_start

# The source repeats events for days; the closing of a job that is still not stored after this is of no use.
CLOSING_TTL = timedelta(days=180)


def close_posting(
    *, source: str, job_id: str | None, closed_at: datetime | None, now: datetime, opened_at: datetime | None = None
) -> bool:
    """Remember that a posting was closed, and mark the stored one; return whether that was news.

    Without `closed_at` it was closed `now`, unless that is known already. `opened_at` is when it was last discovered or
    reposted (see `opened_at`): a stored posting that was opened later than it was closed stays open.
    """
    if job_id is None:
        return False
    # Before the posting is looked for: a `job.new` that is being stored looks here afterwards.
    is_new = _remember(source, job_id, closed_at, opened_at, now)
    closing = database().posting_closings.find_one({"_id": _key(source, job_id)})
    if closing is None:
        # It is past its TTL already.
        return False
    this = {"source": source, "job_id": {"$eq": job_id, "$type": "string"}}
    later = {"$not": {"$gt": closing["known_at"]}}
    marked = database().job_postings.update_one(
        this | {"discovered_at": later, "date_reposted": later, "closed_at": {"$ne": closing["closed_at"]}},
        {"$set": {"closed_at": closing["closed_at"]}},
    )
    return bool(marked.modified_count) or (is_new and database().job_postings.find_one(this, {"_id": 1}) is None)


def find_closing(*, posting: Posting) -> datetime | None:
    """Return when the posting was closed, if it does not say that it was discovered or reposted after that."""
    if posting.job_id is None:
        return None
    opened = opened_at(posting)
    closing = database().posting_closings.find_one({"_id": _key(posting.source, posting.job_id)})
    if closing is None:
        # An older release marked the stored posting alone.
        row = database().job_postings.find_one(
            {"source": posting.source, "job_id": {"$eq": posting.job_id, "$type": "string"}, "closed_at": {"$ne": None}}
        )
        if row is None:
            return None
        times = (row["closed_at"], row.get("discovered_at"), row.get("date_reposted"))
        closing = {"closed_at": row["closed_at"], "known_at": max(time for time in times if time)}
    closed_at: datetime = closing["closed_at"]
    return closed_at if opened is None or opened <= closing["known_at"] else None


def opened_at(posting: Posting) -> datetime | None:
    """Return when the posting says that it was last discovered or reposted; of a day its beginning."""
    reposted = day_start(posting.date_reposted) if posting.date_reposted else None
    latest = max((time for time in (posting.discovered_at, reposted) if time), default=None)
    # As precise as MongoDB stores it.
    return latest and latest.replace(microsecond=latest.microsecond // 1000 * 1000)


def _remember(source: str, job_id: str, closed_at: datetime | None, opened: datetime | None, now: datetime) -> bool:
    """Store the closing unless one that is as new is stored; return whether it was."""
    query: dict[str, object] = {"_id": _key(source, job_id)}
    if closed_at is None:
        # The same news again must not move the time that was taken at first.
        query["known_at"] = {"$lt": opened} if opened else None
        known_at = max(now, opened or now)
    else:
        known_at = max(closed_at, opened or closed_at)
        query["known_at"] = {"$lt": known_at}
    fields = {"closed_at": closed_at or now, "known_at": known_at, "expires_at": now + CLOSING_TTL}
    try:
        database().posting_closings.update_one(query, {"$set": fields}, upsert=True)
    except DuplicateKeyError:
        return False
    return True


def _key(source: str, job_id: str) -> str:
    return f"{source} {job_id}"
