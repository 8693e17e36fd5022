"""What documents share, the runs of tasks, and what a repeated request has stored before."""

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
    """Base of the documents: `bootstrap` makes their indexes; fields that another release stored are passed over."""

    meta: dict[str, Any] = {"abstract": True, "auto_create_index": False, "strict": False}


class StaleVersion(RuntimeError):
    """Another version is stored than the one that a change was made from; nothing was written."""

    reason = "stale_version"


class TaskRunDocument(StoredDocument):
    """One run of a task.

    `due_at` is the time of the schedule that it is for, of a task that is due daily or less often; each is run once.
    `started_by` is the name of the member of staff who started it. `result` says in a sentence what it did, and is
    empty where there was nothing to do; `error` says why it failed. `open_task` is the task's name while a run that
    staff have started is open. Of its `progress_total` steps, 0 where nobody knows how many, `progress_done` are done.
    """

    task = StringField(required=True)
    started_by = StringField()
    due_at = DateTimeField()
    open_task = StringField()
    status = StringField(choices=TASK_RUN_STATUSES, required=True)
    # Of the Celery task that runs it; a redelivery and a retry keep the id.
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
            # Decides who runs a due time; runs without one do not meet in it.
            {
                "fields": ["task", "due_at"],
                "unique": True,
                "partialFilterExpression": {"due_at": {"$type": "date"}},
            },
            # Of two members of staff who start a task at once, one does.
            {
                "fields": ["open_task"],
                "unique": True,
                "partialFilterExpression": {"open_task": {"$type": "string"}},
            },
            {"fields": ["task_id"]},
            # Whether a task has any record, and its runs that found nothing to do.
            {"fields": ["task", "-created_at"]},
            {"fields": ["created_at"], "expireAfterSeconds": TASK_RUN_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"Run of {self.due_at or self.created_at:%Y-%m-%d %H:%M} UTC"


class FailedLogin(StoredDocument):
    """Failed logins to the admin: of one account, from one address, on one day (UTC). Nothing of a password is kept."""

    account = StringField(required=True, max_length=150)
    client_ip = StringField(required=True)
    day = DateTimeField(required=True)
    count = IntField(required=True, default=0)
    last_at = DateTimeField(required=True)

    meta = {
        "collection": "failed_logins",
        "indexes": [
            {"fields": ["account", "client_ip", "day"], "unique": True},
            # The newest first in the admin; MongoDB deletes what is old.
            {"fields": ["last_at"], "expireAfterSeconds": FAILED_LOGIN_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"{self.account} from {self.client_ip}"


# Longer than a client that got no answer goes on trying.
REPEAT_WINDOW = timedelta(minutes=10)


def build_idempotency_key(*parts: Any) -> str:
    """Return the hash of what JSON can have; bytes are hashed first."""
    told = [hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for part in parts]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


def find_repeated(documents: QuerySet, *, user_id: ObjectId, key: str, now: datetime) -> Any | None:
    """Return the user's document that the same request created within the window.

    An older one gives its key up, so that the request creates another.
    """
    found = documents.filter(user=user_id, idempotency_key=key).first()
    if found is None or found.created_at > now - REPEAT_WINDOW:
        return found
    documents.filter(id=found.pk, idempotency_key=key).update_one(unset__idempotency_key=True)
    return None
