"""What the shared modules store: the chores that staff have started."""

from typing import Any

from mongoengine import DateTimeField, Document, StringField

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
