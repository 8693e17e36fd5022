"""Middleware that the admin alone needs: sessions, CSRF tokens, staff accounts and messages, on its paths only."""

from typing import Any

from bson import ObjectId
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin
from django_otp.middleware import OTPMiddleware

# The theme's Alpine.js builds functions of the expressions in its own templates, which counts as eval; no script stands
# in a page, and none is fetched from elsewhere. Styles stand in pages.
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


class _OnAdminPaths:
    """Mixed in before a middleware: requests outside `/admin` pass it by."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith("/admin"):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)  # type: ignore[attr-defined]


class AdminSessionMiddleware(_OnAdminPaths, SessionMiddleware):
    pass


class AdminCommonMiddleware(_OnAdminPaths, CommonMiddleware):
    pass


class AdminCsrfMiddleware(_OnAdminPaths, CsrfViewMiddleware):
    def process_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().process_view(request, *args, **kwargs) if request.path_info.startswith("/admin") else None


class AdminAuthenticationMiddleware(_OnAdminPaths, AuthenticationMiddleware):
    pass


class AdminMessageMiddleware(_OnAdminPaths, MessageMiddleware):
    pass


class AdminSecondFactorMiddleware(_OnAdminPaths, OTPMiddleware):
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


class AdminContentSecurityMiddleware(_OnAdminPaths, MiddlewareMixin):
    """Says what the admin's pages may load, and that no cache keeps them."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
