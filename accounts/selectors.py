"""Reads of the accounts."""

from dataclasses import dataclass

from bson import ObjectId

from accounts.documents import User
from accounts.profile_parsing import list_email_forms, remove_repeated_roles
from career_navigator.api.permissions import CurrentUser
from career_navigator.cache.client import read
from learning.documents import SKILL_PROGRESS
from market.roles import normalize_role


@dataclass(frozen=True, slots=True, kw_only=True)
class CareerGoals:
    """What collection needs to know of a user: the roles aimed at, and where."""

    roles: tuple[str, ...]
    location: str | None


def get_user_skills(user: CurrentUser) -> list[str]:
    """Return every skill a person holds, each once: those of the profile in its order, then those learnt.

    Every computation of what somebody lacks starts here, so a skill counts everywhere from the moment it is learnt.
    """
    return list(dict.fromkeys([*user.skills, *SKILL_PROGRESS.list_done(user.id)]))


def find_user_by_email(*, email: str) -> User | None:
    """Return the active user with that e-mail address, in whatever form it is written and stored."""
    forms = list_email_forms(email)
    return min(User.objects(email__in=forms, is_active=True), key=lambda user: forms.index(user.email), default=None)


def get_target_roles() -> list[str]:
    """Every role some active user aims at, each once however it is written, by name."""
    # Asked once a day, so no index stands for it.
    return remove_repeated_roles(sorted(User.objects(is_active=True).distinct("target_roles")))


def get_collection_queued_key(role: str) -> str:
    """Return the key in Redis that says for a while that the collection of a role waits in the queue."""
    return f"accounts:collection-queued:{normalize_role(role)}"


def is_collection_queued(*, role: str) -> bool:
    """Whether a profile has had the role's collection queued lately; it may have begun meanwhile."""
    return read(get_collection_queued_key(role)) is not None


def get_career_goals(*, user_id: str) -> CareerGoals | None:
    """A user's goals; None when there is no such user."""
    if not ObjectId.is_valid(user_id):
        return None
    user = User.objects(id=user_id, is_active=True).only("target_roles", "location").first()
    return CareerGoals(roles=tuple(user.target_roles), location=user.location) if user is not None else None
