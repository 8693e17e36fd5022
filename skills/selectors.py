"""Selectors for the vocabulary, which each process caches until the stored one changes, and for uses of a skill."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from career_navigator.cache.versioned import VersionedCache
from career_navigator.db.connection import database
from skills.documents import VOCABULARY, SkillDocument
from skills.extraction import SkillExtractor
from skills.vocabulary import Vocabulary


@dataclass
class _VocabularyWithExtractor:
    vocabulary: Vocabulary

    @cached_property
    def extractor(self) -> SkillExtractor:
        return SkillExtractor(self.vocabulary)


_cache: VersionedCache[_VocabularyWithExtractor] = VersionedCache.of_catalogue(VOCABULARY)


def get_vocabulary() -> Vocabulary:
    """Return the vocabulary, at most one second stale. The vocabulary is empty until it has been seeded."""
    return _cache.get(load=_load).vocabulary


def get_extractor() -> SkillExtractor:
    """Return the extractor for the current vocabulary. The first call after a change takes about 50 ms to build it."""
    return _cache.get(load=_load).extractor


def _load() -> _VocabularyWithExtractor:
    return _VocabularyWithExtractor(
        Vocabulary(document.as_skill() for document in SkillDocument.objects.order_by("name"))
    )


# Where documents refer to skills: collection, field, and the singular and plural labels of the documents.
_USES = (
    ("users", "skills", "user", "users"),
    ("job_postings", "skills", "posting", "postings"),
    ("learning_resources", "skill", "learning resource", "learning resources"),
    ("project_ideas", "skills", "project idea", "project ideas"),
    ("learning_progress", "skill", "user's progress", "users' progress"),
)


def list_uses(name: str, counts: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Describe how many documents refer to the skill, as (collection, text) pairs such as "3 users".

    `counts` is the result of `count_uses`.
    """
    numbers = ((kind, counts.get((name, kind), 0), singular, plural) for kind, _, singular, plural in _USES)
    return [(kind, f"{number:,} {singular if number == 1 else plural}") for kind, number, singular, plural in numbers]


def count_uses(names: list[str]) -> dict[tuple[str, str], int]:
    """Count the documents that refer to each skill, by (skill, collection)."""
    pipelines: list[list[dict[str, Any]]] = [
        [
            {"$match": {field: {"$in": names}}},
            {"$unwind": f"${field}"},
            {"$match": {field: {"$in": names}}},
            {"$group": {"_id": {"skill": f"${field}", "kind": collection}, "count": {"$sum": 1}}},
        ]
        for collection, field, _, _ in _USES
    ]
    others = [
        {"$unionWith": {"coll": use[0], "pipeline": pipeline}}
        for use, pipeline in zip(_USES[1:], pipelines[1:], strict=True)
    ]
    rows = database()[_USES[0][0]].aggregate([*pipelines[0], *others])
    return {(row["_id"]["skill"], row["_id"]["kind"]): row["count"] for row in rows}
