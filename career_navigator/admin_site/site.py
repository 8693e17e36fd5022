"""The admin site: Unfold's site with a throttled login and two-factor authentication.

Staff set up one-time codes (TOTP) themselves and receive recovery codes. Logins are logged and are throttled per
account and per client IP. Accounts with a device must also enter a code.
"""

import logging
import math
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from math import ceil
from typing import Any, cast

import django_otp
import qrcode
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage
from rest_framework.exceptions import Throttled
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite
from unfold.widgets import BASE_INPUT_CLASSES

from career_navigator.admin_site.invitations import InvitationView
from career_navigator.db.connection import database
from career_navigator.throttling import Busy, LoginLimits, get_client_ip

logger = logging.getLogger(__name__)

RECOVERY_CODE_LENGTH = 8
# Leaves room for spaces and hyphens that people type between the characters.
_MAX_TYPED_CODE = 40
_RECOVERY_CODES = 10


class CodeForm(forms.Form):
    """Form for a one-time code from the user's authenticator app."""

    code = forms.CharField(
        label="Code shown by the app",
        max_length=_MAX_TYPED_CODE,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": "",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )


def set_up_two_factor(request: HttpRequest, site: "StaffSite") -> HttpResponse:
    """Show the two-factor page: set up a device, remove it, or renew the recovery codes.

    A new device's secret is shown as a QR code until the user enters a valid code, then the recovery codes are shown.
    Removing the device and renewing the codes also require a code, so that an open session is not enough.
    """
    user = cast(User, request.user)
    confirmed = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk").first()
    if confirmed is not None and not user.is_verified():  # type: ignore[attr-defined]
        # The session started before the device was set up, so it was never verified by a code.
        logout(request)
        return HttpResponseRedirect(reverse("admin:login"))
    if confirmed is not None:
        return _change_two_factor(request, site, user, confirmed)
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "app"})
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        error = _verify_code(device, form)
        if error is None:
            device.confirmed = True
            device.save()
            django_otp.login(request, device)
            _log_change(user, "Set up two-factor authentication.")
            messages.success(request, "Two-factor authentication is set up. You need a code the next time you log in.")
            return _render_two_factor(request, site, form=CodeForm(), device=device, codes=make_codes(user=user))
        form.add_error("code", error)
    return _render_two_factor(request, site, form=form, device=device)


def has_device(*, user: User) -> bool:
    """Return whether the account has a confirmed device, so that logins require a code."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def disable_two_factor(*, user: User) -> bool:
    """Delete the account's devices and recovery codes. Returns whether a device was confirmed."""
    devices = list(TOTPDevice.objects.filter(user=user).order_by("pk"))
    for device in devices:
        device.delete()
    invalidate_codes(user=user)
    return any(device.confirmed for device in devices)


def make_codes(*, user: User) -> list[str]:
    """Create new recovery codes for the account and invalidate its old ones."""
    invalidate_codes(user=user)
    device = StaticDevice.objects.create(user=user, name="recovery codes", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(_RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


def normalize_code(typed: str) -> str:
    """Return a typed code in lower case, without spaces, hyphens and other separators."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed))).lower()


def use_code(*, device: StaticDevice, code: str) -> bool:
    """Consume a recovery code and return whether it was valid.

    Django OTP's `verify_token` reads a code and then deletes it, so two concurrent logins could use the same code. Here
    only the login whose delete finds the code uses it.
    """
    allowed, _ = device.verify_is_allowed()
    if not allowed:
        return False
    deleted, _ = device.token_set.filter(token=code).delete()
    if deleted:
        device.throttle_reset()
    else:
        device.throttle_increment()
    return bool(deleted)


def count_codes(*, user: User) -> int:
    """Return the number of the account's unused recovery codes."""
    return int(StaticToken.objects.filter(device__in=_list_code_devices(user)).count())


def invalidate_codes(*, user: User) -> None:
    """Delete all recovery codes of the account."""
    for device in _list_code_devices(user):
        device.token_set.all().delete()
        device.delete()


def _change_two_factor(request: HttpRequest, site: "StaffSite", user: User, device: TOTPDevice) -> HttpResponse:
    """Remove the device or renew the recovery codes if the form has a valid code."""
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _render_two_factor(request, site, form=form, device=device)
    error = _verify_code(device, form)
    if error is not None:
        form.add_error("code", error)
        return _render_two_factor(request, site, form=form, device=device)
    if "remove" in request.POST:
        disable_two_factor(user=user)
        _log_change(user, "Disabled two-factor authentication.")
        messages.success(request, "Two-factor authentication is disabled.")
        return HttpResponseRedirect(reverse("admin:two_factor"))
    codes = make_codes(user=user)
    _log_change(user, "Created new recovery codes.")
    return _render_two_factor(request, site, form=CodeForm(), device=device, codes=codes)


def _verify_code(device: TOTPDevice, form: CodeForm) -> str | None:
    """Verify the typed code. Returns an error message, or None if the code is valid."""
    allowed, lock = device.verify_is_allowed()
    if not allowed:
        wait = max(1, ceil((lock["locked_until"] - timezone.now()).total_seconds())) if lock else 1
        return f"Too many wrong codes. Try again in {wait} s."
    if device.verify_token(normalize_code(form.cleaned_data["code"])):
        return None
    return "This code is not valid or was used before. Check that the clock of your device is correct."


def _render_two_factor(
    request: HttpRequest, site: "StaffSite", *, form: CodeForm, device: TOTPDevice, codes: Sequence[str] = ()
) -> HttpResponse:
    context = {**site.each_context(request), "title": "Two-factor authentication", "form": form, "codes": codes}
    if not device.confirmed:
        image = qrcode.make(device.config_url, image_factory=SvgPathImage, border=2)
        svg = BytesIO()
        image.save(svg)
        # Safe: the SVG is generated here and contains only the QR code, which encodes a random key and the username.
        context["qr_code"] = mark_safe(svg.getvalue().decode().partition("?>")[2])  # noqa: S308
        context["secret"] = device.config_url.partition("secret=")[2].partition("&")[0]
    else:
        context["codes_left"] = count_codes(user=cast(User, request.user))
    return TemplateResponse(request, "career_navigator/admin_site/two_factor.html", context)


def _log_change(user: User, message: str) -> None:
    logger.info("staff account %r: %s", user.get_username(), message)
    LogEntry.objects.log_actions(user.pk, [user], CHANGE, message, single_object=True)


def _list_code_devices(user: User) -> list[StaticDevice]:
    return list(StaticDevice.objects.filter(user=user).order_by("pk"))


_WRONG_CODE = "Enter the current code of your two-factor authentication."


class StaffAuthenticationForm(OTPAuthenticationFormMixin, AuthenticationForm):
    """Login form with throttling and a one-time code.

    After too many attempts `seconds_to_wait` is set and the password is not checked.
    """

    code = forms.CharField(
        label="One-time code",
        required=False,
        max_length=_MAX_TYPED_CODE,
        help_text="Only if you use two-factor authentication: a code from your app, or a recovery code.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                # Recovery codes contain letters, which a numeric keyboard lacks.
                "inputmode": "text",
                "autocapitalize": "none",
                "autocorrect": "off",
                "spellcheck": "false",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )

    # The same message for every error, so that it does not reveal what is wrong with the code.
    otp_error_messages = dict.fromkeys(OTPAuthenticationFormMixin.otp_error_messages, _WRONG_CODE)

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.seconds_to_wait = 0

    def clean(self) -> Any:
        if not self.cleaned_data.get("username") or not self.cleaned_data.get("password"):
            # Without both values this is not a login attempt, so it is not counted as a failure.
            return self.cleaned_data
        name, client_ip = str(self.cleaned_data["username"]), get_client_ip(cast(HttpRequest, self.request))
        limits = LoginLimits(scope="staff_login", account=name.casefold(), client_ip=client_ip)
        try:
            limits.check()
        except Throttled as throttled:
            self.seconds_to_wait = math.ceil(getattr(throttled, "wait", None) or 1)
            logger.warning("staff login as %r from %s: too many attempts", name, client_ip)
            raise forms.ValidationError(
                f"Too many attempts. Try again in {self.seconds_to_wait} seconds.", code="throttled"
            ) from throttled
        try:
            cleaned: dict[str, Any] = super().clean()
            self.clean_otp(self.get_user())
        except Busy:
            limits.undo()
            raise
        except forms.ValidationError:
            limits.count_failure()
            logger.warning("staff login as %r from %s failed", name, client_ip)
            record_failed_login(account=name, client_ip=client_ip, now=timezone.now())
            raise
        limits.remember_client_ip()
        logger.info("staff login as %r from %s", name, client_ip)
        return cleaned

    def clean_otp(self, user: User) -> None:
        """Check the one-time code if the account has a device."""
        if has_device(user=user):
            self.cleaned_data["otp_token"] = normalize_code(self.cleaned_data.get("code", ""))
            super().clean_otp(user)

    def _chosen_device(self, user: User) -> Device | None:
        # A wrong code locks a device for a while, so a code is only tried on the kind of device it belongs to.
        kind = StaticDevice if len(self.cleaned_data["otp_token"]) == RECOVERY_CODE_LENGTH else TOTPDevice
        device: Device | None = kind.objects.filter(user=user, confirmed=True).order_by("pk").first()
        return device

    def _verify_token(self, user: User, token: str, device: Device | None = None) -> Device:
        if not isinstance(device, StaticDevice):
            return super()._verify_token(user, token, device)
        if not use_code(device=device, code=token):
            raise forms.ValidationError(_WRONG_CODE, code="invalid_token")
        logger.warning("staff account %r used a recovery code", user.get_username())
        return device

    def _update_form(self, user: User) -> None:
        """Do nothing. Django OTP would send the password back to the page for a second step, which is not used here."""


def record_failed_login(*, account: str, client_ip: str, now: datetime) -> None:
    """Count a failed login of the account. Attempts that the rate limit rejects are not counted."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    key = {"account": account[:150], "client_ip": client_ip, "day": day}
    database().failed_logins.update_one(key, {"$inc": {"count": 1}, "$max": {"last_at": now}}, upsert=True)


class StaffSite(UnfoldAdminSite):
    """The admin site. With ADMIN_REQUIRE_TOTP, only sessions verified by a one-time code have access."""

    login_form = StaffAuthenticationForm
    login_template = "career_navigator/admin_site/login.html"
    index_template = "career_navigator/admin_site/index.html"
    index_title = "Dashboard"
    # Hides the "View site" link, since there is no public site.
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not self._lacks_code(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and super().has_permission(request) and self._lacks_code(request):
            # The user is logged in by password but has not set up a device yet.
            return HttpResponseRedirect(reverse("admin:two_factor"))
        response: HttpResponse = super().login(request, extra_context)
        form = getattr(response, "context_data", {}).get("form")
        if isinstance(form, StaffAuthenticationForm) and form.seconds_to_wait:
            response.status_code = 429
            response.headers["Retry-After"] = str(form.seconds_to_wait)
        return response

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("two-factor/", self._two_factor, name="two_factor"),
            path("invitation/<uidb64>/<token>/", InvitationView.as_view(), name="invitation"),
            # Replaces Django's "view on site" redirect, which fails on invalid ids. No object has such a page.
            path("r/<path:rest>", self.admin_view(_not_found)),
        ]

    def _two_factor(self, request: HttpRequest) -> HttpResponse:
        # This page must work for sessions without a code, which `has_permission` rejects, so it checks access itself.
        if isinstance(request.user, AnonymousUser) or not super().has_permission(request):
            return HttpResponseRedirect(f"{reverse('admin:login')}?{REDIRECT_FIELD_NAME}={request.path}")
        return set_up_two_factor(request, self)

    def _lacks_code(self, request: HttpRequest) -> bool:
        """Return whether the session needs a one-time code that it was not verified by.

        This includes sessions that started before the user set up a device.
        """
        if request.user.is_verified():  # type: ignore[union-attr]
            return False
        return settings.ADMIN_REQUIRE_TOTP or has_device(user=cast(User, request.user))


def _not_found(request: HttpRequest, rest: str) -> HttpResponse:
    raise Http404
