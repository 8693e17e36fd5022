"""The curated catalogues: their documents, seeding and searching one, and how far users have come with its entries."""

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
    """Base of what curators keep: every process reads the catalogue again after a change."""

    catalogue: ClassVar[str]  # the name of its version

    meta = {"abstract": True}

    def save(self, *args: Any, **kwargs: Any) -> Self:
        saved: Self = super().save(*args, **kwargs)
        replace_version(self.catalogue)
        return saved

    def delete(self, *args: Any, **kwargs: Any) -> None:
        super().delete(*args, **kwargs)
        replace_version(self.catalogue)


class InvalidEntry(ValueError):
    """An entry of a seed file that cannot be stored; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSummary:
    """How many entries a seeding created, updated, found unchanged, and kept because a curator had edited them."""

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
    """Store the entries, found by the fields of `key`; safe to repeat.

    Every entry has the same fields. One whose stored content is no longer what seeding wrote was edited by a curator
    and stays as it is, also where the curator changed a field of the key: `seed_key` keeps what it was seeded by.
    Nothing is deleted.
    """
    collection = document._get_collection()
    summary, writes = _changes(collection, key, entries, now)
    try:
        if writes:
            collection.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # Another process that seeds at the same time was first with some.
        others = len(find_duplicate_key_indexes(error))
        summary = replace(summary, created=summary.created - others, unchanged=summary.unchanged + others)
    if summary.created or summary.updated:
        replace_version(document.catalogue)
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


T = TypeVar("T")

MAX_QUERY_LENGTH = 200
# The text index gives a document some tens at most.
_NAME_BOOST = 10_000
_WORD_BOOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults(Generic[T]):
    """One page of what was found, best first, and how many were found in all."""

    items: list[T]
    total: int


def search_text(
    *,
    collection: "Collection[dict[str, Any]]",
    query: str,
    known: WordList,
    canonical: Callable[[str], str | None],
    named_in: str,
    fields: Sequence[str],
    filters: Mapping[str, Any],
    build: Callable[[dict[str, Any]], T],
    limit: int | None = None,
    offset: int = 0,
) -> SearchResults[T]:
    """Find the documents that have any of the query's words, or one of the `known` words that one of them begins.

    `canonical` gives the name that a spelling of it means, such as a skill's, and None for other words; `named_in` is
    the field that holds such names, one or a list. A word that means one is not completed: anyone who asks for java
    does not mean javascript. First come the documents with the name that the whole query means; then those with more of
    the query's words in `fields`, whole or, of several, as a beginning; then by the weights of the index; then by id.
    `build` makes an item of a row.
    """
    asked = list(dict.fromkeys(tokenize(query)))
    words = dict.fromkeys(asked)
    completed = [word for word in asked if canonical(word) is None]
    for word in completed:
        words.update(dict.fromkeys(known.completions(word)))
    named = canonical(query)
    if named is not None:
        words.update(dict.fromkeys(tokenize(named)))
    if not words:
        return SearchResults(items=[], total=0)
    boosts = [
        *([{"$cond": [{"$in": [named, _as_list(named_in)]}, _NAME_BOOST, 0]}] if named is not None else []),
        *(_boost_for(rf"\b{re.escape(word)}", fields) for word in asked if len(asked) > 1),
        *(_boost_for(rf"\b{re.escape(word)}\b", fields) for word in completed),
    ]
    page: list[dict[str, Any]] = [{"$skip": offset}, *([{"$limit": limit}] if limit is not None else [])]
    pipeline = [
        # Without quotes and signs, which the index would take for operators.
        {"$match": {"$text": {"$search": " ".join(words)}, **filters}},
        {"$addFields": {"relevance": {"$add": [{"$meta": "textScore"}, *boosts]}}},
        {"$sort": {"relevance": -1, "_id": 1}},
        {"$facet": {"rows": page, "total": [{"$count": "count"}]}},
    ]
    (answer,) = collection.aggregate(pipeline)
    total = answer["total"][0]["count"] if answer["total"] else 0
    return SearchResults(items=[build(row) for row in answer["rows"]], total=total)


def _boost_for(pattern: str, fields: Sequence[str]) -> dict[str, Any]:
    """A boost where one of the fields matches, in any case."""
    parts: list[Any] = []
    for name in fields:
        joined = {
            "$reduce": {"input": _as_list(name), "initialValue": "", "in": {"$concat": ["$$value", " ", "$$this"]}}
        }
        parts.append(joined)
    return {"$cond": [{"$regexMatch": {"input": {"$concat": parts}, "regex": pattern, "options": "i"}}, _WORD_BOOST, 0]}


def _as_list(name: str) -> dict[str, Any]:
    """The field's values, whether it is a list, a single one or absent."""
    value = f"${name}"
    return {"$cond": [{"$isArray": value}, value, [{"$ifNull": [value, ""]}]]}


class Unset(Enum):
    """What stands for a value that was not given, where None removes it."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLog:
    """The progress that is kept in a collection, which needs a unique index on the user and the subject.

    The other names are those of fields, save `done`, the last status: `subject` is what somebody makes progress with,
    `begun_at` and `done_at` are times, `link` is an address that shows it.
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
        """Store how far a user has come; returns the stored row. A link not given stays, None removes it.

        With `seen_at`, raises StaleVersion where the stored row is not of that time.
        """
        # The time it was first said to be done stands when the same is said again.
        done_at = {"$cond": [{"$eq": ["$status", self.done]}, f"${self.done_at}", now]}
        change: dict[str, Any] = {
            "status": status,
            # It distinguishes versions; MongoDB keeps times to the millisecond.
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
                # Another request has just inserted it, so this one finds it.
                return self._upsert(identity, change)

    def remove(self, *, user_id: str, subject: Any, seen_at: datetime | None = None) -> bool:
        """Forget a user's progress with a subject; False when there was none.

        With `seen_at`, raises StaleVersion where the stored row is not of that time.
        """
        identity = {"user": ObjectId(user_id), self.subject: subject}
        version = {"updated_at": seen_at} if seen_at is not None else {}
        with self.invalidate(user_id=identity["user"]):
            is_removed = bool(self._rows.delete_one(identity | version).deleted_count)
        if not is_removed and seen_at is not None:
            raise StaleVersion("the progress was changed since it was seen")
        return is_removed

    def get_version(self, *, user_id: str, subject: Any) -> datetime | None:
        """Return when the row of a user and a subject was changed last; None where there is none."""
        row = self._rows.find_one({"user": ObjectId(user_id), self.subject: subject}, {"updated_at": 1})
        return row["updated_at"] if row is not None else None

    def of(self, user_id: str) -> list[dict[str, Any]]:
        """A user's progress, by subject."""
        return list(self._rows.find({"user": ObjectId(user_id)}).sort(self.subject, 1))

    def statuses(self, user_id: str) -> dict[Any, str]:
        """How far a user is with each subject, in their order."""

        def load() -> bytes:
            return orjson.dumps([(row[self.subject], row["status"]) for row in self.of(user_id)])

        # Pairs, since the keys of a JSON object are text.
        return dict(orjson.loads(self._cache.get(user_id=ObjectId(user_id), load=load) or b"[]"))

    def list_done(self, user_id: str) -> list[Any]:
        """The subjects that a user is done with, sorted."""
        return [subject for subject, status in self.statuses(user_id).items() if status == self.done]

    def export(self, user_id: ObjectId) -> list[dict[str, Any]]:
        names = (self.subject, "status", self.link, self.begun_at, "updated_at", self.done_at)
        return [{name: row.get(name) for name in names} for row in self.of(str(user_id))]

    def erase(self, user_id: ObjectId) -> None:
        with self.invalidate(user_id=user_id):
            self._rows.delete_many({"user": user_id})

    def invalidate(self, *, user_id: ObjectId) -> AbstractContextManager[None]:
        """For anyone who writes rows of the user's in another way: the next answer shows what is written in the
        block."""
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
            raise StaleVersion("the progress was changed since it was seen")
        return stored

    def _upsert(self, identity: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._rows.find_one_and_update(
            identity, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        if stored is None:  # an upsert returns what it stored
            raise RuntimeError("the progress was not stored")
        return stored
