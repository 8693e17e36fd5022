"""What the shared modules store: runs of tasks, by the schedule and by staff."""

from typing import Any

from mongoengine import DateTimeField, Document, IntField, StringField

TASK_RUN_STATUSES = ("running", "finished", "failed", "skipped")
TASK_RUN_TTL_SECONDS = 90 * 24 * 3600


class TaskRun(Document):
    """One run of a task. `due_at` is the time of the schedule that it is for; each is run once."""

    task = StringField(required=True)
    due_at = DateTimeField()
    status = StringField(choices=TASK_RUN_STATUSES, required=True)
    # Of the Celery task that runs it; a redelivery and a retry keep the id.
    task_id = StringField()
    attempts = IntField(default=0)
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    lease_ends_at = DateTimeField()
    finished_at = DateTimeField()
    error = StringField(default="")

    meta: dict[str, Any] = {
        "collection": "task_runs",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            # Decides who runs a due time; runs without one do not meet in it.
            {
                "fields": ["task", "due_at"],
                "unique": True,
                "partialFilterExpression": {"due_at": {"$type": "date"}},
            },
            {"fields": ["task_id"]},
            {"fields": ["created_at"], "expireAfterSeconds": TASK_RUN_TTL_SECONDS},
        ],
    }

    def __str__(self) -> str:
        return f"{self.task}, {self.due_at or self.created_at:%Y-%m-%d %H:%M}"


CHORE_STATUSES = ("queued", "running", "finished", "failed")
OPEN_CHORE_STATUSES = ("queued", "running")


class ChoreRun(Document):
    """One time that a chore was started by hand: by whom, and what came of it in a sentence."""

    chore = StringField(required=True)
    status = StringField(choices=CHORE_STATUSES, default="queued")
    asked_by = StringField(required=True)
    outcome = StringField(default="")
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    finished_at = DateTimeField()

    meta: dict[str, Any] = {
        "collection": "chore_runs",
        "auto_create_index": False,
        "strict": False,
        # The list of runs, newest first.
        "indexes": [{"fields": ["-created_at"]}],
    }

    def __str__(self) -> str:
        return f"{self.chore}, {self.created_at:%Y-%m-%d %H:%M}"
