"""Reading the vocabulary, which each process holds and loads again when the stored one changes; and who uses it."""

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
class _Loaded:
    vocabulary: Vocabulary

    @cached_property
    def extractor(self) -> SkillExtractor:
        return SkillExtractor(self.vocabulary)


_cache: VersionedCache[_Loaded] = VersionedCache.of_catalogue(VOCABULARY)


def get_vocabulary() -> Vocabulary:
    """Return the vocabulary, at most a second behind the stored one; an empty one before it was seeded."""
    return _cache.get(load=_load).vocabulary


def get_extractor() -> SkillExtractor:
    """Return the extractor of `vocabulary()`. The first call after a change builds it, in some 50 ms."""
    return _cache.get(load=_load).extractor


def _load() -> _Loaded:
    return _Loaded(Vocabulary(document.as_skill() for document in SkillDocument.objects.order_by("name")))


# What names skills: the collection, its field, and what one and many of it are called.
_USES = (
    ("users", "skills", "user", "users"),
    ("job_postings", "skills", "posting", "postings"),
    ("learning_resources", "skill", "learning resource", "learning resources"),
    ("project_ideas", "skills", "project idea", "project ideas"),
    ("learning_progress", "skill", "user's progress", "users' progress"),
)


def list_uses(name: str, counts: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Say how many there are of each kind that name the skill, by the kind's collection."""
    numbers = ((kind, counts.get((name, kind), 0), one, many) for kind, _, one, many in _USES)
    return [(kind, f"{number:,} {one if number == 1 else many}") for kind, number, one, many in numbers]


def count_uses(names: list[str]) -> dict[tuple[str, str], int]:
    """Count what names each of the skills, by skill and collection."""
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
