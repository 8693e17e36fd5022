"""Tests of seeding, editing and loading the stored vocabulary, and of counting unknown slugs."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
from mongoengine import NotUniqueError, ValidationError
from pymongo.database import Database
from pymongo.errors import PyMongoError

from career_navigator.cache import reset_caches
from career_navigator.db.catalogues import SeedSummary
from career_navigator.devserver.embedded import start_mongodb
from skills import selectors
from skills.documents import SkillDocument, UnknownSlugDocument
from skills.services import count_unknown_slugs, drop_vocabulary_counter, seed_skills
from skills.vocabulary import InvalidSkill
from tests.factories import SkillFactory
from tests.other_servers import freezing, mongodb_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("mongo")


def build_entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "display_name": name.title(), "category": "Tools/Technologies", "aliases": [], **fields}


def test_seeds_an_empty_database() -> None:
    summary = seed_skills(entries=[build_entry("git"), build_entry("docker", aliases=["moby"])], now=NOW)

    assert summary == SeedSummary(created=2, updated=0, unchanged=0, kept=0)
    stored = SkillDocument.objects.get(name="docker")
    assert stored.aliases == ["moby"]
    assert stored.updated_at.replace(tzinfo=UTC) == NOW


def test_seeding_again_changes_nothing(mongo: Database) -> None:
    entries = [build_entry("git"), build_entry("docker")]
    seed_skills(entries=entries, now=NOW)
    before = list(mongo["skills"].find().sort("name"))
    version = mongo["catalogue_versions"].find_one("vocabulary")

    summary = seed_skills(entries=entries, now=NOW + timedelta(days=1))

    assert summary == SeedSummary(created=0, updated=0, unchanged=2, kept=0)
    assert list(mongo["skills"].find().sort("name")) == before
    assert mongo["catalogue_versions"].find_one("vocabulary") == version


def test_updates_an_entry_that_was_not_edited() -> None:
    seed_skills(entries=[build_entry("git")], now=NOW)

    summary = seed_skills(entries=[build_entry("git", aliases=["git scm"])], now=NOW)

    assert summary == SeedSummary(created=0, updated=1, unchanged=0, kept=0)
    assert SkillDocument.objects.get(name="git").aliases == ["git scm"]


def test_keeps_an_entry_that_a_curator_edited() -> None:
    seed_skills(entries=[build_entry("git")], now=NOW)
    edited = SkillDocument.objects.get(name="git")
    edited.display_name = "Git!"
    edited.save()

    summary = seed_skills(entries=[build_entry("git", aliases=["git scm"])], now=NOW)

    assert summary == SeedSummary(created=0, updated=0, unchanged=0, kept=1)
    assert SkillDocument.objects.get(name="git").display_name == "Git!"


def test_updates_an_edited_entry_again_once_the_file_contains_the_edit() -> None:
    seed_skills(entries=[build_entry("git")], now=NOW)
    edited = SkillDocument.objects.get(name="git")
    edited.display_name = "Git!"
    edited.save()
    seed_skills(entries=[build_entry("git", display_name="Git!")], now=NOW)

    summary = seed_skills(entries=[build_entry("git", display_name="GIT")], now=NOW)

    assert summary == SeedSummary(created=0, updated=1, unchanged=0, kept=0)


def test_keeps_entries_that_are_not_in_the_file() -> None:
    SkillFactory(name="house style")

    seed_skills(entries=[build_entry("git")], now=NOW)

    assert SkillDocument.objects(name="house style").count() == 1


def test_writes_nothing_when_one_entry_is_invalid() -> None:
    with pytest.raises(InvalidSkill):
        seed_skills(entries=[build_entry("git"), build_entry("Docker")], now=NOW)

    assert SkillDocument.objects.count() == 0


def test_rejects_a_duplicate_name() -> None:
    SkillFactory(name="git")

    with pytest.raises(NotUniqueError):
        SkillFactory(name=" Git ")


def test_rejects_an_unknown_category() -> None:
    with pytest.raises(ValidationError):
        SkillFactory(name="git", category="Plumbing")


def test_vocabulary_is_empty_before_seeding() -> None:
    assert len(selectors.get_vocabulary()) == 0
    assert selectors.get_extractor().extract_skills("Python") == []


def test_caches_the_stored_vocabulary() -> None:
    seed_skills(entries=[build_entry("git", aliases=["git scm"])], now=NOW)
    reset_caches()

    vocabulary = selectors.get_vocabulary()

    assert vocabulary.get_canonical_name("GIT-SCM") == "git"
    assert selectors.get_vocabulary() is vocabulary
    assert selectors.get_extractor() is selectors.get_extractor()
    assert selectors.get_extractor().extract_skills("We use git scm.") == ["git"]


def test_serves_an_edit_when_the_cached_version_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors._cache, "max_staleness", 0)
    seed_skills(entries=[build_entry("git")], now=NOW)
    assert selectors.get_vocabulary().get_canonical_name("dvcs") is None

    edited = SkillDocument.objects.get(name="git")
    edited.aliases = ["dvcs"]
    edited.save()

    assert selectors.get_vocabulary().get_canonical_name("dvcs") == "git"


def test_does_not_serve_a_deleted_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors._cache, "max_staleness", 0)
    seed_skills(entries=[build_entry("git")], now=NOW)
    assert selectors.get_vocabulary().get_canonical_name("git") == "git"

    SkillDocument.objects.get(name="git").delete()

    assert selectors.get_vocabulary().get_canonical_name("git") is None


def test_reads_the_version_at_most_once_per_second(commands: list[str]) -> None:
    seed_skills(entries=[build_entry("git")], now=NOW)
    selectors.get_vocabulary()
    commands.clear()

    for _ in range(100):
        selectors.get_vocabulary()

    assert len(commands) <= 1


def test_drops_the_counter_of_earlier_releases(mongo: Database) -> None:
    mongo["vocabulary_versions"].insert_one({"_id": "vocabulary", "number": 3})

    for _ in range(2):
        drop_vocabulary_counter(now=NOW)

    assert "vocabulary_versions" not in mongo.list_collection_names()


def edit(name: str, *, aliases: list[str]) -> None:
    edited = SkillDocument.objects.get(name=name)
    edited.aliases = aliases
    edited.save()


def test_serves_an_edit_made_after_restoring_a_backup(mongo: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors._cache, "max_staleness", 0)
    seed_skills(entries=[build_entry("git")], now=NOW)
    stored = mongo.list_collection_names(filter={"name": {"$not": {"$regex": "^system"}}})
    backup = {name: list(mongo[name].find()) for name in stored}
    edit("git", aliases=["dvcs"])
    assert selectors.get_vocabulary().get_canonical_name("dvcs") == "git"

    for name, documents in backup.items():
        mongo[name].delete_many({})
        if documents:
            mongo[name].insert_many(documents)
    # Simulates an edit by another process, which has not loaded the vocabulary before.
    edit("git", aliases=["scm"])

    assert selectors.get_vocabulary().get_canonical_name("dvcs") is None
    assert selectors.get_vocabulary().get_canonical_name("scm") == "git"


def test_serves_the_vocabulary_while_another_thread_waits_for_an_unavailable_mongodb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_mongodb(directory=tmp_path / "mongodb", cache_gb=0.25)
    with freezing(server) as freeze, mongodb_at(f"{server.uri}frozen"):
        seed_skills(entries=[build_entry("git")], now=NOW)
        reset_caches()
        loaded = selectors.get_vocabulary()
        freeze()
        time.sleep(1.1)  # until the cached version expires

        def ask() -> None:
            with suppress(PyMongoError), pymongo.timeout(5):
                selectors.get_vocabulary()

        waiting = threading.Thread(target=ask)
        waiting.start()
        time.sleep(0.2)
        with pymongo.timeout(30):
            found = selectors.get_vocabulary()
        was_waiting = waiting.is_alive()
        waiting.join()

    assert found is loaded
    assert was_waiting


def test_counts_unknown_slugs_and_stores_first_and_last_seen_times() -> None:
    count_unknown_slugs(slugs=["foo", "bar", "foo"], now=NOW)
    count_unknown_slugs(slugs=["foo"], now=NOW + timedelta(hours=1))
    count_unknown_slugs(slugs=[], now=NOW + timedelta(hours=2))

    rows = [(row.slug, row.count, row.first_seen_at, row.last_seen_at) for row in UnknownSlugDocument.objects]

    naive = NOW.replace(tzinfo=None)
    assert [
        (slug, count, first.replace(tzinfo=None), last.replace(tzinfo=None)) for slug, count, first, last in rows
    ] == [("foo", 3, naive, naive + timedelta(hours=1)), ("bar", 1, naive, naive)]
