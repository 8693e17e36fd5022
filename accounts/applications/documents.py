"""Documents for users' saved jobs and applications, and for the activity log."""

from datetime import date
from typing import Any

from mongoengine import DateTimeField, DictField, MapField, ObjectIdField, StringField

from accounts.applications.stages import STAGES
from career_navigator.documents import StoredDocument
from market.jobs.listings import JobListing

MAX_ACTION_TYPE_LENGTH = 50

MAX_NOTE_LENGTH = 2_000


class Activity(StoredDocument):
    """An entry in a user's activity log. Entries are never changed, and are erased with the account.

    `application` is set on entries of an application's timeline. It distinguishes them from entries that a client logs
    with the same `action_type`.
    """

    user = ObjectIdField(required=True)
    action_type = StringField(required=True, max_length=MAX_ACTION_TYPE_LENGTH)
    job = ObjectIdField()
    metadata = DictField()
    application = ObjectIdField()
    created_at = DateTimeField(required=True)

    meta = {
        "collection": "activities",
        "indexes": [
            # GET /activity/user/{id}, newest first, with or without a type. Also the export and erasure.
            {"fields": ["user", "-created_at", "-id"]},
            # `list_timeline`. Sparse, because most entries belong to no application.
            {"fields": ["application"], "sparse": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.action_type}, {self.created_at:%Y-%m-%d %H:%M}"


class Application(StoredDocument):
    """A job that a user saved or applied for.

    `reached` maps each reached stage to its date, stored as UTC midnight (see `accounts.applications.stages`). `title`,
    `company`, `url` and `location` are a snapshot of the posting taken when the document was created, because old
    postings are deleted. `activity` is the log entry of the last change and serves as the version for optimistic
    locking. `first_activity` is the log entry of the creation.
    """

    user = ObjectIdField(required=True)
    job = ObjectIdField(required=True)
    stage = StringField(required=True, choices=STAGES)
    reached = MapField(DateTimeField())
    note = StringField(max_length=MAX_NOTE_LENGTH)
    resume = ObjectIdField()
    title = StringField(required=True)
    company = StringField(required=True)
    url = StringField()
    location = StringField()
    activity = ObjectIdField(required=True)
    first_activity = ObjectIdField(required=True)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)

    # Set by `attach_postings`.
    listing: JobListing | None = None

    SNAPSHOT = ("title", "company", "url", "location")

    meta = {
        "collection": "applications",
        "indexes": [
            # One document per user and job, which makes saving idempotent. Also lists the applications of a user, which
            # are few enough to sort in memory.
            {"fields": ["user", "job"], "unique": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.title} at {self.company}: {self.stage}"

    @property
    def stage_dates(self) -> dict[str, date]:
        """The dates of the reached stages, by stage."""
        return {stage: day.date() for stage, day in self.reached.items()}

    @property
    def stage_date(self) -> date:
        """The date on which the current stage was reached."""
        return self.stage_dates[self.stage]

    def build_snapshot_row(self) -> dict[str, Any]:
        """Return the snapshot as a stored posting that is closed, for when the posting itself was deleted."""
        snapshot = {name: self[name] for name in self.SNAPSHOT}
        return {"_id": self.job, **snapshot, "day": self.created_at, "closed_at": self.created_at}
