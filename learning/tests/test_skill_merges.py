"""Tests that a merge of skills moves resources and progress."""

import pytest
from bson import ObjectId
from django.utils import timezone
from pymongo.database import Database

from career_navigator.cache import reset_caches
from learning.documents import SKILL_PROGRESS, LearningResourceDocument
from learning.services import on_skill_merged, seed_resources
from learning.tests.test_admin_resources import ENTRY
from skills.services import merge_skills, seed_skills

USER = str(ObjectId())


def list_progress(mongo: Database) -> list[tuple[str, str]]:
    return [(row["skill"], row["status"]) for row in mongo.learning_progress.find()]


@pytest.mark.parametrize(
    ("source_status", "target_status", "expected"),
    [
        ("done", None, "done"),
        ("done", "planned", "done"),
        ("planned", "learning", "learning"),
        ("learning", "learning", "learning"),
    ],
)
def test_keeps_the_more_advanced_progress(
    mongo: Database, source_status: str, target_status: str | None, expected: str
) -> None:
    now = timezone.now()
    SKILL_PROGRESS.store(user_id=USER, subject="py", status=source_status, now=now)
    if target_status:
        SKILL_PROGRESS.store(user_id=USER, subject="python", status=target_status, now=now)

    on_skill_merged("py", "python", now)

    assert list_progress(mongo) == [("python", expected)]


def test_keeps_one_resource_per_url_and_seeding_does_not_restore_others(mongo: Database) -> None:
    now = timezone.now()
    seed_skills(entries=[{"name": "py"}, {"name": "python"}], now=now)
    reset_caches()
    entries = [ENTRY, ENTRY | {"skill": "py"}, ENTRY | {"skill": "py", "url": "https://example.org/py"}]
    seed_resources(entries=entries, now=now)

    merge_skills(source="py", target="python", now=now)
    seed_resources(entries=entries, now=now)

    found = sorted((resource.skill, resource.url) for resource in LearningResourceDocument.objects)
    assert found == [("python", ENTRY["url"]), ("python", "https://example.org/py")]


def test_merge_invalidates_the_cached_progress(mongo: Database) -> None:
    now = timezone.now()
    SKILL_PROGRESS.store(user_id=USER, subject="py", status="done", now=now)
    before = SKILL_PROGRESS.list_done(USER)

    on_skill_merged("py", "python", now)

    assert (before, SKILL_PROGRESS.list_done(USER)) == (["py"], ["python"])
