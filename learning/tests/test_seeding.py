"""Seeding resources and project ideas, and the whole seed of the project."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

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


def summary(created=0, updated=0, unchanged=0, kept=0):
    return SeedSummary(created=created, updated=updated, unchanged=unchanged, kept=kept)


@pytest.fixture(params=["resources", "ideas"])
def seed(request, mongo):
    """Seeds either catalogue with a first entry that has the given changes, and tells its document."""
    if request.param == "resources":
        rest = RESOURCES[1:]

        def run(**changes):
            return seed_resources(entries=[{**RESOURCES[0], **changes}, *rest], now=NOW)

        run.document = lambda: LearningResourceDocument.objects(url=RESOURCES[0]["url"]).get()
    else:
        rest = IDEAS[1:]

        def run(**changes):
            return seed_ideas(entries=[{**IDEAS[0], **changes}, *rest], now=NOW)

        run.document = lambda: ProjectIdeaDocument.objects(id=1).get()
    run.size = len(rest) + 1
    return run


def test_seeds_once_however_often(seed):
    assert seed() == summary(created=seed.size)
    assert seed() == summary(unchanged=seed.size)


def test_two_processes_may_seed_at_once(seed, mongo):
    with ThreadPoolExecutor() as threads:
        first, second = threads.map(lambda _: seed(), range(2))

    assert first.created + first.unchanged == second.created + second.unchanged == seed.size
    assert first.created + second.created == seed.size
    assert seed() == summary(unchanged=seed.size)


def test_brings_an_untouched_entry_up_to_the_file(seed):
    seed()

    assert seed(title="A better title") == summary(updated=1, unchanged=seed.size - 1)
    assert seed.document().title == "A better title"


def test_never_overwrites_what_a_curator_edited(seed):
    seed()
    document = seed.document()
    document.description = "A curator's words."
    document.save()

    assert seed(title="A better title") == summary(kept=1, unchanged=seed.size - 1)
    assert seed.document().description == "A curator's words."


@pytest.mark.parametrize("seeded_before_keys_were_kept", [False, True])
def test_does_not_bring_an_address_back_that_a_curator_mended(mongo, seeded_before_keys_were_kept):
    seed_resources(entries=RESOURCES, now=NOW)
    if seeded_before_keys_were_kept:
        mongo.learning_resources.update_many({}, {"$unset": {"seed_key": 1}})
        seed_resources(entries=RESOURCES, now=NOW)
    mended = LearningResourceDocument.objects.get(url=RESOURCES[0]["url"])
    mended.url = "https://example.org/moved"
    mended.save()

    assert seed_resources(entries=RESOURCES, now=NOW) == summary(kept=1, unchanged=len(RESOURCES) - 1)
    assert LearningResourceDocument.objects(url=RESOURCES[0]["url"]).count() == 0
    assert LearningResourceDocument.objects.get(url="https://example.org/moved").title == RESOURCES[0]["title"]


def test_takes_an_edit_that_the_file_has_too_for_its_own_again(seed):
    seed()
    document = seed.document()
    document.description = "Agreed."
    document.save()

    assert seed(description="Agreed.") == summary(unchanged=seed.size)
    assert seed(description="Anew.") == summary(updated=1, unchanged=seed.size - 1)


def test_keeps_an_emptied_field_of_a_curator(mongo):
    seed_ideas(entries=IDEAS, now=NOW)
    document = ProjectIdeaDocument.objects(id=1).get()
    document.stretch = []
    document.save()

    assert seed_ideas(entries=IDEAS, now=NOW) == summary(kept=1, unchanged=len(IDEAS) - 1)
    assert get_idea_catalogue().by_id[1].stretch == ()


def test_takes_what_a_curator_added_for_nothing_of_its_own(seed, mongo):
    seed()
    LearningResourceFactory(title="Added")
    ProjectIdeaFactory(title="Added")

    assert seed() == summary(unchanged=seed.size)
    assert LearningResourceDocument.objects(title="Added").count() == 1
    assert ProjectIdeaDocument.objects(title="Added").count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"type": "Song"}, {"url": "ftp://example.org"}, {"level": "Expert"}, {"title": ""}, {"unknown": 1}],
)
def test_refuses_a_bad_resource_before_it_writes(mongo, changes):
    with pytest.raises(InvalidEntry, match="python"):
        seed_resources(entries=[RESOURCES[1], {**RESOURCES[0], **changes}], now=NOW)

    assert LearningResourceDocument.objects.count() == 0


@pytest.mark.parametrize("changes", [{"difficulty": "Hard"}, {"id": 0}, {"skills": []}, {"title": None}, {"x": 1}])
def test_refuses_a_bad_idea_before_it_writes(mongo, changes):
    with pytest.raises(InvalidEntry):
        seed_ideas(entries=[IDEAS[1], {**IDEAS[0], **changes}], now=NOW)

    assert ProjectIdeaDocument.objects.count() == 0


def test_stores_an_address_once_for_a_skill(mongo):
    seed_resources(entries=RESOURCES, now=NOW)

    with pytest.raises(Exception, match="duplicate key"):
        LearningResourceFactory(**RESOURCES[0])


def test_is_served_within_a_second(seed):
    seed()
    assert len(get_idea_catalogue().ideas) + len(get_resource_catalogue().of("python")) > 0

    seed(title="A better title")

    time.sleep(0.85)
    titles = [each.title for each in (*get_idea_catalogue().ideas, *get_resource_catalogue().of("python"))]
    assert "A better title" in titles


def test_seeds_all_fixtures_of_the_project_twice(admin_tables, capsys):
    call_command("seed", "--json")
    first = json.loads(capsys.readouterr().out)
    call_command("seed", "--json")
    second = json.loads(capsys.readouterr().out)

    assert first.pop("staff_roles") == second.pop("staff_roles")
    assert first.keys() == {"skills", "learning_resources", "project_ideas"}
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
def test_stores_no_resource_that_cannot_be_answered(mongo, changes):
    mongo.learning_resources.delete_many({})
    entry = RESOURCES[0] | changes
    with contextlib.suppress(InvalidEntry):
        seed_resources(entries=[entry], now=NOW)
    reset_caches()

    stored = mongo.learning_resources.count_documents({})
    assert len(get_resource_catalogue().of(entry["skill"])) == stored <= 1
    assert stored or changes
