"""What projects stores about users: which ideas each has begun and finished."""

from typing import Any

from bson import ObjectId

from projects.documents import ProjectProgress
from projects.selectors import progress_of

EXPORTED = ("project", "status", "repository_url", "started_at", "updated_at", "finished_at")


def export_progress(user_id: ObjectId) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in EXPORTED} for row in progress_of(str(user_id))]


def erase_progress(user_id: ObjectId) -> None:
    ProjectProgress.objects(user=user_id).delete()
