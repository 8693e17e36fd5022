"""The OpenAPI document, and the pages that show it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response


@require_safe
def show_openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_openapi_document(), content_type="application/json")


# Whatever the bundled pages would fetch from elsewhere (fonts, a logo) is refused by the browser.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
)


class SwaggerView(SpectacularSwaggerView):
    url_name = "openapi"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response["Content-Security-Policy"] = PAGE_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


class RedocView(SpectacularRedocView):
    url_name = "openapi"
    template_name = "career_navigator/redoc.html"

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response["Content-Security-Policy"] = PAGE_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


@cache
def _openapi_document() -> bytes:
    """Generated once a process: the endpoints do not change while it runs."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    document: bytes = OpenApiJsonRenderer().render(schema)
    return document
