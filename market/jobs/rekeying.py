"""Giving stored postings the keys that they are found by, as today's rules make them."""

from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from career_navigator.bulk_writes import positions_taken
from career_navigator.connection import database
from market.jobs.keys import posting_keys
from market.membership import search_roles

_BATCH = 1_000
_READ = (
    *("title", "company", "place", "url", "country_code", "country_codes"),
    *("title_key", "company_key", "search_words", "url_key", "roles", "search_roles", "search_keywords"),
)


def rekey_postings(*, now: datetime) -> int:
    """Write the keys of every posting that has none or others; return how many those were.

    A data migration, to be listed once more when `posting_keys` makes other keys of the same posting. Harmless when
    repeated or broken off.

    Roles that are registered later find postings by these keys; where older keys kept a posting from a role, the next
    check of the daily stats gives it that role.
    """
    changed = 0
    writes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in database().job_postings.find({}, dict.fromkeys(_READ, 1)).sort("_id", 1):
        keys = {name: value for name, value in posting_keys(row).items() if value is not None}
        codes, code = row.get("country_codes") or [], row.get("country_code")
        if code and code not in codes:
            keys["country_codes"] = [code, *codes]
        if "search_roles" not in row:
            keys["search_roles"] = search_roles(row)
        if any(row.get(name) != value for name, value in keys.items()):
            # One that was stored anew meanwhile, under another title, has got its keys by that.
            unchanged = {name: row.get(name) for name in ("_id", "title", "company", "place", "url", "search_roles")}
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
        again = [writes[position] for position in sorted(positions_taken(error))]
        without_url = [(query, {key: keys[key] for key in keys if key != "url_key"}) for query, keys in again]
        return int(error.details["nModified"]) + _update([each for each in without_url if each[1]])


def _update(writes: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    updates = [UpdateOne(query, {"$set": keys}) for query, keys in writes]
    return int(database().job_postings.bulk_write(updates, ordered=False).modified_count) if updates else 0
