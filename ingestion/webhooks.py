"""TheirStack's webhooks: is an event really theirs, and what it changes."""

import hashlib
import hmac
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson
from bson import ObjectId

from career_navigator.db.connection import database
from ingestion.documents import CollectionRunDocument
from ingestion.runs import MAX_REJECTED_SAMPLES
from ingestion.source import reserve_credits, settle_credits
from ingestion.theirstack_jobs import closing_from_job, posting_from_job
from market.jobs.services import close_posting, find_closing, get_opened_at
from market.posting import Posting, PostingRejected
from market.services import store_postings

logger = logging.getLogger(__name__)

SIGNATURE_PREFIX = "sha256="
JOB_NEW, JOB_CLOSED = "job.new", "job.closed"
# TheirStack's jobs are nested three levels deep within an event. orjson reads 1,024, of which much else reads less.
MAX_EVENT_DEPTH = 20


class EventRejected(ValueError):
    """An event that cannot be read; the message says why."""


def is_signed(*, body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature` ("sha256=<hex>") is the HMAC-SHA256 of the raw body under the secret; in constant time."""
    expected = SIGNATURE_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def parse_event(text: str | bytes) -> dict[str, Any]:
    """Return the event in a signed body. Raises EventRejected."""
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise EventRejected(f"The body is not valid JSON: {error}.") from error
    if not isinstance(event, dict):
        raise EventRejected("The body must be a JSON object.")
    level: list[Any] = [event]
    for _ in range(MAX_EVENT_DEPTH):
        level = [child for value in level if isinstance(value, dict | list) for child in _list_children(value)]
        if not level:
            return event
    raise EventRejected(f"The event must not be nested deeper than {MAX_EVENT_DEPTH} levels.")


def _list_children(value: dict[str, Any] | list[Any]) -> Collection[Any]:
    return value.values() if isinstance(value, dict) else value


def receive_event(*, event: Mapping[str, Any], now: datetime) -> None:
    """Store a new job, or the closing of one. The same event again changes nothing, nor does an older one.

    A closing of an unknown job is remembered for when the job comes, and needs no more than its id. A closed one is
    open again when it says that it was discovered or reposted after the closing.

    A job that is refused is recorded on the day's webhook run; events of other types are passed over. The caller sees
    to a refresh.
    """
    kind, payload = event.get("type"), event.get("payload")
    if kind not in (JOB_NEW, JOB_CLOSED):
        logger.info("passed over a webhook event of type %r", kind)
        return
    try:
        posting = closing_from_job(payload) if kind == JOB_CLOSED else posting_from_job(payload)
    except PostingRejected as error:
        _record(now, {}, {"reason": error.reason, "message": str(error)[:300], "job_id": ""})
        return
    # An event costs a credit; one that brings nothing new was delivered, and paid for, before. Reserved first, since
    # what a worker has stored and not yet counted when it dies brings nothing new the next time.
    reservation = reserve_credits(credits=1, budget=None, now=now)
    if kind == JOB_CLOSED:
        closed = _close(posting, closed_at=posting.closed_at, now=now)
        settle_credits(reservation=reservation, used=int(closed))
        _record(now, {"updated": int(closed), "unchanged": int(not closed), "credits": int(closed)})
        return
    closed_at = find_closing(posting=posting)
    outcome = store_postings(postings=[posting], closed_at=closed_at, now=now)
    if closed_at is None and (closed_at := find_closing(posting=posting)):
        # It was closed while it was being stored.
        _close(posting, closed_at=closed_at, now=now)
    counts = {"collected": outcome.collected, "updated": outcome.updated, "unchanged": outcome.unchanged}
    counts["credits"] = outcome.collected + outcome.updated
    settle_credits(reservation=reservation, used=counts["credits"])
    refused = next(iter(outcome.refused), None)
    refusal = {"reason": refused, "message": "", "job_id": posting.job_id or ""} if refused else None
    _record(now, counts, refusal)


def _close(posting: Posting, *, closed_at: datetime | None, now: datetime) -> bool:
    return close_posting(
        source=posting.source, job_id=posting.job_id, closed_at=closed_at, opened_at=get_opened_at(posting), now=now
    )


def _record(now: datetime, counts: Mapping[str, int], refusal: Mapping[str, str] | None = None) -> None:
    """Add to the run that stands for the day's webhook events."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    change: dict[str, Any] = {
        "$set": {"heartbeat_at": now, "finished_at": now},
        "$setOnInsert": {"_id": _run_id(day), "trigger": "webhook", "status": "finished", "created_at": day}
        | {"started_at": now},
        "$inc": dict(counts),
    }
    if refusal:
        change["$inc"][f"refused.{refusal['reason']}"] = 1
        change["$push"] = {"refused_samples": {"$each": [dict(refusal)], "$slice": MAX_REJECTED_SAMPLES}}
    database()[CollectionRunDocument._get_collection_name()].update_one({"_id": _run_id(day)}, change, upsert=True)


def _run_id(day: datetime) -> ObjectId:
    """One id a day, so that concurrent events meet in one run."""
    digest = hashlib.blake2b(f"webhook {day.date().isoformat()}".encode(), digest_size=8).digest()
    return ObjectId(int(day.timestamp()).to_bytes(4, "big") + digest)
