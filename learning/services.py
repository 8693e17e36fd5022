"""Writing what can be learnt and what was: seeding resources, setting progress."""

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
from learning.documents import LearningResource
from learning.resources import CATALOGUE
from skills.services import merged_skills


def seed_resources(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Bring the stored resources up to the entries of the seed file; safe to repeat, and what curators edited is kept.

    Raises InvalidEntry, before anything is written, when an entry cannot be a resource.
    """
    contents = []
    merged = merged_skills()
    for entry in entries:
        try:
            document = LearningResource(**entry)
            document.skill = merged.get(document.skill, document.skill)
            document.validate(clean=True)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('skill')}, {entry.get('url')}: {error}") from error
        contents.append({name: getattr(document, name) for name in LearningResource.SEEDED_FIELDS})
    summary = seed_entries(
        collection=LearningResource._get_collection(), key=("skill", "url"), entries=contents, now=now
    )
    if summary.wrote:
        replace_version(CATALOGUE)
    return summary


def set_progress(
    *, user_id: str, skill: str, status: str, evidence_url: str | Unchanged | None = UNCHANGED, now: datetime
) -> dict[str, Any]:
    """Store how far a user has come with a (canonical) skill; returns the stored progress.

    An evidence address that is not given stays, and None removes it.
    """
    change: dict[str, Any] = {
        "status": status,
        "updated_at": now,
        "created_at": {"$ifNull": ["$created_at", now]},
        # The time it was first said to be done stands when the same is said again.
        "done_at": {"$cond": [{"$eq": ["$status", "done"]}, "$done_at", now]} if status == "done" else "$$REMOVE",
    }
    if evidence_url is not UNCHANGED:
        change["evidence_url"] = "$$REMOVE" if evidence_url is None else {"$literal": evidence_url}
    identity = {"user": ObjectId(user_id), "skill": skill}
    try:
        return _upsert(identity, change)
    except DuplicateKeyError:
        # Another request has just inserted it, so this one finds it.
        return _upsert(identity, change)


def remove_progress(*, user_id: str, skill: str) -> bool:
    """Forget a user's progress with a skill; False when there was none."""
    removed = database().learning_progress.delete_one({"user": ObjectId(user_id), "skill": skill})
    return bool(removed.deleted_count)


def _upsert(identity: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] | None = database().learning_progress.find_one_and_update(
        identity, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
    )
    if stored is None:  # an upsert returns what it stored
        raise RuntimeError("the progress was not stored")
    return stored
