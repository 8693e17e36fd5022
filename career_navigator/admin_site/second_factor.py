"""Two-factor authentication of staff: one-time codes (TOTP), which they set up themselves, and recovery codes."""

import logging
from collections.abc import Sequence
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, cast

import django_otp
import qrcode
from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage
from unfold.widgets import BASE_INPUT_CLASSES

if TYPE_CHECKING:
    from career_navigator.admin_site.site import StaffSite

logger = logging.getLogger(__name__)

CODE_LENGTH = 8
_CODES = 10


class CodeForm(forms.Form):
    """The code that shows that the device is set up."""

    code = forms.CharField(
        label="Code shown by the app",
        max_length=8,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": "",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )


def set_up(request: HttpRequest, site: "StaffSite") -> HttpResponse:
    """Show a new device's secret as a QR code until its code is entered, then recovery codes.

    Who has a device may remove it, or have new recovery codes, by a code: a session left open is not enough.
    """
    user = cast(User, request.user)
    confirmed = TOTPDevice.objects.filter(user=user, confirmed=True).order_by("pk").first()
    if confirmed is not None and not user.is_verified():  # type: ignore[attr-defined]
        # The session is older than the device: whoever holds it has not shown the code.
        logout(request)
        return HttpResponseRedirect(reverse("admin:login"))
    if confirmed is not None:
        return _change(request, site, user, confirmed)
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "app"})
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wrong = _what_is_wrong(device, form)
        if wrong is None:
            device.confirmed = True
            device.save()
            django_otp.login(request, device)
            _log(user, "Set up a second factor.")
            messages.success(request, "The second factor is set up: from now on a login asks for its code.")
            return _page(request, site, form=CodeForm(), device=device, codes=make_codes(user=user))
        form.add_error("code", wrong)
    return _page(request, site, form=form, device=device)


def has_device(*, user: User) -> bool:
    """Return whether the account's logins need a code."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def disable_second_factor(*, user: User) -> bool:
    """Let the account log in by its password alone again; whether it had a device."""
    devices = list(TOTPDevice.objects.filter(user=user).order_by("pk"))
    for device in devices:
        device.delete()
    void_codes(user=user)
    return any(device.confirmed for device in devices)


def make_codes(*, user: User) -> list[str]:
    """New codes for the account; those it had are void."""
    void_codes(user=user)
    device = StaticDevice.objects.create(user=user, name="recovery codes", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


def use_code(*, device: StaticDevice, code: str) -> bool:
    """Use a code up, and return whether it was one.

    Django OTP's `verify_token` reads a code and then deletes it, so that two logins at once both use it. Here the one
    whose delete finds it does.
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
    """How many of the account's codes were not used yet."""
    return StaticToken.objects.filter(device__in=_devices(user)).count()


def void_codes(*, user: User) -> None:
    """Let no code of the account be of use any more."""
    for device in _devices(user):
        device.token_set.all().delete()
        device.delete()


def _change(request: HttpRequest, site: "StaffSite", user: User, device: TOTPDevice) -> HttpResponse:
    """Remove the device or renew the codes, by a code of the device."""
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, site, form=form, device=device)
    wrong = _what_is_wrong(device, form)
    if wrong is not None:
        form.add_error("code", wrong)
        return _page(request, site, form=form, device=device)
    if "remove" in request.POST:
        disable_second_factor(user=user)
        _log(user, "Removed the second factor.")
        messages.success(request, "The second factor is removed.")
        return HttpResponseRedirect(reverse("admin:second_factor"))
    codes = make_codes(user=user)
    _log(user, "Made new recovery codes.")
    return _page(request, site, form=CodeForm(), device=device, codes=codes)


def _what_is_wrong(device: TOTPDevice, form: CodeForm) -> str | None:
    """What to say of the code that was typed; None where it is the device's."""
    allowed, lock = device.verify_is_allowed()
    if not allowed:
        wait = max(1, ceil((lock["locked_until"] - timezone.now()).total_seconds())) if lock else 1
        return f"After wrong codes the device waits: try again in {wait} s."
    if device.verify_token("".join(form.cleaned_data["code"].split())):
        return None
    return "That is not the current code, or it was used already. Is the clock of the device right?"


def _page(
    request: HttpRequest, site: "StaffSite", *, form: CodeForm, device: TOTPDevice, codes: Sequence[str] = ()
) -> HttpResponse:
    context = {**site.each_context(request), "title": "Second factor", "form": form, "codes": codes}
    if not device.confirmed:
        image = qrcode.make(device.config_url, image_factory=SvgPathImage, border=2)
        svg = BytesIO()
        image.save(svg)
        # Our own drawing of a random key and the account's name, which the QR code encodes.
        context["qr_code"] = mark_safe(svg.getvalue().decode().partition("?>")[2])  # noqa: S308
        context["secret"] = device.config_url.partition("secret=")[2].partition("&")[0]
    else:
        context["codes_left"] = count_codes(user=cast(User, request.user))
    return TemplateResponse(request, "career_navigator/admin_site/second_factor.html", context)


def _log(user: User, message: str) -> None:
    logger.info("staff account %r: %s", user.get_username(), message)
    LogEntry.objects.log_actions(user.pk, [user], CHANGE, message, single_object=True)


def _devices(user: User) -> list[StaticDevice]:
    return list(StaticDevice.objects.filter(user=user).order_by("pk"))
