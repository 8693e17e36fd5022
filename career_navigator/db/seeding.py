"""Bringing a stored collection up to a seed file without undoing what curators did."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from bson import ObjectId
from pymongo import InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from career_navigator.db.connection import positions_taken


class InvalidEntry(ValueError):
    """An entry of a seed file that cannot be stored; nothing was written."""

    reason = "invalid_entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSummary:
    """How many entries a seeding created, updated, found unchanged, and kept because a curator had edited them."""

    created: int
    updated: int
    unchanged: int
    kept: int

    @property
    def wrote(self) -> bool:
        """Whether any content changed."""
        return bool(self.created or self.updated)


def seed_entries(
    *,
    collection: "Collection[dict[str, Any]]",
    key: tuple[str, ...],
    entries: Iterable[Mapping[str, Any]],
    now: datetime,
) -> SeedSummary:
    """Store the entries, found by the fields of `key`; safe to repeat.

    Every entry has the same fields. One whose stored content is no longer what seeding wrote was edited by a curator
    and stays as it is, also where the curator changed a field of the key: `seed_key` keeps what it was seeded by.
    Nothing is deleted.
    """
    summary, writes = _changes(collection, key, entries, now)
    try:
        if writes:
            collection.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # Another process that seeds at the same time was first with some.
        others = len(positions_taken(error))
        summary = replace(summary, created=summary.created - others, unchanged=summary.unchanged + others)
    return summary


def _changes(
    collection: "Collection[dict[str, Any]]", key: tuple[str, ...], entries: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[SeedSummary, list[InsertOne[dict[str, Any]] | UpdateOne]]:
    rows = list(collection.find())
    stored = {tuple(row.get(name) for name in key): row for row in rows}
    stored |= {tuple(row["seed_key"]): row for row in rows if row.get("seed_key")}
    writes: list[InsertOne[dict[str, Any]] | UpdateOne] = []
    created = updated = unchanged = kept = 0
    for entry in entries:
        content = dict(entry)
        seed_hash = _content_hash(content)
        identity = {name: content[name] for name in key}
        seed_key = list(identity.values())
        row = stored.get(tuple(seed_key))
        seeded = {"seed_hash": seed_hash, "seed_key": seed_key, "updated_at": now}
        if row is None:
            created += 1
            # The id is made here, so that ids ascend in the order of the file.
            writes.append(InsertOne({"_id": ObjectId()} | content | seeded))
            continue
        stored_hash = _content_hash({name: row.get(name) for name in content})
        if stored_hash == seed_hash:
            unchanged += 1
            # A curator who wrote just what the file says now edited nothing any more.
            marks = {"seed_hash": seed_hash, "seed_key": seed_key}
            if any(row.get(name) != value for name, value in marks.items()):
                writes.append(UpdateOne(identity, {"$set": marks}))
        elif stored_hash != row.get("seed_hash"):
            kept += 1
            if row.get("seed_hash") and "seed_key" not in row:
                writes.append(UpdateOne(identity, {"$set": {"seed_key": seed_key}}))
        else:
            updated += 1
            filled = {name: value for name, value in content.items() if name not in identity}
            writes.append(UpdateOne(identity, {"$set": filled | seeded}))
    return SeedSummary(created=created, updated=updated, unchanged=unchanged, kept=kept), writes


def _content_hash(content: Mapping[str, Any]) -> str:
    # An empty field is stored by seeding and dropped by a document's save: both are the same content.
    filled = {name: value for name, value in content.items() if value or isinstance(value, bool | int | float)}
    return hashlib.blake2b(orjson.dumps(filled, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
