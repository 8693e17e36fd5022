"""Writing project ideas and what users make of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine
from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from career_navigator.connection import database
from career_navigator.seeding import InvalidEntry, SeedSummary, seed_entries
from career_navigator.unchanged import UNCHANGED, Unchanged
from career_navigator.versioned_copies import replace_version
from projects.documents import ProjectIdea
from projects.ideas import CATALOGUE


def seed_ideas(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Bring the stored ideas up to the entries of the seed file; safe to repeat, and what curators edited is kept.

    Raises InvalidEntry, before anything is written, when an entry cannot be an idea.
    """
    contents = []
    for entry in entries:
        try:
            document = ProjectIdea(**entry)
            document.validate(clean=True)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('id')}, {entry.get('title')}: {error}") from error
        stored = document.to_mongo()
        contents.append({"_id": document.id} | {name: stored.get(name) for name in ProjectIdea.CONTENT_FIELDS})
    summary = seed_entries(collection=ProjectIdea._get_collection(), key=("_id",), entries=contents, now=now)
    if summary.wrote:
        replace_version(CATALOGUE)
    return summary


def set_progress(
    *, user_id: str, project: int, status: str, repository_url: str | Unchanged | None = UNCHANGED, now: datetime
) -> dict[str, Any]:
    """Store that a user has begun or finished a project; returns the stored progress.

    A repository that is not given stays, and None removes it.
    """
    change: dict[str, Any] = {
        "status": status,
        "updated_at": now,
        "started_at": {"$ifNull": ["$started_at", now]},
        # The time it was first said to be finished stands when the same is said again.
        "finished_at": {"$cond": [{"$eq": ["$status", "finished"]}, "$finished_at", now]}
        if status == "finished"
        else "$$REMOVE",
    }
    if repository_url is not UNCHANGED:
        change["repository_url"] = "$$REMOVE" if repository_url is None else {"$literal": repository_url}
    identity = {"user": ObjectId(user_id), "project": project}
    try:
        return _upsert(identity, change)
    except DuplicateKeyError:
        # Another request has just inserted it, so this one finds it.
        return _upsert(identity, change)


def remove_progress(*, user_id: str, project: int) -> bool:
    """Forget a user's progress with a project; False when there was none."""
    removed = database().project_progress.delete_one({"user": ObjectId(user_id), "project": project})
    return bool(removed.deleted_count)


def _upsert(identity: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] | None = database().project_progress.find_one_and_update(
        identity, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
    )
    if stored is None:  # an upsert returns what it stored
        raise RuntimeError("the progress was not stored")
    return stored
