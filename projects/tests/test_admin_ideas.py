"""Tests of the admin pages of project ideas."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from career_navigator.cache import reset_caches
from projects.documents import ProjectIdeaDocument
from projects.selectors import get_idea_catalogue, get_idea_index
from projects.services import seed_ideas
from skills.services import merge_skills, seed_skills

LIST = "/admin/projects/projectidea/"
ENTRY = {
    "id": 7,
    "title": "A weather station",
    "description": "Measures.",
    "difficulty": "Beginner",
    "estimated_time": "2 weeks",
    "skills": ["python", "sql"],
    "features": ["Shows the temperature", "Keeps a history"],
    "roles": ["Data Engineer"],
}


@pytest.fixture
def seeded(admin_tables: None) -> ProjectIdeaDocument:
    now = timezone.now()
    seed_skills(entries=[{"name": name} for name in ("python", "sql", "rust")], now=now)
    reset_caches()
    seed_ideas(entries=[ENTRY], now=now)
    return ProjectIdeaDocument.objects.get()


def build_form_data(client: Client, **changes: object) -> dict[str, Any]:
    form = client.get(f"{LIST}7/change/").context["adminform"].form
    values = {field.name: field.value() for field in form}
    return {key: value for key, value in values.items() if value not in (None, False)} | changes


def list_served_skills() -> list[tuple[str, ...]]:
    reset_caches()
    return [idea.skills for idea in get_idea_index().search(query="weather")]


def test_serves_an_edit_and_seeding_keeps_it(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    response = staff_client.post(f"{LIST}7/change/", build_form_data(staff_client, skills="Rust\nSQL"))

    assert response.status_code == 302, response.context["errors"]
    assert list_served_skills() == [("rust", "sql")]
    assert seed_ideas(entries=[ENTRY], now=timezone.now()).kept == 1


def test_rejects_unknown_skills(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    response = staff_client.post(f"{LIST}7/change/", build_form_data(staff_client, skills="python\ncooking"))

    assert response.context["adminform"].form.errors["skills"] == ["The vocabulary has no cooking."]


def test_suggests_the_next_id_for_a_new_idea(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    form = staff_client.get(f"{LIST}add/").context["adminform"].form
    new = {"title": "T", "description": "D", "difficulty": "Beginner", "estimated_time": "1 day", "skills": "python"}

    response = staff_client.post(f"{LIST}add/", new | {"id": form["id"].value()})

    assert response.status_code == 302, response.context["errors"]
    assert ProjectIdeaDocument.objects.get(id=8).skills == ["python"]


def test_rejects_a_duplicate_id(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    new = {"title": "T", "description": "D", "difficulty": "Beginner", "estimated_time": "1 day", "skills": "python"}

    response = staff_client.post(f"{LIST}add/", new | {"id": 7})

    assert response.context["adminform"].form.errors["id"] == ["There is another project idea with this id."]
    assert ProjectIdeaDocument.objects.get(id=7).title == "A weather station"


def test_hides_and_publishes_ideas(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    staff_client.post(LIST, {"_selected_action": ["7"], "action": "hide", "confirmed": "yes"})
    assert list_served_skills() == []
    assert get_idea_catalogue().ideas == ()

    staff_client.post(LIST, {"_selected_action": ["7"], "action": "publish"})
    assert list_served_skills() == [("python", "sql")]


def test_merge_renames_the_skill_in_ideas(staff_client: Client, seeded: ProjectIdeaDocument) -> None:
    merge_skills(source="sql", target="rust", now=timezone.now())

    assert list_served_skills() == [("python", "rust")]
    assert ProjectIdeaDocument.objects.get().skills == ["python", "rust"]
