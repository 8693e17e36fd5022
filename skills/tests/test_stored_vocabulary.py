"""The vocabulary in the database: seeding it, editing it, reading it, counting what it lacks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mongoengine import NotUniqueError, ValidationError
from pymongo.database import Database

from skills import selectors
from skills.documents import SkillDocument, UnknownSlug, VocabularyVersion
from skills.services import SeedSummary, count_unknown_slugs, seed_skills
from skills.vocabulary import InvalidSkill

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("mongo")


def make_entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "display_name": name.title(), "category": "Tools/Technologies", "aliases": [], **fields}


def test_seeds_an_empty_database() -> None:
    summary = seed_skills(entries=[make_entry("git"), make_entry("docker", aliases=["moby"])], now=NOW)

    assert summary == SeedSummary(created=2, updated=0, unchanged=0, kept=0)
    stored = SkillDocument.objects.get(name="docker")
    assert stored.aliases == ["moby"]
    assert stored.updated_at.replace(tzinfo=UTC) == NOW


def test_changes_nothing_when_seeded_again(mongo: Database) -> None:
    entries = [make_entry("git"), make_entry("docker")]
    seed_skills(entries=entries, now=NOW)
    before = list(mongo["skills"].find().sort("name"))
    version = VocabularyVersion.current()

    summary = seed_skills(entries=entries, now=NOW + timedelta(days=1))

    assert summary == SeedSummary(created=0, updated=0, unchanged=2, kept=0)
    assert list(mongo["skills"].find().sort("name")) == before
    assert VocabularyVersion.current() == version


def test_updates_an_entry_nobody_edited() -> None:
    seed_skills(entries=[make_entry("git")], now=NOW)

    summary = seed_skills(entries=[make_entry("git", aliases=["git scm"])], now=NOW)

    assert summary == SeedSummary(created=0, updated=1, unchanged=0, kept=0)
    assert SkillDocument.objects.get(name="git").aliases == ["git scm"]


def test_keeps_what_a_curator_edited() -> None:
    seed_skills(entries=[make_entry("git")], now=NOW)
    edited = SkillDocument.objects.get(name="git")
    edited.display_name = "Git!"
    edited.save()

    summary = seed_skills(entries=[make_entry("git", aliases=["git scm"])], now=NOW)

    assert summary == SeedSummary(created=0, updated=0, unchanged=0, kept=1)
    assert SkillDocument.objects.get(name="git").display_name == "Git!"


def test_takes_an_entry_back_once_the_file_says_what_the_curator_wrote() -> None:
    seed_skills(entries=[make_entry("git")], now=NOW)
    edited = SkillDocument.objects.get(name="git")
    edited.display_name = "Git!"
    edited.save()
    seed_skills(entries=[make_entry("git", display_name="Git!")], now=NOW)

    summary = seed_skills(entries=[make_entry("git", display_name="GIT")], now=NOW)

    assert summary == SeedSummary(created=0, updated=1, unchanged=0, kept=0)


def test_leaves_entries_alone_that_the_file_does_not_name() -> None:
    SkillDocument(name="house style", display_name="House Style").save()

    seed_skills(entries=[make_entry("git")], now=NOW)

    assert SkillDocument.objects(name="house style").count() == 1


def test_writes_nothing_when_one_entry_is_invalid() -> None:
    with pytest.raises(InvalidSkill):
        seed_skills(entries=[make_entry("git"), make_entry("Docker")], now=NOW)

    assert SkillDocument.objects.count() == 0


def test_refuses_a_second_entry_of_one_name() -> None:
    SkillDocument(name="git", display_name="Git").save()

    with pytest.raises(NotUniqueError):
        SkillDocument(name=" Git ", display_name="Git").save()


def test_refuses_a_category_of_its_own_making() -> None:
    with pytest.raises(ValidationError):
        SkillDocument(name="git", display_name="Git", category="Plumbing").save()


def test_has_an_empty_vocabulary_before_seeding() -> None:
    assert len(selectors.vocabulary()) == 0
    assert selectors.extractor().extract_skills("Python") == []


def test_serves_the_stored_vocabulary_from_one_copy() -> None:
    seed_skills(entries=[make_entry("git", aliases=["git scm"])], now=NOW)
    selectors.forget_vocabulary()

    vocabulary = selectors.vocabulary()

    assert vocabulary.canonical("GIT-SCM") == "git"
    assert selectors.vocabulary() is vocabulary
    assert selectors.extractor() is selectors.extractor()
    assert selectors.extractor().extract_skills("We use git scm.") == ["git"]


def test_serves_an_edit_once_a_second_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "_RECHECK_SECONDS", 0)
    seed_skills(entries=[make_entry("git")], now=NOW)
    assert selectors.vocabulary().canonical("dvcs") is None

    edited = SkillDocument.objects.get(name="git")
    edited.aliases = ["dvcs"]
    edited.save()

    assert selectors.vocabulary().canonical("dvcs") == "git"


def test_forgets_a_deleted_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "_RECHECK_SECONDS", 0)
    seed_skills(entries=[make_entry("git")], now=NOW)
    assert selectors.vocabulary().canonical("git") == "git"

    SkillDocument.objects.get(name="git").delete()

    assert selectors.vocabulary().canonical("git") is None


def test_asks_for_the_version_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    seed_skills(entries=[make_entry("git")], now=NOW)
    selectors.forget_vocabulary()
    selectors.vocabulary()
    asked = []
    monkeypatch.setattr(VocabularyVersion, "current", classmethod(lambda cls: asked.append(1)))

    for _ in range(100):
        selectors.vocabulary()

    assert len(asked) <= 1


def test_counts_unknown_slugs_with_first_and_last_sight() -> None:
    count_unknown_slugs(slugs=["foo", "bar", "foo"], now=NOW)
    count_unknown_slugs(slugs=["foo"], now=NOW + timedelta(hours=1))
    count_unknown_slugs(slugs=[], now=NOW + timedelta(hours=2))

    rows = [(row.slug, row.count, row.first_seen_at, row.last_seen_at) for row in UnknownSlug.objects]

    naive = NOW.replace(tzinfo=None)
    assert [
        (slug, count, first.replace(tzinfo=None), last.replace(tzinfo=None)) for slug, count, first, last in rows
    ] == [("foo", 3, naive, naive + timedelta(hours=1)), ("bar", 1, naive, naive)]
