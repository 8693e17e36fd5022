"""How well postings suit users: what we have computed, and what users' own clients have made of it."""

from mongoengine import DateTimeField, DictField, ObjectIdField, StringField

from career_navigator.documents import StoredDocument

MAX_EXPLANATION_LENGTH = 10_000


class JobMatch(StoredDocument):
    """What is known of how a posting suits a user.

    `match` is the computed score with its parts, `fingerprint` that of all that it was computed from, and `role` the
    role whose market weighed the skills. `analysis` is what the user's client has made of it: `score`, `explanation`,
    `analyzed_at`. What is computed can be computed again, so a row without an analysis goes at `expires_at`; one with
    an analysis has none.
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
            # One for a user and a job, which every request looks up; and all of a user's: export and erasure.
            {"fields": ["user", "job"], "unique": True},
            # MongoDB deletes what has expired.
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    def __str__(self) -> str:
        return f"{self.user} and {self.job}"
