"""Writing project ideas: seeding them, and following a merge of two skills."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from projects.documents import ProjectIdea
from projects.ideas import CATALOGUE
from skills.services import renamed


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
    return seed_entries(document=ProjectIdea, key=("_id",), entries=contents, now=now)


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill in every idea."""
    change = [{"$set": {"skills": renamed(field="skills", gone=gone, kept=kept), "updated_at": now}}]
    if database().project_ideas.update_many({"skills": gone}, change).modified_count:
        replace_version(CATALOGUE)
