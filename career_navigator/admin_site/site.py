"""The admin site: Unfold's, with a throttled login and a second factor."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from career_navigator.admin_site import second_factor
from career_navigator.admin_site.login import StaffAuthenticationForm


class StaffSite(UnfoldAdminSite):
    """With ADMIN_REQUIRE_TOTP nobody is let in whose session was not verified by a one-time code."""

    login_form = StaffAuthenticationForm
    login_template = "career_navigator/admin_site/login.html"
    index_template = "career_navigator/admin_site/index.html"
    index_title = "Dashboard"
    # There is no page of the platform's own to look at.
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not self._lacks_code(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and super().has_permission(request) and self._lacks_code(request):
            # The password was right; what is missing is the device.
            return HttpResponseRedirect(reverse("admin:second_factor"))
        response = super().login(request, extra_context)
        form = getattr(response, "context_data", {}).get("form")
        if isinstance(form, StaffAuthenticationForm) and form.seconds_to_wait:
            response.status_code = 429
            response.headers["Retry-After"] = str(form.seconds_to_wait)
        return response

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("second-factor/", self._second_factor, name="second_factor"),
            # Instead of Django's way to an object's own page, which breaks on what is no id: nothing here has one.
            path("r/<path:rest>", self.admin_view(_not_found)),
        ]

    def _second_factor(self, request: HttpRequest) -> HttpResponse:
        # Reached with a session that `has_permission` still refuses, so it looks for itself.
        if isinstance(request.user, AnonymousUser) or not super().has_permission(request):
            return HttpResponseRedirect(f"{reverse('admin:login')}?{REDIRECT_FIELD_NAME}={request.path}")
        return second_factor.set_up(request, self)

    def _lacks_code(self, request: HttpRequest) -> bool:
        """Whether the session showed no code where one is demanded, or was set up since: then it is over."""
        if request.user.is_verified():  # type: ignore[union-attr]
            return False
        return settings.ADMIN_REQUIRE_TOTP or second_factor.has_device(user=cast(User, request.user))


def _not_found(request: HttpRequest, rest: str) -> HttpResponse:
    raise Http404
