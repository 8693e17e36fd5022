"""Writing what can be learnt: seeding resources, and following a merge of two skills."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from learning.documents import SKILL_PROGRESS, STATUSES, LearningResource
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
    return seed_entries(document=LearningResource, key=("skill", "url"), entries=contents, now=now)


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill. Of two resources with one address that of the skill that stays is kept; of two progresses of
    one user the further one."""
    resources, progress = database().learning_resources, database().learning_progress
    for row in resources.find({"skill": gone}, {"url": 1}):
        if resources.count_documents({"skill": kept, "url": row["url"]}, limit=1):
            resources.delete_one({"_id": row["_id"]})
        else:
            resources.update_one({"_id": row["_id"]}, {"$set": {"skill": kept, "updated_at": now}})
    replace_version(CATALOGUE)
    for row in progress.find({"skill": gone}):
        with SKILL_PROGRESS.invalidate(user_id=row["user"]):
            other = progress.find_one({"user": row["user"], "skill": kept})
            if other is not None and STATUSES.index(other["status"]) >= STATUSES.index(row["status"]):
                progress.delete_one({"_id": row["_id"]})
                continue
            if other is not None:
                progress.delete_one({"_id": other["_id"]})
            progress.update_one({"_id": row["_id"]}, {"$set": {"skill": kept}})
