"""What a merge of two skills means for the project ideas."""

from datetime import datetime

from career_navigator.cache.versioned import replace_version
from career_navigator.db.connection import database
from projects.ideas import CATALOGUE
from skills.services import renamed


def follow_merge(gone: str, kept: str, now: datetime) -> None:
    """Rename the skill in every idea."""
    change = [{"$set": {"skills": renamed(field="skills", gone=gone, kept=kept), "updated_at": now}}]
    if database().project_ideas.update_many({"skills": gone}, change).modified_count:
        replace_version(CATALOGUE)
