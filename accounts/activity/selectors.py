"""Reads of the activity log, as it is answered; and what an account's export and erasure need of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from accounts.activity.documents import Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    """Some of a user's acts, and how many there are in all."""

    activities: list[dict[str, Any]]
    total: int


def list_activities(*, user_id: ObjectId, action_type: str | None = None, limit: int, offset: int) -> ActivityPage:
    """What a user has done, newest first: all of it, or of one type."""
    wanted: dict[str, Any] = {"user": user_id}
    if action_type is not None:
        wanted["action_type"] = action_type
    rows = Activity._get_collection()
    found = rows.find(wanted).sort([("created_at", -1), ("_id", -1)]).skip(offset).limit(limit)
    return ActivityPage(activities=[_answer(row) for row in found], total=rows.count_documents(wanted))


def timeline_of(*, application_id: ObjectId) -> list[dict[str, Any]]:
    """What has become of an application, oldest first."""
    found = Activity._get_collection().find({"application": application_id}).sort([("created_at", 1), ("_id", 1)])
    return [_answer(row) for row in found]


def export_activities(user_id: ObjectId) -> list[dict[str, Any]]:
    found = Activity._get_collection().find({"user": user_id}).sort([("created_at", -1), ("_id", -1)])
    return [_answer(row) for row in found]


def erase_activities(user_id: ObjectId) -> None:
    Activity._get_collection().delete_many({"user": user_id})


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["_id"]),
        "user_id": str(row["user"]),
        "job_id": str(row["job"]) if row.get("job") else None,
        "action_type": row["action_type"],
        "metadata": row.get("metadata", {}),
        "created_at": row["created_at"],
    }
