"""Tests of merging two skills and moving every reference from the source to the target."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pymongo.database import Database
from redis import Redis

from accounts.documents import User
from career_navigator.cache import reset_caches
from market.documents import MARKET_SCOPE
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.selectors import get_role_stats
from market.services import delete_expired_postings, store_postings
from skills.documents import SkillDocument
from skills.selectors import get_vocabulary
from skills.services import UnmergeableError, merge_skills, seed_skills
from tests.factories import NOW, PostingFactory, UserFactory, days_ago
from tests.queued import take_queued

ENTRIES: list[dict[str, Any]] = [
    {"name": "postgresql", "display_name": "PostgreSQL", "category": "Databases", "slugs": ["postgresql"]},
    {"name": "postgres", "display_name": "Postgres", "category": "Databases", "slugs": ["postgres"], "aliases": ["pg"]},
    {"name": "sql", "display_name": "SQL", "category": "Databases", "slugs": ["sql"]},
    {"name": "django", "display_name": "Django", "category": "Databases", "prerequisites": ["postgres", "sql"]},
]


@pytest.fixture
def seeded(mongo: Database, redis: Redis) -> Database:
    seed_skills(entries=ENTRIES, now=NOW)
    reset_caches()
    return mongo


def merge() -> None:
    merge_skills(source="postgres", target="postgresql", now=NOW)


def test_target_gets_every_spelling_of_the_source(seeded: Database) -> None:
    merge()

    reset_caches()
    assert {get_vocabulary().get_canonical_name(name) for name in ("Postgres", "postgres", "pg", "PostgreSQL")} == {
        "postgresql"
    }
    assert SkillDocument.objects.get(name="django").prerequisites == ["postgresql", "sql"]


def test_seeding_does_not_restore_a_merged_skill(seeded: Database) -> None:
    merge()

    summary = seed_skills(entries=ENTRIES, now=NOW)

    assert (summary.created, summary.updated) == (0, 0)
    assert SkillDocument.objects(name="postgres").count() == 0


def test_renames_the_skill_of_users_without_duplicates(seeded: Database) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    user = UserFactory.create(skills=["sql", "postgres", "postgresql", "python"], created_at=at)

    merge()

    user.reload()
    assert user.skills == ["sql", "postgresql", "python"]
    assert user.updated_at == NOW


def test_updated_at_of_a_user_increases_even_if_it_is_in_the_future(seeded: Database) -> None:
    at = NOW + timedelta(days=1)
    UserFactory.create(skills=["postgres"], created_at=at)

    merge()

    assert User.objects.get().updated_at > at


def get_stats(mongo: Database, day: datetime, scope: str) -> dict[str, int]:
    row = mongo.market_figures.find({"day": day, "scope": scope})[0]
    return dict(zip(row["skill_names"], row["skill_counts"], strict=True))


def test_renames_the_skill_of_postings_and_daily_stats(seeded: Database) -> None:
    register_role(role="Backend Developer", now=NOW)
    postings = [
        PostingFactory.build(technology_slugs=slugs, date_posted=days_ago(age))
        for age in (0, 20)
        for slugs in (("postgres", "sql"), ("postgresql", "postgres"), ("postgresql",))
    ]
    store_postings(postings=postings, now=NOW)
    refresh_stats(now=NOW)
    list(delete_expired_postings(days_to_keep=5, now=NOW))

    merge()
    refresh_stats(now=NOW)

    assert seeded.job_postings.distinct("skills") == ["postgresql", "sql"]
    first, last = sorted(seeded.market_figures.distinct("day"))
    for day in (first, last):
        assert get_stats(seeded, day, MARKET_SCOPE) == {"postgresql": 3, "sql": 1}
        assert get_stats(seeded, day, "backend developer") == {"postgresql": 3, "sql": 1}
    assert check_stats().differing == []
    reset_caches()
    stats = get_role_stats(role="backend developer", days=30, now=NOW)
    assert stats is not None
    demand = stats.window.demand
    assert {skill.name: skill.count for skill in demand.skills} == {"postgresql": 6, "sql": 2}


def test_rejects_a_repeated_merge(seeded: Database) -> None:
    merge()

    with pytest.raises(UnmergeableError, match="The vocabulary has no skill postgres"):
        merge()


def test_rejects_merging_a_skill_with_itself(seeded: Database) -> None:
    with pytest.raises(UnmergeableError, match="with itself"):
        merge_skills(source="sql", target="sql", now=NOW)


def test_merges_two_skills_selected_in_the_admin_list(seeded: Database, staff_client: Client, redis: Redis) -> None:
    seed_skills(entries=ENTRIES, now=NOW)
    chosen = [str(SkillDocument.objects.get(name=name).pk) for name in ("postgres", "postgresql")]

    question = staff_client.post("/admin/skills/skill/", {"action": "merge", "_selected_action": chosen})
    page = staff_client.get(question["Location"])
    done = staff_client.post(question["Location"], {"target": "postgresql"})

    assert "Skill to keep" in page.content.decode()
    assert done.status_code == 302
    assert sorted(skill.name for skill in SkillDocument.objects) == ["django", "postgresql", "sql"]
    assert LogEntry.objects.get().get_change_message() == "Merged postgres into this skill."
    assert take_queued(redis) == [("market.tasks.refresh_daily_stats", [])]


def test_requires_exactly_two_skills(seeded: Database, staff_client: Client) -> None:
    seed_skills(entries=ENTRIES, now=NOW)
    chosen = [str(skill.pk) for skill in SkillDocument.objects]

    response = staff_client.post("/admin/skills/skill/", {"action": "merge", "_selected_action": chosen}, follow=True)

    assert "Select exactly two skills to merge." in response.content.decode()
