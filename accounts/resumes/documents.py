"""Resumes: those that people uploaded, and those written from their profile."""

from datetime import datetime

from mongoengine import BinaryField, DateTimeField, DictField, IntField, ListField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

SOURCES = ("upload", "generated")
STATUSES = ("processing", "ready", "refused")
MAX_FILE_NAME_LENGTH = 200


class Resume(StoredDocument):
    """One version of a resume. `content` is in the JSON Resume format, and empty until the status is `ready`.

    An upload is `processing` until its file was read; `refusal` says by name why it could not be. Of what was read,
    `parsed` keeps the confidence; `confirmed_at` is when the user took it into the profile. `missing_skills` are those
    that the posting of a generated resume asks for and the profile does not hold.
    """

    user = ObjectIdField(required=True)
    job = ObjectIdField()
    source = StringField(required=True, choices=SOURCES)
    status = StringField(required=True, choices=STATUSES)
    refusal = StringField()
    # Counts a user's resumes of one source for one posting, from 1.
    version = IntField(required=True, min_value=1)
    content = DictField()
    parsed = DictField()
    missing_skills = ListField(StringField())
    confirmed_at = DateTimeField()
    created_at = DateTimeField(required=True)
    # When it was read or confirmed; `changed_at` tells it of those of earlier releases, too.
    updated_at = DateTimeField()
    # Of an uploaded file: its name without folders, what it was found to be, its size in bytes.
    file_name = StringField(max_length=MAX_FILE_NAME_LENGTH)
    media_type = StringField()
    file_size = IntField()
    # The file itself, and how often its reading was begun; only while it is processed.
    upload = BinaryField()
    attempts = IntField()
    # When its reading was queued; without it the queue was unavailable.
    queued_at = DateTimeField()
    # Of an upload: what tells a repeated one (`career_navigator.documents`).
    idempotency_key = StringField()
    # When MongoDB deletes it: of refused uploads alone.
    expires_at = DateTimeField()

    meta = {
        "collection": "resumes",
        "indexes": [
            # A user's list, newest first; their export and erasure.
            {"fields": ["user", "-created_at", "-id"]},
            # A version once; the newest of a source and posting.
            {"fields": ["user", "source", "job", "-version"], "unique": True},
            # The same upload once: of two that arrive at the same time one is stored.
            {
                "fields": ["user", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
            # Uploads whose reading was lost.
            {"fields": ["status", "created_at"], "partialFilterExpression": {"status": "processing"}},
            # MongoDB deletes what has expired.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    @property
    def changed_at(self) -> datetime:
        changed: datetime = self.updated_at or self.confirmed_at or self.created_at
        return changed

    def get_absolute_url(self) -> str:
        return f"/resumes/{self.pk}"
