"""What mails were sent to users and which were not, and why; without their texts and addresses."""

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
# Printed: without EMAIL_HOST, mails of a development install go to the log.
SENT, PRINTED, FAILED = STATUSES = ("sent", "printed", "failed")
MAIL_TTL_SECONDS = 90 * 24 * 3600
MAX_ERROR_LENGTH = 500


class Mail(StoredDocument):
    """A mail to a user. `tries` counts the failed ones as well; one that failed and is sent later is one mail."""

    user = ObjectIdField(required=True)
    kind = StringField(required=True, choices=KINDS)
    status = StringField(required=True, choices=STATUSES)
    tries = IntField(required=True, default=0)
    error = StringField(default="")
    at = DateTimeField(required=True)

    meta = {
        "collection": "mails",
        "indexes": [
            # A user's, and the one that failed before.
            {"fields": ["user", "kind", "status"]},
            # The newest first in the admin; MongoDB deletes what is old.
            {"fields": ["at"], "expireAfterSeconds": MAIL_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"{self.kind}, {self.at:%Y-%m-%d %H:%M} UTC"


@contextmanager
def recorded_mail(*, user_id: ObjectId, kind: str, now: datetime) -> Iterator[None]:
    """Record whether the mail that the block sends was sent. What the block raises is raised on."""
    try:
        yield
    except (SMTPException, OSError) as error:
        record_mail(user_id=user_id, kind=kind, error=f"{type(error).__name__}: {error}", now=now)
        raise
    unset = "dummy" in settings.EMAIL_BACKEND
    record_mail(user_id=user_id, kind=kind, error="EMAIL_HOST is not set" if unset else "", now=now)


def record_mail(*, user_id: ObjectId, kind: str, error: str = "", now: datetime) -> None:
    """Record a mail that was sent, or with an `error` one that was not.

    The failed one of that user and kind, where there is one, becomes it: the task tries again, and what it sends then
    is what had failed.
    """
    delivered = PRINTED if "console" in settings.EMAIL_BACKEND else SENT
    change = {
        "$set": {"status": FAILED if error else delivered, "error": error[:MAX_ERROR_LENGTH], "at": now},
        "$inc": {"tries": 1},
    }
    try:
        database().mails.update_one({"user": user_id, "kind": kind, "status": FAILED}, change, upsert=True)
    except UNAVAILABLE_ERRORS as unavailable:
        # Raised, it would have the mail sent again.
        logger.warning("a mail to user %s is not recorded: %s", user_id, unavailable)


def list_mails(*, user_id: ObjectId, limit: int = 10) -> list[Mail]:
    """Return the user's last mails, the newest first."""
    return list(Mail.objects(user=user_id).order_by("-at", "-id")[:limit])


def export_mails(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return what is known of the mails that the user was sent."""
    mails = Mail.objects(user=user_id).order_by("at", "id")
    return [{"kind": mail.kind, "status": mail.status, "at": mail.at} for mail in mails]


def erase_mails(user_id: ObjectId) -> None:
    Mail.objects(user=user_id).delete()
