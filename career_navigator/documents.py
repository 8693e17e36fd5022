"""Base class of documents, the shared modules' documents, and idempotency keys of repeated requests."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
from bson import ObjectId
from mongoengine import BooleanField, DateTimeField, Document, IntField, QuerySet, StringField

TASK_RUN_STATUSES = ("queued", "running", "finished", "failed", "skipped", "cancelled")
OPEN_TASK_RUN_STATUSES = ("queued", "running")
TASK_RUN_TTL_SECONDS = 90 * 24 * 3600
FAILED_LOGIN_TTL_SECONDS = 90 * 24 * 3600


class StoredDocument(Document):
    """Base class of documents. `bootstrap` creates their indexes. Fields stored by another release are ignored."""

    meta: dict[str, Any] = {"abstract": True, "auto_create_index": False, "strict": False}


class StaleVersion(RuntimeError):
    """The stored version differs from the version that the change is based on. Nothing was written."""

    reason = "stale_version"


class TaskRunDocument(StoredDocument):
    """A run of a task.

    `due_at` is the scheduled time of a `ScheduledTask`, which runs once per due time. `started_by` is the username of
    the staff member who started the run. `result` is a sentence about what the run did, empty if there was nothing to
    do, and `error` says why the run failed. `open_task` is the task's name while a run that staff started is open.
    `progress_done` of `progress_total` steps are done. The total is 0 if it is unknown.
    """

    task = StringField(required=True)
    started_by = StringField()
    due_at = DateTimeField()
    open_task = StringField()
    status = StringField(choices=TASK_RUN_STATUSES, required=True)
    # Id of the Celery task, which stays the same for redeliveries and retries.
    task_id = StringField()
    attempts = IntField(default=0)
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    lease_ends_at = DateTimeField()
    finished_at = DateTimeField()
    result = StringField(default="")
    error = StringField(default="")
    progress_done = IntField()
    progress_total = IntField()
    cancel_requested = BooleanField()

    meta = {
        "collection": "task_runs",
        "indexes": [
            # Lets only one worker run a due time. Runs without a due time are not in the index.
            {
                "fields": ["task", "due_at"],
                "unique": True,
                "partialFilterExpression": {"due_at": {"$type": "date"}},
            },
            # Lets only one of two staff members start a task at the same time.
            {
                "fields": ["open_task"],
                "unique": True,
                "partialFilterExpression": {"open_task": {"$type": "string"}},
            },
            {"fields": ["task_id"]},
            # Finds whether a task has any record, and its runs that had nothing to do.
            {"fields": ["task", "-created_at"]},
            {"fields": ["created_at"], "expireAfterSeconds": TASK_RUN_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"Run of {self.due_at or self.created_at:%Y-%m-%d %H:%M} UTC"


class FailedLogin(StoredDocument):
    """The number of failed admin logins of an account from a client IP on a day (UTC). Passwords are not stored."""

    account = StringField(required=True, max_length=150)
    client_ip = StringField(required=True)
    day = DateTimeField(required=True)
    count = IntField(required=True, default=0)
    last_at = DateTimeField(required=True)

    meta = {
        "collection": "failed_logins",
        "indexes": [
            {"fields": ["account", "client_ip", "day"], "unique": True},
            # Sorts the admin's list, newest first, and deletes old documents.
            {"fields": ["last_at"], "expireAfterSeconds": FAILED_LOGIN_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"{self.account} from {self.client_ip}"


# Longer than clients retry a request that was not answered.
REPEAT_WINDOW = timedelta(minutes=10)


def build_idempotency_key(*parts: Any) -> str:
    """Return a hash of the parts of a request, which are bytes or JSON-compatible values."""
    serializable = [hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for part in parts]
    return hashlib.sha256(orjson.dumps(serializable)).hexdigest()


def find_repeated(documents: QuerySet, *, user_id: ObjectId, key: str, now: datetime) -> Any | None:
    """Return the user's document that the same request created within REPEAT_WINDOW, or None.

    An older document loses its key, so that the request can create a new one.
    """
    document = documents.filter(user=user_id, idempotency_key=key).first()
    if document is None or document.created_at > now - REPEAT_WINDOW:
        return document
    documents.filter(id=document.pk, idempotency_key=key).update_one(unset__idempotency_key=True)
    return None
