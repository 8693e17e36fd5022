"""The document that stores resumes, both uploaded and generated from a profile."""

from datetime import datetime

from mongoengine import BinaryField, DateTimeField, DictField, IntField, ListField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

SOURCES = ("upload", "generated")
STATUSES = ("processing", "ready", "refused")
MAX_FILE_NAME_LENGTH = 200


class Resume(StoredDocument):
    """One version of a resume. `content` is in the JSON Resume format and empty until the status is `ready`.

    An uploaded file is `processing` until it has been read. `refusal` is the reason why a file was rejected. `parsed`
    contains every extracted value with its confidence. `confirmed_at` is the time at which the user copied values into
    the profile. `missing_skills` are the skills of a generated resume's posting that the profile lacks.
    """

    user = ObjectIdField(required=True)
    job = ObjectIdField()
    source = StringField(required=True, choices=SOURCES)
    status = StringField(required=True, choices=STATUSES)
    refusal = StringField()
    # Starts at 1 for each user, source and posting.
    version = IntField(required=True, min_value=1)
    content = DictField()
    parsed = DictField()
    missing_skills = ListField(StringField())
    confirmed_at = DateTimeField()
    created_at = DateTimeField(required=True)
    # The time of the last reading or confirmation. Earlier releases did not store it, so read `changed_at` instead.
    updated_at = DateTimeField()
    # For uploaded files: the name without folders, the detected media type, the size in bytes.
    file_name = StringField(max_length=MAX_FILE_NAME_LENGTH)
    media_type = StringField()
    file_size = IntField()
    # Properties of the file's layout that some systems misread, among `files.features.LAYOUT_FEATURES`.
    layout_features = ListField(StringField())
    # The file's bytes and the number of attempts to read them. Both are unset when processing ends.
    upload = BinaryField()
    attempts = IntField()
    # The time at which the reading was queued. Unset if the queue was unavailable.
    queued_at = DateTimeField()
    # Identifies repeated uploads (see `career_navigator.documents`).
    idempotency_key = StringField()
    # The time at which MongoDB deletes a rejected upload. Other resumes do not expire.
    expires_at = DateTimeField()

    meta = {
        "collection": "resumes",
        "indexes": [
            # List a user's resumes, newest first; export and erase them.
            {"fields": ["user", "-created_at", "-id"]},
            # Each version exists once; find the newest version for a source and posting.
            {"fields": ["user", "source", "job", "-version"], "unique": True},
            # Two identical uploads that arrive at the same time are stored once.
            {
                "fields": ["user", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
            # Finds uploads whose parsing was interrupted.
            {"fields": ["status", "created_at"], "partialFilterExpression": {"status": "processing"}},
            # TTL index: MongoDB deletes expired documents.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    @property
    def changed_at(self) -> datetime:
        """The time of the last change, also for resumes stored without `updated_at`."""
        changed: datetime = self.updated_at or self.confirmed_at or self.created_at
        return changed

    def get_absolute_url(self) -> str:
        return f"/resumes/{self.pk}"
