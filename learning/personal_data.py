"""What learning stores about users: how far each has come with which skill."""

from typing import Any

from bson import ObjectId

from learning.documents import LearningProgress
from learning.selectors import progress_of

EXPORTED = ("skill", "status", "evidence_url", "created_at", "updated_at", "done_at")


def export_progress(user_id: ObjectId) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in EXPORTED} for row in progress_of(str(user_id))]


def erase_progress(user_id: ObjectId) -> None:
    LearningProgress.objects(user=user_id).delete()
