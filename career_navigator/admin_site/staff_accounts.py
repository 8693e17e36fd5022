"""Model admins for staff accounts and staff roles."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanSwitchWidget

from career_navigator.admin_site.invitations import invite
from career_navigator.admin_site.model_admin import (
    StaffModelAdmin,
    is_confirmed,
    log_action,
    render_selection_confirmation,
)
from career_navigator.admin_site.roles import get_purpose
from career_navigator.admin_site.site import disable_two_factor

admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


class StaffAccountForm(UserCreationForm):
    """Form for a new staff account. Either an invitation is sent, or the password is set in the form."""

    # `invite` replaces Django's choice between an account with and without a password.
    usable_password = None
    invite = forms.BooleanField(
        label="Send an invitation",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Sends an email with a link for setting the password. Otherwise set a password below.",
    )

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("invite"):
            # Makes Django's form create an account without a usable password.
            self.cleaned_data["usable_password"] = "false"  # noqa: S105 - a flag, not a password
            if not self.cleaned_data.get("email") and "email" not in self.errors:
                self.add_error("email", "Enter an email address to send the invitation to.")
            if not self.cleaned_data.get("is_staff"):
                self.add_error("is_staff", "Only staff can log in. Set the staff status to send an invitation.")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


@admin.register(User)
class StaffAccountAdmin(DjangoUserAdmin, StaffModelAdmin):  # type: ignore[type-arg] # not generic at runtime
    """Model admin for staff accounts.

    It never shows password hashes. An action disables two-factor authentication for users who lost their device.
    """

    form = UserChangeForm
    add_form = StaffAccountForm
    # Django's template announces a second page, which this form does not have.
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    phone_columns = ("username", "roles", "last_login")
    list_display = ("username", "email", "roles", "is_superuser", "is_active", "has_two_factor", "last_login")
    list_filter = ("groups", "is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password_link", "has_two_factor")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_staff", "groups")}),
        ("Password", {"fields": ("invite", "password1", "password2")}),
    )
    # Accounts get permissions through roles only. Permissions of single accounts would be hard to keep track of.
    filter_horizontal = ()
    formfield_overrides = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
    readonly_fields = ("password_link", "has_two_factor", "last_login", "date_joined")
    actions = ("send_invitations", "disable_two_factor")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Hide the password link from users who may only view the account.
        (_, first), *others = fieldsets
        names = tuple(name for name in first["fields"] if name != "password_link")
        return ((None, {"fields": names}), *others)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True} | super().get_changeform_initial_data(request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label, field.help_text = "Roles", "The account has the permissions of all its roles."
            field.label_from_instance = describe_role
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups":
            # Roles can only be selected here. They have their own pages for adding and changing.
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = field.widget.can_delete_related = False
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and form.cleaned_data.get("invite") and invite(request, obj):
            log_action(cast(User, request.user), obj, "Sent an invitation.")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        # Django's UserAdmin continues on a second page, which this form does not need.
        response: HttpResponse = ModelAdmin.response_add(self, request, obj, post_url_continue)
        return response

    @admin.action(description="Send an invitation (a link for setting the password)", permissions=["change"])
    def send_invitations(self, request: HttpRequest, queryset: Any) -> None:
        """Send an invitation to each selected account."""
        for user in queryset:
            if invite(request, user):
                log_action(cast(User, request.user), user, "Sent an invitation.")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        users = list(changelist.result_list)
        # One query each for all rows, since the backend does not support `prefetch_related`.
        names = dict(Group.objects.values_list("pk", "name"))
        memberships = User.groups.through.objects.filter(user_id__in=[user.pk for user in users])
        roles: dict[Any, list[str]] = {}
        for user_id, group_id in memberships.values_list("user_id", "group_id"):
            roles.setdefault(user_id, []).append(names[group_id])
        with_device = _find_keys_with_device(users)
        for user in users:
            user.role_names = ", ".join(sorted(roles.get(user.pk, ()))) or "—"
            user.has_device = user.pk in with_device
        changelist.result_list = users
        return changelist

    @admin.display(description="roles")
    def roles(self, user: Any) -> str:
        return str(user.role_names)

    @admin.display(description="two-factor authentication", boolean=True)
    def has_two_factor(self, user: Any) -> bool:
        return bool(user.has_device if hasattr(user, "has_device") else _find_keys_with_device([user]))

    @admin.display(description="password")
    def password_link(self, user: User) -> SafeString:
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a class="staff-link" href="{}">Set a new password</a>', url)

    @admin.action(description="Disable two-factor authentication", permissions=["change"])
    def disable_two_factor(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Delete the devices and recovery codes of the selected accounts, after a confirmation."""
        if not is_confirmed(request):
            return render_selection_confirmation(
                request,
                queryset,
                verb="Disable two-factor authentication of",
                facts=["These accounts can log in with only a password, and their recovery codes stop working."],
                undo="This cannot be undone. Each user must set up two-factor authentication again.",
            )
        disabled = 0
        for user in queryset:
            if disable_two_factor(user=user):
                log_action(cast(User, request.user), user, "Disabled two-factor authentication.")
                disabled += 1
        text = f"Two-factor authentication is disabled for {disabled} accounts."
        self.message_user(request, text, messages.SUCCESS if disabled else messages.INFO)
        return None


@admin.register(Group)
class StaffRoleAdmin(DjangoGroupAdmin, StaffModelAdmin):
    """Model admin for staff roles, with the purpose and the permissions of each role."""

    list_display = ("name", "purpose")
    fieldsets = ((None, {"fields": ("name", "purpose", "permissions")}),)
    readonly_fields = ("purpose",)

    @admin.display(description="purpose")
    def purpose(self, group: Any) -> str:
        return get_purpose(group.name) or "A custom role."


def describe_role(group: Group) -> str:
    """Return the role's name, with its purpose if it is a built-in role."""
    purpose = get_purpose(group.name)
    return f"{group.name}: {purpose}" if purpose else group.name


def _find_keys_with_device(users: list[User]) -> set[Any]:
    """Return the primary keys of the users who use two-factor authentication."""
    devices = TOTPDevice.objects.filter(user_id__in=[user.pk for user in users], confirmed=True)
    return set(devices.values_list("user_id", flat=True))
