"""Account services: registration, login, profile changes, deactivation, data export and erasure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.contrib.auth.password_validation import validate_password
from mongoengine.errors import NotUniqueError

from accounts.authentication import end_sessions
from accounts.credentials import check_current_password, hash_password, verify_password
from accounts.documents import PROFILE_CACHE, PasswordReset, RefreshToken, User
from accounts.profile_parsing import find_added_roles, list_email_forms, normalize_email, remove_repeated_roles
from accounts.selectors import find_user_by_email
from career_navigator.apps import get_declared
from career_navigator.db.connection import database
from career_navigator.documents import StaleVersion
from career_navigator.observability.middleware import with_fresh_deadline
from skills.selectors import get_vocabulary
from skills.services import build_rename

# Text fields that an empty string clears.
_CLEARABLE_FIELDS = (
    *("experience_level", "location", "phone_number", "experience", "remote_preference", "professional_summary"),
    "expected_salary_currency",
)


class EmailTaken(Exception):
    """Raised when an account with the email address already exists."""


class LoginRejected(Exception):
    """Raised when no active account has the email address and password. Clients are not told which one is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """A user as stored after a change, and the target roles that the change added."""

    user: User
    new_roles: tuple[str, ...]


def register_user(
    *, email: str, password: str, full_name: str, now: datetime, email_confirmed: bool = False, **profile: Any
) -> ProfileChange:
    """Create an account. `profile` contains further profile fields.

    Raises:
        ValidationError: the password violates the policy.
        EmailTaken: the address is registered. The unique index on `email` lets only one of several concurrent
            registrations succeed.
    """
    validate_password(password)
    fields = _normalize_fields({"full_name": full_name, **profile})
    normalized_email = normalize_email(email)
    # The unique index does not cover the other forms of the address that earlier releases stored.
    if User.objects(email__in=list_email_forms(email)).first() is not None:
        raise EmailTaken(f"the address {normalized_email} is already registered")
    hashed_password = hash_password(password)
    user = User(email=normalized_email, hashed_password=hashed_password, email_confirmed=email_confirmed, **fields)
    user.update_timestamp(now=now)
    user.created_at = user.updated_at
    try:
        # Hashing the password used up part of the request's deadline for MongoDB.
        with_fresh_deadline(lambda: user.save(force_insert=True))
    except NotUniqueError as error:
        raise EmailTaken(f"the address {normalized_email} is already registered") from error
    return ProfileChange(user=user, new_roles=tuple(user.target_roles))


def authenticate(*, email: str, password: str) -> User:
    """Return the active user with this email address and password, in the same time whether or not the user exists.

    Raises:
        LoginRejected: there is no such active user, or the password is wrong.
    """
    user = find_user_by_email(email=email)
    if user is None:
        verify_password(password, None)
        raise LoginRejected("no account has that address")

    def rehash(verified_password: str) -> None:
        # Rehashing is not a change by the user, so `updated_at` and the cached profile stay as they are.
        User.objects(id=user.pk, hashed_password=user.hashed_password).update_one(
            set__hashed_password=hash_password(verified_password)
        )

    if not verify_password(password, user.hashed_password, rehash=rehash):
        raise LoginRejected("the password is wrong")
    return user


def change_profile(
    *,
    user_id: ObjectId,
    fields: Mapping[str, Any],
    now: datetime,
    first_role: str | None = None,
    added: Mapping[str, Collection[str]] | None = None,
    seen_at: datetime | None = None,
) -> ProfileChange:
    """Update the given profile fields. None clears a field.

    `first_role` replaces the first target role and leaves the others. `added` contains values to append to list fields.
    `seen_at` is the `updated_at` of the profile version that the change is based on, or None to skip the check.

    Raises:
        StaleVersion: the profile has changed since `seen_at`.
        ConcurrentChange: the profile was changed while this change was being written.
        DoesNotExist: there is no such active user.
    """
    user = User.objects.get(id=user_id, is_active=True)
    if seen_at is not None and user.updated_at != seen_at:
        raise StaleVersion("the user has changed since the given version")
    previous_roles = list(user.target_roles)
    if first_role is not None:
        fields = {**fields, "target_roles": [first_role, *previous_roles[1:]]}
    for name, values in (added or {}).items():
        if values:
            fields = {**fields, name: [*user[name], *values]}
    if fields:
        user.update_profile(now=now, **_normalize_fields(fields))
    return ProfileChange(user=user, new_roles=find_added_roles(before=previous_roles, after=user.target_roles))


def deactivate_user(*, user_id: ObjectId) -> None:
    """Block logins of the user and revoke all tokens.

    Raises:
        DoesNotExist: there is no such user.
    """
    _set_active(user_id, False)
    end_sessions(user_id=user_id)


def reactivate_user(*, user_id: ObjectId) -> None:
    """Allow the user to log in again. Tokens that were revoked on deactivation stay revoked.

    Raises:
        DoesNotExist: there is no such user.
    """
    _set_active(user_id, True)


def _set_active(user_id: ObjectId, is_active: bool) -> None:
    user = User.objects.get(id=user_id)
    user.is_active = is_active
    user.save()


def canonicalize_skills(names: Iterable[str]) -> list[str]:
    """Return skills in stored form: canonical names, or readable lower-case names if the vocabulary has none."""
    return get_vocabulary().map_technology_slugs(names)


def _normalize_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return profile fields in stored form: canonical skills, no duplicates, None for empty text."""
    stored = dict(fields)
    if "skills" in stored:
        stored["skills"] = canonicalize_skills(stored["skills"] or ())
    if "target_roles" in stored:
        stored["target_roles"] = remove_repeated_roles(stored["target_roles"] or ())
    for name in ("preferred_locations", "languages"):
        if name in stored:
            stored[name] = list(dict.fromkeys(stored[name] or ()))
    for name in _CLEARABLE_FIELDS:
        if name in stored and stored[name] == "":
            stored[name] = None
    return stored


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Rename the skill in every profile. Each update is atomic, so that no concurrent edit is lost."""
    users = database().users
    # `updated_at` is the version of a profile, so it must increase even if the clock is behind.
    updated_at = {"$max": [now, {"$add": ["$updated_at", 1]}]}
    skills = build_rename(field="skills", source=source, target=target)
    change = [{"$set": {"skills": skills, "updated_at": updated_at}}]
    for user in User.objects(skills=source).only("pk"):
        with PROFILE_CACHE.invalidate(user_id=user.pk):
            users.update_one({"_id": user.pk, "skills": source}, change)


# An erasure that started more than this long ago counts as interrupted, because erasures take far less time.
ERASURE_TIMEOUT = timedelta(minutes=10)


def export_user(*, user_id: ObjectId, now: datetime) -> dict[str, Any]:
    """Return all data stored about the user, without secrets.

    Raises:
        DoesNotExist: there is no such user.
    """
    user = User.objects.get(id=user_id)
    return {
        "exported_at": now,
        "user": user.dict_exclude_password()
        | {"is_active": user.is_active, "password_changed_at": user.password_changed_at},
        **{name: export(user_id) for name, export in sorted(get_declared("user_exports").items())},
    }


def count_user_data(*, user_id: ObjectId) -> dict[str, int]:
    """Return the number of stored entries about the user per kind of data. Kinds without entries are omitted."""
    counts = {name: len(export(user_id)) for name, export in sorted(get_declared("user_exports").items())}
    return {name: count for name, count in counts.items() if count}


def erase_user(*, user_id: ObjectId, password: str, now: datetime) -> None:
    """Erase the user and all their data after checking the password.

    Raises:
        WrongPassword: the password does not match.
        DoesNotExist: there is no such active user.
    """
    user = check_current_password(user_id=user_id, password=password)
    with_fresh_deadline(lambda: erase_everything(user=user, now=now))


def erase_user_on_request(*, user_id: ObjectId, now: datetime) -> None:
    """Erase the user and all their data without a password check.

    Raises:
        DoesNotExist: there is no such user.
    """
    erase_everything(user=User.objects.get(id=user_id), now=now)


def erase_everything(*, user: User, now: datetime) -> None:
    """Erase the user and all their data. The caller must have authorized the erasure.

    The user is deactivated first and deleted last, so that `finish_erasures` can find and complete an interrupted
    erasure. A second pass erases data that requests in progress stored during the first pass.
    """
    user.begin_erasure(now=now)
    _erase_user_data(user.pk)
    user.delete()
    _erase_user_data(user.pk)


def finish_erasures(*, now: datetime) -> int:
    """Complete interrupted erasures and return the number of accounts erased."""
    unfinished = list(User.objects(erasure_began_at__lte=now - ERASURE_TIMEOUT).order_by("id"))
    for user in unfinished:
        erase_everything(user=user, now=now)
    return len(unfinished)


def _erase_user_data(user_id: ObjectId) -> None:
    for erase in get_declared("user_erasures").values():
        erase(user_id)


def export_last_login(user_id: ObjectId) -> list[datetime]:
    """Return the user's last login for the data export. The list is empty if no login has been recorded."""
    return [at for at in User.objects(id=user_id).scalar("last_login_at") if at is not None]


def export_sessions(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's sessions that can still be refreshed, for the data export."""
    tokens = RefreshToken.objects(user=user_id, used_at=None).order_by("issued_at", "jti")
    return [
        {"session": token.family, "refreshed_at": token.issued_at, "expires_at": token.expires_at} for token in tokens
    ]


def export_resets(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's pending password resets for the data export."""
    resets = PasswordReset.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"requested_at": reset.issued_at, "expires_at": reset.expires_at} for reset in resets]


def erase_resets(user_id: ObjectId) -> None:
    """Delete the user's pending password resets."""
    PasswordReset.objects(user=user_id).delete()
