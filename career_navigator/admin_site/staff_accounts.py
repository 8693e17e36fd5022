"""The staff's own accounts and their roles in the admin."""

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
from career_navigator.admin_site.model_admin import StaffModelAdmin, ask_about_selected, is_confirmed, log_action
from career_navigator.admin_site.roles import get_purpose
from career_navigator.admin_site.site import disable_two_factor

admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


class StaffAccountForm(UserCreationForm):
    """A new account on one page. Who is invited sets the password; otherwise it is typed here."""

    # Django's own question, whether there is a password at all, is answered by `invite`.
    usable_password = None
    invite = forms.BooleanField(
        label="Send an invitation",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="An e-mail with a link at which the person sets the password. Without it, set one below.",
    )

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("invite"):
            # By it Django's form sets no password.
            self.cleaned_data["usable_password"] = "false"  # noqa: S105 - Django's word for none
            if not self.cleaned_data.get("email") and "email" not in self.errors:
                self.add_error("email", "An invitation needs an e-mail address.")
            if not self.cleaned_data.get("is_staff"):
                self.add_error("is_staff", "Only an account with staff status is invited: the others cannot log in.")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


@admin.register(User)
class StaffAccountAdmin(DjangoUserAdmin, StaffModelAdmin):
    """The staff's own accounts. Nothing of a password is shown; a device that was lost is taken off here."""

    form = UserChangeForm
    add_form = StaffAccountForm
    # Django's says that there is a second page with more to fill in.
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    phone_columns = ("username", "roles", "last_login")
    list_display = ("username", "email", "roles", "is_superuser", "is_active", "has_two_factor", "last_login")
    list_filter = ("groups", "is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password_link", "has_two_factor")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("What it may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        ("What it may do", {"fields": ("is_staff", "groups")}),
        ("Password", {"fields": ("invite", "password1", "password2")}),
    )
    # Roles give permissions; single ones beside them nobody would find again.
    filter_horizontal = ()
    formfield_overrides = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
    readonly_fields = ("password_link", "has_two_factor", "last_login", "date_joined")
    actions = ("send_invitations", "disable_two_factor")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Who only looks is not led to setting a password.
        (_, first), *others = fieldsets
        shown = tuple(name for name in first["fields"] if name != "password_link")
        return ((None, {"fields": shown}), *others)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True} | super().get_changeform_initial_data(request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label, field.help_text = "Roles", "What the account may do is the sum of its roles."
            field.label_from_instance = describe_role
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups":
            # Roles are chosen here and not made or changed in passing.
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = field.widget.can_delete_related = False
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and form.cleaned_data.get("invite") and invite(request, obj):
            log_action(cast(User, request.user), obj, "Sent an invitation.")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        # Django's goes on to a second page, for what the first one did not ask.
        return ModelAdmin.response_add(self, request, obj, post_url_continue)

    @admin.action(description="Send an invitation (a link that sets the password)", permissions=["change"])
    def send_invitations(self, request: HttpRequest, queryset: Any) -> None:
        for user in queryset:
            if invite(request, user):
                log_action(cast(User, request.user), user, "Sent an invitation.")

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

    @admin.display(description="two-factor authentication", boolean=True)
    def has_two_factor(self, user: Any) -> bool:
        return bool(user.has_device if hasattr(user, "has_device") else _with_device([user]))

    @admin.display(description="password")
    def password_link(self, user: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a class="staff-link" href="{}">Set a new one</a>', address)

    @admin.action(description="Disable two-factor authentication", permissions=["change"])
    def disable_two_factor(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        if not is_confirmed(request):
            return ask_about_selected(
                request,
                queryset,
                verb="Disable two-factor authentication of",
                facts=["A password alone lets these accounts in, and their recovery codes are void."],
                undo="It cannot be undone: each has to set up two-factor authentication again.",
            )
        removed = 0
        for user in queryset:
            if disable_two_factor(user=user):
                log_action(cast(User, request.user), user, "Disabled two-factor authentication.")
                removed += 1
        text = f"Two-factor authentication is disabled for {removed} accounts."
        self.message_user(request, text, messages.SUCCESS if removed else messages.INFO)
        return None


@admin.register(Group)
class StaffRoleAdmin(DjangoGroupAdmin, StaffModelAdmin):
    """What each role is for and what it may do."""

    list_display = ("name", "purpose")
    fieldsets = ((None, {"fields": ("name", "purpose", "permissions")}),)
    readonly_fields = ("purpose",)

    @admin.display(description="what it is for")
    def purpose(self, group: Any) -> str:
        return get_purpose(group.name) or "A role of your own."


def describe_role(group: Group) -> str:
    """Return the role's name and what it is for."""
    purpose = get_purpose(group.name)
    return f"{group.name}: {purpose}" if purpose else group.name


def _with_device(users: list[User]) -> set[Any]:
    """The keys of those who log in with two-factor authentication."""
    devices = TOTPDevice.objects.filter(user_id__in=[user.pk for user in users], confirmed=True)
    return set(devices.values_list("user_id", flat=True))
