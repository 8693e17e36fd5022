"""Documents for saved searches and the postings that each search has notified its user about."""

from mongoengine import DateTimeField, DictField, IntField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

DIGESTS = ("daily", "weekly")
MAX_NAME_LENGTH = 100
# Limit per user. Each search can cost one email and one query per day.
MAX_SEARCHES = 50


class SavedSearch(StoredDocument):
    """A job filter saved by a user, with an optional email digest of new postings.

    `filter` is a request body for `JobFilterSerializer`. `digest` is the frequency of emails, or None for no emails. A
    posting is new if it was first collected since `since`, which is reset when the filter changes. Emails report only
    postings collected since `mailed_since`, the time at which emails were last turned on. `digest_day` is the last day
    in TIME_ZONE whose digest is done, such as "2026-11-16", or "" for none. `number` starts at 0 and is unique per
    user, which enforces `MAX_SEARCHES`. `idempotency_key` identifies repeated requests (see
    `career_navigator.documents`) and is removed when the search changes.
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
            # The searches of a user in order of creation.
            {"fields": ["user", "id"]},
            # Enforces the limit: if two requests concurrently take the last free number, one fails.
            {
                "fields": ["user", "number"],
                "unique": True,
                "partialFilterExpression": {"number": {"$exists": True}},
            },
            # Stores only one of two concurrent requests for the same search.
            {
                "fields": ["user", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
            # Finding searches whose digest is due.
            {"fields": ["digest", "digest_day"]},
        ],
    }

    def __str__(self) -> str:
        return str(self.name)


class NotifiedPosting(StoredDocument):
    """A posting that was reserved for, or reported by, an email of a saved search, or marked as seen.

    `told_at` is None if an email with the posting was started and may not have been sent.
    """

    search = ObjectIdField(required=True)
    job = ObjectIdField(required=True)
    claimed_at = DateTimeField(required=True)
    told_at = DateTimeField()

    meta = {
        "collection": "told_postings",
        # Ensures that a search reports a posting once: of two concurrent reservations one fails. Also lists the
        # postings of a search.
        "indexes": [{"fields": ["search", "job"], "unique": True}],
    }
