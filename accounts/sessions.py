"""Sessions: a family of refresh tokens each. One that was exchanged answers for a short grace, then ends its family."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from bson import ObjectId
from django.conf import settings
from mongoengine import QuerySet

from accounts.authentication import issue_access_token
from accounts.documents import TOKEN_BYTES, RefreshToken, User, hash_token
from career_navigator.db.connection import database

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login or a refresh gives out; neither is stored as it is."""

    token_type: ClassVar[str] = "bearer"  # noqa: S105 - what kind of token, not a secret

    access_token: str
    refresh_token: str


class RefreshRefused(Exception):
    """A refresh token that is not accepted. `reason`: unknown (or expired, or its session ended), used, or no_user."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the refresh token is refused: {reason}")
        self.reason = reason


def start_session(*, user_id: ObjectId, now: datetime, token_version: int = 0) -> TokenPair:
    """Begin a session of the user.

    `token_version` is that of the user whose password was checked: where all tokens were ended since, the session has
    ended before it began.
    """
    return _issue_pair(user_id=user_id, family=secrets.token_hex(16), token_version=token_version, now=now)


def refresh_session(*, refresh_token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token for a pair of its session.

    Used again within JWT_REFRESH_GRACE_SECONDS of its first use it answers another pair, since the requests of one page
    and two tabs refresh at the same time; used later it ends the session.

    The successor is stored before the token is marked as used. So whoever ends the session meanwhile either takes the
    token away before it is marked, and this refresh fails, or finds the successor there to delete.

    Raises:
        RefreshRefused: the token is not accepted.
    """
    jti = hash_token(refresh_token)
    token = RefreshToken.objects(jti=jti, expires_at__gt=now).first()
    if token is None:
        raise RefreshRefused("unknown")
    user = User.objects(id=token.user, is_active=True).only("token_version").first()
    if user is None or user.token_version != token.token_version:
        _delete_all(RefreshToken.objects(family=token.family))
        raise RefreshRefused("no_user" if user is None else "unknown")
    pair = _issue_pair(user_id=token.user, family=token.family, token_version=token.token_version, now=now)
    if not _mark_as_used(jti, now=now):
        _end_session(token, now=now)
        logger.warning("a refresh token of user %s was used again; its session has ended", token.user)
        raise RefreshRefused("used")
    return pair


def end_session_of(*, refresh_token: str, now: datetime) -> None:
    """End the session that the refresh token, used or not, belongs to; nothing happens for an unknown one."""
    token = RefreshToken.objects(jti=hash_token(refresh_token)).first()
    if token is not None:
        _end_session(token, now=now)


def end_sessions(*, user_id: ObjectId) -> None:
    """Accept no refresh token of the user any more."""
    _delete_all(RefreshToken.objects(user=user_id))


def _end_session(token: RefreshToken, *, now: datetime) -> None:
    """Accept no token of the token's family any more."""
    # The access tokens first: where it breaks off after them, the refresh token is still there to end the session by.
    User.end_session(user_id=token.user, family=token.family, now=now)
    _delete_all(RefreshToken.objects(family=token.family))


def _mark_as_used(jti: str, *, now: datetime) -> bool:
    """Keep the time of the token's first use; False when the grace is over since, or the session has ended."""
    usable: list[dict[str, Any]] = [{"used_at": None}]
    if settings.JWT_REFRESH_GRACE_SECONDS:
        usable.append({"used_at": {"$gt": now - timedelta(seconds=settings.JWT_REFRESH_GRACE_SECONDS)}})
    # One operation decides, so that MongoDB puts requests of the same moment in order.
    marked = database().refresh_tokens.update_one(
        {"_id": jti, "$or": usable},
        [{"$set": {"used_at": {"$ifNull": ["$used_at", now]}}}],
    )
    return bool(marked.matched_count)


def _delete_all(tokens: QuerySet) -> None:
    """Delete the tokens, and those that refreshes in progress store meanwhile."""
    while tokens.delete():
        pass


def _issue_pair(*, user_id: ObjectId, family: str, token_version: int, now: datetime) -> TokenPair:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    RefreshToken(
        jti=hash_token(token),
        family=family,
        user=user_id,
        token_version=token_version,
        issued_at=now,
        expires_at=now + timedelta(days=settings.JWT_REFRESH_TOKEN_EXPIRE_DAYS),
    ).save(force_insert=True)
    access_token = issue_access_token(user_id=user_id, session=family, token_version=token_version, now=now)
    return TokenPair(access_token=access_token, refresh_token=token)
