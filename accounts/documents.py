"""Documents for users, refresh tokens, and the single-use tokens sent by email."""

import hashlib
import secrets
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, ClassVar

from bson import ObjectId
from django.conf import settings
from django.utils import timezone
from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from accounts.profile_parsing import REMOTE_PREFERENCES, normalize_email
from career_navigator.cache.user import UserCache
from career_navigator.db.connection import database
from career_navigator.documents import StoredDocument

MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 100
MAX_LOCATION_LENGTH = 200
MAX_SKILL_LENGTH = 100
MAX_ROLE_LENGTH = 100
MAX_PHONE_NUMBER_LENGTH = 32
MAX_EXPERIENCE_LENGTH = 2_000
MAX_SUMMARY_LENGTH = 5_000
MAX_YEARS = 70
MAX_SALARY = 10**12
MAX_SKILLS = 200
MAX_ROLES = 20
MAX_LOCATIONS = 20
MAX_LANGUAGES = 20
MAX_LANGUAGE_LENGTH = 100
# Every authenticated request loads the profile, including the sessions that ended within the lifetime of an access
# token. The oldest entries beyond this limit are dropped. Ending that many sessions requires the password.
MAX_ENDED_SESSIONS = 100
# Maximum clock skew between hosts that issue tokens.
CLOCK_LEEWAY_SECONDS = 5

# Increase the number when the fields of a profile change, so that entries of an earlier release are not read.
PROFILE_CACHE = UserCache("accounts:profile:5")

# Entropy of refresh tokens and of tokens sent by email.
TOKEN_BYTES = 32
# MongoDB stores times with millisecond precision.
_TICK = timedelta(milliseconds=1)


def hash_token(token: str) -> str:
    """Return the stored form of a token.

    An unsalted hash is sufficient because tokens are long and random.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class ConcurrentChange(RuntimeError):
    """Raised when a document was changed or erased after it was read. Nothing was written."""


class UnknownProfileField(ValueError):
    """Raised for a field that is not part of the profile."""


class User(StoredDocument):
    """A registered user of the platform. Staff of the Django admin are `django.contrib.auth` users.

    `skills` are canonical names. `target_roles` keep the user's spelling. `experience` is free text; computations use
    `experience_years`. `expected_salary` is per year, in USD if no currency (ISO 4217) is set.

    `updated_at` increases with every change and serves as the version for optimistic locking. A user whose `is_active`
    is false cannot log in, and the user's tokens are rejected. `token_version` increases whenever all tokens of the
    user are revoked, and `tokens_ended_at` is the time of the last revocation. `ended_sessions` are the token families
    that were ended individually; `until` is when the last access token of the family expires. `erasure_began_at` is
    set while an erasure is in progress.

    Write profile fields only with the methods of this class, because they invalidate the profile cached in Redis.
    """

    email = StringField(required=True, unique=True, max_length=MAX_EMAIL_LENGTH)
    hashed_password = StringField(required=True)
    full_name = StringField(required=True, max_length=MAX_NAME_LENGTH)
    skills = ListField(StringField())
    target_roles = ListField(StringField(max_length=MAX_ROLE_LENGTH))
    # Older releases stored free text, which a migration maps. The API accepts only `EXPERIENCE_LEVELS`.
    experience_level = StringField()
    location = StringField(max_length=MAX_LOCATION_LENGTH)
    phone_number = StringField(max_length=MAX_PHONE_NUMBER_LENGTH)
    experience = StringField(max_length=MAX_EXPERIENCE_LENGTH)
    experience_years = FloatField(min_value=0, max_value=MAX_YEARS)
    preferred_locations = ListField(StringField(max_length=MAX_LOCATION_LENGTH))
    remote_preference = StringField(choices=REMOTE_PREFERENCES)
    professional_summary = StringField(max_length=MAX_SUMMARY_LENGTH)
    languages = ListField(StringField(max_length=MAX_LANGUAGE_LENGTH))
    expected_salary = FloatField(min_value=0, max_value=MAX_SALARY)
    expected_salary_currency = StringField(max_length=3)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    is_active = BooleanField(required=True, default=True)
    # Accounts created before email confirmation existed lack the field and count as confirmed.
    email_confirmed = BooleanField(default=True)
    password_changed_at = DateTimeField()
    token_version = IntField(default=0)
    tokens_ended_at = DateTimeField()
    # None until the first login after the field was introduced.
    last_login_at = DateTimeField()
    ended_sessions = ListField(DictField())
    erasure_began_at = DateTimeField()

    PROFILE_FIELDS = (
        *("full_name", "skills", "target_roles", "experience_level", "location", "phone_number", "experience"),
        *("experience_years", "preferred_locations", "remote_preference", "professional_summary", "expected_salary"),
        *("expected_salary_currency", "languages"),
    )

    meta = {
        "collection": "users",
        "indexes": [
            # The user list in the admin, newest first.
            {"fields": ["-created_at"]},
            # Looking up interrupted erasures.
            {"fields": ["erasure_began_at"], "sparse": True},
        ],
    }

    def __str__(self) -> str:
        return str(self.email)

    def clean(self) -> None:
        """Normalize the email address."""
        if self.email:
            self.email = normalize_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> "User":
        """Store the user, update `updated_at` if a field changed, and invalidate the cached profile.

        Activating or deactivating a user revokes all existing tokens.
        """
        changed = self._get_changed_fields() if self.pk is not None else []
        if changed:
            self.update_timestamp()
        with PROFILE_CACHE.invalidate(user_id=self.pk) if self.pk is not None else nullcontext():
            saved: User = super().save(*args, **kwargs)
            if "is_active" in changed:
                database().users.update_one(
                    {"_id": self.pk}, {"$set": _build_revocation(self.updated_at), "$inc": {"token_version": 1}}
                )
        return saved

    def delete(self, *args: Any, **kwargs: Any) -> None:
        """Delete the user, whose tokens are rejected from then on. `accounts.services` erases all other user data."""
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            super().delete(*args, **kwargs)

    def update_timestamp(self, *, now: datetime | None = None) -> None:
        """Set `updated_at` to the current time, or one millisecond after its previous value if that is later."""
        now = now or timezone.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.updated_at = max(now, self.updated_at + _TICK) if self.updated_at else now

    def update_profile(self, *, now: datetime | None = None, **fields: Any) -> None:
        """Store new values of profile fields. None or an empty list clears a field.

        Raises:
            UnknownProfileField: a name is not one of `PROFILE_FIELDS`.
            ConcurrentChange: the stored user changed after this document was read.
        """
        unknown = sorted(fields.keys() - set(self.PROFILE_FIELDS))
        if unknown:
            raise UnknownProfileField(f"unknown profile fields: {', '.join(unknown)}")
        self._write(now=now, **fields)

    def change_password(self, *, hashed_password: str, now: datetime) -> None:
        """Store the hash of a new password and revoke all tokens. Concurrent profile changes do not conflict.

        Raises:
            ConcurrentChange: the password was changed concurrently, or the user was deactivated or erased.
        """
        previous_hash = self.hashed_password
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            written = database().users.update_one(
                {"_id": self.pk, "hashed_password": previous_hash, "is_active": True},
                {
                    "$set": {"hashed_password": hashed_password, "password_changed_at": now, **_build_revocation(now)},
                    "$inc": {"token_version": 1},
                    "$max": {"updated_at": now},
                },
            )
        if not written.matched_count:
            raise ConcurrentChange("the password was changed concurrently")
        self.reload()

    @classmethod
    def end_session(cls, *, user_id: ObjectId, family: str, now: datetime) -> None:
        """Revoke the access tokens of one session, and prune the entries of sessions whose tokens have expired."""
        lifetime = timedelta(minutes=settings.JWT_ACCESS_TOKEN_EXPIRE_MINUTES, seconds=CLOCK_LEEWAY_SECONDS)
        unexpired = {"$filter": {"input": {"$ifNull": ["$ended_sessions", []]}, "cond": {"$gt": ["$$this.until", now]}}}
        ended = {"$concatArrays": [unexpired, [{"family": family, "until": now + lifetime}]]}
        with PROFILE_CACHE.invalidate(user_id=user_id):
            database().users.update_one(
                {"_id": user_id, "ended_sessions.family": {"$ne": family}},
                [{"$set": {"ended_sessions": {"$slice": [ended, -MAX_ENDED_SESSIONS]}}}],
            )

    @classmethod
    def confirm_email(cls, *, user_id: ObjectId, now: datetime) -> bool:
        """Mark the user's email address as confirmed. Return False if there is no such active user."""
        with PROFILE_CACHE.invalidate(user_id=user_id):
            confirmed = database().users.update_one(
                {"_id": user_id, "is_active": True}, {"$set": {"email_confirmed": True}, "$max": {"updated_at": now}}
            )
        return bool(confirmed.matched_count)

    def begin_erasure(self, *, now: datetime) -> None:
        """Deactivate the user and record that the erasure of all user data has begun."""
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            database().users.update_one({"_id": self.pk}, {"$set": {"is_active": False, "erasure_began_at": now}})

    def dict_exclude_password(self) -> dict[str, Any]:
        """Return the fields of the user that the API exposes. The password hash is not among them."""
        names = ("email", "email_confirmed", *self.PROFILE_FIELDS, "created_at", "updated_at")
        fields = {name: self[name] for name in names}
        # Changing a MongoEngine list in place marks the document as changed, so return plain lists.
        fields |= {name: list(value) for name, value in fields.items() if isinstance(value, list)}
        return {"id": str(self.pk)} | fields

    def _write(self, *, now: datetime | None, **fields: Any) -> None:
        version = self.updated_at
        for name, value in fields.items():
            setattr(self, name, value)
        self.update_timestamp(now=now)
        self.validate()
        stored = self.to_mongo()
        names = (*fields, "updated_at")
        change = {
            "$set": {name: stored[name] for name in names if name in stored},
            "$unset": {name: "" for name in names if name not in stored},
        }
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            written = database().users.update_one(
                {"_id": self.pk, "updated_at": version},
                {operator: values for operator, values in change.items() if values},
            )
        if not written.matched_count:
            raise ConcurrentChange("the user was changed concurrently")


def _build_revocation(now: datetime) -> dict[str, Any]:
    """Return the fields to set when all tokens of a user are revoked, in addition to incrementing `token_version`."""
    return {"tokens_ended_at": now, "ended_sessions": []}


class RefreshToken(StoredDocument):
    """A refresh token, identified by its hash. All refresh tokens that derive from one login form a family.

    `used_at` is when the token was first exchanged for a successor. Reuse after the grace period that follows indicates
    theft or a client bug, and ends the family. A token whose `token_version` differs from the user's is rejected.
    """

    jti = StringField(primary_key=True)
    family = StringField(required=True)
    user = ObjectIdField(required=True)
    token_version = IntField(default=0)
    issued_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)
    used_at = DateTimeField()

    meta = {
        "collection": "refresh_tokens",
        "indexes": [
            # Ending a session.
            {"fields": ["family"]},
            # Ending and exporting all sessions of a user.
            {"fields": ["user"]},
            # MongoDB deletes expired tokens.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class EmailedToken(StoredDocument):
    """A random single-use token sent to a user's email address, identified by its hash."""

    TTL: ClassVar[timedelta]

    token_hash = StringField(primary_key=True)
    user = ObjectIdField(required=True)
    issued_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {
        "abstract": True,
        "indexes": [
            # Using one token deletes the user's other tokens of the same kind.
            {"fields": ["user"]},
            # MongoDB deletes expired tokens.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    @classmethod
    def issue(cls, *, user_id: ObjectId, now: datetime) -> str:
        """Store a new token for the user and return its plain text."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        cls(token_hash=hash_token(token), user=user_id, issued_at=now, expires_at=now + cls.TTL).save(force_insert=True)
        return token

    @classmethod
    def find(cls, token: str, *, now: datetime) -> "EmailedToken | None":
        """Return the stored token, or None if it is unknown, used or expired."""
        return cls.objects(token_hash=hash_token(token), expires_at__gt=now).first()

    @classmethod
    def take(cls, token: str, *, now: datetime) -> "EmailedToken | None":
        """Atomically return and delete the stored token, so that it works only once. Return None as `find` does."""
        return cls.objects(token_hash=hash_token(token), expires_at__gt=now).modify(remove=True)


class PasswordReset(EmailedToken):
    """A token that authorizes setting a new password."""

    TTL = timedelta(hours=1)
    meta = {"collection": "password_resets"}


class EmailConfirmation(EmailedToken):
    """A token that confirms the email address of an account."""

    TTL = timedelta(days=3)
    meta = {"collection": "email_confirmations"}
