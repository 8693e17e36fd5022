"""Delivery records of emails to users. A record contains neither the text of the email nor the address."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from smtplib import SMTPException
from typing import Any

from bson import ObjectId
from django.conf import settings
from mongoengine import DateTimeField, IntField, ObjectIdField, StringField

from career_navigator.background import UNAVAILABLE_ERRORS
from career_navigator.db.connection import database
from career_navigator.documents import StoredDocument

logger = logging.getLogger(__name__)

CONFIRMATION, RESET, DIGEST = KINDS = ("confirmation", "reset", "digest")
# "printed": in development, emails go to the log when EMAIL_HOST is not set.
SENT, PRINTED, FAILED = STATUSES = ("sent", "printed", "failed")
MAIL_TTL_SECONDS = 90 * 24 * 3600
MAX_ERROR_LENGTH = 500


class Mail(StoredDocument):
    """An email to a user. `tries` counts every attempt. An email that is sent after failed attempts is one document."""

    user = ObjectIdField(required=True)
    kind = StringField(required=True, choices=KINDS)
    status = StringField(required=True, choices=STATUSES)
    tries = IntField(required=True, default=0)
    error = StringField(default="")
    at = DateTimeField(required=True)

    meta = {
        "collection": "mails",
        "indexes": [
            # The emails of a user, and the failed email that a retry updates.
            {"fields": ["user", "kind", "status"]},
            # The list in the admin, newest first. MongoDB also deletes old emails by this index.
            {"fields": ["at"], "expireAfterSeconds": MAIL_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"{self.kind}, {self.at:%Y-%m-%d %H:%M} UTC"


@contextmanager
def recorded_mail(*, user_id: ObjectId, kind: str, now: datetime) -> Iterator[None]:
    """Record whether the enclosed block sent its email. Exceptions of the block propagate."""
    try:
        yield
    except (SMTPException, OSError) as error:
        record_mail(user_id=user_id, kind=kind, error=f"{type(error).__name__}: {error}", now=now)
        raise
    unset = "dummy" in settings.EMAIL_BACKEND
    record_mail(user_id=user_id, kind=kind, error="EMAIL_HOST is not set" if unset else "", now=now)


def record_mail(*, user_id: ObjectId, kind: str, error: str = "", now: datetime) -> None:
    """Record an email that was sent, or that failed with `error`.

    If a failed email of this user and kind is already recorded, update that record, since this attempt is its retry.
    """
    delivered = PRINTED if "console" in settings.EMAIL_BACKEND else SENT
    change = {
        "$set": {"status": FAILED if error else delivered, "error": error[:MAX_ERROR_LENGTH], "at": now},
        "$inc": {"tries": 1},
    }
    try:
        database().mails.update_one({"user": user_id, "kind": kind, "status": FAILED}, change, upsert=True)
    except UNAVAILABLE_ERRORS as unavailable:
        # Raising would make the task retry and send the email again.
        logger.warning("could not record an email to user %s: %s", user_id, unavailable)


def list_mails(*, user_id: ObjectId, limit: int = 10) -> list[Mail]:
    """Return the most recent emails to a user, newest first."""
    return list(Mail.objects(user=user_id).order_by("-at", "-id")[:limit])


def export_mails(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the user's emails for the data export, oldest first."""
    mails = Mail.objects(user=user_id).order_by("at", "id")
    return [{"kind": mail.kind, "status": mail.status, "at": mail.at} for mail in mails]


def erase_mails(user_id: ObjectId) -> None:
    """Delete the records of emails to the user."""
    Mail.objects(user=user_id).delete()
