"""Codes that stand in for a lost device, each once: Django OTP's static devices."""

from django.contrib.auth.models import User
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

CODE_LENGTH = 8
_CODES = 10


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


def _devices(user: User) -> list[StaticDevice]:
    return list(StaticDevice.objects.filter(user=user).order_by("pk"))
