"""What brings stored users up to today's rules."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from accounts import migrations
from accounts.documents import User
from accounts.migrations import map_experience_levels
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
def leveled(register):
    """Users with older levels, by the level's text."""

    def make(*texts):
        for number, text in enumerate(texts):
            member = register(email=f"user{number}@example.org", experience_level=None)
            database().users.update_one({"email": f"user{number}@example.org"}, {"$set": {"experience_level": text}})
            member.get("/auth/me")

    return make


def _levels():
    return [user.experience_level for user in User.objects.order_by("email")]


def test_maps_older_levels_and_leaves_the_unknown(leveled, caplog):
    leveled("Mid", "Fresher", "2nd Year", None, "wizard")

    map_experience_levels(now=NOW)

    assert _levels() == ["3rd Year", "1st Year", "2nd Year", None, "wizard"]
    assert "{'wizard': 1}" in caplog.text


def test_maps_the_level_of_an_inactive_user(leveled):
    leveled("Mid")
    database().users.update_one({}, {"$set": {"is_active": False}})

    map_experience_levels(now=NOW)

    assert _levels() == ["3rd Year"]


def test_maps_the_level_of_a_user_who_changes_the_profile_meanwhile(leveled, monkeypatch):
    leveled("Mid")
    map_level = migrations.map_experience_level

    def map_while_the_user_writes(text):
        database().users.update_one({}, {"$set": {"full_name": "Ada King", "updated_at": NOW}})
        return map_level(text)

    monkeypatch.setattr(migrations, "map_experience_level", map_while_the_user_writes)

    map_experience_levels(now=NOW)

    assert (_levels(), User.objects.get().full_name) == (["3rd Year"], "Ada King")


def test_finds_nothing_to_do_the_second_time(leveled):
    leveled("Senior", "Mid")
    map_experience_levels(now=NOW)
    before = [user.updated_at for user in User.objects.order_by("email")]

    map_experience_levels(now=NOW + timedelta(hours=1))

    assert [user.updated_at for user in User.objects.order_by("email")] == before


def test_shows_the_mapped_level_in_the_next_answer(ada):
    database().users.update_one({}, {"$set": {"experience_level": "Mid"}})
    ada.get("/auth/me")

    map_experience_levels(now=NOW)

    assert ada.get("/auth/me").json()["experience_level"] == "3rd Year"


@pytest.fixture
def before_the_vocabulary(mongo, register):
    """A user and postings stored when the vocabulary was empty; it is seeded now."""
    member = register(skills=["Node.js", "dot-net", "Basket Weaving"])
    advert = Posting(source="test", job_id="1", url=None, title="Developer", company="A", place="Berlin")
    postings = [
        replace(advert, technology_slugs=("node-js",)),
        replace(advert, job_id="2", description="Uses Python."),
        replace(advert, job_id="3", description="Digs."),
    ]
    store_postings(postings=postings, now=NOW)
    entries = [
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


def test_reads_users_and_postings_by_todays_vocabulary(before_the_vocabulary):
    assert _posting_skills() == [["node js"], [], []]

    summary = _run("renormalize_skills")

    assert before_the_vocabulary.get("/auth/me").json()["skills"] == ["nodejs", ".net", "basket weaving"]
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


def test_brings_the_figures_up_to_date(before_the_vocabulary, mongo):
    _run("renormalize_skills")

    (stats,) = mongo.market_figures.find({"scope": "market"})
    assert dict(zip(stats["skill_names"], stats["skill_counts"], strict=True)) == {"nodejs": 1, "python": 1}
    assert mongo.dirty_days.count_documents({}) == 0


def test_changes_nothing_in_a_dry_run(before_the_vocabulary, mongo):
    summary = _run("renormalize_skills", "--dry-run")

    assert (summary["users_changed"], summary["postings_changed"]) == (1, 2)
    assert _posting_skills() == [["node js"], [], []]
    assert before_the_vocabulary.get("/auth/me").json()["skills"] == ["node.js", "dot net", "basket weaving"]
    assert mongo.dirty_days.count_documents({}) == 0


def test_finds_nothing_to_clean_the_second_time(before_the_vocabulary):
    _run("renormalize_skills")
    updated_at = User.objects.get().updated_at

    summary = _run("renormalize_skills")

    assert (summary["users_changed"], summary["postings_changed"], summary["days_recomputed"]) == (0, 0, 0)
    assert User.objects.get().updated_at == updated_at
