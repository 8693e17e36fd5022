"""The URL configuration. Each app registers its viewsets in its own `urls.py`, with full paths."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from career_navigator.api.exceptions import build_problem, render_problem
from career_navigator.api.routers import OptionalSlashRouter, route
from career_navigator.observability.metrics import UNKNOWN_PATH, show_metrics
from career_navigator.views import HealthView, OpenApiView, ReadinessView, RedocView, RootView, SwaggerView


def unknown_path(request: HttpRequest) -> HttpResponse:
    """Return the 404 response for a path that no other route matches."""
    return render_problem(build_problem("path_not_found", "This path does not exist. See /docs for all paths."))


admin.autodiscover()

router = OptionalSlashRouter()
router.include(["accounts", "skills", "market", "learning", "projects", "ingestion"])

urlpatterns = [
    # The API's routes come first, because most requests are for them. They do not overlap with the routes below.
    path("", include(router.urls)),
    route("", RootView.as_view(), name="root"),
    route("health", HealthView.as_view(), name="health"),
    route("health/ready", ReadinessView.as_view(), name="ready"),
    route("metrics", show_metrics, name="metrics"),
    route("openapi.json", OpenApiView.as_view(), name="openapi"),
    route("docs", SwaggerView.as_view(), name="docs"),
    route("redoc", RedocView.as_view(), name="redoc"),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    # A catch-all route instead of handler404, so that unknown paths return JSON even if DEBUG is True.
    re_path(UNKNOWN_PATH, unknown_path),
]

handler400 = "career_navigator.api.exceptions.bad_request"
handler403 = "career_navigator.api.exceptions.render_exception"
handler404 = "career_navigator.api.exceptions.render_exception"
handler500 = "career_navigator.api.exceptions.server_error"
