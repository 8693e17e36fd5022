"""The staff's own accounts and their roles in the admin."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from career_navigator.admin_site.model_admin import StaffModelAdmin, log_action
from career_navigator.admin_site.site import disable_second_factor

admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


@admin.register(User)
class StaffAccountAdmin(DjangoUserAdmin, StaffModelAdmin):
    """The staff's own accounts. Nothing of a password is shown; a device that was lost is taken off here."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_superuser", "is_active", "second_factor", "last_login")
    list_filter = ("groups", "is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password_link", "second_factor")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("What it may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    # Roles give permissions; single ones beside them nobody would find again.
    filter_horizontal = ()
    formfield_overrides = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
    readonly_fields = ("password_link", "second_factor", "last_login", "date_joined")
    actions = ("remove_second_factor",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        users = list(changelist.result_list)
        # One question each for all rows; the backend has no `prefetch_related`.
        names = dict(Group.objects.values_list("pk", "name"))
        memberships = User.groups.through.objects.filter(user_id__in=[user.pk for user in users])
        roles: dict[Any, list[str]] = {}
        for user_id, group_id in memberships.values_list("user_id", "group_id"):
            roles.setdefault(user_id, []).append(names[group_id])
        with_device = _with_device(users)
        for user in users:
            user.shown_roles = ", ".join(sorted(roles.get(user.pk, ()))) or "—"
            user.has_device = user.pk in with_device
        changelist.result_list = users
        return changelist

    @admin.display(description="roles")
    def roles(self, user: Any) -> str:
        return str(user.shown_roles)

    @admin.display(description="second factor", boolean=True)
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_device if hasattr(user, "has_device") else _with_device([user]))

    @admin.display(description="password")
    def password_link(self, user: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a class="staff-link" href="{}">Set a new one</a>', address)

    @admin.action(description="Take off the second factor", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: Any) -> None:
        removed = 0
        for user in queryset:
            if disable_second_factor(user=user):
                log_action(cast(User, request.user), user, "Took off the second factor.")
                removed += 1
        self.message_user(request, f"{removed} taken off.", messages.SUCCESS if removed else messages.INFO)


@admin.register(Group)
class StaffRoleAdmin(DjangoGroupAdmin, StaffModelAdmin):
    """What each role may do."""


def _with_device(users: list[User]) -> set[Any]:
    """The keys of those who log in with a second factor."""
    devices = TOTPDevice.objects.filter(user_id__in=[user.pk for user in users], confirmed=True)
    return set(devices.values_list("user_id", flat=True))
