"""What a merge of two skills means for resources and progress."""

from datetime import datetime

from career_navigator.cache.versioned import replace_version
from career_navigator.db.connection import database
from learning.documents import SKILL_PROGRESS, STATUSES
from learning.resources import CATALOGUE


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill. Of two resources with one address that of the skill that stays is kept; of two progresses of
    one user the further one."""
    resources, progress = database().learning_resources, database().learning_progress
    for row in resources.find({"skill": gone}, {"url": 1}):
        if resources.count_documents({"skill": kept, "url": row["url"]}, limit=1):
            resources.delete_one({"_id": row["_id"]})
        else:
            resources.update_one({"_id": row["_id"]}, {"$set": {"skill": kept, "updated_at": now}})
    replace_version(CATALOGUE)
    for row in progress.find({"skill": gone}):
        with SKILL_PROGRESS.invalidate(user_id=row["user"]):
            other = progress.find_one({"user": row["user"], "skill": kept})
            if other is not None and STATUSES.index(other["status"]) >= STATUSES.index(row["status"]):
                progress.delete_one({"_id": row["_id"]})
                continue
            if other is not None:
                progress.delete_one({"_id": other["_id"]})
            progress.update_one({"_id": row["_id"]}, {"$set": {"skill": kept}})
