"""The menu beside every page: the apps' models the caller may see, and pages that apps add."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse

from career_navigator.declarations import get_declared

_GROUPS = ("Market", "Skills", "Learning", "Projects", "Ingestion", "Accounts")
_ICONS = {
    "JobPosting": "work",
    "CollectionRun": "cloud_download",
    "TaskRun": "build",
    "Person": "person_search",
    "User": "badge",
    "Group": "groups",
    "LogEntry": "history",
    "Skill": "psychology",
    "LearningResource": "school",
    "ProjectIdea": "lightbulb",
    "UnknownSlug": "help",
    "TOTPDevice": "key",
}
# Users of the platform are called users; these are others.
_TITLES = {"User": "Staff accounts", "Group": "Roles"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPage:
    """A page that is no list of a model. `route` is its name in the site's addresses."""

    group: str
    title: str
    icon: str
    route: str
    permission: str


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's description of the menu for this caller."""
    groups: dict[str, list[dict[str, Any]]] = {}
    pages = list(get_declared("menu_pages").values())
    # A page stands below its model's list, yet is an entry of its own.
    on_page = request.path in {reverse(f"admin:{page.route}") for page in pages}
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model["admin_url"]:
                item = {
                    "title": _TITLES.get(model["object_name"], model["name"]),
                    "icon": _ICONS.get(model["object_name"], "list"),
                    "link": model["admin_url"],
                    "active": request.path.startswith(model["admin_url"]) and not on_page,
                }
                groups.setdefault(app["name"], []).append(item)
    for page in pages:
        if cast(User, request.user).has_perm(page.permission):
            item = {"title": page.title, "icon": page.icon, "link": reverse(f"admin:{page.route}")}
            groups.setdefault(page.group, []).insert(0, item | {"active": request.path == item["link"]})
    order = [*(name for name in _GROUPS if name in groups), *(name for name in groups if name not in _GROUPS)]
    dashboard = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    return [
        {"items": [dashboard | {"active": request.path == dashboard["link"]}]},
        *({"title": name, "separator": True, "collapsible": False, "items": groups[name]} for name in order),
    ]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the menu of one's own account."""
    return [
        {"title": "Change password", "link": reverse("admin:password_change")},
        {"title": "Second factor", "link": reverse("admin:second_factor")},
    ]
