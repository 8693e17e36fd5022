"""Writes to stored postings other than storing them: closing, hiding, renewing their keys."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from career_navigator.db.connection import database, find_duplicate_key_indexes
from market.daily_stats import day_start
from market.membership import get_search_roles
from market.posting import PAY_FIELDS, Posting, build_posting_keys
from market.stats_rows import dirty_days

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
    is_new = _store_closing(source, job_id, closed_at, opened_at, now)
    closing = database().posting_closings.find_one({"_id": _closing_key(source, job_id)})
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
    opened = get_opened_at(posting)
    closing = database().posting_closings.find_one({"_id": _closing_key(posting.source, posting.job_id)})
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


def get_opened_at(posting: Posting) -> datetime | None:
    """Return when the posting says that it was last discovered or reposted; of a day its beginning."""
    reposted = day_start(posting.date_reposted) if posting.date_reposted else None
    latest = max((time for time in (posting.discovered_at, reposted) if time), default=None)
    # As precise as MongoDB stores it.
    return latest and latest.replace(microsecond=latest.microsecond // 1000 * 1000)


def _store_closing(
    source: str, job_id: str, closed_at: datetime | None, opened: datetime | None, now: datetime
) -> bool:
    """Store the closing unless one that is as new is stored; return whether it was."""
    query: dict[str, object] = {"_id": _closing_key(source, job_id)}
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


def _closing_key(source: str, job_id: str) -> str:
    return f"{source} {job_id}"


def hide_postings(*, ids: Collection[ObjectId], hidden: bool, now: datetime) -> int:
    """Hide or show postings; how many it changed. Their days' stats follow with the next refresh.

    Collection leaves the mark as it is: a hidden posting that is collected again stays hidden.
    """
    # What nobody ever hid has no mark at all.
    wanted = {"_id": {"$in": list(ids)}, "hidden": {"$ne": True} if hidden else True}
    days = database().job_postings.distinct("day", wanted)
    with dirty_days(days=days, now=now):
        changed = database().job_postings.update_many(wanted, {"$set": {"hidden": hidden, "updated_at": now}})
    return int(changed.modified_count)


_BATCH = 1_000
_READ = (
    *("title", "company", "place", "url", "country_code", "country_codes"),
    *("title_key", "company_key", "search_words", "url_key", "roles", "search_roles", "search_keywords"),
    *("pay_usd", *PAY_FIELDS),
)


def reindex_postings(*, now: datetime) -> int:
    """Write the keys of every posting that has none or others; return how many those were.

    A data migration, to be listed once more when `build_posting_keys` makes other keys of the same posting. Harmless
    when repeated or broken off.

    Roles that are registered later find postings by these keys; where older keys kept a posting from a role, the next
    check of the daily stats gives it that role.
    """
    changed = 0
    writes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in database().job_postings.find({}, dict.fromkeys(_READ, 1)).sort("_id", 1):
        keys = {name: value for name, value in build_posting_keys(row).items() if value is not None}
        codes, code = row.get("country_codes") or [], row.get("country_code")
        if code and code not in codes:
            keys["country_codes"] = [code, *codes]
        if "search_roles" not in row:
            keys["search_roles"] = get_search_roles(row)
        if any(row.get(name) != value for name, value in keys.items()):
            # One that was stored again meanwhile, under another title, has got its keys by that.
            names = ("_id", "title", "company", "place", "url", "search_roles", *PAY_FIELDS)
            unchanged = {name: row.get(name) for name in names}
            writes.append((unchanged, keys))
        if len(writes) == _BATCH:
            changed += _write(writes)
            writes = []
    changed += _write(writes) if writes else 0
    # Where earlier releases kept which keys they had written.
    database().stats_state.delete_one({"_id": "posting_keys"})
    return changed


def _write(writes: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    """Write the keys; postings without ids that older releases stored under several spellings of a URL stay apart.

    The first one of these gets the key of the URL, by which it is found when it is stored again.
    """
    try:
        return _update(writes)
    except BulkWriteError as error:
        again = [writes[position] for position in sorted(find_duplicate_key_indexes(error))]
        without_url = [(query, {key: keys[key] for key in keys if key != "url_key"}) for query, keys in again]
        return int(error.details["nModified"]) + _update([each for each in without_url if each[1]])


def _update(writes: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    updates = [UpdateOne(query, {"$set": keys}) for query, keys in writes]
    return int(database().job_postings.bulk_write(updates, ordered=False).modified_count) if updates else 0
