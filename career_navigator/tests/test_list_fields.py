"""List fields in admin forms: splitting items, synonyms of names and suggestions."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from career_navigator.cache import reset_caches
from career_navigator.document_admin.fields import LinesFormField
from projects.documents import ProjectIdeaDocument
from skills.documents import SkillDocument

SKILLS, IDEAS = "/admin/skills/skill/", "/admin/projects/projectidea/"


@pytest.fixture(autouse=True)
def curated_objects(admin_tables: None) -> None:
    for name, shown, aliases in (
        ("python", "Python", ["py"]),
        ("javascript", "JavaScript", ["JS"]),
        ("sql", "SQL", []),
    ):
        SkillDocument(name=name, display_name=shown, aliases=aliases).save()
    ProjectIdeaDocument(
        id=1,
        title="Idea",
        description="One.",
        difficulty="Beginner",
        estimated_time="1 week",
        skills=["python"],
        features=["Log in", "a, b, c", '"In quotes"', "Add, correct and void an expense"],
        roles=["VP, Engineering", 'The "Boss"; all'],
    ).save()
    reset_caches()


def submit_page(client: Client, page: str, **changes: str) -> Any:
    """Submit the page's form with these changes, like a browser without scripts."""
    form = client.get(page).context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return client.post(page, sent | changes)


def get_skill_url(name: str) -> str:
    return f"{SKILLS}{SkillDocument.objects.get(name=name).pk}/change/"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a, b, c", ["a", "b", "c"]),
        ("a;b ; c", ["a", "b", "c"]),
        ("a\r\nb\r\n\r\nc", ["a", "b", "c"]),
        ("a,\nb;\nA", ["a", "b"]),
        ('"a, b", c', ["a, b", "c"]),
        (" , ;", []),
    ],
)
@pytest.mark.parametrize("field", ["aliases", "slugs"])
def test_splits_names_at_commas_semicolons_and_lines(
    staff_client: Client, field: str, text: str, items: list[str]
) -> None:
    response = submit_page(staff_client, get_skill_url("sql"), **{field: text})

    assert response.status_code == 302, response.context["errors"]
    assert getattr(SkillDocument.objects.get(name="sql"), field) == items


@pytest.mark.parametrize("field", ["prerequisites", "related"])
def test_accepts_skills_by_display_name_and_alias(staff_client: Client, field: str) -> None:
    response = submit_page(staff_client, get_skill_url("sql"), **{field: "JS, Python"})

    assert response.status_code == 302, response.context["errors"]
    assert getattr(SkillDocument.objects.get(name="sql"), field) == ["javascript", "python"]


def test_accepts_the_skills_of_an_idea_by_any_name(staff_client: Client) -> None:
    response = submit_page(staff_client, f"{IDEAS}1/change/", skills="JS; PY", roles="Data Engineer, Developer")

    assert response.status_code == 302, response.context["errors"]
    idea = ProjectIdeaDocument.objects.get(id=1)
    assert (idea.skills, idea.roles) == (["javascript", "python"], ["Data Engineer", "Developer"])


def test_reports_every_unknown_skill(staff_client: Client) -> None:
    response = submit_page(staff_client, f"{IDEAS}1/change/", skills="python, cooking, sewing")

    assert response.context["adminform"].form.errors["skills"] == ["The vocabulary has no cooking, sewing."]


@pytest.mark.parametrize("field", ["features", "stretch"])
@pytest.mark.parametrize(
    "text", ["a, b, c", "Search, filter, sort", "Login; Logout", "Log in\nsearch, filter, sort it"]
)
def test_rejects_a_text_that_looks_like_several_items(staff_client: Client, field: str, text: str) -> None:
    response = submit_page(staff_client, f"{IDEAS}1/change/", **{field: text})

    (error,) = response.context["adminform"].form.errors[field]
    assert "Enter each item on a separate line" in error
    assert "double quotes" in error


def test_accepts_texts_with_commas(staff_client: Client) -> None:
    text = 'Add, correct and void an expense\n"Search, filter, sort"\nUp to ten, or more if needed'

    response = submit_page(staff_client, f"{IDEAS}1/change/", features=text)

    assert response.status_code == 302, response.context["errors"]
    assert ProjectIdeaDocument.objects.get(id=1).features == [
        "Add, correct and void an expense",
        "Search, filter, sort",
        "Up to ten, or more if needed",
    ]


def test_saving_an_unchanged_page_changes_no_list(staff_client: Client) -> None:
    before = ProjectIdeaDocument.objects.get(id=1)

    response = submit_page(staff_client, f"{IDEAS}1/change/", title="Another title")

    assert response.status_code == 302, response.context["errors"]
    after = ProjectIdeaDocument.objects.get(id=1)
    assert (after.title, after.features, after.roles) == ("Another title", before.features, before.roles)


@pytest.mark.parametrize("separators", ["", ",;"])
@pytest.mark.parametrize("item", ["a, b", "a", '"a"', 'a "b"; c', '"', "a;b", '"a, b"', "x, y, z"])
def test_parses_every_item_as_it_is_displayed(separators: str, item: str) -> None:
    field = LinesFormField(separators=separators, required=False)

    assert field.clean(field.prepare_value([item, "other"])) == [item, "other"]
    assert not field.has_changed([item], field.prepare_value([item]))


def test_passes_labels_to_the_chips_script(staff_client: Client) -> None:
    page = staff_client.get(f"{IDEAS}1/change/").content.decode()

    (area,) = re.findall(r'<textarea name="skills"[^>]*>', page)
    attributes = {name: html.unescape(value) for name, value in re.findall(r'(data-[\w-]+)="([^"]*)"', area)}
    assert attributes["data-chips"] == ",;"
    assert attributes["data-suggestions"] == "skills/skill/suggest.json"
    assert json.loads(attributes["data-labels"]) == {"python": "Python"}
    assert "career_navigator/chips.js" in page


@pytest.mark.parametrize(
    ("address", "value", "label"),
    [
        (f"{SKILLS}suggest.json?q=js", "javascript", "JavaScript"),
        (f"{IDEAS}suggest-roles.json?q=vp,  engineering", "VP, Engineering", "VP, Engineering"),
    ],
)
def test_resolves_a_synonym_to_its_name(staff_client: Client, address: str, value: str, label: str) -> None:
    response = staff_client.get(address).json()

    assert response["exact_match"] == {"value": value, "label": label}
    assert value in [each["value"] for each in response["suggestions"]]


def test_suggests_roles_of_ideas_with_permission(limited_client: Any) -> None:
    found = limited_client("view_projectidea").get(f"{IDEAS}suggest-roles.json?q=boss").json()["suggestions"]

    assert [each["value"] for each in found] == ['The "Boss"; all']


def test_suggests_no_roles_without_permission(limited_client: Any) -> None:
    assert limited_client("view_skill").get(f"{IDEAS}suggest-roles.json?q=boss").status_code == 403
