"""What users have done, one line an act."""

from mongoengine import DateTimeField, DictField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

LONGEST_ACTION_TYPE = 50


class Activity(StoredDocument):
    """One act of a user. A line is never changed; it goes with the account.

    `application` marks the lines that an application's timeline is made of, whatever a client logs under their names.
    """

    user = ObjectIdField(required=True)
    action_type = StringField(required=True, max_length=LONGEST_ACTION_TYPE)
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
