"""All that is stored about a user: handing it out, and erasing it. Apps declare theirs."""

from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from accounts.credentials import check_current_password
from accounts.documents import PasswordReset, RefreshToken, User
from accounts.sessions import end_sessions
from career_navigator.apps import get_declared
from career_navigator.observability.middleware import with_time_anew

# No erasure takes nearly as long.
BROKEN_OFF_AFTER = timedelta(minutes=10)


def export_user(*, user_id: ObjectId, now: datetime) -> dict[str, Any]:
    """All that is stored about the user, secrets excepted. Raises DoesNotExist when the user is gone."""
    user = User.objects.get(id=user_id)
    return {
        "exported_at": now,
        "user": user.dict_exclude_password()
        | {"is_active": user.is_active, "password_changed_at": user.password_changed_at},
        **{name: export(user_id) for name, export in sorted(get_declared("user_exports").items())},
    }


def erase_user(*, user_id: ObjectId, password: str, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises WrongPassword, and DoesNotExist when the user is gone."""
    user = check_current_password(user_id=user_id, password=password)
    with_time_anew(lambda: erase_everything(user=user, now=now))


def erase_user_on_request(*, user_id: ObjectId, now: datetime) -> None:
    """Remove the user and all that is theirs. Raises DoesNotExist when the user is gone."""
    erase_everything(user=User.objects.get(id=user_id), now=now)


def erase_everything(*, user: User, now: datetime) -> None:
    """Remove the user and all that is theirs, for a caller who has made sure that it is wanted.

    No token is accepted from the beginning on, and the user goes last: what breaks off in between is found again by
    `finish_erasures`. What requests that were already let in have stored meanwhile goes in a second round.
    """
    user.begin_erasure(now=now)
    _erase_kinds(user.pk)
    user.delete()
    _erase_kinds(user.pk)


def finish_erasures(*, now: datetime) -> int:
    """Erase the accounts whose erasure broke off; returns how many."""
    unfinished = list(User.objects(erasure_began_at__lte=now - BROKEN_OFF_AFTER).order_by("id"))
    for user in unfinished:
        erase_everything(user=user, now=now)
    return len(unfinished)


def _erase_kinds(user_id: ObjectId) -> None:
    for erase in get_declared("user_erasures").values():
        erase(user_id)


def export_sessions(user_id: ObjectId) -> list[dict[str, Any]]:
    """The sessions that can still be refreshed."""
    tokens = RefreshToken.objects(user=user_id, used_at=None).order_by("issued_at", "jti")
    return [{"session": t.family, "refreshed_at": t.issued_at, "expires_at": t.expires_at} for t in tokens]


def erase_sessions(user_id: ObjectId) -> None:
    end_sessions(user_id=user_id)


def export_resets(user_id: ObjectId) -> list[dict[str, Any]]:
    """The messages for a forgotten password whose tokens still work."""
    resets = PasswordReset.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"requested_at": reset.issued_at, "expires_at": reset.expires_at} for reset in resets]


def erase_resets(user_id: ObjectId) -> None:
    PasswordReset.objects(user=user_id).delete()
