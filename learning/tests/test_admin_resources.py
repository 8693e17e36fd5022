"""Tests of the admin pages of learning resources."""

from typing import Any

import pytest
import tablib
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from career_navigator.cache import reset_caches
from learning.documents import LearningResourceDocument
from learning.selectors import get_resource_catalogue
from learning.services import seed_resources
from skills.services import seed_skills

LIST = "/admin/learning/learningresource/"
ENTRY = {
    "skill": "python",
    "type": "Documentation",
    "title": "The tutorial",
    "url": "https://docs.example.org/tutorial",
    "description": "From the beginning.",
    "level": "Beginner",
    "free": True,
    "language": "en",
    "provider": "Example",
}


@pytest.fixture
def seeded(admin_tables: None) -> LearningResourceDocument:
    now = timezone.now()
    seed_skills(
        entries=[{"name": "python", "aliases": ["py"], "category": "Programming Languages"}, {"name": "rust"}], now=now
    )
    reset_caches()
    seed_resources(entries=[ENTRY], now=now)
    return LearningResourceDocument.objects.get()


def list_served_titles() -> list[str]:
    reset_caches()
    return [resource.title for resource in get_resource_catalogue().list_for_skill("python")]


def build_form_data(client: Client, resource: LearningResourceDocument, **changes: object) -> dict[str, Any]:
    form = client.get(f"{LIST}{resource.pk}/change/").context["adminform"].form
    values = {field.name: field.value() for field in form}
    return {key: value for key, value in values.items() if value not in (None, False)} | changes


def test_serves_an_edit_and_seeding_keeps_it(staff_client: Client, seeded: LearningResourceDocument) -> None:
    sent = build_form_data(staff_client, seeded, title="Another", skill="Py")

    response = staff_client.post(f"{LIST}{seeded.pk}/change/", sent)

    assert response.status_code == 302, response.context["errors"]
    assert list_served_titles() == ["Another"]
    assert seed_resources(entries=[ENTRY], now=timezone.now()).kept == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("url", "no address", "starts with http:// or https://"),
        ("url", "ftp://example.org/guide", "starts with http:// or https://"),
        ("url", "javascript:alert(1)", "starts with http:// or https://"),
        ("skill", "cooking", "no skill 'cooking'"),
        ("level", "Expert", "valid choice"),
        ("title", "x" * 301, "at most 300"),
        ("description", "", "required"),
    ],
)
def test_reports_an_invalid_value_at_its_field(
    staff_client: Client, seeded: LearningResourceDocument, field: str, value: str, message: str
) -> None:
    response = staff_client.post(f"{LIST}{seeded.pk}/change/", build_form_data(staff_client, seeded, **{field: value}))

    assert message in " ".join(response.context["adminform"].form.errors[field])


def test_rejects_a_duplicate_url_for_a_skill(staff_client: Client, seeded: LearningResourceDocument) -> None:
    response = staff_client.post(f"{LIST}add/", ENTRY | {"free": "on"})

    assert "There is another learning resource with this skill and url." in response.content.decode()


@pytest.mark.parametrize(("action", "undo"), [("hide", "publish"), ("mark_broken", "mark_working")])
def test_hides_and_restores_resources(
    staff_client: Client, seeded: LearningResourceDocument, action: str, undo: str
) -> None:
    chosen = {"_selected_action": [str(seeded.pk)]}

    staff_client.post(LIST, chosen | {"action": action, "confirmed": "yes"})
    assert list_served_titles() == []

    staff_client.post(LIST, chosen | {"action": undo})
    assert list_served_titles() == ["The tutorial"]
    assert LogEntry.objects.count() == 2


def test_lists_broken_links(staff_client: Client, seeded: LearningResourceDocument) -> None:
    seeded.update(broken_since=timezone.now())

    assert len(staff_client.get(LIST, {"link": "broken"}).context["cl"].result_list) == 1
    assert len(staff_client.get(LIST, {"link": "answers"}).context["cl"].result_list) == 0


def test_imports_valid_rows_and_reports_invalid_rows(staff_client: Client, seeded: LearningResourceDocument) -> None:
    good = ENTRY | {"url": "https://example.org/rust", "skill": "rust"}
    bad = ENTRY | {"url": "nowhere"}

    def preview(*rows: dict[str, Any]) -> Any:
        dataset = tablib.Dataset(*[[*row.values()] for row in rows], headers=[*ENTRY])
        file = SimpleUploadedFile("resources.csv", dataset.export("csv").encode())
        return staff_client.post(f"{LIST}import/", {"import_file": file, "format": "0", "resource": "0"})

    rejected, accepted = preview(good, bad), preview(good)
    staff_client.post(f"{LIST}process_import/", accepted.context["confirm_form"].initial)

    assert [row.number for row in rejected.context["result"].invalid_rows] == [3]
    assert "url" in rejected.context["result"].invalid_rows[0].field_specific_errors
    assert sorted(resource.skill for resource in LearningResourceDocument.objects) == ["python", "rust"]


def test_rejects_a_second_row_for_the_same_resource(staff_client: Client, seeded: LearningResourceDocument) -> None:
    rows = [ENTRY | {"url": "https://example.org/new", "skill": skill} for skill in ("python", "Python")]
    dataset = tablib.Dataset(*[[*row.values()] for row in rows], headers=[*ENTRY])
    file = SimpleUploadedFile("resources.csv", dataset.export("csv").encode())

    preview = staff_client.post(f"{LIST}import/", {"import_file": file, "format": "0", "resource": "0"})

    rejected = [(row.number, row.non_field_specific_errors) for row in preview.context["result"].invalid_rows]
    assert rejected == [(3, ["There is an earlier row with this skill and url."])]


def test_seeded_resources_cannot_be_deleted(staff_client: Client, seeded: LearningResourceDocument) -> None:
    assert staff_client.post(f"{LIST}{seeded.pk}/delete/", {"post": "yes"}).status_code == 403


def test_filters_by_visibility(staff_client: Client, seeded: LearningResourceDocument) -> None:
    def count_listed(hidden: str) -> int:
        return len(staff_client.get(LIST, {"hidden": hidden}).context["cl"].result_list)

    before = (count_listed("yes"), count_listed("no"))
    staff_client.post(f"{LIST}{seeded.pk}/change/", build_form_data(staff_client, seeded, hidden="on"))
    hidden = (count_listed("yes"), count_listed("no"))
    sent = build_form_data(staff_client, LearningResourceDocument.objects.get()) | {"title": "Another"}
    staff_client.post(f"{LIST}{seeded.pk}/change/", {name: value for name, value in sent.items() if name != "hidden"})

    assert (before, hidden) == ((0, 1), (1, 0))
    assert (count_listed("yes"), count_listed("no")) == (0, 1)
