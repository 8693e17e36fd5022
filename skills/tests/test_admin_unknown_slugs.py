"""Tests of resolving unknown slugs in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from career_navigator.cache import reset_caches
from skills.documents import SkillDocument, UnknownSlugDocument
from skills.selectors import get_vocabulary
from skills.services import count_unknown_slugs, seed_skills
from tests.factories import SkillFactory

LIST = "/admin/skills/unknownslug/"


@pytest.fixture
def unknown_slugs(admin_tables: None) -> None:
    now = timezone.now()
    seed_skills(
        entries=[{"name": "kubernetes", "display_name": "Kubernetes", "category": "Tools/Technologies"}], now=now
    )
    count_unknown_slugs(slugs=["kubernets", "kubernets", "zapp-board"], now=now)
    reset_caches()


def get_resolve_url(slug: str) -> str:
    return f"{LIST}{UnknownSlugDocument.objects.get(slug=slug).pk}/resolve/"


def test_lists_the_most_frequent_slugs_first_with_suggestions(staff_client: Client, unknown_slugs: None) -> None:
    page = staff_client.get(LIST)

    assert [slug.slug for slug in page.context["cl"].result_list] == ["kubernets", "zapp-board"]
    assert 'value="alias" formnovalidate>kubernetes</button>' in page.content.decode()


def test_resolves_a_slug_as_a_suggested_alias(staff_client: Client, unknown_slugs: None) -> None:
    response = staff_client.post(get_resolve_url("kubernets") + "?skill=kubernetes", {"resolve": "alias"})

    assert response.status_code == 302
    reset_caches()
    assert get_vocabulary().get_canonical_name("kubernets") == "kubernetes"
    assert UnknownSlugDocument.objects(slug="kubernets").count() == 0


@pytest.mark.parametrize(("resolution", "is_skill"), [("new", True), ("no_skill", False)])
def test_resolves_a_slug_as_a_new_entry(
    staff_client: Client, unknown_slugs: None, resolution: str, is_skill: bool
) -> None:
    staff_client.post(get_resolve_url("zapp-board"), {"resolve": resolution})

    skill = SkillDocument.objects.get(name="zapp board")
    assert (skill.is_skill, skill.display_name, skill.slugs) == (is_skill, "Zapp Board", ["zapp-board"])
    assert UnknownSlugDocument.objects(slug="zapp-board").count() == 0


def test_resolves_a_slug_as_an_alias_of_a_skill_entered_by_name(staff_client: Client, unknown_slugs: None) -> None:
    url = get_resolve_url("zapp-board")

    rejected = staff_client.post(url, {"skill": "nothing known"})
    done = staff_client.post(url, {"skill": "Kubernetes"})

    assert "The vocabulary does not contain this skill." in rejected.content.decode()
    assert done.status_code == 302
    assert SkillDocument.objects.get(name="kubernetes").slugs == ["zapp-board"]


def test_reports_a_slug_that_the_vocabulary_already_contains(staff_client: Client, unknown_slugs: None) -> None:
    url = get_resolve_url("zapp-board")
    SkillFactory(name="zapp board", display_name="Zapp", category="Databases")
    reset_caches()

    response = staff_client.post(url, {"resolve": "new"}, follow=True)

    assert "already" in response.content.decode()
    assert UnknownSlugDocument.objects(slug="zapp-board").count() == 1


def test_reports_a_slug_that_has_already_been_resolved(staff_client: Client, unknown_slugs: None) -> None:
    url = get_resolve_url("zapp-board")
    UnknownSlugDocument.objects(slug="zapp-board").delete()

    response = staff_client.post(url, {"resolve": "new"}, follow=True)

    assert "This slug has already been resolved." in response.content.decode()


def test_resolves_slugs_in_bulk(staff_client: Client, unknown_slugs: None) -> None:
    chosen = [str(slug.pk) for slug in UnknownSlugDocument.objects]

    staff_client.post(LIST, {"action": "mark_as_not_skills", "_selected_action": chosen, "confirmed": "yes"})

    assert UnknownSlugDocument.objects.count() == 0
    assert SkillDocument.objects(is_skill=False).count() == 2


def test_viewers_cannot_resolve_slugs(limited_client: Any, unknown_slugs: None) -> None:
    client = limited_client("view_unknownslug")

    response = client.post(get_resolve_url("zapp-board"), {"resolve": "new"})

    assert response.status_code == 403
    assert UnknownSlugDocument.objects.count() == 2
    assert "formaction" not in client.get(LIST).content.decode()


def test_resolves_one_of_two_spellings_and_reports_the_other(staff_client: Client, unknown_slugs: None) -> None:
    count_unknown_slugs(slugs=["zapp_board"], now=timezone.now())
    chosen = [str(each.pk) for each in UnknownSlugDocument.objects(slug__in=["zapp-board", "zapp_board"])]

    response = staff_client.post(
        LIST, {"action": "create_skills", "_selected_action": chosen, "confirmed": "yes"}, follow=True
    )

    assert response.status_code == 200
    assert "already" in response.content.decode()
    assert SkillDocument.objects(name="zapp board").count() == 1
    assert UnknownSlugDocument.objects(slug__in=["zapp-board", "zapp_board"]).count() == 1
