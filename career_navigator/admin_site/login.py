"""Logging in: throttled by account and by address, logged, with a one-time code where there is a device."""

import logging
import math
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.exceptions import Throttled
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES

from career_navigator.admin_site.second_factor import CODE_LENGTH, has_device, use_code
from career_navigator.throttling import Busy, LoginLimits, get_client_ip

logger = logging.getLogger(__name__)

_WRONG_CODE = "Enter the current code of your second factor."


class StaffAuthenticationForm(OTPAuthenticationFormMixin, AuthenticationForm):
    """`seconds_to_wait` is set when there were too many tries; then the password was not even looked at."""

    code = forms.CharField(
        label="One-time code",
        required=False,
        max_length=CODE_LENGTH,
        help_text="Only if you have set up a second factor: the app's code, or one of your recovery codes.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": " ".join(BASE_INPUT_CLASSES)}
        ),
    )

    # One sentence, whatever is wrong with the code.
    otp_error_messages = dict.fromkeys(OTPAuthenticationFormMixin.otp_error_messages, _WRONG_CODE)

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.seconds_to_wait = 0

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("username") or not self.cleaned_data.get("password"):
            # There is nothing to check: neither a failure nor a login from this address.
            return self.cleaned_data
        name, client_ip = str(self.cleaned_data["username"]), get_client_ip(cast(HttpRequest, self.request))
        limits = LoginLimits(scope="staff_login", account=name.casefold(), client_ip=client_ip)
        try:
            limits.check()
        except Throttled as throttled:
            self.seconds_to_wait = math.ceil(getattr(throttled, "wait", None) or 1)
            logger.warning("staff login as %r from %s: too many tries", name, client_ip)
            raise forms.ValidationError(
                f"Too many tries. Wait {self.seconds_to_wait} seconds, then try again.", code="throttled"
            ) from throttled
        try:
            cleaned: dict[str, Any] = super().clean()
            self.clean_otp(self.get_user())
        except Busy:
            limits.take_back()
            raise
        except forms.ValidationError:
            limits.count_failure()
            logger.warning("staff login as %r from %s failed", name, client_ip)
            raise
        limits.remember_client_ip()
        logger.info("staff login as %r from %s", name, client_ip)
        return cleaned

    def clean_otp(self, user: User) -> None:
        """Check the code, of accounts that have a device."""
        if has_device(user=user):
            self.cleaned_data["otp_token"] = "".join(self.cleaned_data.get("code", "").lower().split())
            super().clean_otp(user)

    def _chosen_device(self, user: User) -> Device | None:
        # A wrong code locks a device for a while, so each is only asked about codes of its own kind.
        kind = StaticDevice if len(self.cleaned_data["otp_token"]) == CODE_LENGTH else TOTPDevice
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
        """Send no password back to the page, as Django OTP does for its second step: here it is one step."""
