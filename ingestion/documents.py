"""What collection remembers: its runs, what each role and place was last asked for, and what was paid."""

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    StringField,
)

from career_navigator.documents import StoredDocument

TRIGGERS = ("schedule", "admin", "user", "command", "webhook")
# A run is open in the first two and ends in one of the others.
RUN_STATUSES = ("queued", "running", "finished", "failed", "cancelled", "lost")
OPEN_RUN_STATUSES = ("queued", "running")
# `waiting`: the rate limit allows the next page at `resume_at`. `skipped`: fresh, or another run had it.
SEARCH_STATUSES = ("queued", "running", "waiting", "finished", "skipped", "failed", "cancelled", "lost")
OPEN_SEARCH_STATUSES = ("queued", "running", "waiting")
REPEATABLE_SEARCH_STATUSES = ("failed", "lost", "cancelled")


class Search(EmbeddedDocument):
    """One role in one place within a run; `page` is the next to fetch, counted from zero.

    `limit` is its share of what may be collected for the role, of which the run that this one repeats has spent
    `spent_before`; once `exhausted` it has no page left to fetch.
    `newest_discovered_at` and `newest_ids` are what the next run starts from. `lease_token` is the token of the last
    worker that acquired the lease: only its writes count. No posting of `page` was stored before `page_started_at`.
    """

    role = StringField(required=True)
    place = StringField(required=True)
    status = StringField(choices=SEARCH_STATUSES, default="queued")
    page = IntField(default=0)
    page_size = IntField()
    limit = IntField()
    spent_before = IntField(default=0)
    exhausted = BooleanField()
    discovered_since = DateTimeField()
    excluded_ids = ListField(IntField())
    last_page_ids = ListField(StringField())
    newest_discovered_at = DateTimeField()
    newest_ids = ListField(IntField())
    pages = IntField(default=0)
    collected = IntField(default=0)
    updated = IntField(default=0)
    unchanged = IntField(default=0)
    filtered = IntField(default=0)
    refused = IntField(default=0)
    credits = IntField(default=0)
    attempts = IntField(default=0)
    resume_at = DateTimeField()
    error = StringField()
    lease_token = StringField()
    page_started_at = DateTimeField()


class CollectionRunDocument(StoredDocument):
    """One collection: what was asked, and what came of it, kept up to date after every page.

    `refused` counts by reason; `refused_samples` keeps the first few refusals in full. `wanted` is the filter of the
    postings that anyone who asked for the run wants to see, as a body of `JobFilterSerializer`. `revision` moves
    whenever a search gets its limit.
    """

    trigger = StringField(choices=TRIGGERS, required=True)
    requested_by = StringField()
    wanted = DictField()
    # By it the same request of a user finds the run that is open.
    idempotency_key = StringField()
    status = StringField(choices=RUN_STATUSES, default="queued")
    roles = ListField(StringField())
    places = ListField(StringField())
    max_age_days = IntField()
    per_role_limit = IntField()
    searches = EmbeddedDocumentListField(Search)
    pages = IntField(default=0)
    collected = IntField(default=0)
    updated = IntField(default=0)
    unchanged = IntField(default=0)
    filtered = IntField(default=0)
    refused = DictField(IntField())
    refused_samples = ListField(DictField())
    credits = IntField(default=0)
    cancel_requested = BooleanField()
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    heartbeat_at = DateTimeField()
    finished_at = DateTimeField()
    error = StringField()
    revision = IntField()

    meta = {
        "collection": "collection_runs",
        "indexes": [
            # Open runs, for those that were lost; the last good one, for readiness.
            {"fields": ["status", "-finished_at"]},
            # The list of runs, newest first.
            {"fields": ["-created_at"]},
            # What a user asks for twice at the same time is one run.
            {
                "fields": ["requested_by", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
        ],
    }


class CollectedRole(StoredDocument):
    """A role in a place: when it was last collected, how far, and which run holds it now.

    `discovered_until` is the newest discovery time among the postings returned so far, `boundary_ids` the source's ids
    at that very time; `posted_since` how far back the searches so far reached. `claim` is the lease's token; it expires
    at `claimed_until`, and the Celery task `claimed_by_task` may take it over before.
    """

    role = StringField(required=True)
    place = StringField(required=True)
    collected_at = DateTimeField()
    discovered_until = DateTimeField()
    boundary_ids = ListField(IntField())
    posted_since = DateTimeField()
    claim = StringField()
    claimed_by_run = StringField()
    claimed_by_task = StringField()
    claimed_until = DateTimeField()

    meta = {
        "collection": "collected_roles",
        # A lease is acquired by an upsert on this key: of two at once, one fails.
        "indexes": [{"fields": ["role", "place"], "unique": True}],
    }


class CreditMonth(StoredDocument):
    """Credits spent in a calendar month (UTC); `month` reads "2026-11".

    `reservations` are the credits within `spent` whose answer has not come, by the reservation's id. One that stays was
    lost with its answer.
    """

    month = StringField(primary_key=True)
    spent = IntField(default=0)
    reservations = DictField(IntField())

    meta = {"collection": "credit_months"}


class SourceState(StoredDocument):
    """What is known of a source: whether it was reached, what credit is left, and why collection is halted."""

    source = StringField(primary_key=True)
    checked_at = DateTimeField()
    reachable = BooleanField()
    problem = StringField()
    credits_left = IntField()
    largest_page = IntField()
    halted_at = DateTimeField()
    halt_reason = StringField()

    meta = {"collection": "source_states"}
