"""The staff: their permissions and roles, and the generated password of the first account."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet

ADMIN = "admin"  # the first account
# What each role is for; the apps declare what it may do.
_PURPOSES = {
    "curator": "Keeps the vocabulary, learning resources and project ideas; hides postings; checks links.",
    "operator": "Runs the service: collections and maintenance tasks, what they brought, and the log of the admin.",
    "support": "Helps users: looks them up, deactivates them, sends reset messages, exports and erases their data.",
    "helpdesk": "Support without erasing: looks users up, deactivates them, sends reset messages, exports their data.",
    "auditor": "Looks at everything, staff accounts, roles and the log included, and changes nothing.",
}


class StaffBackend(ModelBackend):
    """Django's own accounts and permissions, the latter looked up through their indexes.

    Django asks for them with joins. As MongoDB carries those out, each reads every permission there is and looks for
    its groups: 20 ms of every page of anyone who is no superuser.
    """

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return _permissions(User.user_permissions.through.objects.filter(user=user_obj))

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        groups = list(User.groups.through.objects.filter(user=user_obj).values_list("group_id", flat=True))
        return _permissions(Group.permissions.through.objects.filter(group__in=groups))


def _permissions(grants: "QuerySet[Any]") -> QuerySet[Permission]:
    return Permission.objects.filter(pk__in=list(grants.values_list("permission_id", flat=True)))


def make_roles() -> dict[str, int]:
    """Create the groups that the apps declare as `staff_roles`, and set their permissions; return how many each has.

    Before the tables are migrated, none has any.
    """
    declared = {config.label: getattr(config, "staff_roles", {}) for config in apps.get_app_configs()}
    granted: dict[str, list[Permission]] = {role: [] for roles in declared.values() for role in roles}
    for permission in Permission.objects.select_related("content_type").order_by("pk"):
        for role, patterns in declared.get(permission.content_type.app_label, {}).items():
            if any(fnmatchcase(permission.codename, pattern) for pattern in patterns):
                granted[role].append(permission)
    for role, permissions in granted.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions)
    return {role: len(permissions) for role, permissions in granted.items()}


def get_purpose(role: str) -> str:
    """Return what a role of ours is for; empty for a group that staff have made."""
    return _PURPOSES.get(role, "")


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
