"""Middleware that runs only on the admin's paths: sessions, CSRF protection, authentication and messages."""

from collections.abc import Callable
from typing import Any

from bson import ObjectId
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django_otp.middleware import OTPMiddleware
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from career_navigator.api.exceptions import is_admin_path

# 'unsafe-eval' is needed because the theme's Alpine.js compiles the expressions in its templates. Pages have inline
# styles, but no inline scripts and no scripts from other origins.
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class TwoFactorMiddleware(OTPMiddleware):
    """Django OTP's middleware for devices that have an ObjectId as primary key."""

    def _device_from_persistent_id(self, persistent_id: str) -> Any:
        # Django OTP parses a device's id as an integer, so it would not find any device here. The login tests fail if a
        # later version no longer calls this private method.
        label, _, device_id = persistent_id.rpartition("/")
        kinds = {kind.model_label(): kind for kind in (TOTPDevice, StaticDevice)}
        if label not in kinds or not ObjectId.is_valid(device_id):
            return None
        return kinds[label].objects.filter(pk=ObjectId(device_id)).first()


class AdminMiddleware:
    """Middleware that runs Django's session-based middleware on the admin's paths only.

    It also sets the Content-Security-Policy and Cache-Control headers of admin pages.
    """

    # Outermost first, as in the MIDDLEWARE setting.
    middleware = (
        SessionMiddleware,
        CommonMiddleware,
        CsrfViewMiddleware,
        AuthenticationMiddleware,
        TwoFactorMiddleware,
        MessageMiddleware,
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._get_admin_response: Callable[[HttpRequest], Any] = get_response
        for middleware in reversed(self.middleware):
            # Django's own handler wraps each middleware the same way.
            instance = middleware(self._get_admin_response)
            self._get_admin_response = convert_exception_to_response(instance)
            if isinstance(instance, CsrfViewMiddleware):
                self._csrf = instance

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_admin_path(request):
            return self._get_response(request)
        response: HttpResponseBase = self._get_admin_response(request)
        response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Check the CSRF token of a form. None of the other wrapped middleware has a `process_view` hook."""
        return self._csrf.process_view(request, *args) if is_admin_path(request) else None
