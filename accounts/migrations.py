"""Bringing stored users up to today's rules: addresses, levels, skill names. Safe to repeat and to break off."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mongoengine.errors import NotUniqueError

from accounts.addresses import normalize_address
from accounts.documents import ConcurrentChange, User
from accounts.experience import LEVELS, map_experience_level
from accounts.services import canonical_skills

logger = logging.getLogger(__name__)


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


@dataclass(slots=True, kw_only=True)
class AddressMigration:
    """Users whose address had another form: how many, how many have the right one now, and ids of those left alone."""

    seen: int = 0
    migrated: int = 0
    taken: list[str] = field(default_factory=list)


def migrate_addresses(*, dry_run: bool) -> AddressMigration:
    """Store the domains of users' addresses in A-labels.

    Where another account has that form already, both stay, and each is logged in to by the form it was registered with.
    """
    summary = AddressMigration()
    # In A-labels already, or no name of a domain at all: whatever is ASCII and in lower case stays.
    for user in User.objects(email={"$regex": "@.*[^\\x00-\\x7f]"}).order_by("id").no_cache():
        address = normalize_address(user.email)
        if address == user.email:
            continue
        summary.seen += 1
        try:
            is_taken = bool(User.objects(email=address).first())
            if not is_taken and not dry_run:
                user.email = address
                user.save()
        except NotUniqueError:
            is_taken = True
        if is_taken:
            logger.warning("user %s keeps the address as it was: another account has its normalized form", user.pk)
            summary.taken.append(str(user.pk))
        else:
            summary.migrated += 1
    return summary


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
