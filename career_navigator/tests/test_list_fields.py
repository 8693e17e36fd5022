"""Lists in the forms of the admin: items a line or between commas, and names that people use."""

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
def stored(admin_tables: None) -> None:
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


def save(client: Client, page: str, **changes: str) -> Any:
    """Send the page as a browser without scripts would, with these changes."""
    form = client.get(page).context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    sent = {name: value for name, value in values.items() if value not in (None, False)}
    return client.post(page, sent | changes)


def skill_page(name: str) -> str:
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
def test_parts_names_at_commas_semicolons_and_lines(
    staff_client: Client, field: str, text: str, items: list[str]
) -> None:
    answer = save(staff_client, skill_page("sql"), **{field: text})

    assert answer.status_code == 302, answer.context["errors"]
    assert getattr(SkillDocument.objects.get(name="sql"), field) == items


@pytest.mark.parametrize("field", ["prerequisites", "related"])
def test_knows_skills_by_display_names_and_aliases(staff_client: Client, field: str) -> None:
    answer = save(staff_client, skill_page("sql"), **{field: "JS, Python"})

    assert answer.status_code == 302, answer.context["errors"]
    assert getattr(SkillDocument.objects.get(name="sql"), field) == ["javascript", "python"]


def test_knows_the_skills_of_an_idea_by_any_name(staff_client: Client) -> None:
    answer = save(staff_client, f"{IDEAS}1/change/", skills="JS; PY", roles="Data Engineer, Developer")

    assert answer.status_code == 302, answer.context["errors"]
    idea = ProjectIdeaDocument.objects.get(id=1)
    assert (idea.skills, idea.roles) == (["javascript", "python"], ["Data Engineer", "Developer"])


def test_names_every_skill_that_nobody_knows(staff_client: Client) -> None:
    answer = save(staff_client, f"{IDEAS}1/change/", skills="python, cooking, sewing")

    assert answer.context["adminform"].form.errors["skills"] == ["The vocabulary has no cooking, sewing."]


@pytest.mark.parametrize("field", ["features", "stretch"])
@pytest.mark.parametrize(
    "text", ["a, b, c", "Search, filter, sort", "Login; Logout", "Log in\nsearch, filter, sort it"]
)
def test_refuses_texts_that_look_like_several_with_a_hint(staff_client: Client, field: str, text: str) -> None:
    answer = save(staff_client, f"{IDEAS}1/change/", **{field: text})

    (said,) = answer.context["adminform"].form.errors[field]
    assert "Enter each item on a separate line" in said
    assert "double quotes" in said


def test_takes_texts_with_commas(staff_client: Client) -> None:
    text = 'Add, correct and void an expense\n"Search, filter, sort"\nUp to ten, or more if needed'

    answer = save(staff_client, f"{IDEAS}1/change/", features=text)

    assert answer.status_code == 302, answer.context["errors"]
    assert ProjectIdeaDocument.objects.get(id=1).features == [
        "Add, correct and void an expense",
        "Search, filter, sort",
        "Up to ten, or more if needed",
    ]


def test_saving_a_page_as_it_is_changes_no_list(staff_client: Client) -> None:
    before = ProjectIdeaDocument.objects.get(id=1)

    answer = save(staff_client, f"{IDEAS}1/change/", title="Another title")

    assert answer.status_code == 302, answer.context["errors"]
    after = ProjectIdeaDocument.objects.get(id=1)
    assert (after.title, after.features, after.roles) == ("Another title", before.features, before.roles)


@pytest.mark.parametrize("separators", ["", ",;"])
@pytest.mark.parametrize("item", ["a, b", "a", '"a"', 'a "b"; c', '"', "a;b", '"a, b"', "x, y, z"])
def test_reads_every_item_as_it_is_shown(separators: str, item: str) -> None:
    field = LinesFormField(separators=separators, required=False)

    assert field.clean(field.prepare_value([item, "other"])) == [item, "other"]
    assert not field.has_changed([item], field.prepare_value([item]))


def test_shows_names_to_the_script_that_makes_chips(staff_client: Client) -> None:
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
def test_says_which_name_is_meant(staff_client: Client, address: str, value: str, label: str) -> None:
    answer = staff_client.get(address).json()

    assert answer["meant"] == {"value": value, "label": label}
    assert value in [each["value"] for each in answer["found"]]


def test_suggests_the_roles_of_ideas_to_those_who_may_see_them(limited_client: Any) -> None:
    found = limited_client("view_projectidea").get(f"{IDEAS}suggest-roles.json?q=boss").json()["found"]

    assert [each["value"] for each in found] == ['The "Boss"; all']


def test_suggests_no_roles_to_others(limited_client: Any) -> None:
    assert limited_client("view_skill").get(f"{IDEAS}suggest-roles.json?q=boss").status_code == 403
