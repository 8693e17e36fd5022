"""Webhook events, signed and sent as TheirStack does."""

import hashlib
import hmac
from datetime import UTC, datetime

import orjson

from tests.queued import run_queued

PATH = "/ingestion/webhooks/theirstack"
SECRET = "a-secret-shared-with-theirstack"
NOW = datetime.now(UTC)


def job(number=1, **fields) -> dict:
    return {
        "id": number,
        "job_title": "Backend Developer",
        "company": "Acme",
        "url": f"https://jobs.example.com/{number}",
        "date_posted": NOW.date().isoformat(),
        "location": "Austin, TX",
        "remote": True,
        "description": "A job.",
        **fields,
    }


def build_body(kind="job.new", payload=None, **fields) -> bytes:
    return orjson.dumps({"id": 900, "type": kind, "payload": job() if payload is None else payload, **fields})


def sign(body: bytes, secret=SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(client, body: bytes, *, signature=None, path=PATH, content_type="application/json", **extra):
    signature = sign(body) if signature is None else signature
    headers = {"X-TheirStack-Signature-256": signature} if signature else {}
    return client.post(path, body, content_type=content_type, headers=headers, **extra)


def receive(client, redis, kind="job.new", payload=None):
    assert send(client, build_body(kind, payload)).status_code == 202
    return run_queued(redis)
