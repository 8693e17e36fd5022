"""Services that write project ideas: seed ideas and apply skill merges."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from projects.documents import ProjectIdeaDocument
from projects.ideas import CATALOGUE
from skills.services import build_rename


def seed_ideas(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Update the stored ideas from the entries of the seed file.

    Seeding is idempotent and leaves ideas that a curator edited unchanged.

    Raises:
        InvalidEntry: An entry is not a valid idea. Nothing has been written.
    """
    contents = []
    for entry in entries:
        try:
            document = ProjectIdeaDocument(**entry)
            document.validate(clean=True)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('id')}, {entry.get('title')}: {error}") from error
        stored = document.to_mongo()
        contents.append({"_id": document.id} | {name: stored.get(name) for name in ProjectIdeaDocument.CONTENT_FIELDS})
    return seed_entries(document=ProjectIdeaDocument, key=("_id",), entries=contents, now=now)


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Replace the skill `source` with `target` in all project ideas."""
    change = [{"$set": {"skills": build_rename(field="skills", source=source, target=target), "updated_at": now}}]
    if database().project_ideas.update_many({"skills": source}, change).modified_count:
        replace_version(CATALOGUE)
