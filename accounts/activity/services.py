"""Recording what users have done. The log is append-only: nothing here changes a line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from accounts.activity.documents import Activity


def record_activity(
    *,
    user_id: ObjectId,
    action_type: str,
    job_id: ObjectId | None = None,
    metadata: Mapping[str, Any] | None = None,
    application_id: ObjectId | None = None,
    activity_id: ObjectId | None = None,
    now: datetime,
) -> ObjectId:
    """Add a line to a user's log and return its id.

    `metadata` is anything that JSON can have, its keys free of "$" and "."; `application_id` puts the line into that
    application's timeline. With an `activity_id` the same act may be told again: its line stays the one it is.
    """
    line: dict[str, Any] = {"_id": activity_id or ObjectId(), "user": user_id, "action_type": action_type}
    given = {"job": job_id, "metadata": dict(metadata) if metadata else None, "application": application_id}
    line |= {name: value for name, value in given.items() if value is not None} | {"created_at": now}
    try:
        Activity._get_collection().insert_one(line)
    except DuplicateKeyError:
        if activity_id is None:
            raise
    recorded: ObjectId = line["_id"]
    return recorded
