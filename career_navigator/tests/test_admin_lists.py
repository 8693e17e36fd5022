"""All changelists of the admin: texts for empty lists and the columns shown on a phone."""

from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from career_navigator.admin_site.model_admin import StaffModelAdmin
from career_navigator.document_admin.admin import DocumentAdmin
from career_navigator.document_admin.models import DocumentModel
from ingestion.models import RefusedPosting


def test_empty_list_explains_itself(staff_client: Client) -> None:
    staff_client.get("/admin/")
    unexplained = []
    for model, model_admin in admin.site._registry.items():
        if issubclass(model, DocumentModel) and model is not RefusedPosting:
            page = staff_client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
            assert isinstance(model_admin, DocumentAdmin)
            if not model_admin.empty_text or escape(model_admin.empty_text) not in page.content.decode():
                unexplained.append(model)

    assert unexplained == []


def test_search_without_results_links_to_the_whole_list(staff_client: Client) -> None:
    page = staff_client.get(reverse("admin:skills_skill_changelist"), {"q": "nothing of that name"}).content.decode()

    assert "No results for this search and these filters" in page
    assert '<a class="staff-link" href="?">Show the whole list</a>' in page


def test_phone_shows_a_title_and_two_columns(staff_client: Client) -> None:
    staff_client.get("/admin/")
    for model_admin in admin.site._registry.values():
        assert isinstance(model_admin, StaffModelAdmin)
        columns = model_admin.phone_columns

        assert len(columns) in {0, 3}
        assert set(columns) <= set(model_admin.list_display)
