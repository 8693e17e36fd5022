"""Curated catalogues: base document, seeding, text search, and users' progress with the entries."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Generic, Self, TypeVar

import orjson
from bson import ObjectId
from pymongo import InsertOne, ReturnDocument, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from career_navigator.cache.user import UserCache
from career_navigator.cache.versioned import replace_version
from career_navigator.db.connection import database, find_duplicate_key_indexes
from career_navigator.documents import StaleVersion, StoredDocument
from career_navigator.plain_text import WordList, tokenize


class CuratedDocument(StoredDocument):
    """Base document of curated catalogues. A change makes every process reload the catalogue."""

    catalogue: ClassVar[str]  # name of the catalogue's version in Redis

    meta = {"abstract": True}

    def save(self, *args: Any, **kwargs: Any) -> Self:
        saved: Self = super().save(*args, **kwargs)
        replace_version(self.catalogue)
        return saved

    def delete(self, *args: Any, **kwargs: Any) -> None:
        super().delete(*args, **kwargs)
        replace_version(self.catalogue)


class InvalidEntry(ValueError):
    """An entry of a seed file is invalid. Nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSummary:
    """Number of entries per outcome of a seeding. `kept` counts entries that a curator has edited."""

    created: int
    updated: int
    unchanged: int
    kept: int


def seed_entries(
    *,
    document: type[CuratedDocument],
    key: tuple[str, ...],
    entries: Iterable[Mapping[str, Any]],
    now: datetime,
) -> SeedSummary:
    """Insert or update the entries, which the fields in `key` identify. Safe to repeat.

    All entries must have the same fields. An entry whose stored content differs from the last seeding was edited by a
    curator and is not changed. `seed_key` identifies it even if the curator changed a field of the key. Nothing is
    deleted.
    """
    collection = document._get_collection()
    summary, writes = _plan_writes(collection, key, entries, now)
    try:
        if writes:
            collection.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # A concurrent seeding has inserted some of the entries first.
        duplicates = len(find_duplicate_key_indexes(error))
        summary = replace(summary, created=summary.created - duplicates, unchanged=summary.unchanged + duplicates)
    if summary.created or summary.updated:
        replace_version(document.catalogue)
    return summary


def _plan_writes(
    collection: "Collection[dict[str, Any]]", key: tuple[str, ...], entries: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[SeedSummary, list[InsertOne[dict[str, Any]] | UpdateOne]]:
    rows = list(collection.find())
    stored = {tuple(row.get(name) for name in key): row for row in rows}
    stored |= {tuple(row["seed_key"]): row for row in rows if row.get("seed_key")}
    writes: list[InsertOne[dict[str, Any]] | UpdateOne] = []
    created = updated = unchanged = kept = 0
    for entry in entries:
        content = dict(entry)
        seed_hash = _hash_content(content)
        identity = {name: content[name] for name in key}
        seed_key = list(identity.values())
        row = stored.get(tuple(seed_key))
        seeded = {"seed_hash": seed_hash, "seed_key": seed_key, "updated_at": now}
        if row is None:
            created += 1
            # Generate the id here, so that ids ascend in the order of the file.
            writes.append(InsertOne({"_id": ObjectId()} | content | seeded))
            continue
        stored_hash = _hash_content({name: row.get(name) for name in content})
        if stored_hash == seed_hash:
            unchanged += 1
            # If a curator's edit now equals the file, the entry counts as unedited again.
            seed_fields = {"seed_hash": seed_hash, "seed_key": seed_key}
            if any(row.get(name) != value for name, value in seed_fields.items()):
                writes.append(UpdateOne(identity, {"$set": seed_fields}))
        elif stored_hash != row.get("seed_hash"):
            kept += 1
            if row.get("seed_hash") and "seed_key" not in row:
                writes.append(UpdateOne(identity, {"$set": {"seed_key": seed_key}}))
        else:
            updated += 1
            changes = {name: value for name, value in content.items() if name not in identity}
            writes.append(UpdateOne(identity, {"$set": changes | seeded}))
    return SeedSummary(created=created, updated=updated, unchanged=unchanged, kept=kept), writes


def _hash_content(content: Mapping[str, Any]) -> str:
    # Seeding stores empty fields and saving a document drops them, so the hash ignores them.
    non_empty = {name: value for name, value in content.items() if value or isinstance(value, bool | int | float)}
    return hashlib.blake2b(orjson.dumps(non_empty, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


T = TypeVar("T")

MAX_QUERY_LENGTH = 200
# A document's text score is a few tens at most, so that the boosts always outweigh the score.
_NAME_BOOST = 10_000
_WORD_BOOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults(Generic[T]):
    """A page of search results, best match first, with the total number of results."""

    items: list[T]
    total: int


def search_text(
    *,
    collection: "Collection[dict[str, Any]]",
    query: str,
    completions: WordList,
    get_canonical_name: Callable[[str], str | None],
    name_field: str,
    fields: Sequence[str],
    filters: Mapping[str, Any],
    build: Callable[[dict[str, Any]], T],
    limit: int | None = None,
    offset: int = 0,
) -> SearchResults[T]:
    """Find the documents that contain any of the query's words or their completions.

    Documents named by the whole query come first. The others are ranked by the number of the query's words in `fields`,
    then by the text index's weights, then by id. In a query with several words, a word also counts if a word in the
    field starts with it.

    Args:
        collection: Collection with a text index.
        query: Text that the user typed.
        completions: Words with which a query's word is completed. A word with a canonical name is not completed, so
            that "java" does not find "javascript".
        get_canonical_name: Returns the canonical name for a spelling, such as a skill's name, or None for other words.
        name_field: Field that holds a canonical name or a list of them.
        fields: Fields in which whole words and word starts raise the rank.
        filters: Further MongoDB conditions.
        build: Converts a row to an item of the result.
        limit: Maximum number of items, or None for all.
        offset: Number of items to skip.
    """
    query_words = list(dict.fromkeys(tokenize(query)))
    words = dict.fromkeys(query_words)
    completed = [word for word in query_words if get_canonical_name(word) is None]
    for word in completed:
        words.update(dict.fromkeys(completions.list_completions(word)))
    name = get_canonical_name(query)
    if name is not None:
        words.update(dict.fromkeys(tokenize(name)))
    if not words:
        return SearchResults(items=[], total=0)
    boosts = [
        *([{"$cond": [{"$in": [name, _build_list(name_field)]}, _NAME_BOOST, 0]}] if name is not None else []),
        *(_build_boost(rf"\b{re.escape(word)}", fields) for word in query_words if len(query_words) > 1),
        *(_build_boost(rf"\b{re.escape(word)}\b", fields) for word in completed),
    ]
    page: list[dict[str, Any]] = [{"$skip": offset}, *([{"$limit": limit}] if limit is not None else [])]
    pipeline = [
        # `tokenize` has removed quotes and signs, which are operators in a text search.
        {"$match": {"$text": {"$search": " ".join(words)}, **filters}},
        {"$addFields": {"relevance": {"$add": [{"$meta": "textScore"}, *boosts]}}},
        {"$sort": {"relevance": -1, "_id": 1}},
        {"$facet": {"rows": page, "total": [{"$count": "count"}]}},
    ]
    (result,) = collection.aggregate(pipeline)
    total = result["total"][0]["count"] if result["total"] else 0
    return SearchResults(items=[build(row) for row in result["rows"]], total=total)


def _build_boost(pattern: str, fields: Sequence[str]) -> dict[str, Any]:
    """Return the expression that adds _WORD_BOOST if one of the fields matches the pattern, ignoring case."""
    parts: list[Any] = []
    for name in fields:
        joined = {
            "$reduce": {"input": _build_list(name), "initialValue": "", "in": {"$concat": ["$$value", " ", "$$this"]}}
        }
        parts.append(joined)
    return {"$cond": [{"$regexMatch": {"input": {"$concat": parts}, "regex": pattern, "options": "i"}}, _WORD_BOOST, 0]}


def _build_list(name: str) -> dict[str, Any]:
    """Return the expression for a field's values as a list, for a field that is a list, a single value or absent."""
    value = f"${name}"
    return {"$cond": [{"$isArray": value}, value, [{"$ifNull": [value, ""]}]]}


class Unset(Enum):
    """Type of the sentinel `UNSET` for an argument that was not passed, where None removes the stored value."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLog:
    """Users' progress in a collection, which needs a unique index on `user` and the subject field.

    `done` is the final status. The other attributes are field names: `subject` is the entry that a user works on,
    `begun_at` and `done_at` are times, and `link` is a URL that shows the user's work.
    """

    collection: str
    subject: str
    begun_at: str
    done: str
    done_at: str
    link: str

    def store(
        self,
        *,
        user_id: str,
        subject: Any,
        status: str,
        link: str | Unset | None = UNSET,
        seen_at: datetime | None = None,
        now: datetime,
    ) -> dict[str, Any]:
        """Store a user's progress with a subject and return the stored row. `link` None removes the link.

        Raises:
            StaleVersion: `seen_at` is given, and the stored row has another `updated_at`.
        """
        # Storing the final status again keeps the first `done_at`.
        done_at = {"$cond": [{"$eq": ["$status", self.done]}, f"${self.done_at}", now]}
        change: dict[str, Any] = {
            "status": status,
            # `updated_at` is the version, so it must increase by at least MongoDB's resolution of 1 ms.
            "updated_at": {"$max": [now, {"$add": ["$updated_at", 1]}]},
            self.begun_at: {"$ifNull": [f"${self.begun_at}", now]},
            self.done_at: done_at if status == self.done else "$$REMOVE",
        }
        if link is not UNSET:
            change[self.link] = "$$REMOVE" if link is None else {"$literal": link}
        identity = {"user": ObjectId(user_id), self.subject: subject}
        with self.invalidate(user_id=identity["user"]):
            if seen_at is not None:
                return self._change(identity | {"updated_at": seen_at}, change)
            try:
                return self._upsert(identity, change)
            except DuplicateKeyError:
                # A concurrent request has inserted the row, so this time the upsert updates it.
                return self._upsert(identity, change)

    def remove(self, *, user_id: str, subject: Any, seen_at: datetime | None = None) -> bool:
        """Delete a user's progress with a subject. Returns whether there was any.

        Raises:
            StaleVersion: `seen_at` is given, and the stored row has another `updated_at`.
        """
        identity = {"user": ObjectId(user_id), self.subject: subject}
        version = {"updated_at": seen_at} if seen_at is not None else {}
        with self.invalidate(user_id=identity["user"]):
            is_removed = bool(self._rows.delete_one(identity | version).deleted_count)
        if not is_removed and seen_at is not None:
            raise StaleVersion("the progress was changed after it was read")
        return is_removed

    def get_version(self, *, user_id: str, subject: Any) -> datetime | None:
        """Return when a user's progress with a subject was last changed, or None if there is none."""
        row = self._rows.find_one({"user": ObjectId(user_id), self.subject: subject}, {"updated_at": 1})
        return row["updated_at"] if row is not None else None

    def list_rows(self, user_id: str) -> list[dict[str, Any]]:
        """Return a user's progress rows, sorted by subject."""
        return list(self._rows.find({"user": ObjectId(user_id)}).sort(self.subject, 1))

    def get_statuses(self, user_id: str) -> dict[Any, str]:
        """Return a user's status per subject, sorted by subject."""

        def load() -> bytes:
            return orjson.dumps([(row[self.subject], row["status"]) for row in self.list_rows(user_id)])

        # Stored as pairs because the keys of a JSON object are always strings.
        return dict(orjson.loads(self._cache.get(user_id=ObjectId(user_id), load=load) or b"[]"))

    def list_done(self, user_id: str) -> list[Any]:
        """Return the subjects that a user has completed, sorted."""
        return [subject for subject, status in self.get_statuses(user_id).items() if status == self.done]

    def export(self, user_id: ObjectId) -> list[dict[str, Any]]:
        """Return a user's progress for the export of personal data."""
        names = (self.subject, "status", self.link, self.begun_at, "updated_at", self.done_at)
        return [{name: row.get(name) for name in names} for row in self.list_rows(str(user_id))]

    def erase(self, user_id: ObjectId) -> None:
        """Delete all progress of a user."""
        with self.invalidate(user_id=user_id):
            self._rows.delete_many({"user": user_id})

    def invalidate(self, *, user_id: ObjectId) -> AbstractContextManager[None]:
        """Return a context manager for writing a user's rows directly, which invalidates the user's cache."""
        return self._cache.invalidate(user_id=user_id)

    @property
    def _cache(self) -> UserCache:
        return UserCache(f"progress:1:{self.collection}")

    @property
    def _rows(self) -> "Collection[dict[str, Any]]":
        return database()[self.collection]

    def _change(self, version: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._rows.find_one_and_update(
            version, [{"$set": change}], return_document=ReturnDocument.AFTER
        )
        if stored is None:
            raise StaleVersion("the progress was changed after it was read")
        return stored

    def _upsert(self, identity: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._rows.find_one_and_update(
            identity, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        if stored is None:  # an upsert returns what it stored
            raise RuntimeError("the progress was not stored")
        return stored
