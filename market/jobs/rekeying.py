"""Giving stored postings the keys that they are found by, as today's rules make them."""

from collections.abc import Callable
from typing import Any

from pymongo import UpdateOne

from career_navigator.connection import database
from market.jobs.keys import posting_keys
from market.membership import search_roles

_BATCH = 1_000
_READ = (
    *("title", "company", "place", "country_code", "country_codes", "title_key", "company_key", "search_words"),
    *("roles", "search_roles", "search_keywords"),
)


def rekey_postings(*, on_posting: Callable[[], object] | None = None) -> int:
    """Write the keys of every posting that has none or others; how many those were. Harmless when repeated or broken
    off.

    Roles that are registered later find postings by these keys; where older keys kept a posting from a role, the next
    check of the daily stats gives it that role.
    """
    changed, writes = 0, []
    for row in database().job_postings.find({}, dict.fromkeys(_READ, 1)).sort("_id", 1):
        keys = posting_keys(row)
        codes, code = row.get("country_codes") or [], row.get("country_code")
        if code and code not in codes:
            keys["country_codes"] = [code, *codes]
        if "search_roles" not in row:
            keys["search_roles"] = search_roles(row)
        if any(row.get(name) != value for name, value in keys.items()):
            # One that was stored anew meanwhile, under another title, has got its keys by that.
            unchanged = {name: row.get(name) for name in ("_id", "title", "company", "place", "search_roles")}
            writes.append(UpdateOne(unchanged, {"$set": keys}))
        if len(writes) == _BATCH:
            changed += _write(writes)
            writes = []
        if on_posting is not None:
            on_posting()
    return changed + (_write(writes) if writes else 0)


def _write(writes: list[Any]) -> int:
    return int(database().job_postings.bulk_write(writes, ordered=False).modified_count)
