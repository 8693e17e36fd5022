"""MongoDB documents of ingestion: runs, the state per role and place, boards, credits, and sources' states."""

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

from career_navigator.db.catalogues import CuratedDocument
from career_navigator.documents import StoredDocument

TRIGGERS = ("schedule", "admin", "user", "command", "webhook")
# The first two statuses are open. The others are final.
RUN_STATUSES = ("queued", "running", "finished", "failed", "cancelled", "lost")
OPEN_RUN_STATUSES = ("queued", "running")
# `waiting`: the rate limit allows the next page at `resume_at`. `skipped`: the role was fresh, its limit was reached
# in other places, or another run was collecting it.
SEARCH_STATUSES = ("queued", "running", "waiting", "finished", "skipped", "failed", "cancelled", "lost")
OPEN_SEARCH_STATUSES = ("queued", "running", "waiting")
REPEATABLE_SEARCH_STATUSES = ("failed", "lost", "cancelled")


class Search(EmbeddedDocument):
    """The search for one role in one place within a run, or the collection of one board.

    For a board, `role` is the board's key (see `ingestion.boards`), and `place` is empty.
    `page` is the next page to fetch, counted from zero. No posting of that page was stored before `page_started_at`.
    `limit` is this search's share of the run's limit per role. `spent_before` is what the repeated run, if any, already
    spent of that limit. An `exhausted` search has no page left to fetch. The next run of the same role and place starts
    from `newest_discovered_at` and `newest_ids`. `lease_token` belongs to the last worker that acquired the lease, and
    only writes that carry this token are accepted.
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
    closed = IntField(default=0)
    refused = IntField(default=0)
    credits = IntField(default=0)
    attempts = IntField(default=0)
    resume_at = DateTimeField()
    error = StringField()
    lease_token = StringField()
    page_started_at = DateTimeField()


class CollectionRunDocument(StoredDocument):
    """A collection run: its request, its searches, and its counts, which are updated after every page.

    `source` is set for runs that collect boards. Runs without it search TheirStack.
    `refused` counts rejected jobs by reason. `refused_samples` stores the first few rejections in full. `wanted` is the
    filter of the postings that the requesting user wants to see, as a body of `JobFilterSerializer`. `revision` is
    incremented whenever a search is given its limit.
    """

    trigger = StringField(choices=TRIGGERS, required=True)
    source = StringField()
    requested_by = StringField()
    wanted = DictField()
    # Identifies a repeated request of the same user while its run is open.
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
    closed = IntField(default=0)
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
            # Finds open runs to resume, and the last successful run for the readiness check.
            {"fields": ["status", "-finished_at"]},
            # The run list, newest first.
            {"fields": ["-created_at"]},
            # Two simultaneous requests of a user for the same roles and places share one run.
            {
                "fields": ["requested_by", "idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"idempotency_key": {"$exists": True}},
            },
        ],
    }


class CollectedRole(StoredDocument):
    """The collection state of a role in a place: how far it was collected, and the lease on it.

    `discovered_until` is the newest discovery time among all postings returned so far. `boundary_ids` are the source's
    ids of the postings discovered at exactly that time. `posted_since` is the earliest posting date that was searched.
    `claim` is the token of the lease, which expires at `claimed_until`. The Celery task `claimed_by_task` may take the
    lease over earlier, when the task is delivered again.
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
        # Leases are acquired by an upsert on this key. When two workers try at the same time, one fails.
        "indexes": [{"fields": ["role", "place"], "unique": True}],
    }


EVIDENCE = ("unverified", "payload", "confirmed")


class Board(CuratedDocument):
    """A company's board at a source, or a feed of a source.

    `name` is the board's name as the source spells it. `company` is the company's name, and empty for feeds. `evidence`
    says how certain it is that the board belongs to the company: `unverified`, `payload` (the source names the same
    company) or `confirmed` (a person checked it). A `hidden` board is not collected.

    The other fields record the health of the board. `recent_counts` has the number of postings in each of the last
    complete listings, newest first. `open_ids` are the ids of the last complete listing. `empty_since` is set while the
    listing is empty, and `missing_since` while the source returns 404. `retry_at` is the time before which the board is
    not collected. `held_ids` are missing postings that staff must review before they are closed, and `held_reason` is
    the reason.
    """

    SEEDED_FIELDS = ("source", "name", "company", "host")
    catalogue = "boards"

    source = StringField(required=True, max_length=50)
    name = StringField(required=True, max_length=200)
    company = StringField(max_length=300)
    host = StringField(max_length=200)
    evidence = StringField(choices=EVIDENCE, default="unverified")
    hidden = BooleanField()
    postings = IntField()
    recent_counts = ListField(IntField())
    open_ids = ListField(StringField())
    held_ids = ListField(StringField())
    held_reason = StringField()
    collected_at = DateTimeField()
    yielded_at = DateTimeField()
    failures = IntField(default=0)
    last_error = StringField()
    retry_at = DateTimeField()
    empty_since = DateTimeField()
    missing_since = DateTimeField()
    gone_at = DateTimeField()
    etag = StringField()
    last_modified = StringField()
    body_hash = StringField()
    seed_key = ListField(StringField())
    seed_hash = StringField()
    updated_at = DateTimeField()

    meta = {
        "collection": "boards",
        # A board is listed once per source. Also finds the boards of a source.
        "indexes": [{"fields": ["source", "name"], "unique": True}],
    }

    def __str__(self) -> str:
        return f"{self.source}/{self.name}"


class CreditMonth(StoredDocument):
    """Credits spent in a calendar month (UTC), keyed by `month`, such as "2026-11".

    `reservations` maps reservation ids to the part of `spent` that still awaits a response. A reservation that remains
    there belongs to a request whose response was lost.
    """

    month = StringField(primary_key=True)
    spent = IntField(default=0)
    reservations = DictField(IntField())

    meta = {"collection": "credit_months"}


class SourceState(StoredDocument):
    """The state of a job source: its last check, the credits left, and whether collection is halted and why."""

    source = StringField(primary_key=True)
    checked_at = DateTimeField()
    reachable = BooleanField()
    problem = StringField()
    credits_left = IntField()
    largest_page = IntField()
    halted_at = DateTimeField()
    halt_reason = StringField()

    meta = {"collection": "source_states"}
