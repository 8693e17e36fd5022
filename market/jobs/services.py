"""Updates of stored postings: close, hide and reindex."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from career_navigator.db.connection import database, find_duplicate_key_indexes
from market.copy_groups import update_copy_groups
from market.daily_stats import day_start
from market.membership import get_search_roles
from market.posting import PAY_FIELDS, Posting, build_posting_keys
from market.stats_rows import dirty_days

# The source repeats events for days. After this time a closing notice for a job that was never stored is useless.
CLOSING_TTL = timedelta(days=180)


def close_posting(
    *, source: str, job_id: str | None, closed_at: datetime | None, now: datetime, opened_at: datetime | None = None
) -> bool:
    """Store the notice that a posting was closed, and mark the stored posting as closed.

    `closed_at` defaults to `now`, unless an earlier notice already set it. `opened_at` is when the job was last
    discovered or reposted (see `get_opened_at`). A stored posting that was opened after it was closed stays open.

    Returns True if the stored posting was marked, or if the notice is new and no posting is stored yet.
    """
    if job_id is None:
        return False
    # Store the notice before looking for the posting, because a concurrent `job.new` looks for notices after storing.
    is_new = _store_closing(source, job_id, closed_at, opened_at, now)
    closing = database().posting_closings.find_one({"_id": _closing_key(source, job_id)})
    if closing is None:
        # The notice has already expired.
        return False
    query = {"source": source, "job_id": {"$eq": job_id, "$type": "string"}}
    not_later = {"$not": {"$gt": closing["known_at"]}}
    result = database().job_postings.update_one(
        query | {"discovered_at": not_later, "date_reposted": not_later, "closed_at": {"$ne": closing["closed_at"]}},
        {"$set": {"closed_at": closing["closed_at"]}},
    )
    return bool(result.modified_count) or (is_new and database().job_postings.find_one(query, {"_id": 1}) is None)


def close_postings(*, source: str, job_ids: Collection[str], now: datetime) -> int:
    """Mark the open postings with these ids as closed. Return how many were open."""
    query = {"source": source, "job_id": {"$in": list(job_ids), "$type": "string"}, "closed_at": None}
    return int(database().job_postings.update_many(query, {"$set": {"closed_at": now}}).modified_count)


def reopen_postings(*, source: str, job_ids: Collection[str]) -> int:
    """Mark the closed postings with these ids as open. Return how many were closed."""
    query = {"source": source, "job_id": {"$in": list(job_ids), "$type": "string"}, "closed_at": {"$ne": None}}
    return int(database().job_postings.update_many(query, {"$unset": {"closed_at": ""}}).modified_count)


def list_stored_ids(*, source: str, job_ids: Collection[str]) -> set[str]:
    """Return the subset of a source's ids whose postings are stored."""
    query = {"source": source, "job_id": {"$in": list(job_ids), "$type": "string"}}
    return {row["job_id"] for row in database().job_postings.find(query, {"job_id": 1})}


def find_closing(*, posting: Posting) -> datetime | None:
    """Return when the posting was closed, or None if it is open or was opened again after its closing."""
    if posting.job_id is None:
        return None
    opened = get_opened_at(posting)
    closing = database().posting_closings.find_one({"_id": _closing_key(posting.source, posting.job_id)})
    if closing is None:
        # Older releases stored closings only in the posting.
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
    """Return when the posting was last discovered or reposted. A repost date means UTC midnight."""
    reposted = day_start(posting.date_reposted) if posting.date_reposted else None
    latest = max((time for time in (posting.discovered_at, reposted) if time), default=None)
    # Truncate to milliseconds, the precision of stored times.
    return latest and latest.replace(microsecond=latest.microsecond // 1000 * 1000)


def _store_closing(
    source: str, job_id: str, closed_at: datetime | None, opened: datetime | None, now: datetime
) -> bool:
    """Store the closing notice unless an equally recent one is stored. Return whether it was stored."""
    query: dict[str, object] = {"_id": _closing_key(source, job_id)}
    if closed_at is None:
        # A repeated notice must not change the time stored by the first one.
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
    """Hide postings or show them again. Return the number of postings changed.

    Marks the days of the postings dirty. A hidden posting stays hidden when it is collected again.
    """
    # Postings that were never hidden do not have the field.
    query = {"_id": {"$in": list(ids)}, "hidden": {"$ne": True} if hidden else True}
    days = database().job_postings.distinct("day", query)
    keys = database().job_postings.distinct("copy_key", query)
    with dirty_days(days=days, now=now):
        result = database().job_postings.update_many(query, {"$set": {"hidden": hidden, "updated_at": now}})
        # The next copy of a hidden first posting counts instead.
        update_copy_groups(keys=[key for key in keys if key], now=now)
    return int(result.modified_count)


_BATCH = 1_000
_REINDEX_FIELDS = (
    *("title", "company", "place", "url", "country_code", "country_codes"),
    *("title_key", "company_key", "search_words", "url_key", "roles", "search_roles", "search_keywords"),
    *("pay_usd", *PAY_FIELDS),
)


def reindex_postings(*, now: datetime) -> int:
    """Update missing and outdated keys of stored postings. Return the number of postings changed.

    This is a data migration, which must run again whenever `build_posting_keys` changes. Safe to repeat or interrupt.

    Registering a role finds postings by these keys. If outdated keys kept a posting from being given a role, the next
    check of the daily stats adds the role.
    """
    changed = 0
    writes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in database().job_postings.find({}, dict.fromkeys(_REINDEX_FIELDS, 1)).sort("_id", 1):
        keys = {name: value for name, value in build_posting_keys(row).items() if value is not None}
        codes, code = row.get("country_codes") or [], row.get("country_code")
        if code and code not in codes:
            keys["country_codes"] = [code, *codes]
        if "search_roles" not in row:
            keys["search_roles"] = get_search_roles(row)
        if any(row.get(name) != value for name, value in keys.items()):
            # The condition skips postings that were stored again in the meantime, which also updated their keys.
            names = ("_id", "title", "company", "place", "url", "search_roles", *PAY_FIELDS)
            unchanged = {name: row.get(name) for name in names}
            writes.append((unchanged, keys))
        if len(writes) == _BATCH:
            changed += _write_keys(writes)
            writes = []
    changed += _write_keys(writes) if writes else 0
    # Earlier releases stored the version of the keys here.
    database().stats_state.delete_one({"_id": "posting_keys"})
    return changed


def _write_keys(writes: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    """Write the keys, given as (query, keys) pairs. Return the number of postings changed.

    Older releases stored postings without ids once per spelling of their URL. Only the first of these gets the URL key,
    by which it is found when it is stored again. The others are written without the URL key.
    """
    try:
        return _bulk_update(writes)
    except BulkWriteError as error:
        duplicates = [writes[index] for index in sorted(find_duplicate_key_indexes(error))]
        without_url = [(query, {key: keys[key] for key in keys if key != "url_key"}) for query, keys in duplicates]
        return int(error.details["nModified"]) + _bulk_update([update for update in without_url if update[1]])


def _bulk_update(writes: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    updates = [UpdateOne(query, {"$set": keys}) for query, keys in writes]
    return int(database().job_postings.bulk_write(updates, ordered=False).modified_count) if updates else 0
