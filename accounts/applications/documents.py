"""The jobs that users have saved and applied for, and the log of what users have done."""

from datetime import date
from typing import Any

from mongoengine import DateTimeField, DictField, MapField, ObjectIdField, StringField

from accounts.applications.stages import STAGES
from career_navigator.documents import StoredDocument
from market.jobs.listings import JobListing

MAX_ACTION_TYPE_LENGTH = 50

MAX_NOTE_LENGTH = 2_000


class Activity(StoredDocument):
    """One act of a user. A line is never changed; it goes with the account.

    `application` marks the lines that an application's timeline is made of, whatever a client logs under their names.
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
            # GET /activity/user/{id}: a user's lines, newest first, of one type or all; and their export and erasure.
            {"fields": ["user", "-created_at", "-id"]},
            # `list_timeline`: most lines belong to no application, and cost this index nothing.
            {"fields": ["application"], "sparse": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.action_type}, {self.created_at:%Y-%m-%d %H:%M}"


class Application(StoredDocument):
    """What a user is about with one job, from saving it on.

    `reached` has the day, as its UTC midnight, on which each stage was reached (see `accounts.applications.stages`).
    Postings are deleted by age; `title`, `company`, `url` and `location` are as they were when the job was put here.
    `activity` is the log's line of the last change and guards against writing over one that was not seen;
    `first_activity` is the line of the act that put the job here.
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
            # One for a user and a job, which is what makes saving idempotent; and all of a user's, who have so few that
            # they are ordered in memory.
            {"fields": ["user", "job"], "unique": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.title} at {self.company}: {self.stage}"

    @property
    def stage_dates(self) -> dict[str, date]:
        """The days of the stages that were reached, by stage."""
        return {stage: day.date() for stage, day in self.reached.items()}

    @property
    def stage_date(self) -> date:
        """The day on which the present stage was reached."""
        return self.stage_dates[self.stage]

    def posting_as_it_was(self) -> dict[str, Any]:
        """What is known of a posting that is stored no longer, as a row of a closed one."""
        kept = {name: self[name] for name in self.SNAPSHOT}
        return {"_id": self.job, **kept, "day": self.created_at, "closed_at": self.created_at}
