"""Services that write blueprints: seed blueprints and apply skill merges."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import mongoengine

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from learning.blueprints import CATALOGUE, Tier, parse_entry
from learning.documents import BlueprintDocument
from skills.services import get_merged_skills

_SKILL_FIELDS = (*(tier.value for tier in Tier), "never")


def seed_blueprints(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Update the stored blueprints from the entries of the seed file.

    Seeding is idempotent and leaves blueprints that a curator edited unchanged. Skills that were merged into other
    skills are renamed. Skills that the vocabulary lacks are stored, and roadmaps leave them out.

    Raises:
        InvalidEntry: An entry is not a valid blueprint. Nothing has been written.
    """
    contents = []
    merged = get_merged_skills()
    for entry in entries:
        try:
            document = BlueprintDocument(**entry)
            document.validate(clean=True)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('role')}: {error}") from error
        content = {name: getattr(document, name) for name in ("role", "also_for")}
        contents.append(content | _rename_skills({name: getattr(document, name) for name in _SKILL_FIELDS}, merged))
    return seed_entries(document=BlueprintDocument, key=("role",), entries=contents, now=now)


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Replace the skill `source` with `target` in all blueprints. The first entry that names the skill is kept."""
    stored = database().blueprints
    is_changed = False
    for row in stored.find():
        before = {name: row.get(name, []) for name in _SKILL_FIELDS}
        after = _rename_skills(before, {source: target})
        if after != before:
            stored.update_one({"_id": row["_id"]}, {"$set": after | {"updated_at": now}})
            is_changed = True
    if is_changed:
        replace_version(CATALOGUE)


def _rename_skills(fields: Mapping[str, Iterable[str]], merged: Mapping[str, str]) -> dict[str, list[str]]:
    renamed: dict[str, list[str]] = {}
    seen: set[str] = set()
    for tier in Tier:
        texts = renamed[tier.value] = []
        for text in fields[tier.value]:
            entry = parse_entry(text, tier=tier)
            named = dict.fromkeys(merged.get(option, option) for option in entry.options)
            options = tuple(option for option in named if option not in seen)
            seen.update(options)
            if options == entry.options:
                texts.append(text)
            elif options:
                texts.append(str(replace(entry, options=options)))
    return renamed | {"never": list(dict.fromkeys(merged.get(name, name) for name in fields["never"]))}
