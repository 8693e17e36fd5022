"""Writes of the accounts: registering, logging in, changing the profile, deactivating, exporting, erasing."""

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

# Text that a blank one clears.
_MAY_BE_EMPTY = (
    *("experience_level", "location", "phone_number", "experience", "remote_preference", "professional_summary"),
    "expected_salary_currency",
)


class EmailTaken(Exception):
    """There is an account with that e-mail address."""


class LoginRejected(Exception):
    """No active account has that e-mail address and password; which of the two it was is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A user as stored after a change, and the target roles that the change brought."""

    user: User
    new_roles: tuple[str, ...]


def register_user(
    *, email: str, password: str, full_name: str, now: datetime, email_confirmed: bool = False, **profile: Any
) -> Change:
    """Add an account; `profile` holds further profile fields.

    Raises ValidationError, and EmailTaken, which the unique index decides where two register at once.
    """
    validate_password(password)
    fields = _canonical({"full_name": full_name, **profile})
    address = normalize_email(email)
    # The index knows of no other forms, which releases before stored.
    if User.objects(email__in=list_email_forms(email)).first() is not None:
        raise EmailTaken(f"an account has the address {address}")
    user = User(email=address, hashed_password=hash_password(password), email_confirmed=email_confirmed, **fields)
    user.update_timestamp(now=now)
    user.created_at = user.updated_at
    try:
        # Hashing has taken a part of the request's time for MongoDB.
        with_fresh_deadline(lambda: user.save(force_insert=True))
    except NotUniqueError as error:
        raise EmailTaken(f"an account has the address {address}") from error
    return Change(user=user, new_roles=tuple(user.target_roles))


def authenticate(*, email: str, password: str) -> User:
    """The active user with that address and password, as long to answer when there is none. Raises LoginRejected."""
    user = find_user_by_email(email=email)
    if user is None:
        verify_password(password, None)
        raise LoginRejected("no account has that address")

    def rehash(verified: str) -> None:
        # No change that the user has made, so the profile stays as it is.
        User.objects(id=user.pk, hashed_password=user.hashed_password).update_one(
            set__hashed_password=hash_password(verified)
        )

    if not verify_password(password, user.hashed_password, rehash=rehash):
        raise LoginRejected("the password is not the account's")
    return user


def change_profile(
    *,
    user_id: ObjectId,
    fields: Mapping[str, Any],
    now: datetime,
    first_role: str | None = None,
    added: Mapping[str, Collection[str]] | None = None,
    seen_at: datetime | None = None,
) -> Change:
    """Store the given profile fields and leave the others; None clears one.

    `first_role` takes the place of the first target role; the others stay. `added` goes behind what lists hold.
    `seen_at` is the `updated_at` of the profile that the change was made from; None takes it for the one stored now.

    Raises StaleVersion, ConcurrentChange, and DoesNotExist when the user is gone.
    """
    user = User.objects.get(id=user_id, is_active=True)
    if seen_at is not None and user.updated_at != seen_at:
        raise StaleVersion("the user was changed since it was seen")
    before = list(user.target_roles)
    if first_role is not None:
        fields = {**fields, "target_roles": [first_role, *before[1:]]}
    for name, values in (added or {}).items():
        if values:
            fields = {**fields, name: [*user[name], *values]}
    if fields:
        user.update_profile(now=now, **_canonical(fields))
    return Change(user=user, new_roles=find_added_roles(before=before, after=user.target_roles))


def deactivate_user(*, user_id: ObjectId) -> None:
    """Let the user in no more: no login, and no token is accepted from now on. Raises DoesNotExist."""
    _set_active(user_id, False)
    end_sessions(user_id=user_id)


def reactivate_user(*, user_id: ObjectId) -> None:
    """Let the user log in again; tokens from before stay ended. Raises DoesNotExist."""
    _set_active(user_id, True)


def _set_active(user_id: ObjectId, is_active: bool) -> None:
    user = User.objects.get(id=user_id)
    user.is_active = is_active
    user.save()


def canonicalize_skills(names: Iterable[str]) -> list[str]:
    """Skills as stored: canonical names where the vocabulary knows them, else readable ones in lower case."""
    return get_vocabulary().map_technology_slugs(names)


def _canonical(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Profile fields as stored."""
    stored = dict(fields)
    if "skills" in stored:
        stored["skills"] = canonicalize_skills(stored["skills"] or ())
    if "target_roles" in stored:
        stored["target_roles"] = remove_repeated_roles(stored["target_roles"] or ())
    for name in ("preferred_locations", "languages"):
        if name in stored:
            stored[name] = list(dict.fromkeys(stored[name] or ()))
    for name in _MAY_BE_EMPTY:
        if name in stored and stored[name] == "":
            stored[name] = None
    return stored


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Rename the skill in every profile, each in one atomic update, so that no edit of the user's is lost."""
    users = database().users
    # A profile is edited under a guard of `updated_at`, which therefore has to move, whatever the clock says.
    moved = {"$max": [now, {"$add": ["$updated_at", 1]}]}
    change = [{"$set": {"skills": build_rename(field="skills", source=source, target=target), "updated_at": moved}}]
    for user in User.objects(skills=source).only("pk"):
        with PROFILE_CACHE.invalidate(user_id=user.pk):
            users.update_one({"_id": user.pk, "skills": source}, change)


# No erasure takes nearly as long.
ERASURE_TIMEOUT = timedelta(minutes=10)


def export_user(*, user_id: ObjectId, now: datetime) -> dict[str, Any]:
    """All that is stored about the user, secrets excepted. Raises DoesNotExist when the user is gone."""
    user = User.objects.get(id=user_id)
    return {
        "exported_at": now,
        "user": user.dict_exclude_password()
        | {"is_active": user.is_active, "password_changed_at": user.password_changed_at},
        **{name: export(user_id) for name, export in sorted(get_declared("user_exports").items())},
    }


def count_user_data(*, user_id: ObjectId) -> dict[str, int]:
    """Return how many entries of each kind are stored about the user, kinds without any left out."""
    counts = {name: len(export(user_id)) for name, export in sorted(get_declared("user_exports").items())}
    return {name: count for name, count in counts.items() if count}


def erase_user(*, user_id: ObjectId, password: str, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises WrongPassword, and DoesNotExist when the user is gone."""
    user = check_current_password(user_id=user_id, password=password)
    with_fresh_deadline(lambda: erase_everything(user=user, now=now))


def erase_user_on_request(*, user_id: ObjectId, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises DoesNotExist when the user is gone."""
    erase_everything(user=User.objects.get(id=user_id), now=now)


def erase_everything(*, user: User, now: datetime) -> None:
    """Remove the user and all that is theirs, for code that has made sure that it is wanted.

    No token is accepted from the beginning on, and the user goes last: what breaks off in between is found again by
    `finish_erasures`. What requests that were already let in have stored meanwhile goes in a second round.
    """
    user.begin_erasure(now=now)
    _erase_kinds(user.pk)
    user.delete()
    _erase_kinds(user.pk)


def finish_erasures(*, now: datetime) -> int:
    """Erase the accounts whose erasure broke off; returns how many."""
    unfinished = list(User.objects(erasure_began_at__lte=now - ERASURE_TIMEOUT).order_by("id"))
    for user in unfinished:
        erase_everything(user=user, now=now)
    return len(unfinished)


def _erase_kinds(user_id: ObjectId) -> None:
    for erase in get_declared("user_erasures").values():
        erase(user_id)


def export_last_login(user_id: ObjectId) -> list[datetime]:
    """Return when the user last logged in; nothing where that was before it was stored."""
    return [at for at in User.objects(id=user_id).scalar("last_login_at") if at is not None]


def export_sessions(user_id: ObjectId) -> list[dict[str, Any]]:
    """The sessions that can still be refreshed."""
    tokens = RefreshToken.objects(user=user_id, used_at=None).order_by("issued_at", "jti")
    return [{"session": t.family, "refreshed_at": t.issued_at, "expires_at": t.expires_at} for t in tokens]


def export_resets(user_id: ObjectId) -> list[dict[str, Any]]:
    """The messages for a forgotten password whose tokens still work."""
    resets = PasswordReset.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"requested_at": reset.issued_at, "expires_at": reset.expires_at} for reset in resets]


def erase_resets(user_id: ObjectId) -> None:
    PasswordReset.objects(user=user_id).delete()
