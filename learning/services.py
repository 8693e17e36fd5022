"""Writing what can be learnt: seeding resources."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import mongoengine

from career_navigator.cache.versioned import replace_version
from career_navigator.db.seeding import InvalidEntry, SeedSummary, seed_entries
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
