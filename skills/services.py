"""Writing the vocabulary: seeding, merging skills, resolving and counting slugs it does not know."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError
from pymongo import UpdateOne

from career_navigator.apps import get_declared
from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import SeedSummary, seed_entries
from career_navigator.db.connection import database
from skills.documents import VOCABULARY, SkillDocument, UnknownSlugDocument
from skills.selectors import get_vocabulary
from skills.vocabulary import Skill, spelling_key


def seed_skills(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Bring the stored vocabulary up to the entries of the seed file; safe to repeat.

    An entry whose stored content is no longer what seeding wrote was edited by a curator and stays as it is. Nothing
    is deleted. Raises `InvalidSkill`, before anything is written, when an entry cannot be read.
    """
    # What was merged away stays away.
    merged = set(get_merged_skills())
    skills = [Skill.from_entry(entry) for entry in entries]
    contents = [skill.as_entry() for skill in skills if skill.name not in merged]
    return seed_entries(document=SkillDocument, key=("name",), entries=contents, now=now)


def get_merged_skills() -> dict[str, str]:
    """What became of the names of skills that were merged into others."""
    documents = SkillDocument.objects(merged_names__0__exists=True).only("name", "merged_names")
    return {source: document.name for document in documents for source in document.merged_names}


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
        UnknownSlugDocument._get_collection().bulk_write(writes, ordered=False)


def drop_vocabulary_counter(*, now: datetime) -> None:
    """Drop the counter that was the vocabulary's version before it got a random one, as every catalogue has."""
    database().vocabulary_versions.drop()


class UnmergeableError(ValueError):
    """Two entries that cannot be joined; the message says why."""


def merge_skills(*, source: str, target: str, now: datetime) -> None:
    """Let `target` be all that `source` was, then delete `source`. Raises `UnmergeableError`.

    Everything that names the one names the other before the first is deleted, so that a merge that was broken off is
    finished by merging again.
    """
    if source == target:
        raise UnmergeableError("A skill cannot be merged with itself.")
    found = {each.name: each for each in SkillDocument.objects(name__in=[source, target])}
    if len(found) < 2:
        raise UnmergeableError(f"{' and '.join({source, target} - found.keys())} is no skill.")
    lost, skill = found[source], found[target]
    skill.aliases = _joined(skill.aliases, [lost.name, lost.display_name, *lost.aliases], without=[target])
    skill.slugs = _joined(skill.slugs, lost.slugs)
    skill.prerequisites = _joined(skill.prerequisites, lost.prerequisites, without=[source, target])
    skill.related = _joined(skill.related, lost.related, without=[source, target])
    skill.merged_names = _joined(skill.merged_names, [source, *lost.merged_names])
    skill.updated_at = now
    skill.save()
    for field in ("prerequisites", "related"):
        database().skills.update_many(
            {field: source, "name": {"$ne": target}},
            [{"$set": {field: build_rename(field=field, source=source, target=target), "updated_at": now}}],
        )
    for follow in get_declared("skill_merges").values():
        follow(source, target, now)
    lost.delete()
    replace_version(VOCABULARY)


def build_rename(*, field: str, source: str, target: str) -> dict[str, Any]:
    """For a pipeline update: a list of names in which `target` stands where `source` stood, each name once, in
    order."""
    items = {"$map": {"input": f"${field}", "in": {"$cond": [{"$eq": ["$$this", source]}, target, "$$this"]}}}
    once = {"$cond": [{"$in": ["$$this", "$$value"]}, "$$value", {"$concatArrays": ["$$value", ["$$this"]]}]}
    return {"$reduce": {"input": items, "initialValue": [], "in": once}}


def _joined(names: list[str], more: list[str], *, without: list[str] | None = None) -> list[str]:
    return [name for name in dict.fromkeys([*names, *more]) if name not in (without or ())]


class UnresolvableSlugError(ValueError):
    """A slug that cannot be resolved so. `reason` is stable: `unknown_skill`, `known` or `changed`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def resolve_as_alias(*, slug: str, skill: str, now: datetime) -> None:
    """Make the slug mean a skill that the vocabulary has. Raises `UnresolvableSlugError`."""
    # One atomic update, as two curators may resolve slugs of one skill at once; saving is what tells every process.
    document = SkillDocument.objects(name=skill).modify(add_to_set__slugs=slug, set__updated_at=now, new=True)
    if document is None:
        raise UnresolvableSlugError("unknown_skill", f"The vocabulary has no skill {skill!r}.")
    document.save()
    UnknownSlugDocument.objects(slug=slug).delete()


def resolve_as_new(*, slug: str, is_skill: bool, now: datetime) -> SkillDocument:
    """Make the slug an entry of its own: a skill, or something adverts mention that nobody learns.

    Raises `UnresolvableSlugError` when the vocabulary knows the spelling by now.
    """
    known = next((each for each in get_vocabulary() if spelling_key(each.name) == spelling_key(slug)), None)
    if known is not None:
        raise UnresolvableSlugError("known", f"The vocabulary has {known.name!r} already.")
    name = spelling_key(slug) or slug.lower()
    words = name.split()
    document = SkillDocument(
        name=name,
        display_name=" ".join(word[:1].upper() + word[1:] for word in words),
        slugs=[slug],
        is_skill=is_skill,
        updated_at=now,
    )
    try:
        document.save(force_insert=True)
    except NotUniqueError as error:
        # Somebody resolved another spelling of it since this process read the vocabulary.
        raise UnresolvableSlugError("known", f"The vocabulary has {name!r} already.") from error
    UnknownSlugDocument.objects(slug=slug).delete()
    return document


def undo_resolution(
    *, slug: str, skill: str, created_at: datetime | None, seen: Mapping[str, Any], now: datetime
) -> None:
    """Let a resolved slug be unknown again, `seen` as it was before: `count`, `first_seen_at`, `last_seen_at`.

    `skill` is the entry that it was resolved to; `created_at` is when that was made for it. Raises
    `UnresolvableSlugError` where the entry was edited since.
    """
    if created_at is not None:
        made = SkillDocument.objects(name=skill, updated_at=created_at).first()
        if made is None:
            raise UnresolvableSlugError("changed", f"{skill!r} was edited or deleted since: {slug!r} stays resolved.")
        made.delete()
    else:
        document = SkillDocument.objects(name=skill).modify(pull__slugs=slug, set__updated_at=now, new=True)
        if document is not None:
            document.save()
    UnknownSlugDocument._get_collection().update_one(
        {"slug": slug},
        {
            "$inc": {"count": seen["count"]},
            "$min": {"first_seen_at": seen["first_seen_at"]},
            "$max": {"last_seen_at": seen["last_seen_at"]},
        },
        upsert=True,
    )
