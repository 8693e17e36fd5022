"""Tests of seeding learning resources, project ideas and all fixtures of the project."""

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from career_navigator.cache import reset_caches
from career_navigator.db.catalogues import InvalidEntry, SeedSummary
from learning.documents import LearningResourceDocument
from learning.selectors import get_resource_catalogue
from learning.services import seed_resources
from projects.documents import ProjectIdeaDocument
from projects.selectors import get_idea_catalogue
from projects.services import seed_ideas
from tests.factories import LearningResourceFactory, ProjectIdeaFactory
from tests.fixtures.catalogues import IDEAS, RESOURCES

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def build_summary(created=0, updated=0, unchanged=0, kept=0):
    return SeedSummary(created=created, updated=updated, unchanged=unchanged, kept=kept)


@dataclass
class Seed:
    """A function that seeds a catalogue.

    `document()` returns the stored first entry, and `size` is the number of entries.
    """

    run: Callable[..., Any]
    document: Callable[[], Any]
    size: int

    def __call__(self, **changes: Any) -> Any:
        return self.run(**changes)


@pytest.fixture(params=["resources", "ideas"])
def seed(request, mongo):
    """Return a function that seeds a catalogue, with changes to its first entry."""
    if request.param == "resources":
        rest = RESOURCES[1:]

        def run(**changes):
            return seed_resources(entries=[{**RESOURCES[0], **changes}, *rest], now=NOW)

        return Seed(run, lambda: LearningResourceDocument.objects(url=RESOURCES[0]["url"]).get(), len(RESOURCES))
    rest = IDEAS[1:]

    def run_ideas(**changes):
        return seed_ideas(entries=[{**IDEAS[0], **changes}, *rest], now=NOW)

    return Seed(run_ideas, lambda: ProjectIdeaDocument.objects(id=1).get(), len(IDEAS))


def test_seeding_is_idempotent(seed):
    assert seed() == build_summary(created=seed.size)
    assert seed() == build_summary(unchanged=seed.size)


def test_seeds_concurrently(seed, mongo):
    with ThreadPoolExecutor() as threads:
        first, second = threads.map(lambda _: seed(), range(2))

    assert first.created + first.unchanged == second.created + second.unchanged == seed.size
    assert first.created + second.created == seed.size
    assert seed() == build_summary(unchanged=seed.size)


def test_updates_an_unedited_entry(seed):
    seed()

    assert seed(title="A better title") == build_summary(updated=1, unchanged=seed.size - 1)
    assert seed.document().title == "A better title"


def test_never_overwrites_an_edited_entry(seed):
    seed()
    document = seed.document()
    document.description = "A curator's words."
    document.save()

    assert seed(title="A better title") == build_summary(kept=1, unchanged=seed.size - 1)
    assert seed.document().description == "A curator's words."


@pytest.mark.parametrize("seeded_without_keys", [False, True])
def test_does_not_restore_a_url_that_a_curator_changed(mongo, seeded_without_keys):
    seed_resources(entries=RESOURCES, now=NOW)
    if seeded_without_keys:
        mongo.learning_resources.update_many({}, {"$unset": {"seed_key": 1}})
        seed_resources(entries=RESOURCES, now=NOW)
    changed = LearningResourceDocument.objects.get(url=RESOURCES[0]["url"])
    changed.url = "https://example.org/moved"
    changed.save()

    assert seed_resources(entries=RESOURCES, now=NOW) == build_summary(kept=1, unchanged=len(RESOURCES) - 1)
    assert LearningResourceDocument.objects(url=RESOURCES[0]["url"]).count() == 0
    assert LearningResourceDocument.objects.get(url="https://example.org/moved").title == RESOURCES[0]["title"]


def test_updates_an_edited_entry_again_once_the_file_contains_the_edit(seed):
    seed()
    document = seed.document()
    document.description = "Agreed."
    document.save()

    assert seed(description="Agreed.") == build_summary(unchanged=seed.size)
    assert seed(description="Changed again.") == build_summary(updated=1, unchanged=seed.size - 1)


def test_keeps_a_field_that_a_curator_emptied(mongo):
    seed_ideas(entries=IDEAS, now=NOW)
    document = ProjectIdeaDocument.objects(id=1).get()
    document.stretch = []
    document.save()

    assert seed_ideas(entries=IDEAS, now=NOW) == build_summary(kept=1, unchanged=len(IDEAS) - 1)
    assert get_idea_catalogue().by_id[1].stretch == ()


def test_ignores_entries_that_a_curator_added(seed, mongo):
    seed()
    LearningResourceFactory(title="Added")
    ProjectIdeaFactory(title="Added")

    assert seed() == build_summary(unchanged=seed.size)
    assert LearningResourceDocument.objects(title="Added").count() == 1
    assert ProjectIdeaDocument.objects(title="Added").count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"type": "Song"}, {"url": "ftp://example.org"}, {"level": "Expert"}, {"title": ""}, {"unknown": 1}],
)
def test_rejects_an_invalid_resource_before_writing(mongo, changes):
    with pytest.raises(InvalidEntry, match="python"):
        seed_resources(entries=[RESOURCES[1], {**RESOURCES[0], **changes}], now=NOW)

    assert LearningResourceDocument.objects.count() == 0


@pytest.mark.parametrize("changes", [{"difficulty": "Hard"}, {"id": 0}, {"skills": []}, {"title": None}, {"x": 1}])
def test_rejects_an_invalid_idea_before_writing(mongo, changes):
    with pytest.raises(InvalidEntry):
        seed_ideas(entries=[IDEAS[1], {**IDEAS[0], **changes}], now=NOW)

    assert ProjectIdeaDocument.objects.count() == 0


def test_rejects_a_duplicate_url_for_a_skill(mongo):
    seed_resources(entries=RESOURCES, now=NOW)

    with pytest.raises(Exception, match="duplicate key"):
        LearningResourceFactory(**RESOURCES[0])


def test_serves_a_seeded_change_within_a_second(seed):
    seed()
    assert len(get_idea_catalogue().ideas) + len(get_resource_catalogue().list_for_skill("python")) > 0

    seed(title="A better title")

    time.sleep(0.85)
    titles = [
        *(idea.title for idea in get_idea_catalogue().ideas),
        *(resource.title for resource in get_resource_catalogue().list_for_skill("python")),
    ]
    assert "A better title" in titles


def test_seeding_all_fixtures_is_idempotent(admin_tables, capsys):
    call_command("seed", "--json")
    first = json.loads(capsys.readouterr().out)
    call_command("seed", "--json")
    second = json.loads(capsys.readouterr().out)

    assert first.pop("staff_roles") == second.pop("staff_roles")
    assert first.keys() == {"skills", "learning_resources", "blueprints", "project_ideas", "roles", "boards"}
    for name, counts in second.items():
        assert counts == {"created": 0, "updated": 0, "unchanged": first[name]["created"], "kept": 0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from([name for name in RESOURCES[0] if name != "skill"]),
        st.none() | st.text() | st.integers() | st.booleans(),
        max_size=1,
    )
)
def test_stores_only_resources_that_can_be_served(mongo, changes):
    mongo.learning_resources.delete_many({})
    entry = RESOURCES[0] | changes
    with contextlib.suppress(InvalidEntry):
        seed_resources(entries=[entry], now=NOW)
    reset_caches()

    stored = mongo.learning_resources.count_documents({})
    assert len(get_resource_catalogue().list_for_skill(entry["skill"])) == stored <= 1
    assert stored or changes
