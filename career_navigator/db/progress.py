"""How far users have come with something: one row for a user and a subject, which ends in being done."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import orjson
from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from career_navigator.cache.user import UserCache
from career_navigator.db.connection import database


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
        self, *, user_id: str, subject: Any, status: str, link: str | Unset | None = UNSET, now: datetime
    ) -> dict[str, Any]:
        """Store how far a user has come; returns the stored row. A link not given stays, None removes it."""
        # The time it was first said to be done stands when the same is said again.
        done_at = {"$cond": [{"$eq": ["$status", self.done]}, f"${self.done_at}", now]}
        change: dict[str, Any] = {
            "status": status,
            "updated_at": now,
            self.begun_at: {"$ifNull": [f"${self.begun_at}", now]},
            self.done_at: done_at if status == self.done else "$$REMOVE",
        }
        if link is not UNSET:
            change[self.link] = "$$REMOVE" if link is None else {"$literal": link}
        identity = {"user": ObjectId(user_id), self.subject: subject}
        with self.invalidate(user_id=identity["user"]):
            try:
                return self._upsert(identity, change)
            except DuplicateKeyError:
                # Another request has just inserted it, so this one finds it.
                return self._upsert(identity, change)

    def remove(self, *, user_id: str, subject: Any) -> bool:
        """Forget a user's progress with a subject; False when there was none."""
        identity = {"user": ObjectId(user_id), self.subject: subject}
        with self.invalidate(user_id=identity["user"]):
            return bool(self._rows.delete_one(identity).deleted_count)

    def of(self, user_id: str) -> list[dict[str, Any]]:
        """A user's progress, by subject."""
        return list(self._rows.find({"user": ObjectId(user_id)}).sort(self.subject, 1))

    def statuses(self, user_id: str) -> dict[Any, str]:
        """How far a user is with each subject, in their order."""

        def load() -> bytes:
            return orjson.dumps([(row[self.subject], row["status"]) for row in self.of(user_id)])

        # Pairs, since the keys of a JSON object are text.
        return dict(orjson.loads(self._cache.get(user_id=ObjectId(user_id), load=load) or b"[]"))

    def done_by(self, user_id: str) -> list[Any]:
        """The subjects that a user is done with, sorted."""
        return [subject for subject, status in self.statuses(user_id).items() if status == self.done]

    def export(self, user_id: ObjectId) -> list[dict[str, Any]]:
        names = (self.subject, "status", self.link, self.begun_at, "updated_at", self.done_at)
        return [{name: row.get(name) for name in names} for row in self.of(str(user_id))]

    def erase(self, user_id: ObjectId) -> None:
        with self.invalidate(user_id=user_id):
            self._rows.delete_many({"user": user_id})

    def invalidate(self, *, user_id: ObjectId) -> AbstractContextManager[None]:
        """For whoever writes rows of the user's in another way: the next answer shows what is written in the block."""
        return self._cache.invalidate(user_id=user_id)

    @property
    def _cache(self) -> UserCache:
        return UserCache(f"progress:1:{self.collection}")

    @property
    def _rows(self) -> "Collection[dict[str, Any]]":
        return database()[self.collection]

    def _upsert(self, identity: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._rows.find_one_and_update(
            identity, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        if stored is None:  # an upsert returns what it stored
            raise RuntimeError("the progress was not stored")
        return stored
