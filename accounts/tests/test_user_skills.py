"""The skills of a user: those of the profile and acquired skills."""

from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from accounts.selectors import get_user_skills
from learning.documents import SKILL_PROGRESS


def test_acquired_skills_follow_profile_skills_without_duplicates(ada):
    for skill, status in (("docker", "done"), ("sql", "done"), ("rust", "started")):
        SKILL_PROGRESS.store(user_id=ada.id, subject=skill, status=status, now=timezone.now())

    user: Any = SimpleNamespace(id=ada.id, skills=["python", "sql"])

    assert get_user_skills(user) == ["python", "sql", "docker"]
