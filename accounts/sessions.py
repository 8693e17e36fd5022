"""Sessions: a family of refresh tokens each, of which the newest alone can be exchanged for the next."""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId
from django.conf import settings

from accounts.access_tokens import issue_access_token
from accounts.documents import RefreshToken, User

logger = logging.getLogger(__name__)

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login or a refresh gives out; neither is stored as it is."""

    access_token: str
    refresh_token: str


class RefreshRefused(Exception):
    """A refresh token that is not accepted. `reason`: unknown (or expired, or its session ended), used, or no_user."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the refresh token is refused: {reason}")
        self.reason = reason


def start_session(*, user_id: ObjectId, now: datetime) -> TokenPair:
    """Begin a session of the user."""
    refresh_token = _add_token(user_id=user_id, family=secrets.token_hex(16), now=now)
    return TokenPair(access_token=issue_access_token(user_id=user_id, now=now), refresh_token=refresh_token)


def refresh_session(*, refresh_token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token, once. Raises RefreshRefused; a second use ends the session.

    The successor is stored before the token is marked as used. So whoever comes second, and ends the session, finds
    the successor there to delete, however the two are timed.
    """
    jti = hash_token(refresh_token)
    token = RefreshToken.objects(jti=jti, expires_at__gt=now).first()
    if token is None:
        raise RefreshRefused("unknown")
    if not User.objects(id=token.user, is_active=True).only("id").first():
        end_session(family=token.family)
        raise RefreshRefused("no_user")
    successor = _add_token(user_id=token.user, family=token.family, now=now)
    if not RefreshToken.objects(jti=jti, used_at=None).update_one(set__used_at=now):
        end_session(family=token.family)
        logger.warning("a refresh token of user %s was used twice; its session has ended", token.user)
        raise RefreshRefused("used")
    return TokenPair(access_token=issue_access_token(user_id=token.user, now=now), refresh_token=successor)


def end_session_of(*, refresh_token: str) -> None:
    """End the session that the refresh token, used or not, belongs to; nothing happens for an unknown one."""
    token = RefreshToken.objects(jti=hash_token(refresh_token)).first()
    if token is not None:
        end_session(family=token.family)


def end_session(*, family: str) -> None:
    """Accept no refresh token of the family any more."""
    RefreshToken.objects(family=family).delete()


def end_sessions(*, user_id: ObjectId) -> None:
    """Accept no refresh token of the user any more."""
    RefreshToken.objects(user=user_id).delete()


def hash_token(token: str) -> str:
    """How a token is stored. Tokens are random and long, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def _add_token(*, user_id: ObjectId, family: str, now: datetime) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    RefreshToken(
        jti=hash_token(token),
        family=family,
        user=user_id,
        issued_at=now,
        expires_at=now + timedelta(days=settings.JWT_REFRESH_TOKEN_EXPIRE_DAYS),
    ).save(force_insert=True)
    return token
