"""Writing the vocabulary: seeding it, counting what it does not know."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.cache.versioned import replace_version
from career_navigator.connection import database
from career_navigator.seeding import SeedSummary, seed_entries
from skills.documents import VOCABULARY, SkillDocument, UnknownSlug
from skills.vocabulary import Skill


def seed_skills(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Bring the stored vocabulary up to the entries of the seed file; safe to repeat.

    An entry whose stored content is no longer what seeding wrote was edited by a curator and stays as it is. Nothing
    is deleted. Raises `InvalidSkill`, before anything is written, when an entry cannot be read.
    """
    # What was merged away stays away.
    merged = set(merged_skills())
    skills = [Skill.from_entry(entry) for entry in entries]
    contents = [skill.as_entry() for skill in skills if skill.name not in merged]
    summary = seed_entries(collection=SkillDocument._get_collection(), key=("name",), entries=contents, now=now)
    if summary.wrote:
        replace_version(VOCABULARY)
    return summary


def merged_skills() -> dict[str, str]:
    """What became of the names of skills that were merged into others."""
    documents = SkillDocument.objects(merged_names__0__exists=True).only("name", "merged_names")
    return {gone: document.name for document in documents for gone in document.merged_names}


def count_unknown_slugs(*, slugs: Iterable[str], now: datetime) -> None:
    """Count slugs the vocabulary does not know; one that is given twice counts twice."""
    counts: dict[str, int] = {}
    for slug in slugs:
        counts[slug] = counts.get(slug, 0) + 1
    writes = [
        UpdateOne(
            {"slug": slug},
            {"$inc": {"count": count}, "$setOnInsert": {"first_seen_at": now}, "$max": {"last_seen_at": now}},
            upsert=True,
        )
        for slug, count in counts.items()
    ]
    if writes:
        UnknownSlug._get_collection().bulk_write(writes, ordered=False)


def drop_vocabulary_counter(*, now: datetime) -> None:
    """Drop the counter that was the vocabulary's version before it got a random one, as every catalogue has."""
    database().vocabulary_versions.drop()
