"""Document for match scores of users and postings, and for analyses submitted by clients."""

from mongoengine import DateTimeField, DictField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

MAX_EXPLANATION_LENGTH = 10_000


class JobMatch(StoredDocument):
    """A cached match score of a user and a posting, with an optional analysis submitted by the user's client.

    `match` is the computed score with its parts. `fingerprint` identifies the input of the computation. `role` is the
    normalized role whose market demand weighted the skills. `analysis` contains `score`, `explanation` and
    `analyzed_at` as submitted by the client. A computed score can be computed again, so documents without an analysis
    expire at `expires_at`. Documents with an analysis have no `expires_at`.
    """

    user = ObjectIdField(required=True)
    job = ObjectIdField(required=True)
    fingerprint = StringField()
    match = DictField()
    role = StringField()
    computed_at = DateTimeField()
    analysis = DictField()
    expires_at = DateTimeField()

    meta = {
        "collection": "match_scores",
        "indexes": [
            # One document per user and job, looked up by every request. Also the export and erasure of a user.
            {"fields": ["user", "job"], "unique": True},
            # MongoDB deletes expired documents.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    def __str__(self) -> str:
        return f"{self.user} and {self.job}"
