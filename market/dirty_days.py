"""Days whose daily stats may be behind their postings.

Whatever writes postings marks their days dirty before and after the write. A mark made only before could be removed
by a refresh that read the postings too early; the second one restores it. The first one also names its writer, who may
be killed before the second: such a mark stays until the writer is surely gone.
"""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from career_navigator.connection import database


def mark_dirty(*, days: Collection[datetime]) -> None:
    """Mark days (UTC midnights) whose postings have changed. Who is about to change some uses `marked_dirty`."""
    _mark(days, {})


@contextmanager
def marked_dirty(*, days: Collection[datetime], now: datetime) -> Iterator[None]:
    """Mark the days before and after the block, and after a failing one too: it may have written some."""
    writer = f"writers.{uuid.uuid4().hex}"
    _mark(days, {"$set": {writer: now}})
    try:
        yield
    finally:
        _mark(days, {"$unset": {writer: ""}})


def _mark(days: Collection[datetime], change: dict[str, dict[str, Any]]) -> None:
    if days:
        change = change | {"$set": {"token": uuid.uuid4().hex} | change.get("$set", {})}
        database().dirty_days.bulk_write([UpdateOne({"_id": day}, change, upsert=True) for day in days], ordered=False)
