"""What a merge of two skills means for users: who had the one has the other."""

from datetime import datetime

from accounts.documents import PROFILE_CACHE, User
from career_navigator.db.connection import database
from skills.services import renamed


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill in every profile, each in one atomic update, so that no edit of the user's is lost."""
    users = database().users
    # A profile is edited under a guard of `updated_at`, which therefore has to move, whatever the clock says.
    moved = {"$max": [now, {"$add": ["$updated_at", 1]}]}
    change = [{"$set": {"skills": renamed(field="skills", gone=gone, kept=kept), "updated_at": moved}}]
    for user in User.objects(skills=gone).only("pk"):
        with PROFILE_CACHE.invalidate(user_id=user.pk):
            users.update_one({"_id": user.pk, "skills": gone}, change)
