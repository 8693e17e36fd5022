"""Requests that are repeated: what one of them stored within the last minutes answers the next one.

A document that a request creates carries an idempotency key, the hash of what was asked for, under a unique index with
its user: of requests that arrive at the same time one stores, whatever process each of them reaches.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from mongoengine import QuerySet

from career_navigator.api.renderers import dump_json

# Longer than a client that got no answer goes on trying.
REPEAT_WINDOW = timedelta(minutes=10)


def idempotency_key(*parts: Any) -> str:
    """Return the hash of what JSON can have; bytes are hashed first."""
    told = [hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for part in parts]
    return hashlib.sha256(dump_json(told)).hexdigest()


def find_repeated(documents: QuerySet, *, user_id: ObjectId, key: str, now: datetime) -> Any | None:
    """Return the user's document that the same request created within the window.

    An older one gives its key up, so that the request creates another.
    """
    found = documents.filter(user=user_id, idempotency_key=key).first()
    if found is None or found.created_at > now - REPEAT_WINDOW:
        return found
    documents.filter(id=found.pk, idempotency_key=key).update_one(unset__idempotency_key=True)
    return None
