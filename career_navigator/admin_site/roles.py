"""The staff: their permissions and roles, and the generated password of the first account."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet

ADMIN = "admin"  # the first account


class StaffBackend(ModelBackend):
    """Django's own accounts and permissions, the latter looked up through their indexes.

    Django asks for them with joins. As MongoDB carries those out, each reads every permission there is and looks for
    its groups: 20 ms of every page of whoever is no superuser.
    """

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return _permissions(User.user_permissions.through.objects.filter(user=user_obj))

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        groups = list(User.groups.through.objects.filter(user=user_obj).values_list("group_id", flat=True))
        return _permissions(Group.permissions.through.objects.filter(group__in=groups))


def _permissions(grants: "QuerySet[Any]") -> QuerySet[Permission]:
    return Permission.objects.filter(pk__in=list(grants.values_list("permission_id", flat=True)))


# Apps whose models are curated; their permissions all belong to the curator.
_CURATED_APPS = frozenset({"skills", "learning", "projects"})
_WATCHED_APPS = frozenset({"career_navigator", "ingestion", "market", *_CURATED_APPS})


@dataclass(frozen=True, slots=True)
class _Right:
    app: str
    model: str
    name: str

    @property
    def only_views(self) -> bool:
        return self.name == f"view_{self.model}"


# Each says whether a permission belongs to the role. Acts have permissions of their own, apart from view and change.
_ROLES: dict[str, Callable[[_Right], bool]] = {
    "curator": lambda right: (
        right.app in _CURATED_APPS
        or (right.app == "market" and (right.only_views or right.name in {"change_jobposting", "reread_skills"}))
        # What collection could not take, and the outcome of the task that a curator may start.
        or right.name in {"view_refusedposting", "view_taskrun"}
    ),
    "operator": lambda right: (
        (right.app in _WATCHED_APPS and right.only_views)
        or right.name in {"trigger_collection", "run_task", "reread_skills"}
    ),
    "support": lambda right: right.app == "accounts",
    "auditor": lambda right: right.only_views and right.app not in {"auth", "contenttypes", "otp_static", "otp_totp"},
}


def make_roles() -> dict[str, int]:
    """Create the groups and set their permissions; how many each has. Before the tables are migrated, none."""
    rights = {
        permission: _Right(permission.content_type.app_label, permission.content_type.model, permission.codename)
        for permission in Permission.objects.select_related("content_type").order_by("pk")
    }
    counts = {}
    for role, holds in _ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        held = [permission for permission, right in rights.items() if holds(right)]
        group.permissions.set(held)
        counts[role] = len(held)
    return counts


def get_password_file() -> Path:
    path: Path = settings.VAR_DIR / "admin-password"
    return path


def delete_changed_password(admin: User) -> None:
    """Delete the file when the password in it is no longer that of the account."""
    path = get_password_file()
    if path.exists() and not check_password(path.read_text().strip(), admin.password):
        path.unlink(missing_ok=True)


def on_user_saved(*, instance: User, created: bool, update_fields: Any, **_: Any) -> None:
    """Receive `post_save` of staff accounts. A login saves the time alone, and a new account has its file already."""
    if instance.username == ADMIN and not created and (update_fields is None or "password" in update_fields):
        delete_changed_password(instance)
