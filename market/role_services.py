"""Services for the table of roles: seed the table, and apply its names to stored data."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine
from pymongo import UpdateOne

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from market.documents import ROLES, RoleDocument
from market.membership import canonicalize_registered_roles, list_backfilled_roles, repair_roles
from market.refresh import find_closed_days
from market.role_table import RoleTable, load_default_table


def seed_roles(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Update the stored table of roles from the entries of the seed file.

    Seeding is idempotent and leaves roles that a curator edited unchanged.

    Raises:
        InvalidEntry: An entry is invalid, shares a name with another entry, or names an unknown near role. In this
            case nothing is written.
    """
    documents = []
    for entry in entries:
        try:
            document = RoleDocument(**entry)
            document.validate(clean=False)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('name')}: {error}") from error
        documents.append(document)
    table = RoleTable.from_roles(document.as_role() for document in documents)
    for document in documents:
        problems = document.list_problems(table)
        if problems:
            raise InvalidEntry(f"{document.name}: {'; '.join(problems.values())}")
    contents = [{name: getattr(document, name) for name in ("name", *RoleDocument.LISTS)} for document in documents]
    contents = [{name: list(value) if name != "name" else value for name, value in row.items()} for row in contents]
    return seed_entries(document=RoleDocument, key=("name",), entries=contents, now=now)


def add_external_ids(*, now: datetime) -> int:
    """Give the roles that a curator edited the external ids of the seed file. Seeding has added them to all others.

    This is a data migration. Returns the number of roles changed.
    """
    table = load_default_table()
    writes = []
    for row in database().roles.find({"external_ids": {"$exists": False}}, {"name": 1, "seed_key": 1}):
        role = table.get(row["seed_key"][0] if row.get("seed_key") else row["name"])
        if role is not None and role.external_ids:
            # The condition leaves what a curator saved in the meantime.
            unchanged = {"_id": row["_id"], "external_ids": {"$exists": False}}
            writes.append(UpdateOne(unchanged, {"$set": {"external_ids": list(role.external_ids), "updated_at": now}}))
    if writes:
        database().roles.bulk_write(writes, ordered=False)
        replace_version(ROLES)
    return len(writes)


def migrate_roles(*, now: datetime) -> int:
    """Give every stored posting its canonical roles and mark the days of changed postings dirty.

    This is a data migration. Returns the number of postings changed.
    """
    canonicalize_registered_roles(now=now)
    registered = list_backfilled_roles()
    days = set(database().job_postings.distinct("day"))
    closed = find_closed_days(days)
    return sum(repair_roles(day=day, registered=registered, now=now) for day in sorted(days - closed))
