"""Saved searches, and which postings each of them has told of."""

from mongoengine import DateTimeField, DictField, IntField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

DIGESTS = ("daily", "weekly")
MAX_NAME_LENGTH = 100
# Each may be a mail a day and a query a day.
MAX_SEARCHES = 50


class SavedSearch(StoredDocument):
    """A filter that a user keeps, and how often mail is to report what it newly finds: `digest`, or None for never.

    `filter` is a body of `JobFilterSerializer`. New is what was first collected since `since`, which moves when the
    filter changes; mail tells only of what came since `mailed_since`, when the mails were last turned on. `digest_day`
    is the day in TIME_ZONE, such as "2026-11-16", up to which digests are done; "" for none. `number`, from 0 on,
    is one that no other search of the user has, so that there are no more than `MAX_SEARCHES`. `idempotency_key` tells
    a repeated request (`career_navigator.documents`); a search that was changed since has none.
    """

    user = ObjectIdField(required=True)
    number = IntField(required=True)
    name = StringField(required=True, max_length=MAX_NAME_LENGTH)
    filter = DictField()
    digest = StringField(choices=DIGESTS)
    digest_day = StringField(default="")
    since = DateTimeField(required=True)
    mailed_since = DateTimeField(required=True)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    idempotency_key = StringField()

    meta = {
        "collection": "saved_searches",
        "indexes": [
            # All of a user's, in the order in which they were made.
            {"fields": ["user", "id"]},
            # Of two that are saved at once as the last that there is room for, one fails.
            {
                "fields": ["user", "number"],
                "unique": True,
                "partialFilterExpression": {"number": {"$exists": True}},
            },
            # The same search once: of two that are saved at the same time one is stored.
            {
                "fields": ["user", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
            # Whose digest is due.
            {"fields": ["digest", "digest_day"]},
        ],
    }

    def __str__(self) -> str:
        return str(self.name)


class NotifiedPosting(StoredDocument):
    """A posting that a search has told of, or was about to: `told_at` is None where a mail was begun and it is not
    known that it was sent."""

    search = ObjectIdField(required=True)
    job = ObjectIdField(required=True)
    claimed_at = DateTimeField(required=True)
    told_at = DateTimeField()

    meta = {
        "collection": "told_postings",
        # What makes a search report a posting once: of two that claim it one fails. And all of a search's.
        "indexes": [{"fields": ["search", "job"], "unique": True}],
    }
