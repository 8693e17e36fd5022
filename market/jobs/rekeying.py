"""Giving stored postings the keys that they are found by, as today's rules make them."""

from collections.abc import Callable
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from career_navigator.bulk_writes import positions_taken
from career_navigator.connection import database
from market.jobs.keys import posting_keys
from market.membership import search_roles

# Raise it when `posting_keys` makes other keys of the same posting: the next `prepare` then writes them.
KEYS_VERSION = "2"
_STATE = "posting_keys"
_BATCH = 1_000
_READ = (
    *("title", "company", "place", "url", "country_code", "country_codes"),
    *("title_key", "company_key", "search_words", "url_key", "roles", "search_roles", "search_keywords"),
)


def are_keys_outdated() -> bool:
    """Return whether the stored postings may have other keys than this release makes."""
    return database().stats_state.find_one({"_id": _STATE, "version": KEYS_VERSION}) is None


def rekey_postings(*, on_posting: Callable[[], object] | None = None) -> int:
    """Write the keys of every posting that has none or others; how many those were. Harmless when repeated or broken
    off.

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
        if on_posting is not None:
            on_posting()
    changed += _write(writes) if writes else 0
    database().stats_state.update_one({"_id": _STATE}, {"$set": {"version": KEYS_VERSION}}, upsert=True)
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
