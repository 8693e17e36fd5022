"""The permissions of each staff role."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from career_navigator.admin_site.roles import make_roles

ROLES = ("curator", "operator", "support", "helpdesk", "auditor")
CURATOR, OPERATOR, SUPPORT, HELPDESK, AUDITOR = ({role} for role in ROLES)
NOBODY: set[str] = set()
# No object has this id, so that a permitted action returns another status than 403 without changing anything.
ID = "f" * 24

# Pages, and the roles that may view them.
PAGES = {
    "skills_skill_changelist": CURATOR | OPERATOR | AUDITOR,
    "skills_skill_add": CURATOR,
    "skills_skill_import": CURATOR,
    "skills_skill_export": CURATOR | OPERATOR | AUDITOR,
    "skills_skill_merge": CURATOR,
    "skills_unknownslug_changelist": CURATOR | OPERATOR | AUDITOR,
    "learning_learningresource_changelist": CURATOR | OPERATOR | AUDITOR,
    "learning_learningresource_import": CURATOR,
    "projects_projectidea_changelist": CURATOR | OPERATOR | AUDITOR,
    "projects_projectidea_import": CURATOR,
    "market_jobposting_changelist": CURATOR | OPERATOR | AUDITOR,
    "ingestion_refusedposting_changelist": CURATOR | OPERATOR | AUDITOR,
    "ingestion_collectionrun_changelist": OPERATOR | AUDITOR,
    "collect_now": OPERATOR,
    "career_navigator_taskrun_changelist": CURATOR | OPERATOR | AUDITOR,
    "schedule": CURATOR | OPERATOR | AUDITOR,
    "suggest_roles": OPERATOR,
    "suggest_places": OPERATOR,
    "skills_skill_suggest": CURATOR | OPERATOR | AUDITOR,
    "accounts_person_changelist": SUPPORT | HELPDESK | AUDITOR,
    "accounts_mail_changelist": SUPPORT | HELPDESK | OPERATOR | AUDITOR,
    "career_navigator_failedlogin_changelist": OPERATOR | AUDITOR,
    "admin_logentry_changelist": OPERATOR | AUDITOR,
    "auth_user_changelist": AUDITOR,
    "auth_group_changelist": AUDITOR,
}
# Actions, which are POST requests, and the roles that may perform them.
ACTS = {
    ("skills_skill_change", ID): CURATOR,
    ("skills_skill_delete", ID): CURATOR,
    ("skills_skill_process_import",): CURATOR,
    ("skills_unknownslug_resolve", ID): CURATOR,
    ("learning_learningresource_change", ID): CURATOR,
    ("projects_projectidea_change", "1"): CURATOR,
    ("market_jobposting_change", ID): NOBODY,
    ("posting_hide", ID): CURATOR,
    ("posting_show", ID): CURATOR,
    ("market_jobposting_undo", "x"): CURATOR,
    ("skills_unknownslug_undo", "x"): CURATOR,
    ("learning_learningresource_undo", "x"): CURATOR,
    ("projects_projectidea_undo", "x"): CURATOR,
    ("start_task", "market.tasks.reread_skills"): CURATOR | OPERATOR,
    ("start_task", "market.tasks.refresh_daily_stats"): OPERATOR,
    ("start_task", "learning.tasks.check_links"): CURATOR | OPERATOR,
    ("start_task", "no.such.task"): OPERATOR,
    ("cancel_task", ID): OPERATOR,
    ("collect_now",): OPERATOR,
    ("repeat_run", ID): OPERATOR,
    ("cancel_run", ID): OPERATOR,
    ("person_deactivate", ID): SUPPORT | HELPDESK,
    ("person_reactivate", ID): SUPPORT | HELPDESK,
    ("person_reset", ID): SUPPORT | HELPDESK,
    ("person_export", ID): SUPPORT | HELPDESK,
    ("person_erase", ID): SUPPORT,
    ("accounts_person_change", ID): NOBODY,
    ("auth_user_add",): NOBODY,
    ("auth_user_change", ID): NOBODY,
    ("auth_user_password_change", ID): NOBODY,
    ("auth_group_add",): NOBODY,
    ("auth_group_change", ID): NOBODY,
    ("admin_logentry_delete", ID): NOBODY,
}
# Actions that have a confirmation page, which is shown for GET.
ASKED_BEFORE = {"person_deactivate", "person_erase", "repeat_run", "cancel_run", "cancel_task"}
MENUS = {
    "curator": [
        *("Dashboard", "Job postings", "Job roles", "Skills", "Unknown slugs", "Blueprints", "Learning resources"),
        "Project ideas",
        *("Boards", "Rejected postings", "Schedule", "Maintenance tasks"),
    ],
    "operator": [
        *("Dashboard", "Job postings", "Job roles", "Skills", "Unknown slugs", "Blueprints", "Learning resources"),
        "Project ideas",
        *("Collect now", "Boards", "Collection runs", "Rejected postings", "Emails", "Log entries", "Schedule"),
        *("Failed staff logins", "Maintenance tasks"),
    ],
    "support": ["Dashboard", "Match score reliability", "Emails", "Users"],
    "helpdesk": ["Dashboard", "Match score reliability", "Emails", "Users"],
    "auditor": [
        *("Dashboard", "Job postings", "Job roles", "Skills", "Unknown slugs", "Blueprints", "Learning resources"),
        "Project ideas",
        *("Boards", "Collection runs", "Rejected postings", "Match score reliability", "Emails", "Users"),
        *("Log entries", "Schedule"),
        *("Failed staff logins", "Maintenance tasks", "Roles", "Staff accounts"),
    ],
}


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest, admin_tables: None, client: Client) -> str:
    """Log the client in as a user with the role."""
    make_roles()
    user = User.objects.create_user(request.param, password="Secret-123", is_staff=True)
    user.groups.add(Group.objects.get(name=request.param))
    client.force_login(user)
    return str(request.param)


def build_url(act: tuple[str, ...]) -> str:
    return reverse(f"admin:{act[0]}", args=act[1:])


def test_role_has_exactly_its_pages_and_actions(client: Client, role: str) -> None:
    seen = {page for page in PAGES if client.get(reverse(f"admin:{page}")).status_code != 403}
    done = {act for act in ACTS if client.post(build_url(act)).status_code != 403}

    asked = {act for act in ACTS if act[0] in ASKED_BEFORE and client.get(build_url(act)).status_code != 403}

    assert asked == {act for act, roles in ACTS.items() if act[0] in ASKED_BEFORE and role in roles}
    assert seen == {page for page, roles in PAGES.items() if role in roles}
    assert done == {act for act, roles in ACTS.items() if role in roles}


def test_backend_finds_the_same_permissions_as_django(role: str, whole_commands: list[Mapping[str, Any]]) -> None:
    User.objects.get(username=role).user_permissions.add(Permission.objects.get(codename="delete_logentry"))
    asked_before = len(whole_commands)

    held = User.objects.get(username=role).get_all_permissions()

    # No query joins permissions with groups.
    asked = str(whole_commands[asked_before:])
    assert "auth_group_permissions" in asked
    assert "'from': 'auth_group" not in asked
    assert "admin.delete_logentry" in held
    assert held == ModelBackend().get_all_permissions(User.objects.get(username=role))
    User.objects.filter(username=role).update(is_active=False)
    assert User.objects.get(username=role).get_all_permissions() == set()


def test_menu_shows_only_permitted_pages(client: Client, role: str) -> None:
    context = client.get(reverse("admin:index")).context

    titles = [item["title"] for group in context["sidebar_navigation"] for item in group["items"]]

    assert titles == MENUS[role]


def test_actions_require_post(staff_client: Client) -> None:
    for name, *arguments in ACTS:
        if name.startswith(("person_", "posting_", "start_")) and name not in ASKED_BEFORE:
            assert staff_client.get(reverse(f"admin:{name}", args=arguments)).status_code == 403


def test_every_page_redirects_to_login(client: Client, admin_tables: None) -> None:
    for page in PAGES:
        response = client.get(reverse(f"admin:{page}"))

        assert response.status_code == 302
        assert response.headers["Location"].startswith("/admin/login/")
