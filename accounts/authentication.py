"""Access tokens, request authentication and sessions.

Access tokens are JWTs signed with the current key. Their claims are `sub` (the user's id), `iat`, `exp`, `sid` and
`ver`. `sid` identifies the session's family of refresh tokens. `ver` is the user's `token_version` at issue. The `kid`
header names the signing key, so that tokens signed with a former key remain valid until they expire.

A session is a family of refresh tokens. A refresh token that was exchanged remains valid for a short grace period.
Using it later ends its family.
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

# Issued tokens are far shorter. Longer tokens are rejected without decoding them.
MAX_TOKEN_LENGTH = 4096
# Number of verified tokens that a process caches, about 1 kB each.
MAX_CACHED_TOKENS = 4096
_KEY_ID_CHARACTERS = 16

SCHEME = b"bearer"
logger = logging.getLogger(__name__)

# Message and error code per reason.
_REJECTIONS = {
    "expired": ("The token has expired.", "token_expired"),
    "invalid": ("The token is not valid.", "token_invalid"),
}


class TokenRejected(Exception):
    """Raised for an access token that is not accepted. `reason` is "expired" or "invalid"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the token is {reason}")
        self.reason = reason


class KeyringBackend(TokenBackend):
    """A simplejwt backend with several keys. The first key signs, all keys verify, and `kid` selects the key."""

    def __init__(self, algorithm: str, signing_key: str, *former_keys: str) -> None:
        super().__init__(algorithm, signing_key)
        public = derive_public_key if algorithm.startswith("RS") else str
        verifying = [public(key) for key in (signing_key, *former_keys)]
        self._verifying_keys = {_build_key_id(key): self._prepare_key(key) for key in verifying}
        self._key_id = _build_key_id(verifying[0])
        # Verifying a token takes 100 microseconds, a third of a small request, and its result never changes.
        self.claims = lru_cache(maxsize=MAX_CACHED_TOKENS)(self.decode)

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(payload, self.prepared_signing_key, algorithm=self.algorithm, headers={"kid": self._key_id})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims of a token. A token without `kid` is verified with each key in turn.

        Raises:
            TokenBackendError: the token is malformed, expired or not signed with any of the keys.
        """
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
                # Allowing a single algorithm rejects `none` and prevents an RSA public key from being used as an
                # HMAC secret.
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=[self.algorithm],
                    options={"require": ["exp", "sub"], "verify_aud": False},
                    # The leeway is for `iat`. `read_access_token` checks `exp` again without leeway.
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


# The settings change only in tests.
_build_backend = lru_cache(maxsize=1)(KeyringBackend)


def issue_access_token(*, user_id: ObjectId, now: datetime, session: str = "", token_version: int = 0) -> str:
    """Return an access token that is valid for JWT_ACCESS_TOKEN_EXPIRE_MINUTES or until its session ends.

    `token_version` is the user's. If it was read before the user's tokens were revoked, the issued token is rejected.
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
    """The claims of a valid access token. The user may have been erased since it was issued.

    `issued_at` is in seconds since 1970, or 0 if the token has no `iat`. In tokens of earlier releases, `session` is
    empty and `version` is None.
    """

    user_id: ObjectId
    issued_at: float
    session: str
    version: int | None


def read_access_token(token: str) -> AccessToken:
    """Verify an access token and return its claims.

    Raises:
        TokenRejected: the token is invalid or has expired.
    """
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


def _build_key_id(verifying_key: str) -> str:
    return hashlib.sha256(b"key id " + verifying_key.encode()).hexdigest()[:_KEY_ID_CHARACTERS]


def accepts_token(*, user: CurrentUser, token: AccessToken) -> bool:
    """Return whether the token is still valid, that is, not revoked by a logout, a new password or a deactivation."""
    if token.session in user.ended_sessions:
        return False
    if token.version is None:
        # Tokens without a version are compared by time. The leeway covers hosts whose clocks are ahead, since their
        # tokens would otherwise appear to be issued after the revocation.
        return not user.tokens_from or token.issued_at >= user.tokens_from + CLOCK_LEEWAY_SECONDS
    return token.version == user.token_version


def load_profile(*, user_id: ObjectId) -> CurrentUser | None:
    """Return the current profile of an active user, or None if there is no such user."""

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
    """Authentication by `Authorization: Bearer <access token>`. A revoked token is rejected like a forged token."""

    def __init__(self) -> None:
        """Skip the base class, which looks up the Django user model. Users are MongoEngine documents."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def get_raw_token(self, header: bytes) -> bytes | None:
        scheme, _, token = header.strip().partition(b" ")
        return token.strip() if scheme.lower() == SCHEME else None

    def get_validated_token(self, raw_token: bytes) -> AccessToken:  # type: ignore[override]
        try:
            return read_access_token(raw_token.decode("latin-1"))
        except TokenRejected as error:
            raise AuthenticationFailed(*_REJECTIONS[error.reason]) from error

    def get_user(self, validated_token: AccessToken) -> CurrentUser:  # type: ignore[override]
        user = load_profile(user_id=validated_token.user_id)
        if user is None or not accepts_token(user=user, token=validated_token):
            raise AuthenticationFailed(*_REJECTIONS["invalid"])
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """The access token and the refresh token of a session. Neither is stored in plain text."""

    token_type: ClassVar[str] = "bearer"  # noqa: S105 - what kind of token, not a secret

    access_token: str
    refresh_token: str

    @property
    def expires_in(self) -> int:
        """Lifetime of the access token in seconds."""
        return int(settings.JWT_ACCESS_TOKEN_EXPIRE_MINUTES * 60)


class RefreshRejected(Exception):
    """Raised for a refresh token that is not accepted.

    `reason` is "unknown" (also if the token has expired or its session ended), "used" or "no_user".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the refresh token is rejected: {reason}")
        self.reason = reason


def start_session(*, user_id: ObjectId, now: datetime, token_version: int = 0) -> TokenPair:
    """Start a session for the user and return its first tokens.

    `token_version` must be the value read when the password was checked. If all tokens were revoked since, the tokens
    of the new session are rejected.
    """
    pair = _issue_pair(user_id=user_id, family=secrets.token_hex(16), token_version=token_version, now=now)
    # The profile does not include the last login, so neither `updated_at` nor the cached profile changes.
    database().users.update_one({"_id": user_id}, {"$max": {"last_login_at": now}})
    return pair


def refresh_session(*, refresh_token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token for a new token pair of the same session.

    Concurrent requests of a page, or two tabs, may refresh at the same time. A token therefore remains valid for
    JWT_REFRESH_GRACE_SECONDS after its first use. Using it later ends the session.

    The successor is stored before the token is marked as used. A concurrent logout either deletes the token before it
    is marked, in which case this refresh fails, or finds the successor and deletes it too.

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
        logger.warning(
            "a refresh token of user %s was reused after its grace period; its session has ended", token.user
        )
        raise RefreshRejected("used")
    return pair


def end_session_by_token(*, refresh_token: str, now: datetime) -> None:
    """End the session of a refresh token, whether or not the token was used. Unknown tokens are ignored."""
    token = RefreshToken.objects(jti=hash_token(refresh_token)).first()
    if token is not None:
        _end_session(token, now=now)


def end_sessions(user_id: ObjectId) -> None:
    """Delete all refresh tokens of the user."""
    _delete_all(RefreshToken.objects(user=user_id))


def _end_session(token: RefreshToken, *, now: datetime) -> None:
    """Revoke all tokens of the token's family."""
    # Revoke the access tokens first. If this is interrupted, the refresh token still exists and can end the session.
    User.end_session(user_id=token.user, family=token.family, now=now)
    _delete_all(RefreshToken.objects(family=token.family))


def _mark_as_used(jti: str, *, now: datetime) -> bool:
    """Record the token's first use. Return False if its grace period is over or its session has ended."""
    usable: list[dict[str, Any]] = [{"used_at": None}]
    if settings.JWT_REFRESH_GRACE_SECONDS:
        usable.append({"used_at": {"$gt": now - timedelta(seconds=settings.JWT_REFRESH_GRACE_SECONDS)}})
    # A single atomic update, so that MongoDB serializes concurrent requests.
    marked = database().refresh_tokens.update_one(
        {"_id": jti, "$or": usable},
        [{"$set": {"used_at": {"$ifNull": ["$used_at", now]}}}],
    )
    return bool(marked.matched_count)


def _delete_all(tokens: QuerySet) -> None:
    """Delete the tokens, including tokens that concurrent refreshes store in the meantime."""
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
