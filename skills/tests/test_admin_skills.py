"""Editing, adding and deleting skills in the admin."""

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


def posted(client: Client, name: str, **changes: object) -> dict[str, object]:
    """What a browser would send for the page as it stands, with these changes."""
    form = client.get(get_page_url(name)).context["adminform"].form
    values = {field.name: field.value() for field in form}
    sent = {key: "" if value is None else value for key, value in values.items() if value is not False}
    return sent | changes


def test_refuses_skills_that_would_build_on_one_another(staff_client: Client) -> None:
    SkillFactory(name="wagtail", prerequisites=["django"])

    answer = staff_client.post(get_page_url("python"), posted(staff_client, "python", prerequisites="wagtail"))

    assert answer.context["adminform"].form.errors["prerequisites"] == [
        "these would build on one another: python → wagtail → django → python."
    ]


def test_a_deleted_skill_is_named_by_no_other(staff_client: Client) -> None:
    SkillFactory(name="own")
    SkillFactory(name="other", prerequisites=["own", "python"], related=["own"])

    staff_client.post(f"{LIST}{Skill.objects.get(name='own').pk}/delete/", {"post": "yes"})

    other = SkillDocument.objects.get(name="other")
    assert (SkillDocument.objects(name="own").count(), other.prerequisites, other.related) == (0, ["python"], [])


def test_lists_and_finds_by_alias(staff_client: Client) -> None:
    SkillDocument.objects.get(name="python").update(aliases=["py3"])

    page = staff_client.get(LIST, {"q": "py3"})

    assert page.status_code == 200
    assert [skill.name for skill in page.context["cl"].result_list] == ["python"]


def test_filters_by_category(staff_client: Client) -> None:
    page = staff_client.get(LIST, {"category": "Frameworks/Libraries"})

    assert [skill.name for skill in page.context["cl"].result_list] == ["django"]


def test_serves_an_edit_within_a_second_and_seeding_leaves_it(staff_client: Client) -> None:
    assert get_vocabulary().canonical("pythonista") is None

    answer = staff_client.post(get_page_url("python"), posted(staff_client, "python", aliases="pythonista\nCPython"))

    assert answer.status_code == 302, answer.context["errors"]
    reset_caches()
    assert get_vocabulary().canonical("pythonista") == "python"
    seed_skills(entries=[{"name": "python", "category": "Programming Languages"}], now=timezone.now())
    assert SkillDocument.objects.get(name="python").aliases == ["pythonista", "CPython"]
    assert LogEntry.objects.get().get_change_message() == "Changed Aliases."


def test_writes_only_what_changed_and_keeps_unknown_keys(staff_client: Client, mongo: Database) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": {"a": 1}}})
    before = mongo.skills.find_one({"name": "python"})

    staff_client.post(get_page_url("python"), posted(staff_client, "python", subcategory="Dynamic"))

    after = mongo.skills.find_one({"name": "python"})
    assert {key for key in after if after[key] != before.get(key)} == {"subcategory", "updated_at"}
    assert after["from_elsewhere"] == {"a": 1}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("category", "Cooking", "Select a valid choice"),
        ("prerequisites", "python", "by itself"),
        ("prerequisites", "no such skill", "the vocabulary has no no such skill"),
        ("display_name", "", "required"),
        ("aliases", "x" * 101, "too long"),
    ],
)
def test_tells_a_refused_value_at_its_field(staff_client: Client, field: str, value: str, message: str) -> None:
    answer = staff_client.post(get_page_url("python"), posted(staff_client, "python", **{field: value}))

    assert answer.status_code == 200
    assert message in " ".join(answer.context["adminform"].form.errors[field])


def test_refuses_a_second_skill_of_a_name(staff_client: Client) -> None:
    new = {"name": " Python ", "display_name": "P", "category": "Databases", "is_skill": "on"}

    answer = staff_client.post(f"{LIST}add/", new)

    assert answer.context["adminform"].form.errors["name"] == ["There is another skill with this name."]


def test_adds_a_skill_in_its_canonical_form(staff_client: Client) -> None:
    new = {"name": " New  Skill ", "display_name": "New", "category": "Databases", "is_skill": "on"}

    answer = staff_client.post(f"{LIST}add/", new)

    assert answer.status_code == 302, answer.context["errors"]
    assert SkillDocument.objects.get(name="new skill").updated_at is not None


def test_tells_the_second_of_two_who_edit_one_skill(staff_client: Client) -> None:
    second = posted(staff_client, "python", subcategory="second")
    staff_client.post(get_page_url("python"), posted(staff_client, "python", subcategory="first"))

    answer = staff_client.post(get_page_url("python"), second)

    assert answer.status_code == 200
    assert "Somebody changed or deleted this" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "first"


def test_tells_one_whose_object_changed_between_reading_and_writing(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = posted(staff_client, "python", subcategory="mine")
    clean = Skill.full_clean

    def changed_meanwhile(self: Skill, *args: object, **kwargs: object) -> None:
        clean(self, *args, **kwargs)
        SkillDocument.objects(name="python").update(subcategory="theirs")

    monkeypatch.setattr(Skill, "full_clean", changed_meanwhile)
    answer = staff_client.post(get_page_url("python"), sent, follow=True)

    assert "Somebody changed or deleted this" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "theirs"


@pytest.mark.parametrize(
    ("field", "spelling"), [("aliases", "Django"), ("slugs", "django"), ("display_name", "Django")]
)
def test_refuses_a_spelling_that_means_another_skill(staff_client: Client, field: str, spelling: str) -> None:
    answer = staff_client.post(get_page_url("python"), posted(staff_client, "python", **{field: spelling}))

    assert "means &#x27;django&#x27;" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").aliases == []


def test_shows_history(staff_client: Client) -> None:
    staff_client.post(get_page_url("python"), posted(staff_client, "python", subcategory="Dynamic"))

    history = staff_client.get(f"{LIST}{Skill.objects.get(name='python').pk}/history/")

    assert "Changed Subcategory." in history.content.decode()


def test_calls_a_skill_no_skill_in_bulk(staff_client: Client) -> None:
    chosen = [str(skill.pk) for skill in Skill.objects.all()]

    staff_client.post(LIST, {"action": "call_no_skills", "_selected_action": chosen, "confirmed": "yes"})

    assert SkillDocument.objects(is_skill=False).count() == 2
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(("name", "status", "left"), [("django", 403, 1), ("mine", 302, 0)])
def test_deletes_what_a_curator_added_and_not_what_seeding_would_bring_back(
    staff_client: Client, name: str, status: int, left: int
) -> None:
    SkillFactory(name="mine", category="Databases")

    answer = staff_client.post(f"{LIST}{Skill.objects.get(name=name).pk}/delete/", {"post": "yes"})

    assert answer.status_code == status
    assert SkillDocument.objects(name=name).count() == left


def test_shows_nothing_of_a_missing_skill(staff_client: Client) -> None:
    answer = staff_client.get(f"{LIST}{ObjectId()}/change/")

    assert answer.status_code == 302


def test_lets_only_look_who_may_only_look(limited_client: Any) -> None:
    client = limited_client("view_skill")

    page = client.get(get_page_url("python"))

    assert page.status_code == 200
    assert not re.search(r'<(input|textarea)[^>]+name="aliases"', page.content.decode())
    assert client.post(get_page_url("python"), {"aliases": "x"}).status_code == 403
    assert client.get(f"{LIST}import/").status_code == 403
    assert client.get(f"{LIST}merge/", {"name": ["python", "django"]}).status_code == 403


def test_shows_nothing_to_who_may_do_nothing(limited_client: Any) -> None:
    client = limited_client()

    assert client.get(LIST).status_code == 403
    assert client.get(get_page_url("python")).status_code == 403
