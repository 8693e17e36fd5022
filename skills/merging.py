"""Joining two entries of the vocabulary that turned out to be one skill, and with them all that names it."""

from datetime import datetime
from typing import Any

from career_navigator.cache.versioned import replace_version
from career_navigator.connection import database
from career_navigator.declarations import get_declared
from skills.documents import VOCABULARY, SkillDocument


class UnmergeableError(ValueError):
    """Two entries that cannot be joined. `reason` is stable: `same` or `unknown`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def merge_skills(*, gone: str, kept: str, now: datetime) -> None:
    """Let `kept` be all that `gone` was, then delete `gone`. Raises `UnmergeableError`.

    Everything that names the one names the other before the first is deleted, so that a merge that was broken off is
    finished by merging again.
    """
    if gone == kept:
        raise UnmergeableError("same", "A skill cannot be merged with itself.")
    found = {each.name: each for each in SkillDocument.objects(name__in=[gone, kept])}
    if len(found) < 2:
        raise UnmergeableError("unknown", f"{' and '.join({gone, kept} - found.keys())} is no skill.")
    lost, skill = found[gone], found[kept]
    skill.aliases = _joined(skill.aliases, [lost.name, lost.display_name, *lost.aliases], without=[kept])
    skill.slugs = _joined(skill.slugs, lost.slugs)
    skill.prerequisites = _joined(skill.prerequisites, lost.prerequisites, without=[gone, kept])
    skill.related = _joined(skill.related, lost.related, without=[gone, kept])
    skill.merged_names = _joined(skill.merged_names, [gone, *lost.merged_names])
    skill.updated_at = now
    skill.save()
    for field in ("prerequisites", "related"):
        database().skills.update_many(
            {field: gone, "name": {"$ne": kept}},
            [{"$set": {field: renamed(field=field, gone=gone, kept=kept), "updated_at": now}}],
        )
    for follow in get_declared("skill_merges").values():
        follow(gone, kept, now)
    lost.delete()
    replace_version(VOCABULARY)


def renamed(*, field: str, gone: str, kept: str) -> dict[str, Any]:
    """For a pipeline update: a list of names in which `kept` stands where `gone` stood, each name once, in order."""
    items = {"$map": {"input": f"${field}", "in": {"$cond": [{"$eq": ["$$this", gone]}, kept, "$$this"]}}}
    once = {"$cond": [{"$in": ["$$this", "$$value"]}, "$$value", {"$concatArrays": ["$$value", ["$$this"]]}]}
    return {"$reduce": {"input": items, "initialValue": [], "in": once}}


def _joined(names: list[str], more: list[str], *, without: list[str] | None = None) -> list[str]:
    return [name for name in dict.fromkeys([*names, *more]) if name not in (without or ())]
