"""Users, the refresh tokens of their sessions, and the tokens that are sent to their email addresses."""

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
# A profile is read at each request, with its sessions that ended within the lifetime of an access token. Beyond these
# the oldest is forgotten: only who knows the password ends so many.
MAX_ENDED_SESSIONS = 100
# How far the clock of another host that issues tokens may be ahead.
CLOCK_LEEWAY_SECONDS = 5

# The number moves with the fields of a profile, so that none of an earlier release is read.
PROFILE_CACHE = UserCache("accounts:profile:5")

# Of refresh tokens and those sent by email.
TOKEN_BYTES = 32
# MongoDB keeps times to the millisecond.
_TICK = timedelta(milliseconds=1)


def hash_token(token: str) -> str:
    """Return the form in which a token is stored: random and long, it cannot be found from a plain hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class ConcurrentChange(RuntimeError):
    """The user was changed or erased since it was read; nothing was written."""


class UnknownProfileField(ValueError):
    """A field that is no part of the profile."""


class User(StoredDocument):
    """A person who uses the platform; the staff of the Django admin are others.

    `skills` are canonical names, `target_roles` as they were written. `experience` is free text, `experience_years`
    what counts; `expected_salary` is a year's pay, in USD where no currency (ISO 4217) is given. `updated_at` moves
    with every change and guards against writing over one that was not seen. A user with `is_active` false cannot log
    in, and no token is accepted. `token_version` grows whenever all tokens of the user end, last at `tokens_ended_at`;
    `ended_sessions` are the families that ended by themselves, each with `until`, when its last access token expires.
    An account whose erasure has begun says when, until it is gone. Whatever shows in the profile is written by the
    methods here, since they drop what Redis holds of it.
    """

    email = StringField(required=True, unique=True, max_length=MAX_EMAIL_LENGTH)
    hashed_password = StringField(required=True)
    full_name = StringField(required=True, max_length=MAX_NAME_LENGTH)
    skills = ListField(StringField())
    target_roles = ListField(StringField(max_length=MAX_ROLE_LENGTH))
    # Older levels are free text, which a migration maps; the API accepts the documented ones alone.
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
    # Accounts of releases that confirmed none have no such field, and count as confirmed.
    email_confirmed = BooleanField(default=True)
    password_changed_at = DateTimeField()
    token_version = IntField(default=0)
    tokens_ended_at = DateTimeField()
    # None before the first login that a release with this field has seen.
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
            # The newest users first, in the admin.
            {"fields": ["-created_at"]},
            # Finishing erasures that broke off.
            {"fields": ["erasure_began_at"], "sparse": True},
        ],
    }

    def __str__(self) -> str:
        return str(self.email)

    def clean(self) -> None:
        """Bring the address into the form it is compared in."""
        if self.email:
            self.email = normalize_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> "User":
        """Store the user; a change moves `updated_at`, and shows in the next answer.

        Who is let in no more, or again, is so without the tokens from before.
        """
        changed = self._get_changed_fields() if self.pk is not None else []
        if changed:
            self.update_timestamp()
        with PROFILE_CACHE.invalidate(user_id=self.pk) if self.pk is not None else nullcontext():
            saved: User = super().save(*args, **kwargs)
            if "is_active" in changed:
                database().users.update_one(
                    {"_id": self.pk}, {"$set": _tokens_ended(self.updated_at), "$inc": {"token_version": 1}}
                )
        return saved

    def delete(self, *args: Any, **kwargs: Any) -> None:
        """Delete the user, whose tokens are then refused. `accounts.services` erases what else is theirs."""
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            super().delete(*args, **kwargs)

    def update_timestamp(self, *, now: datetime | None = None) -> None:
        """Set `updated_at` to the time, and in any case to a later one than before."""
        now = now or timezone.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.updated_at = max(now, self.updated_at + _TICK) if self.updated_at else now

    def update_profile(self, *, now: datetime | None = None, **fields: Any) -> None:
        """Store new values of profile fields; None or an empty list clears one.

        Raises UnknownProfileField, and ConcurrentChange when the user is not stored as it was read.
        """
        unknown = sorted(fields.keys() - set(self.PROFILE_FIELDS))
        if unknown:
            raise UnknownProfileField(f"a profile has no {', '.join(unknown)}")
        self._write(now=now, **fields)

    def change_password(self, *, hashed_password: str, now: datetime) -> None:
        """Store a new password's hash; a profile that was changed meanwhile is no conflict with it.

        Raises ConcurrentChange when the password was, or the user is gone.
        """
        read = self.hashed_password
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            written = database().users.update_one(
                {"_id": self.pk, "hashed_password": read, "is_active": True},
                {
                    "$set": {"hashed_password": hashed_password, "password_changed_at": now, **_tokens_ended(now)},
                    "$inc": {"token_version": 1},
                    "$max": {"updated_at": now},
                },
            )
        if not written.matched_count:
            raise ConcurrentChange("the password was changed at the same time")
        self.reload()

    @classmethod
    def end_session(cls, *, user_id: ObjectId, family: str, now: datetime) -> None:
        """Accept no access token of one session any more; what is stored of others that have expired goes."""
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
        """Let digests be sent to the user's address; False when there is no active user."""
        with PROFILE_CACHE.invalidate(user_id=user_id):
            confirmed = database().users.update_one(
                {"_id": user_id, "is_active": True}, {"$set": {"email_confirmed": True}, "$max": {"updated_at": now}}
            )
        return bool(confirmed.matched_count)

    def begin_erasure(self, *, now: datetime) -> None:
        """Let the user in no more, and note that all of theirs is to go."""
        with PROFILE_CACHE.invalidate(user_id=self.pk):
            database().users.update_one({"_id": self.pk}, {"$set": {"is_active": False, "erasure_began_at": now}})

    def dict_exclude_password(self) -> dict[str, Any]:
        """The user as answered: every documented field but the password."""
        names = ("email", "email_confirmed", *self.PROFILE_FIELDS, "created_at", "updated_at")
        shown = {name: self[name] for name in names}
        # A change of one of MongoEngine's lists would be a change of the document.
        shown |= {name: list(value) for name, value in shown.items() if isinstance(value, list)}
        return {"id": str(self.pk)} | shown

    def _write(self, *, now: datetime | None, **fields: Any) -> None:
        read = self.updated_at
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
                {"_id": self.pk, "updated_at": read},
                {operator: values for operator, values in change.items() if values},
            )
        if not written.matched_count:
            raise ConcurrentChange("the user was changed at the same time")


def _tokens_ended(now: datetime) -> dict[str, Any]:
    """What is stored when all tokens of a user end, beside the version."""
    return {"tokens_ended_at": now, "ended_sessions": []}


class RefreshToken(StoredDocument):
    """One refresh token, found by its hash. Those that came out of one login are a family.

    `used_at` is when it was first exchanged for a successor; use after the grace that follows is a theft or a mistake,
    and ends the family. One of another `token_version` than the user's is not accepted.
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
            # Ending all sessions of a user, and their export.
            {"fields": ["user"]},
            # MongoDB deletes what has expired.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class EmailedToken(StoredDocument):
    """A random token sent to a user's email address; it works once, and is found by its hash."""

    TTL: ClassVar[timedelta]

    token_hash = StringField(primary_key=True)
    user = ObjectIdField(required=True)
    issued_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {
        "abstract": True,
        "indexes": [
            # What is void once one of the user's tokens was used.
            {"fields": ["user"]},
            # MongoDB deletes what has expired.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    @classmethod
    def issue(cls, *, user_id: ObjectId, now: datetime) -> str:
        """Store a new token of the user, and return it."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        cls(token_hash=hash_token(token), user=user_id, issued_at=now, expires_at=now + cls.TTL).save(force_insert=True)
        return token

    @classmethod
    def find(cls, token: str, *, now: datetime) -> "EmailedToken | None":
        """Return the token unless it is unknown, used or expired."""
        return cls.objects(token_hash=hash_token(token), expires_at__gt=now).first()

    @classmethod
    def take(cls, token: str, *, now: datetime) -> "EmailedToken | None":
        """Return what `find` does and delete it, in one step: a token works once."""
        return cls.objects(token_hash=hash_token(token), expires_at__gt=now).modify(remove=True)


class PasswordReset(EmailedToken):
    """A token that sets a forgotten password."""

    TTL = timedelta(hours=1)
    meta = {"collection": "password_resets"}


class EmailConfirmation(EmailedToken):
    """A token that confirms the email address of an account."""

    TTL = timedelta(days=3)
    meta = {"collection": "email_confirmations"}
