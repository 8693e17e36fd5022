"""Bring stored users up to today's rules: addresses, levels, skill names. Safe to repeat and to break off."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mongoengine.errors import NotUniqueError

from accounts.addresses import normalize_address
from accounts.documents import ConcurrentChange, User
from accounts.experience import LEVELS, map_experience_level
from accounts.services import canonical_skills

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class SkillCleaning:
    """Users looked at, and those whose skills have other names now."""

    seen: int = 0
    changed: int = 0
    changed_meanwhile: int = 0


def normalize_emails(*, now: datetime) -> None:
    """Store the domains of users' addresses in A-labels.

    Where another account has that form already, both stay, and each is logged in to by the form it was registered with.
    """
    # In A-labels already, or no name of a domain at all: whatever is ASCII and in lower case stays.
    for user in User.objects(email={"$regex": "@.*[^\\x00-\\x7f]"}).order_by("id").no_cache():
        email = normalize_address(user.email)
        if email == user.email:
            continue
        try:
            is_taken = bool(User.objects(email=email).first())
            if not is_taken:
                user.email = email
                user.save()
        except NotUniqueError:
            is_taken = True
        if is_taken:
            logger.warning("user %s keeps the address as it was: another account has its normalized form", user.pk)


def map_experience_levels(*, now: datetime) -> None:
    """Give users with an older, free-text level the documented one that it means.

    A text that means none stays, for someone to look at.
    """
    unknown: Counter[str] = Counter()
    for user in User.objects(experience_level__nin=[None, *LEVELS]).order_by("id").no_cache():
        text = user.experience_level
        level = map_experience_level(text)
        if level is None:
            unknown[text] += 1
            continue
        # Once more where the user changed something else of the profile meanwhile.
        while user is not None and user.experience_level == text and not _update(user, now, experience_level=level):
            user = User.objects(id=user.pk).first()
    if unknown:
        logger.warning("experience levels of users that mean none of today's: %s", dict(sorted(unknown.items())))


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
