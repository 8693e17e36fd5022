"""What a member of the staff may do, read from the database for each request."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet


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
