"""The OpenAPI document, and the pages that show it."""

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from career_navigator.api.renderers import JSONRenderer

# Whatever the bundled pages would fetch from elsewhere (fonts, a logo) is refused by the browser.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
)


class OpenApiView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []  # the pages load it
    schema = None

    def get(self, request: Request) -> HttpResponse:
        with _generating:
            document = _openapi_document()
        return HttpResponse(document, content_type="application/json")


class _PageView(APIView):
    url_name = "openapi"

    def get_renderers(self) -> Sequence[BaseRenderer]:  # type: ignore[override]
        """Return the page's renderer; what answers other methods than GET is no page."""
        return super().get_renderers() if self.request.method in ("GET", "HEAD") else [JSONRenderer()]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response["Content-Security-Policy"] = PAGE_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


class SwaggerView(_PageView, SpectacularSwaggerView):
    pass


class RedocView(_PageView, SpectacularRedocView):
    template_name = "career_navigator/redoc.html"


# drf-spectacular loads its extensions while it generates: two threads that begin at once make it fail.
_generating = Lock()


@cache
def _openapi_document() -> bytes:
    """Generated once a process: the endpoints do not change while it runs."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    document: bytes = OpenApiJsonRenderer().render(schema)
    return document
