"""Which roles a posting belongs to: one rule, whichever comes first, the posting or the role.

A posting belongs to the roles whose searches returned it (`search_roles`), and to the registered roles that its title
names. Both are read from the posting alone, so neither the order nor the repetition of imports, searches and
registrations matters.
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
# What `get_expected_roles` reads of a posting, and what a change of its roles is bound to.
_FIELDS = ("title", "roles", "search_roles", "search_keywords")


def list_registered_roles() -> list[str]:
    """Every registered role."""
    return database().known_roles.distinct("_id")


def list_backfilled_roles() -> list[str]:
    """The registered roles that have been given the postings stored before them."""
    return database().known_roles.distinct("_id", {"given_at": {"$ne": None}})


def get_search_roles(row: Mapping[str, Any]) -> list[str]:
    """Return the roles whose searches returned a stored posting.

    Older releases stored none. There it is the role of the first search, and each that the title does not name.
    """
    if "search_roles" in row:
        return list(row["search_roles"])
    first = normalize_role(row.get("search_keywords") or "")
    others = {role for role in row.get("roles") or () if not title_names_role(title=row["title"], role=role)}
    return sorted(others | ({first} if first else set()))


def get_expected_roles(row: Mapping[str, Any], *, registered: Collection[str]) -> list[str]:
    """Return the roles that a stored posting belongs to by the rule, sorted."""
    return sorted({*get_search_roles(row), *find_named_roles(title=row["title"], roles=registered)})


def build_sorted_union(*lists: Any) -> dict[str, Any]:
    """The values of several lists, each once, as an expression of an update."""
    return {"$sortArray": {"input": {"$setUnion": list(lists)}, "sortBy": 1}}


def add_role(*, role: str, ids: Collection[ObjectId]) -> None:
    """Add a (normalized) role to those of the postings whose title names it at that moment."""
    ids = list(ids)
    for start in range(0, len(ids), _BATCH):
        database().job_postings.update_many(
            {"_id": {"$in": ids[start : start + _BATCH]}, "roles": {"$ne": role}} | build_title_query(role),
            {"$push": {"roles": {"$each": [role], "$sort": 1}}},
        )


def register_role(*, role: str, now: datetime) -> bool:
    """Register a role, and give it the postings stored before whose title names it.

    False when that was done before, or the role has no words.
    """
    name, roles = normalize_role(role), database().known_roles
    registered = roles.find_one(name, {"given_at": 1})
    if not name or (registered and registered.get("given_at")):
        return False
    # First, so that postings stored from now on are given the role.
    roles.update_one({"_id": name}, {"$setOnInsert": {"label": role.strip(), "known_since": now}}, upsert=True)
    named = _find_by_title(name)
    # Every day with postings of the role: no refresh publishes its rows until it has been given all of them.
    days = {*named.values(), *database().job_postings.distinct("day", {"roles": name})}
    with dirty_days(days=days, now=now):
        add_role(role=name, ids=named)
        # Last, so that the next one to ask for the role finishes what a crash cut short; and before the second mark,
        # so that a refresh that removes that mark has seen that the role was given its postings.
        roles.update_one({"_id": name}, {"$set": {"given_at": now}})
    return True


def finish_registrations(*, now: datetime) -> None:
    """Give the roles their postings whose registration a crash cut short."""
    for row in database().known_roles.find({"given_at": None}):
        register_role(role=row["label"], now=now)


def repair_roles(*, day: datetime, registered: Collection[str], now: datetime) -> int:
    """Give the postings of a day the roles that the rule gives them. Returns how many had others.

    Pass the `list_backfilled_roles`, read before the day's postings: what a role being registered lacks is no fault.
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
        wanted, stored = set(get_expected_roles(row, registered=registered)), set(row.get("roles") or ())
        # A role registered after `registered` was read, which the title names.
        wanted |= {role for role in stored - backfilled if title_names_role(title=row["title"], role=role)}
        if wanted != stored:
            # One that was stored again meanwhile was given its roles by that.
            unchanged = {name: row.get(name, {"$exists": False}) for name in _FIELDS}
            yield UpdateOne({"_id": row["_id"]} | unchanged, {"$set": {"roles": sorted(wanted)}})


def _find_by_title(role: str) -> dict[ObjectId, datetime]:
    """The days, by id, of the stored postings whose title names a (normalized) role."""
    return {row["_id"]: row["day"] for row in database().job_postings.find(build_title_query(role), {"day": 1})}
