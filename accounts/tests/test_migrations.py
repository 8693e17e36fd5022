"""Data migrations of users."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts import migrations
from accounts.documents import User
from accounts.migrations import map_experience_levels
from accounts.profile_parsing import map_experience_level
from career_navigator.cache import reset_caches
from career_navigator.db.connection import database
from market.posting import Posting
from market.services import store_postings
from skills.services import seed_skills

NOW = datetime(2025, 10, 30, 10, tzinfo=UTC)


def _run(name, *arguments):
    output = StringIO()
    call_command(name, "--json", *arguments, stdout=output)
    return json.loads(output.getvalue())


@pytest.fixture
def register_with_levels(register):
    """Return a function that registers users and stores these experience levels, as older releases did."""

    def make(*texts):
        for number, text in enumerate(texts):
            member = register(email=f"user{number}@example.org", experience_level=None)
            database().users.update_one({"email": f"user{number}@example.org"}, {"$set": {"experience_level": text}})
            member.get("/auth/me")

    return make


def _levels():
    return [user.experience_level for user in User.objects.order_by("email")]


def test_maps_older_levels_and_keeps_unknown_ones(register_with_levels, caplog):
    register_with_levels("Mid", "Fresher", "2nd Year", None, "wizard")

    map_experience_levels(now=NOW)

    assert _levels() == ["3rd Year", "1st Year", "2nd Year", None, "wizard"]
    assert "{'wizard': 1}" in caplog.text


def test_maps_the_level_of_an_inactive_user(register_with_levels):
    register_with_levels("Mid")
    database().users.update_one({}, {"$set": {"is_active": False}})

    map_experience_levels(now=NOW)

    assert _levels() == ["3rd Year"]


def test_maps_the_level_despite_a_concurrent_profile_change(register_with_levels, monkeypatch):
    register_with_levels("Mid")

    def map_during_a_write(text):
        database().users.update_one({}, {"$set": {"full_name": "Ada King", "updated_at": NOW}})
        return map_experience_level(text)

    monkeypatch.setattr(migrations, "map_experience_level", map_during_a_write)

    map_experience_levels(now=NOW)

    assert (_levels(), User.objects.get().full_name) == (["3rd Year"], "Ada King")


def test_changes_nothing_the_second_time(register_with_levels):
    register_with_levels("Senior", "Mid")
    map_experience_levels(now=NOW)
    before = [user.updated_at for user in User.objects.order_by("email")]

    map_experience_levels(now=NOW + timedelta(hours=1))

    assert [user.updated_at for user in User.objects.order_by("email")] == before


def test_shows_the_mapped_level_in_the_next_response(ada):
    database().users.update_one({}, {"$set": {"experience_level": "Mid"}})
    ada.get("/auth/me")

    map_experience_levels(now=NOW)

    assert ada.get("/auth/me").json()["experience_level"] == "3rd Year"


@pytest.fixture
def stored_before_seeding(mongo, register):
    """Return a user stored, with postings, before the vocabulary was seeded."""
    member = register(skills=["Node.js", "dot-net", "Basket Weaving"])
    advert = Posting(source="test", job_id="1", url=None, title="Developer", company="A", place="Berlin")
    postings = [
        replace(advert, technology_slugs=("node-js",)),
        replace(advert, job_id="2", description="Uses Python."),
        replace(advert, job_id="3", description="Digs."),
    ]
    store_postings(postings=postings, now=NOW)
    entries: list[dict[str, Any]] = [
        {"name": "nodejs", "display_name": "Node.js", "category": "Frameworks/Libraries", "slugs": ["node-js"]},
        {"name": ".net", "display_name": ".NET", "category": "Frameworks/Libraries", "aliases": ["dot-net"]},
        {"name": "python", "display_name": "Python", "category": "Programming Languages"},
    ]
    seed_skills(entries=entries, now=NOW)
    reset_caches()
    mongo.dirty_days.delete_many({})
    return member


def _posting_skills():
    return [row["skills"] for row in database().job_postings.find().sort("job_id", 1)]


def test_renormalizes_users_and_postings_with_the_current_vocabulary(stored_before_seeding):
    assert _posting_skills() == [["node js"], [], []]

    summary = _run("renormalize_skills")

    assert stored_before_seeding.get("/auth/me").json()["skills"] == ["nodejs", ".net", "basket weaving"]
    assert _posting_skills() == [["nodejs"], ["python"], []]
    assert summary == {
        "dry_run": False,
        "users": 1,
        "users_changed": 1,
        "users_changed_meanwhile": 0,
        "postings": 3,
        "postings_changed": 2,
        "days_recomputed": 1,
    }


def test_refreshes_the_stats(stored_before_seeding, mongo):
    _run("renormalize_skills")

    (stats,) = mongo.market_figures.find({"scope": "market"})
    assert dict(zip(stats["skill_names"], stats["skill_counts"], strict=True)) == {"nodejs": 1, "python": 1}
    assert mongo.dirty_days.count_documents({}) == 0


def test_a_dry_run_changes_nothing(stored_before_seeding, mongo):
    summary = _run("renormalize_skills", "--dry-run")

    assert (summary["users_changed"], summary["postings_changed"]) == (1, 2)
    assert _posting_skills() == [["node js"], [], []]
    assert stored_before_seeding.get("/auth/me").json()["skills"] == ["node.js", "dot net", "basket weaving"]
    assert mongo.dirty_days.count_documents({}) == 0


def test_finds_nothing_to_clean_the_second_time(stored_before_seeding):
    _run("renormalize_skills")
    updated_at = User.objects.get().updated_at

    summary = _run("renormalize_skills")

    assert (summary["users_changed"], summary["postings_changed"], summary["days_recomputed"]) == (0, 0, 0)
    assert User.objects.get().updated_at == updated_at
