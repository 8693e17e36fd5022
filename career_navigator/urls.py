"""The routes: each app registers its viewsets with a router of its own, whose paths are whole."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from career_navigator.api.exceptions import build_problem, render_problem
from career_navigator.api.routers import OptionalSlashRouter, route
from career_navigator.observability.metrics import UNKNOWN_PATH, show_metrics
from career_navigator.views import HealthView, OpenApiView, ReadinessView, RedocView, RootView, SwaggerView


def unknown_path(request: HttpRequest) -> HttpResponse:
    return render_problem(build_problem("path_not_found", "The API has no such path; /docs lists those that it has."))


admin.autodiscover()

router = OptionalSlashRouter()
router.include(["accounts", "skills", "market", "learning", "projects", "ingestion"])

urlpatterns = [
    # First, since most requests are for these; none of them is a path below.
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
    # Routed, so that an unknown path gets JSON with DEBUG on too.
    re_path(UNKNOWN_PATH, unknown_path),
]

handler400 = "career_navigator.api.exceptions.bad_request"
handler403 = "career_navigator.api.exceptions.render_exception"
handler404 = "career_navigator.api.exceptions.render_exception"
handler500 = "career_navigator.api.exceptions.server_error"
