"""Staff permissions and roles, and the file with the first account's generated password."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet

ADMIN = "admin"  # username of the first account
# The apps declare each role's permissions as `staff_roles`.
_PURPOSES = {
    "curator": "Maintains the vocabulary, learning resources and project ideas, hides postings and checks links.",
    "operator": "Operates the service: starts collections and maintenance tasks and reads their results and the log.",
    "support": "Helps users: looks them up, deactivates them, sends reset messages, exports and erases their data.",
    "helpdesk": "Like support, but cannot erase data: looks users up, deactivates them, sends reset messages, exports.",
    "auditor": "Can view everything, including staff accounts, roles and the log, but cannot change anything.",
}


class StaffBackend(ModelBackend):
    """Django's authentication backend, with permission queries that use indexes.

    Django queries permissions with joins. On MongoDB such a join reads every permission and looks up its groups, which
    adds 20 ms to every page for users who are not superusers.
    """

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return _find_permissions(User.user_permissions.through.objects.filter(user=user_obj))

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        groups = list(User.groups.through.objects.filter(user=user_obj).values_list("group_id", flat=True))
        return _find_permissions(Group.permissions.through.objects.filter(group__in=groups))


def _find_permissions(grants: "QuerySet[Any]") -> QuerySet[Permission]:
    return Permission.objects.filter(pk__in=list(grants.values_list("permission_id", flat=True)))


def make_roles() -> dict[str, int]:
    """Create or update the groups that the apps declare as `staff_roles`.

    Returns the number of permissions per role, which is 0 before `migrate` has created the permissions.
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
    """Return the purpose of a built-in role, or an empty string for a group that staff created."""
    return _PURPOSES.get(role, "")


def get_password_file() -> Path:
    """Return the path of the file that holds the first account's generated password."""
    path: Path = settings.VAR_DIR / "admin-password"
    return path


def delete_changed_password(admin: User) -> None:
    """Delete the password file if the account's password has changed since the file was written."""
    path = get_password_file()
    if path.exists() and not check_password(path.read_text().strip(), admin.password):
        path.unlink(missing_ok=True)


def on_user_saved(*, instance: User, created: bool, update_fields: Any, **_: Any) -> None:
    """Delete an outdated password file after the first account is saved. Receiver of `post_save`.

    Skips new accounts, and logins, which save only `last_login`.
    """
    if instance.username == ADMIN and not created and (update_fields is None or "password" in update_fields):
        delete_changed_password(instance)
