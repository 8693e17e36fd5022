"""Bringing stored users up to today's rules: experience levels, skill names. Safe to repeat and to break off."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.documents import ConcurrentChange, User
from accounts.experience import LEVELS, map_experience_level
from accounts.services import canonical_skills


@dataclass(slots=True, kw_only=True)
class LevelMigration:
    """Users with an older level: how many got which documented one, and the texts that mean none."""

    seen: int = 0
    migrated: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    changed_meanwhile: int = 0


@dataclass(slots=True, kw_only=True)
class SkillCleaning:
    """Users looked at, and those whose skills have other names now."""

    seen: int = 0
    changed: int = 0
    changed_meanwhile: int = 0


def migrate_experience_levels(
    *, dry_run: bool, now: datetime, on_user: Callable[[], object] | None = None
) -> LevelMigration:
    """Give users with an older, free-text level the documented one that it means.

    A text that means none stays, for someone to look at. A user who changes the profile meanwhile is passed over.
    """
    summary = LevelMigration()
    for user in User.objects(experience_level__nin=[None, *LEVELS]).order_by("id").no_cache():
        summary.seen += 1
        text = user.experience_level
        level = map_experience_level(text)
        if level is None:
            summary.unknown[text] += 1
        elif dry_run or _update(user, now, experience_level=level):
            summary.migrated[f"{text} -> {level}"] += 1
        else:
            summary.changed_meanwhile += 1
        if on_user:
            on_user()
    return summary


def clean_user_skills(*, dry_run: bool, now: datetime, on_user: Callable[[], object] | None = None) -> SkillCleaning:
    """Give users' skills the names that the vocabulary has for them now."""
    summary = SkillCleaning()
    for user in User.objects.order_by("id").no_cache():
        summary.seen += 1
        skills = canonical_skills(user.skills)
        if skills != list(user.skills):
            if dry_run or _update(user, now, skills=skills):
                summary.changed += 1
            else:
                summary.changed_meanwhile += 1
        if on_user:
            on_user()
    return summary


def _update(user: User, now: datetime, **fields: object) -> bool:
    try:
        user.update_profile(now=now, **fields)
    except ConcurrentChange:
        return False
    return True
