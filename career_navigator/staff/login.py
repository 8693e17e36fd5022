"""Logging in: throttled by account and by address, logged, with a one-time code where there is a device."""

import logging
import math
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.exceptions import Throttled
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES

from career_navigator.staff.recovery_codes import CODE_LENGTH, use_code
from career_navigator.throttling import LoginLimits, get_client_ip

logger = logging.getLogger(__name__)


class StaffAuthenticationForm(AuthenticationForm):
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

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.seconds_to_wait = 0

    def clean(self) -> dict[str, Any]:
        name, client_ip = str(self.cleaned_data.get("username", "")), get_client_ip(cast(HttpRequest, self.request))
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
            self._check_code(self.get_user())
        except forms.ValidationError:
            limits.count_failure()
            logger.warning("staff login as %r from %s failed", name, client_ip)
            raise
        limits.remember_client_ip()
        logger.info("staff login as %r from %s", name, client_ip)
        return cleaned

    def _check_code(self, user: User) -> None:
        if not TOTPDevice.objects.filter(user=user, confirmed=True).exists():
            return
        code = "".join(self.cleaned_data.get("code", "").lower().split())
        # A wrong code locks a device for a while, so each is only asked about codes of its own kind.
        kind = StaticDevice if len(code) == CODE_LENGTH else TOTPDevice
        for device in kind.objects.filter(user=user, confirmed=True).order_by("pk"):
            if code and (use_code(device=device, code=code) if kind is StaticDevice else device.verify_token(code)):
                if kind is StaticDevice:
                    logger.warning("staff account %r used a recovery code", user.get_username())
                # Django OTP keeps it with the session when the login is done.
                user.otp_device = device  # type: ignore[attr-defined]
                return
        raise forms.ValidationError("Enter the current code of your second factor.", code="code")
