"""Middleware that the admin alone needs: sessions, CSRF tokens, staff accounts and messages, on its paths only."""

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

from career_navigator.api.exceptions import is_admin_path

# The theme's Alpine.js builds functions of the expressions in its own templates, which counts as eval; no script stands
# in a page, and none is fetched from elsewhere. Styles are in pages.
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
    def _device_from_persistent_id(self, persistent_id: str) -> Any:
        # Django OTP takes every device's id for a number, which an ObjectId is not, and would verify nobody. A test of
        # the login notices when a later version asks in another way.
        from django_otp.plugins.otp_static.models import StaticDevice
        from django_otp.plugins.otp_totp.models import TOTPDevice

        label, _, device_id = persistent_id.rpartition("/")
        kinds = {kind.model_label(): kind for kind in (TOTPDevice, StaticDevice)}
        if label not in kinds or not ObjectId.is_valid(device_id):
            return None
        return kinds[label].objects.filter(pk=ObjectId(device_id)).first()


class AdminMiddleware:
    """Run Django's middleware for the admin's paths, and say what its pages may load and that no cache keeps them."""

    # The outermost first, as in the setting MIDDLEWARE.
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
            # As Django does between the middleware of its setting.
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
        """Check the CSRF token of a form: the only one of these that has this hook of Django's."""
        return self._csrf.process_view(request, *args) if is_admin_path(request) else None
