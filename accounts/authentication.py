"""Access tokens, the current user that they belong to, and sessions.

Tokens are JWTs signed by the current key, with the claims `sub` (the user's id), `iat`, `exp`, `sid` and `ver`. `sid`
is the session's family of refresh tokens; `ver` is how often all tokens of the user had been ended before. The `kid`
header tells which key signed, so that tokens of former keys are accepted until they expire.

A session is a family of refresh tokens. One that was exchanged answers for a short grace, then ends its family.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from time import time
from typing import Any, ClassVar

import jwt
from bson import ObjectId
from django.conf import settings
from mongoengine import QuerySet
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken

from accounts.documents import CLOCK_LEEWAY_SECONDS, PROFILE_CACHE, TOKEN_BYTES, RefreshToken, User, hash_token
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.renderers import dump_json
from career_navigator.db.connection import database
from career_navigator.setting_values import derive_public_key

# No token of ours is nearly as long; a longer one is not worth the work of decoding it.
MAX_TOKEN_LENGTH = 4096
# Verified tokens that a process caches, about 1 kB each.
MAX_CACHED_TOKENS = 4096
_KEY_ID_CHARACTERS = 16

SCHEME = b"bearer"
logger = logging.getLogger(__name__)

# The sentence and the code of each reason.
_REFUSALS = {
    "expired": ("The token has expired.", "token_expired"),
    "invalid": ("The token is not valid.", "token_invalid"),
}


class TokenRejected(Exception):
    """A token that is not accepted. `reason`: expired or invalid."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the token is {reason}")
        self.reason = reason


class KeyringBackend(TokenBackend):
    """simplejwt's backend with several keys: the first signs, each verifies, and `kid` says which one it was."""

    def __init__(self, algorithm: str, signing_key: str, *former_keys: str) -> None:
        super().__init__(algorithm, signing_key)
        public = derive_public_key if algorithm.startswith("RS") else str
        verifying = [public(key) for key in (signing_key, *former_keys)]
        self._verifying_keys = {_key_id(key): self._prepare_key(key) for key in verifying}
        self._key_id = _key_id(verifying[0])
        # Verifying costs 100 microseconds, a third of a small request, and says the same of a token every time.
        self.claims = lru_cache(maxsize=MAX_CACHED_TOKENS)(self.decode)

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(payload, self.prepared_signing_key, algorithm=self.algorithm, headers={"kid": self._key_id})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims. Raises TokenBackendError. A token that names no key is tried with each."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error
        if key_id is None:
            keys = list(self._verifying_keys.values())
        else:
            keys = [self._verifying_keys[key_id]] if key_id in self._verifying_keys else []
        for key in keys:
            try:
                # Naming the one algorithm refuses `none`, and an RSA key taken for an HMAC secret.
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=[self.algorithm],
                    options={"require": ["exp", "sub"], "verify_aud": False},
                    # Meant for `iat`: `read_access_token` compares `exp` with the clock as it is.
                    leeway=CLOCK_LEEWAY_SECONDS,
                )
                return claims
            except jwt.ExpiredSignatureError as error:
                raise TokenBackendExpiredToken("Token is expired") from error
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise TokenBackendError("Token is invalid") from error
        raise TokenBackendError("Token is invalid")


def _get_backend() -> KeyringBackend:
    return _build_backend(settings.JWT_ALGORITHM, settings.JWT_SECRET_KEY, *settings.JWT_FORMER_KEYS)


# The settings change in tests alone.
_build_backend = lru_cache(maxsize=1)(KeyringBackend)


def issue_access_token(*, user_id: ObjectId, now: datetime, session: str = "", token_version: int = 0) -> str:
    """Return a token that is accepted for JWT_ACCESS_TOKEN_EXPIRE_MINUTES, or until its session ends.

    `token_version` is the user's. One that was read before the user's tokens were ended makes a token that is refused.
    """
    expires_at = now + timedelta(minutes=settings.JWT_ACCESS_TOKEN_EXPIRE_MINUTES)
    claims: dict[str, Any] = {
        "sub": str(user_id),
        "iat": now.timestamp(),
        "exp": int(expires_at.timestamp()),
        "ver": token_version,
    }
    if session:
        claims["sid"] = session
    return _get_backend().encode(claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """Whom a token was issued to, who may be gone by now, and when (seconds since 1970; 0 where it does not say).

    `session` is empty and `version` None in tokens of releases that did not write them.
    """

    user_id: ObjectId
    issued_at: float
    session: str
    version: int | None


def read_access_token(token: str) -> AccessToken:
    """Return what an accepted token says. Raises TokenRejected."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRejected("invalid")
    try:
        claims = _get_backend().claims(token)
    except TokenBackendExpiredToken as error:
        raise TokenRejected("expired") from error
    except TokenBackendError as error:
        raise TokenRejected("invalid") from error
    if int(claims["exp"]) <= time():
        raise TokenRejected("expired")
    if not ObjectId.is_valid(claims["sub"]):
        raise TokenRejected("invalid")
    return AccessToken(
        user_id=ObjectId(claims["sub"]),
        issued_at=float(claims.get("iat", 0)),
        session=str(claims.get("sid", "")),
        version=claims.get("ver"),
    )


def _key_id(verifying_key: str) -> str:
    return hashlib.sha256(b"key id " + verifying_key.encode()).hexdigest()[:_KEY_ID_CHARACTERS]


def accepts_token(*, user: CurrentUser, token: AccessToken) -> bool:
    """Return whether the token was not ended: by a logout, a new password, a deactivation."""
    if token.session in user.ended_sessions:
        return False
    if token.version is None:
        # By time alone, a token of a host whose clock is ahead seems to be from after the end.
        return not user.tokens_from or token.issued_at >= user.tokens_from + CLOCK_LEEWAY_SECONDS
    return token.version == user.token_version


def load_profile(*, user_id: ObjectId) -> CurrentUser | None:
    """An active user's profile as of now; None when there is no such user."""

    def load() -> bytes | None:
        user = User.objects(id=user_id, is_active=True).first()
        if user is None:
            return None
        ends = [moment.timestamp() for moment in (user.password_changed_at, user.tokens_ended_at) if moment]
        sessions = ",".join(ended["family"] for ended in user.ended_sessions)
        return b"%d %r %b %b" % (
            user.token_version,
            max(ends, default=0.0),
            sessions.encode() or b"-",
            dump_json(user.dict_exclude_password()),
        )

    copy = PROFILE_CACHE.get(user_id=user_id, load=load)
    if copy is None:
        return None
    version, tokens_from, sessions, content = copy.split(b" ", 3)
    return CurrentUser(
        pk=user_id,
        content=content,
        token_version=int(version),
        tokens_from=float(tokens_from),
        ended_sessions=frozenset() if sessions == b"-" else frozenset(sessions.decode().split(",")),
    )


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`. A token that was ended is refused like a forged one."""

    def __init__(self) -> None:
        """Do without a model of users: they are documents."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def get_raw_token(self, header: bytes) -> bytes | None:
        scheme, _, token = header.strip().partition(b" ")
        return token.strip() if scheme.lower() == SCHEME else None

    def get_validated_token(self, raw_token: bytes) -> AccessToken:  # type: ignore[override]
        try:
            return read_access_token(raw_token.decode("latin-1"))
        except TokenRejected as error:
            raise AuthenticationFailed(*_REFUSALS[error.reason]) from error

    def get_user(self, validated_token: AccessToken) -> CurrentUser:  # type: ignore[override]
        user = load_profile(user_id=validated_token.user_id)
        if user is None or not accepts_token(user=user, token=validated_token):
            raise AuthenticationFailed(*_REFUSALS["invalid"])
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a login or a refresh gives out; neither is stored as it is."""

    token_type: ClassVar[str] = "bearer"  # noqa: S105 - what kind of token, not a secret

    access_token: str
    refresh_token: str

    @property
    def expires_in(self) -> int:
        """For how many seconds from its issue the access token is accepted."""
        return int(settings.JWT_ACCESS_TOKEN_EXPIRE_MINUTES * 60)


class RefreshRejected(Exception):
    """A refresh token that is not accepted. `reason`: unknown (or expired, or its session ended), used, or no_user."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the refresh token is refused: {reason}")
        self.reason = reason


def start_session(*, user_id: ObjectId, now: datetime, token_version: int = 0) -> TokenPair:
    """Begin a session of the user.

    `token_version` is that of the user whose password was checked: where all tokens were ended since, the session has
    ended before it began.
    """
    pair = _issue_pair(user_id=user_id, family=secrets.token_hex(16), token_version=token_version, now=now)
    # It is no part of the profile: neither its time of change nor its cache moves.
    database().users.update_one({"_id": user_id}, {"$max": {"last_login_at": now}})
    return pair


def refresh_session(*, refresh_token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token for a pair of its session.

    Used again within JWT_REFRESH_GRACE_SECONDS of its first use it answers another pair, since the requests of one page
    and two tabs refresh at the same time; used later it ends the session.

    The successor is stored before the token is marked as used. So anyone who ends the session meanwhile either takes
    the token away before it is marked, and this refresh fails, or finds the successor there to delete.

    Raises:
        RefreshRejected: the token is not accepted.
    """
    jti = hash_token(refresh_token)
    token = RefreshToken.objects(jti=jti, expires_at__gt=now).first()
    if token is None:
        raise RefreshRejected("unknown")
    user = User.objects(id=token.user, is_active=True).only("token_version").first()
    if user is None or user.token_version != token.token_version:
        _delete_all(RefreshToken.objects(family=token.family))
        raise RefreshRejected("no_user" if user is None else "unknown")
    pair = _issue_pair(user_id=token.user, family=token.family, token_version=token.token_version, now=now)
    if not _mark_as_used(jti, now=now):
        _end_session(token, now=now)
        logger.warning("a refresh token of user %s was used again; its session has ended", token.user)
        raise RefreshRejected("used")
    return pair


def end_session_by_token(*, refresh_token: str, now: datetime) -> None:
    """End the session that the refresh token, used or not, belongs to; nothing happens for an unknown one."""
    token = RefreshToken.objects(jti=hash_token(refresh_token)).first()
    if token is not None:
        _end_session(token, now=now)


def end_sessions(user_id: ObjectId) -> None:
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
