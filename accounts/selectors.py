"""Queries for users, their skills and their career goals."""

from dataclasses import dataclass

from bson import ObjectId

from accounts.documents import User
from accounts.profile_parsing import list_email_forms, remove_repeated_roles
from career_navigator.api.permissions import CurrentUser
from career_navigator.cache.client import read
from learning.documents import SKILL_PROGRESS
from market.role_selectors import canonicalize_role


@dataclass(frozen=True, slots=True, kw_only=True)
class CareerGoals:
    """The target roles and the location of a user, as input for the collection of postings."""

    roles: tuple[str, ...]
    location: str | None


def get_user_skills(user: CurrentUser) -> list[str]:
    """Return the user's skills without duplicates: the skills of the profile in order, then the acquired skills.

    Every gap analysis and match score uses this function, so that an acquired skill counts everywhere immediately.
    """
    return list(dict.fromkeys([*user.skills, *SKILL_PROGRESS.list_done(user.id)]))


def find_user_by_email(*, email: str) -> User | None:
    """Return the active user with this email address, in any of the forms in which an address may be stored."""
    forms = list_email_forms(email)
    return min(User.objects(email__in=forms, is_active=True), key=lambda user: forms.index(user.email), default=None)


def get_target_roles() -> list[str]:
    """Return the target roles of all active users, sorted by name, without roles that differ only in spelling."""
    # Runs once per day, so no index supports it.
    return remove_repeated_roles(sorted(User.objects(is_active=True).distinct("target_roles")))


def get_collection_queued_key(role: str) -> str:
    """Return the Redis key that marks the collection of a role as queued."""
    return f"accounts:collection-queued:{canonicalize_role(role)}"


def is_collection_queued(*, role: str) -> bool:
    """Return whether a profile change recently queued a collection of the role. The collection may have started."""
    return read(get_collection_queued_key(role)) is not None


def get_career_goals(*, user_id: str) -> CareerGoals | None:
    """Return the goals of an active user, or None if there is no such user."""
    if not ObjectId.is_valid(user_id):
        return None
    user = User.objects(id=user_id, is_active=True).only("target_roles", "location").first()
    return CareerGoals(roles=tuple(user.target_roles), location=user.location) if user is not None else None
