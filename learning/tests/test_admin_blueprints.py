"""Tests of seeding blueprints, of their admin pages, and of merging skills they name."""

from typing import Any

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from career_navigator.cache import reset_caches
from career_navigator.db.catalogues import InvalidEntry
from learning.blueprint_services import on_skill_merged, seed_blueprints
from learning.documents import BlueprintDocument
from learning.selectors import get_blueprints
from skills.services import seed_skills

LIST = "/admin/learning/blueprint/"
ENTRY = {
    "role": "Backend Developer",
    "also_for": ["API Developer"],
    "core": ["1. linux: 40", "2. python | go: 100"],
    "specialisation": ["3. docker: 20"],
    "nice_to_have": [],
    "never": ["react"],
}
SKILLS: list[dict[str, Any]] = [
    {"name": "linux"},
    {"name": "python", "aliases": ["py"]},
    {"name": "go"},
    {"name": "docker", "prerequisites": ["linux"]},
    {"name": "react"},
    {"name": "kubernetes", "prerequisites": ["docker"]},
]


@pytest.fixture
def seeded(admin_tables: None) -> BlueprintDocument:
    now = timezone.now()
    seed_skills(entries=SKILLS, now=now)
    reset_caches()
    seed_blueprints(entries=[ENTRY], now=now)
    return BlueprintDocument.objects.get()


def post_change(client: Client, blueprint: BlueprintDocument, **changes: object):
    form = client.get(f"{LIST}{blueprint.pk}/change/").context["adminform"].form
    values = {field.name: field.value() for field in form}
    sent = {
        name: "\n".join(value) if isinstance(value, list) else value
        for name, value in (values | changes).items()
        if value not in (None, False)
    }
    return client.post(f"{LIST}{blueprint.pk}/change/", sent)


def find_blueprint(role: str):
    reset_caches()
    return get_blueprints().find(role)


def test_seeding_twice_changes_nothing(seeded: BlueprintDocument) -> None:
    summary = seed_blueprints(entries=[ENTRY], now=timezone.now())

    assert (summary.created, summary.updated, summary.unchanged, summary.kept) == (0, 0, 1, 0)
    assert find_blueprint("api developer").blueprint.role == "Backend Developer"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"core": ["linux"]}, "must have the form"),
        ({"core": ["1. linux: 40", "1. linux: 40"]}, "linux occurs twice"),
        ({"core": []}, "core"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_seeding_names_the_invalid_entry(admin_tables: None, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidEntry, match=f"Backend Developer: .*{problem}"):
        seed_blueprints(entries=[ENTRY | changes], now=timezone.now())
    assert BlueprintDocument.objects.count() == 0


def test_serves_an_edit_in_canonical_spelling_and_seeding_keeps_it(
    staff_client: Client, seeded: BlueprintDocument
) -> None:
    response = post_change(staff_client, seeded, core=["1. Linux: 40", "2. Go | Py: 90"])

    assert response.status_code == 302, response.context["errors"]
    assert [str(entry) for entry in find_blueprint("Backend Developer").blueprint.entries] == [
        "1. linux: 40",
        "2. go | python: 90",
        "3. docker: 20",
    ]
    assert seed_blueprints(entries=[ENTRY], now=timezone.now()).kept == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"core": ["1. linux: 40", "2. pyhton: 100"]}, "The vocabulary has no skill &#x27;pyhton&#x27;."),
        ({"never": ["reactt"]}, "The vocabulary has no skill &#x27;reactt&#x27;."),
        ({"core": ["2. linux"]}, "must have the form"),
        ({"specialisation": ["3. docker: 20", "4. linux: 5"]}, "linux occurs twice"),
        ({"core": ["3. linux: 40"]}, "docker (stage 3) builds on linux (stage 3). Move it to a later stage."),
        ({"specialisation": ["1. docker: 20"]}, "comes after stage 2"),
    ],
)
def test_rejects_an_edit_and_names_the_problem(
    staff_client: Client, seeded: BlueprintDocument, changes: dict[str, object], problem: str
) -> None:
    response = post_change(staff_client, seeded, **changes)

    assert response.status_code == 200
    assert problem in response.content.decode()
    assert BlueprintDocument.objects.get().core == ENTRY["core"]


def test_does_not_use_a_hidden_blueprint(staff_client: Client, seeded: BlueprintDocument) -> None:
    post_change(staff_client, seeded, hidden="on")

    assert find_blueprint("Backend Developer") is None


def test_imports_a_blueprint(staff_client: Client, seeded: BlueprintDocument) -> None:
    dataset = tablib.Dataset(["Platform Engineer", "1. linux: 40\n2. Docker: 20"], headers=["role", "core"])
    file = SimpleUploadedFile("blueprints.csv", dataset.export("csv").encode())
    preview = staff_client.post(f"{LIST}import/", {"import_file": file, "format": "0", "resource": "0"})
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)

    assert find_blueprint("Platform Engineer").blueprint.skills == {"linux", "docker"}


def test_renames_a_merged_skill_and_keeps_its_first_entry(seeded: BlueprintDocument) -> None:
    on_skill_merged("go", "python", timezone.now())
    on_skill_merged("linux", "docker", timezone.now())

    stored = BlueprintDocument.objects.get()
    assert (stored.core, stored.specialisation) == (["1. docker: 40", "2. python: 100"], [])
