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

ERROR_COMPONENT = "Error"
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})


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


def document_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular hook: every operation names the errors it can answer, all of one shape.

    A view declares those that cannot be told from its path and body, as in `responses={..., 409: None}`.
    """
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})[ERROR_COMPONENT] = {
        "type": "object",
        "required": ["detail"],
        "properties": {
            "detail": {"type": "string", "description": "One sentence that names the field and the rule."},
            "errors": {
                "type": "object",
                "description": "Of invalid input: each field's sentences.",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
    }
    components["responses"] = {name: _response(description) for name, description in _RESPONSES.values()}
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            if method in METHODS:
                declared = _RESPONSES.keys() & operation["responses"].keys()
                for status in sorted({*declared, *_statuses_of(path, operation)}):
                    name = _RESPONSES[status][0]
                    if "content" not in operation["responses"].get(status, {}):
                        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
                operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


_RESPONSES = {
    "400": ("BadRequest", "The input is invalid."),
    "401": ("Unauthorized", "The token is missing, expired or not accepted."),
    "403": ("Forbidden", "This belongs to someone else."),
    "404": ("NotFound", "There is no such thing."),
    "409": ("Conflict", "It was changed at the same time; read it again, then repeat the change."),
    "413": ("BodyTooLarge", "The body is larger than accepted."),
    "415": ("UnsupportedMediaType", "The body's media type is not accepted."),
    "429": ("TooManyRequests", "Asked too often; Retry-After says in how many seconds to ask again."),
    "503": ("ServiceUnavailable", "A server this depends on is away; Retry-After says when to try again."),
}


def _response(description: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{ERROR_COMPONENT}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _statuses_of(path: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["429", "503"]
    if operation.get("parameters") or "requestBody" in operation:
        statuses.append("400")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    # drf-spectacular writes an empty requirement where a token is optional.
    if any(operation.get("security", [])):
        statuses += ["401", "403"]
    if "{" in path:
        statuses.append("404")
    return statuses
