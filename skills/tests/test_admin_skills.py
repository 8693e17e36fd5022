"""Tests of editing, adding and deleting skills in the admin."""

import re
from typing import Any

import pytest
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from pymongo.database import Database

from career_navigator.cache import reset_caches
from skills.documents import SkillDocument
from skills.models import Skill
from skills.selectors import get_vocabulary
from skills.services import seed_skills
from skills.tests.admin_pages import LIST
from tests.factories import SkillFactory

pytestmark = pytest.mark.usefixtures("python_and_django")


def get_page_url(name: str) -> str:
    return f"{LIST}{Skill.objects.get(name=name).pk}/change/"


def build_form_data(client: Client, name: str, **changes: object) -> dict[str, Any]:
    """Return the form data a browser would submit for the skill's page, with these changes."""
    form = client.get(get_page_url(name)).context["adminform"].form
    values = {field.name: field.value() for field in form}
    sent = {key: "" if value is None else value for key, value in values.items() if value is not False}
    return sent | changes


def test_rejects_prerequisites_that_form_a_cycle(staff_client: Client) -> None:
    SkillFactory(name="wagtail", prerequisites=["django"])

    response = staff_client.post(
        get_page_url("python"), build_form_data(staff_client, "python", prerequisites="wagtail")
    )

    assert response.context["adminform"].form.errors["prerequisites"] == [
        "the prerequisites form a cycle: python → wagtail → django → python."
    ]


def test_deleting_a_skill_removes_references_to_it(staff_client: Client) -> None:
    SkillFactory(name="own")
    SkillFactory(name="other", prerequisites=["own", "python"], related=["own"])

    staff_client.post(f"{LIST}{Skill.objects.get(name='own').pk}/delete/", {"post": "yes"})

    other = SkillDocument.objects.get(name="other")
    assert (SkillDocument.objects(name="own").count(), other.prerequisites, other.related) == (0, ["python"], [])


def test_finds_a_skill_by_alias(staff_client: Client) -> None:
    SkillDocument.objects.get(name="python").update(aliases=["py3"])

    page = staff_client.get(LIST, {"q": "py3"})

    assert page.status_code == 200
    assert [skill.name for skill in page.context["cl"].result_list] == ["python"]


def test_filters_by_category(staff_client: Client) -> None:
    page = staff_client.get(LIST, {"category": "Frameworks/Libraries"})

    assert [skill.name for skill in page.context["cl"].result_list] == ["django"]


def test_serves_an_edit_and_keeps_it_when_seeding(staff_client: Client) -> None:
    assert get_vocabulary().get_canonical_name("pythonista") is None

    response = staff_client.post(
        get_page_url("python"), build_form_data(staff_client, "python", aliases="pythonista\nCPython")
    )

    assert response.status_code == 302, response.context["errors"]
    reset_caches()
    assert get_vocabulary().get_canonical_name("pythonista") == "python"
    seed_skills(entries=[{"name": "python", "category": "Programming Languages"}], now=timezone.now())
    assert SkillDocument.objects.get(name="python").aliases == ["pythonista", "CPython"]
    assert LogEntry.objects.get().get_change_message() == "Changed Aliases."


def test_writes_only_changed_fields_and_keeps_unknown_keys(staff_client: Client, mongo: Database) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": {"a": 1}}})
    before = mongo.skills.find({"name": "python"})[0]

    staff_client.post(get_page_url("python"), build_form_data(staff_client, "python", subcategory="Dynamic"))

    after = mongo.skills.find({"name": "python"})[0]
    assert {key for key in after if after[key] != before.get(key)} == {"subcategory", "updated_at"}
    assert after["from_elsewhere"] == {"a": 1}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("category", "Cooking", "Select a valid choice"),
        ("prerequisites", "python", "cannot refer to itself"),
        ("prerequisites", "no such skill", "the vocabulary has no no such skill"),
        ("display_name", "", "required"),
        ("aliases", "x" * 101, "too long"),
    ],
)
def test_reports_an_invalid_value_at_its_field(staff_client: Client, field: str, value: str, message: str) -> None:
    response = staff_client.post(get_page_url("python"), build_form_data(staff_client, "python", **{field: value}))

    assert response.status_code == 200
    assert message in " ".join(response.context["adminform"].form.errors[field])


def test_rejects_a_duplicate_name(staff_client: Client) -> None:
    new = {"name": " Python ", "display_name": "P", "category": "Databases", "is_skill": "on"}

    response = staff_client.post(f"{LIST}add/", new)

    assert response.context["adminform"].form.errors["name"] == ["There is another skill with this name."]


def test_normalizes_the_name_of_a_new_skill(staff_client: Client) -> None:
    new = {"name": " New  Skill ", "display_name": "New", "category": "Databases", "is_skill": "on"}

    response = staff_client.post(f"{LIST}add/", new)

    assert response.status_code == 302, response.context["errors"]
    assert SkillDocument.objects.get(name="new skill").updated_at is not None


def test_rejects_an_edit_based_on_a_stale_version(staff_client: Client) -> None:
    second = build_form_data(staff_client, "python", subcategory="second")
    staff_client.post(get_page_url("python"), build_form_data(staff_client, "python", subcategory="first"))

    response = staff_client.post(get_page_url("python"), second)

    assert response.status_code == 200
    assert "Your changes were not saved because somebody else changed or deleted this" in response.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "first"


def test_rejects_an_edit_when_the_skill_changes_during_the_request(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = build_form_data(staff_client, "python", subcategory="mine")
    clean = Skill.full_clean

    def clean_then_change(self: Skill, *args: Any, **kwargs: Any) -> None:
        clean(self, *args, **kwargs)
        SkillDocument.objects(name="python").update(subcategory="theirs")

    monkeypatch.setattr(Skill, "full_clean", clean_then_change)
    response = staff_client.post(get_page_url("python"), sent, follow=True)

    assert "Your changes were not saved because somebody else changed or deleted this" in response.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "theirs"


@pytest.mark.parametrize(
    ("field", "spelling"), [("aliases", "Django"), ("slugs", "django"), ("display_name", "Django")]
)
def test_rejects_a_spelling_of_another_skill(staff_client: Client, field: str, spelling: str) -> None:
    response = staff_client.post(get_page_url("python"), build_form_data(staff_client, "python", **{field: spelling}))

    assert "is a spelling of &#x27;django&#x27;" in response.content.decode()
    assert SkillDocument.objects.get(name="python").aliases == []


def test_shows_the_history_of_a_skill(staff_client: Client) -> None:
    staff_client.post(get_page_url("python"), build_form_data(staff_client, "python", subcategory="Dynamic"))

    history = staff_client.get(f"{LIST}{Skill.objects.get(name='python').pk}/history/")

    assert "Changed Subcategory." in history.content.decode()


def test_marks_skills_as_not_skills_in_bulk(staff_client: Client) -> None:
    chosen = [str(skill.pk) for skill in Skill.objects.all()]

    staff_client.post(LIST, {"action": "mark_as_not_skills", "_selected_action": chosen, "confirmed": "yes"})

    assert SkillDocument.objects(is_skill=False).count() == 2
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(("name", "status", "left"), [("django", 403, 1), ("mine", 302, 0)])
def test_deletes_added_skills_but_not_seeded_skills(staff_client: Client, name: str, status: int, left: int) -> None:
    SkillFactory(name="mine", category="Databases")

    response = staff_client.post(f"{LIST}{Skill.objects.get(name=name).pk}/delete/", {"post": "yes"})

    assert response.status_code == status
    assert SkillDocument.objects(name=name).count() == left


def test_redirects_from_the_page_of_a_missing_skill(staff_client: Client) -> None:
    response = staff_client.get(f"{LIST}{ObjectId()}/change/")

    assert response.status_code == 302


def test_viewers_cannot_edit_import_or_merge(limited_client: Any) -> None:
    client = limited_client("view_skill")

    page = client.get(get_page_url("python"))

    assert page.status_code == 200
    assert not re.search(r'<(input|textarea)[^>]+name="aliases"', page.content.decode())
    assert client.post(get_page_url("python"), {"aliases": "x"}).status_code == 403
    assert client.get(f"{LIST}import/").status_code == 403
    assert client.get(f"{LIST}merge/", {"name": ["python", "django"]}).status_code == 403


def test_staff_without_permissions_have_no_access(limited_client: Any) -> None:
    client = limited_client()

    assert client.get(LIST).status_code == 403
    assert client.get(get_page_url("python")).status_code == 403
