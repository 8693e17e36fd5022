"""TheirStack webhooks: signature check, parsing, and processing of events."""

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
from ingestion.sources.theirstack.transform import transform_closing, transform_job
from market.jobs.services import close_posting, find_closing, get_opened_at
from market.posting import Posting, PostingRejected
from market.services import store_postings

logger = logging.getLogger(__name__)

SIGNATURE_PREFIX = "sha256="
JOB_NEW, JOB_CLOSED = "job.new", "job.closed"
# TheirStack nests jobs three levels deep within an event. orjson accepts 1,024 levels, more than other libraries do.
MAX_EVENT_DEPTH = 20


class EventRejected(ValueError):
    """An event that cannot be parsed. The message gives the reason."""


def is_signed(*, body: bytes, signature: str, secret: str) -> bool:
    """Return whether `signature` ("sha256=<hex>") is the body's HMAC-SHA256. The comparison takes constant time."""
    expected = SIGNATURE_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def parse_event(text: str | bytes) -> dict[str, Any]:
    """Return the event in a signed body. Raises `EventRejected`."""
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
    """Process a webhook event: store a new job or close a posting. Idempotent; outdated events change nothing.

    A closing event needs only the job's id. If the job is unknown, its closing is remembered until the job arrives. A
    closed posting is reopened by an event whose job was discovered or reposted after the closing.

    Rejected jobs are recorded on the day's webhook run. Events of other types are ignored. The caller refreshes the
    daily stats.
    """
    kind, payload = event.get("type"), event.get("payload")
    if kind not in (JOB_NEW, JOB_CLOSED):
        logger.info("ignored a webhook event of type %r", kind)
        return
    try:
        posting = transform_closing(payload) if kind == JOB_CLOSED else transform_job(payload)
    except PostingRejected as error:
        _record(now, {}, {"reason": error.reason, "message": str(error)[:300], "job_id": ""})
        return
    # An event costs a credit. An event that changes nothing was delivered, and charged, before. The credit is reserved
    # first: if a worker dies after storing the job and before counting it, the next delivery changes nothing.
    reservation = reserve_credits(credits=1, budget=None, now=now)
    if kind == JOB_CLOSED:
        closed = _close(posting, closed_at=posting.closed_at, now=now)
        settle_credits(reservation=reservation, used=int(closed))
        _record(now, {"updated": int(closed), "unchanged": int(not closed), "credits": int(closed)})
        return
    closed_at = find_closing(posting=posting)
    outcome = store_postings(postings=[posting], closed_at=closed_at, now=now)
    if closed_at is None and (closed_at := find_closing(posting=posting)):
        # The posting was closed while it was being stored.
        _close(posting, closed_at=closed_at, now=now)
    counts = {"collected": outcome.collected, "updated": outcome.updated, "unchanged": outcome.unchanged}
    counts["credits"] = outcome.collected + outcome.updated
    settle_credits(reservation=reservation, used=counts["credits"])
    reason = next(iter(outcome.refused), None)
    rejection = {"reason": reason, "message": "", "job_id": posting.job_id or ""} if reason else None
    _record(now, counts, rejection)


def _close(posting: Posting, *, closed_at: datetime | None, now: datetime) -> bool:
    return close_posting(
        source=posting.source, job_id=posting.job_id, closed_at=closed_at, opened_at=get_opened_at(posting), now=now
    )


def _record(now: datetime, counts: Mapping[str, int], rejection: Mapping[str, str] | None = None) -> None:
    """Add an event's outcome to the run that collects all webhook events of the day."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    change: dict[str, Any] = {
        "$set": {"heartbeat_at": now, "finished_at": now},
        "$setOnInsert": {"_id": _get_run_id(day), "trigger": "webhook", "status": "finished", "created_at": day}
        | {"started_at": now},
        "$inc": dict(counts),
    }
    if rejection:
        change["$inc"][f"refused.{rejection['reason']}"] = 1
        change["$push"] = {"refused_samples": {"$each": [dict(rejection)], "$slice": MAX_REJECTED_SAMPLES}}
    runs = database()[CollectionRunDocument._get_collection_name()]
    runs.update_one({"_id": _get_run_id(day)}, change, upsert=True)


def _get_run_id(day: datetime) -> ObjectId:
    """Return a fixed id per day, so that concurrent events update the same run."""
    digest = hashlib.blake2b(f"webhook {day.date().isoformat()}".encode(), digest_size=8).digest()
    return ObjectId(int(day.timestamp()).to_bytes(4, "big") + digest)
