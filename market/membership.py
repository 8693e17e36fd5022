"""Role membership: decide which roles a posting belongs to.

A posting belongs to the roles whose searches returned it (`search_roles`) and to the registered roles that its title
names. The rule only depends on the posting and the set of registered roles, so the order and repetition of imports,
searches and registrations do not matter.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from career_navigator.db.connection import database
from market.posting import build_title_query
from market.roles import find_named_roles, normalize_role, title_names_role
from market.stats_rows import dirty_days

_BATCH = 1_000
# The fields that `get_expected_roles` reads. Repairs are conditional on them being unchanged.
_FIELDS = ("title", "roles", "search_roles", "search_keywords")


def list_registered_roles() -> list[str]:
    """Return the normalized names of all registered roles."""
    return database().known_roles.distinct("_id")


def list_backfilled_roles() -> list[str]:
    """Return the registered roles that have been added to all previously stored postings."""
    return database().known_roles.distinct("_id", {"given_at": {"$ne": None}})


def get_search_roles(row: Mapping[str, Any]) -> list[str]:
    """Return the roles whose searches returned a stored posting.

    For postings from older releases, which did not store search roles, returns the role of the first search and every
    role that the title does not name.
    """
    if "search_roles" in row:
        return list(row["search_roles"])
    first = normalize_role(row.get("search_keywords") or "")
    others = {role for role in row.get("roles") or () if not title_names_role(title=row["title"], role=role)}
    return sorted(others | ({first} if first else set()))


def get_expected_roles(row: Mapping[str, Any], *, registered: Collection[str]) -> list[str]:
    """Return the roles that a stored posting should have, sorted."""
    return sorted({*get_search_roles(row), *find_named_roles(title=row["title"], roles=registered)})


def build_sorted_union(*lists: Any) -> dict[str, Any]:
    """Build an aggregation expression for the sorted union of several lists."""
    return {"$sortArray": {"input": {"$setUnion": list(lists)}, "sortBy": 1}}


def add_role(*, role: str, ids: Collection[ObjectId]) -> None:
    """Add a normalized role to the given postings whose title still names the role."""
    ids = list(ids)
    for start in range(0, len(ids), _BATCH):
        database().job_postings.update_many(
            {"_id": {"$in": ids[start : start + _BATCH]}, "roles": {"$ne": role}} | build_title_query(role),
            {"$push": {"roles": {"$each": [role], "$sort": 1}}},
        )


def register_role(*, role: str, now: datetime) -> bool:
    """Register a role and add it to the stored postings whose title names it.

    Returns False if the role was already fully registered or has no words.
    """
    name, roles = normalize_role(role), database().known_roles
    registered = roles.find_one(name, {"given_at": 1})
    if not name or (registered and registered.get("given_at")):
        return False
    # First, so that postings stored from now on get the role.
    roles.update_one({"_id": name}, {"$setOnInsert": {"label": role.strip(), "known_since": now}}, upsert=True)
    day_by_id = _find_days_by_title(name)
    # Include days that already have postings of the role. Their rows stay withheld until registration is complete, and
    # must be recomputed then.
    days = {*day_by_id.values(), *database().job_postings.distinct("day", {"roles": name})}
    with dirty_days(days=days, now=now):
        add_role(role=name, ids=day_by_id)
        # After adding the role, so that the next call completes a registration that a crash interrupted. Before the
        # second dirty mark, so that a refresh that clears the mark sees the completed registration.
        roles.update_one({"_id": name}, {"$set": {"given_at": now}})
    return True


def finish_registrations(*, now: datetime) -> None:
    """Complete the registrations that a crash interrupted."""
    for row in database().known_roles.find({"given_at": None}):
        register_role(role=row["label"], now=now)


def repair_roles(*, day: datetime, registered: Collection[str], now: datetime) -> int:
    """Correct the roles of a day's postings. Return the number of postings changed.

    `registered` must come from `list_backfilled_roles`, read before the day's postings. A role whose registration is in
    progress may still be missing from postings, which is not an error.
    """
    rows = database().job_postings.find({"day": day}, dict.fromkeys(_FIELDS, 1))
    writes = list(_list_repairs(rows, registered))
    if not writes:
        return 0
    with dirty_days(days=[day], now=now):
        return int(database().job_postings.bulk_write(writes, ordered=False).modified_count)


def _list_repairs(rows: Iterable[Mapping[str, Any]], registered: Collection[str]) -> Iterable[UpdateOne]:
    backfilled = set(registered)
    for row in rows:
        expected, stored = set(get_expected_roles(row, registered=registered)), set(row.get("roles") or ())
        # Keep a role that the title names and that was registered after `registered` was read.
        expected |= {role for role in stored - backfilled if title_names_role(title=row["title"], role=role)}
        if expected != stored:
            # The condition skips postings that were stored again in the meantime, which also updated their roles.
            unchanged = {name: row.get(name, {"$exists": False}) for name in _FIELDS}
            yield UpdateOne({"_id": row["_id"]} | unchanged, {"$set": {"roles": sorted(expected)}})


def _find_days_by_title(role: str) -> dict[ObjectId, datetime]:
    """Return the day of each stored posting whose title names the normalized role, by the posting's id."""
    return {row["_id"]: row["day"] for row in database().job_postings.find(build_title_query(role), {"day": 1})}
