"""Role membership: decide which roles a posting belongs to.

A posting belongs to the roles whose searches returned it (`search_roles`) and to the registered roles that its title
names (see `market.role_table`). The rule depends only on the posting, the table and the set of registered roles, so the
order and repetition of imports, searches and registrations do not matter.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from career_navigator.db.connection import database
from market.role_selectors import canonicalize_role, get_role_table
from market.stats_rows import dirty_days

_BATCH = 1_000
# The fields that `get_expected_roles` reads. Repairs are conditional on them being unchanged.
_FIELDS = ("title", "roles", "search_roles", "search_keywords")


def list_registered_roles() -> list[str]:
    """Return the canonical keys of all registered roles."""
    return database().known_roles.distinct("_id")


def list_backfilled_roles() -> list[str]:
    """Return the registered roles that have been added to all previously stored postings."""
    return database().known_roles.distinct("_id", {"given_at": {"$ne": None}})


def get_search_roles(row: Mapping[str, Any]) -> list[str]:
    """Return the roles whose searches returned a stored posting.

    For postings from older releases, which did not store search roles, returns the role of the first search and every
    role that the title does not name.
    """
    table = get_role_table()
    if "search_roles" in row:
        return sorted({table.canonicalize(role) for role in row["search_roles"]})
    first_role = table.canonicalize(row.get("search_keywords") or "")
    stored = row.get("roles") or ()
    unnamed_roles = {table.canonicalize(role) for role in stored if not table.names_role(title=row["title"], role=role)}
    return sorted(unnamed_roles | ({first_role} if first_role else set()))


def get_expected_roles(row: Mapping[str, Any], *, registered: Collection[str]) -> list[str]:
    """Return the roles that a stored posting should have, sorted."""
    return sorted({*get_search_roles(row), *get_role_table().find_named(title=row["title"], roles=registered)})


def build_sorted_union(*lists: Any) -> dict[str, Any]:
    """Build an aggregation expression for the sorted union of several lists."""
    return {"$sortArray": {"input": {"$setUnion": list(lists)}, "sortBy": 1}}


def add_role(*, role: str, ids: Collection[ObjectId]) -> None:
    """Add a canonical role to the given postings whose title names the role."""
    ids, postings, table = list(ids), database().job_postings, get_role_table()
    for start in range(0, len(ids), _BATCH):
        without_role = {"_id": {"$in": ids[start : start + _BATCH]}, "roles": {"$ne": role}}
        titles = {row["title"] for row in postings.find(without_role, {"title": 1})}
        titles_with_role = [title for title in titles if table.names_role(title=title, role=role)]
        # The condition on the title skips postings whose title changed in the meantime.
        postings.update_many(
            without_role | {"title": {"$in": titles_with_role}},
            {"$push": {"roles": {"$each": [role], "$sort": 1}}},
        )


def register_role(*, role: str, now: datetime) -> bool:
    """Register a role and add it to the stored postings whose title names it.

    Returns False if the role was already fully registered or has no words.
    """
    name, roles = canonicalize_role(role), database().known_roles
    registered = roles.find_one(name, {"given_at": 1})
    if not name or (registered and registered.get("given_at")):
        return False
    # Register before adding the role, so that postings stored from now on get it.
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


def canonicalize_registered_roles(*, now: datetime) -> int:
    """Register the canonical roles of registered roles that have another name. Return how many were replaced.

    Their postings get the canonical roles. The stats of closed days are moved to the canonical role. If a closed day
    has stats of both roles, the larger ones stay. The postings of the day are deleted, so the stats cannot be merged.
    """
    roles = database().known_roles
    replaced = [row for row in roles.find() if canonicalize_role(row["_id"]) != row["_id"]]
    for row in replaced:
        key = canonicalize_role(row["_id"])
        if key:
            register_role(role=row["label"] if canonicalize_role(row["label"]) == key else row["_id"], now=now)
            _move_closed_stats(row["_id"], key)
        roles.delete_one({"_id": row["_id"]})
    backfilled = list_backfilled_roles()
    for day in sorted(database().job_postings.distinct("day", {"roles": {"$in": [row["_id"] for row in replaced]}})):
        repair_roles(day=day, registered=backfilled, now=now)
    return len(replaced)


def _move_closed_stats(role: str, key: str) -> None:
    stats = database().market_figures
    for row in list(stats.find({"scope": role, "sealed": True}, {"day": 1, "postings": 1})):
        canonical_row = stats.find_one({"scope": key, "day": row["day"]}, {"postings": 1})
        if canonical_row is not None and canonical_row["postings"] >= row["postings"]:
            stats.delete_one({"_id": row["_id"]})
            continue
        if canonical_row is not None:
            stats.delete_one({"_id": canonical_row["_id"]})
        stats.update_one({"_id": row["_id"]}, {"$set": {"scope": key}})


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
    backfilled, names_role = set(registered), get_role_table().names_role
    for row in rows:
        expected, stored = set(get_expected_roles(row, registered=registered)), set(row.get("roles") or ())
        # Keep a role that the title names and that was registered after `registered` was read.
        expected |= {
            role
            for role in stored - backfilled
            if canonicalize_role(role) == role and names_role(title=row["title"], role=role)
        }
        if expected != stored:
            # The condition skips postings that were stored again in the meantime, which also updated their roles.
            unchanged = {name: row.get(name, {"$exists": False}) for name in _FIELDS}
            yield UpdateOne({"_id": row["_id"]} | unchanged, {"$set": {"roles": sorted(expected)}})


def _find_days_by_title(role: str) -> dict[ObjectId, datetime]:
    """Return the day of each stored posting whose title names the canonical role, by the posting's id."""
    table = get_role_table()
    query = {"search_words": {"$in": table.list_search_words(role)}}
    rows = database().job_postings.find(query, {"title": 1, "day": 1})
    return {row["_id"]: row["day"] for row in rows if table.names_role(title=row["title"], role=role)}
