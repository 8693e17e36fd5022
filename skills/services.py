"""Services that write the vocabulary: seed and merge skills, and count and resolve unknown slugs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError
from pymongo import UpdateOne

from career_navigator.apps import get_declared
from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import SeedSummary, seed_entries
from career_navigator.db.connection import database
from skills.documents import REFERENCES, VOCABULARY, SkillDocument, UnknownSlugDocument
from skills.selectors import get_vocabulary
from skills.vocabulary import InvalidSkill, Skill, find_cycle, get_default_kind, get_spelling_key


def seed_skills(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Update the stored vocabulary from the entries of the seed file.

    Seeding is idempotent and deletes nothing. Entries that a curator edited, and so no longer match what seeding
    wrote, are left unchanged. Entries that were stored before skills had kinds get a kind, what they imply and external
    ids, even if a curator edited the rest.

    Raises:
        InvalidSkill: An entry is invalid, implies an unknown skill, or implies itself through others. Nothing has been
            written.
    """
    # Skip skills that were merged into other skills, so that seeding does not create them again.
    merged = set(get_merged_skills())
    skills = [Skill.from_entry(entry) for entry in entries]
    _check_implications(skills)
    contents = [skill.as_entry() for skill in skills if skill.name not in merged]
    summary = seed_entries(document=SkillDocument, key=("name",), entries=contents, now=now)
    _add_kinds({skill.name: skill for skill in skills})
    return summary


def _check_implications(skills: Iterable[Skill]) -> None:
    implies = {skill.name: skill.implies for skill in skills}
    for name, implied in implies.items():
        if unknown := [other for other in implied if other not in implies]:
            raise InvalidSkill(f"{name}: implies {', '.join(unknown)}, which the file does not have")
        if cycle := find_cycle(implies, name):
            raise InvalidSkill(f"{name}: these skills would imply one another: {' → '.join(cycle)}")


def _add_kinds(seeded: Mapping[str, Skill]) -> None:
    """Set the kind of entries without one, from the seed file or else from the category."""
    writes = []
    rows = database().skills.find({"kind": {"$exists": False}}, {"name": 1, "category": 1, "seed_key": 1})
    for row in rows:
        skill = seeded.get(row["seed_key"][0] if row.get("seed_key") else row["name"])
        values = (
            {"kind": skill.kind, "implies": list(skill.implies), "external_ids": list(skill.external_ids)}
            if skill is not None
            else {"kind": get_default_kind(row.get("category", ""))}
        )
        # The condition preserves a kind that a curator has saved in the meantime.
        writes.append(UpdateOne({"_id": row["_id"], "kind": {"$exists": False}}, {"$set": values}))
    if writes:
        database().skills.bulk_write(writes, ordered=False)
        replace_version(VOCABULARY)


def get_merged_skills() -> dict[str, str]:
    """Return the names of merged skills, each mapped to the skill it was merged into."""
    documents = SkillDocument.objects(merged_names__0__exists=True).only("name", "merged_names")
    return {source: document.name for document in documents for source in document.merged_names}


def count_unknown_slugs(*, slugs: Iterable[str], now: datetime) -> None:
    """Add to the counts of unknown slugs. A slug that occurs twice in `slugs` counts twice."""
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
    """Drop the counter that served as the vocabulary's version before catalogues used random versions."""
    database().vocabulary_versions.drop()


class UnmergeableError(ValueError):
    """Raised when two skills cannot be merged. The message gives the reason."""


def merge_skills(*, source: str, target: str, now: datetime) -> None:
    """Merge the skill `source` into `target`, then delete `source`.

    Every reference to `source` is updated before `source` is deleted, so that an interrupted merge can be completed by
    merging again.

    Raises:
        UnmergeableError: The two names are equal, or one of them is not a skill.
    """
    if source == target:
        raise UnmergeableError("A skill cannot be merged with itself.")
    by_name = {document.name: document for document in SkillDocument.objects(name__in=[source, target])}
    if len(by_name) < 2:
        missing = " or ".join(sorted({source, target} - by_name.keys()))
        raise UnmergeableError(f"The vocabulary has no skill {missing}.")
    source_document, target_document = by_name[source], by_name[target]
    target_document.aliases = _join_names(
        target_document.aliases,
        [source_document.name, source_document.display_name, *source_document.aliases],
        without=[target],
    )
    target_document.slugs = _join_names(target_document.slugs, source_document.slugs)
    target_document.external_ids = _join_names(target_document.external_ids, source_document.external_ids)
    for field in REFERENCES:
        names = _join_names(getattr(target_document, field), getattr(source_document, field), without=[source, target])
        if field != "related":
            names = _drop_cycles(field=field, names=names, source=source, target=target)
        setattr(target_document, field, names)
    target_document.merged_names = _join_names(target_document.merged_names, [source, *source_document.merged_names])
    target_document.updated_at = now
    target_document.save()
    for field in REFERENCES:
        database().skills.update_many(
            {field: source, "name": {"$ne": target}},
            [{"$set": {field: build_rename(field=field, source=source, target=target), "updated_at": now}}],
        )
    for merge_references in get_declared("skill_merges").values():
        merge_references(source, target, now)
    source_document.delete()
    replace_version(VOCABULARY)


def _drop_cycles(*, field: str, names: list[str], source: str, target: str) -> list[str]:
    """Return the names in the merged skill's field, without references to either of the two merged skills."""
    references = dict(SkillDocument.objects(**{f"{field}__0__exists": True}).scalar("name", field))
    joined = {target: [], source: [target]}
    return [name for name in names if not find_cycle({**references, **joined, target: [name]}, target)]


def build_rename(*, field: str, source: str, target: str) -> dict[str, Any]:
    """Build the update-pipeline expression that replaces `source` with `target` in a list of names.

    The expression keeps the order of the list and removes duplicates.
    """
    renamed = {"$map": {"input": f"${field}", "in": {"$cond": [{"$eq": ["$$this", source]}, target, "$$this"]}}}
    append_once = {"$cond": [{"$in": ["$$this", "$$value"]}, "$$value", {"$concatArrays": ["$$value", ["$$this"]]}]}
    return {"$reduce": {"input": renamed, "initialValue": [], "in": append_once}}


def _join_names(names: list[str], more: list[str], *, without: list[str] | None = None) -> list[str]:
    return [name for name in dict.fromkeys([*names, *more]) if name not in (without or ())]


class UnresolvableSlugError(ValueError):
    """Raised when a slug cannot be resolved as requested.

    `reason` is a stable code: `unknown_skill`, `known` or `changed`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def resolve_as_alias(*, slug: str, skill: str, now: datetime) -> None:
    """Add the slug to a skill in the vocabulary. Raises `UnresolvableSlugError` if there is no such skill."""
    # The update is atomic because two curators can resolve slugs to one skill concurrently. The `save` that follows
    # replaces the vocabulary's version, so that every process reloads the vocabulary.
    document = SkillDocument.objects(name=skill).modify(add_to_set__slugs=slug, set__updated_at=now, new=True)
    if document is None:
        raise UnresolvableSlugError("unknown_skill", f"The vocabulary has no skill {skill!r}.")
    document.save()
    UnknownSlugDocument.objects(slug=slug).delete()


def resolve_as_new(*, slug: str, is_skill: bool, now: datetime) -> SkillDocument:
    """Create a vocabulary entry for the slug and return the entry.

    With `is_skill` false, the entry is a known term that is not a skill.

    Raises:
        UnresolvableSlugError: The vocabulary already contains a spelling of the slug.
    """
    key = get_spelling_key(slug)
    existing = next((entry for entry in get_vocabulary() if get_spelling_key(entry.name) == key), None)
    if existing is not None:
        raise UnresolvableSlugError("known", f"The vocabulary already contains {existing.name!r}.")
    name = key or slug.lower()
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
        # A curator resolved another spelling of this slug after this process loaded the vocabulary.
        raise UnresolvableSlugError("known", f"The vocabulary already contains {name!r}.") from error
    UnknownSlugDocument.objects(slug=slug).delete()
    return document


def undo_resolution(
    *, slug: str, skill: str, created_at: datetime | None, seen: Mapping[str, Any], now: datetime
) -> None:
    """Make a resolved slug unknown again.

    Args:
        slug: The slug that was resolved.
        skill: Name of the entry that the slug was resolved to.
        created_at: When the entry was created for the slug, or None if the slug was added to an existing skill.
        seen: The slug's previous `count`, `first_seen_at` and `last_seen_at`.
        now: The current time.

    Raises:
        UnresolvableSlugError: The entry created for the slug has been edited or deleted since.
    """
    if created_at is not None:
        created = SkillDocument.objects(name=skill, updated_at=created_at).first()
        if created is None:
            message = f"{skill!r} has been edited or deleted since, so {slug!r} remains resolved."
            raise UnresolvableSlugError("changed", message)
        created.delete()
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
