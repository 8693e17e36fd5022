"""How views are described in the OpenAPI document. Every view imports this, so the pages that show it are apart."""

import re
from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, append_meta, get_lib_doc_excludes, is_list_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from career_navigator.api.error_codes import ERROR_CODES, FIELD_CODES
from career_navigator.api.fields import SchemaField, StrictCharField
from career_navigator.api.serializers import FIELDS_PARAMETER, SuccessSerializer

ERROR_COMPONENT = "Error"
# Between the description of `fields` and the hook that describes what it leaves: the list in the answer, "" for itself.
SELECTED_LIST = "x-selected-list"
# What a parameter of this name is, unless its endpoint says more.
_PARAMETERS = {
    "job_id": "The job's id, as lists of jobs have it.",
    "run_id": "The run's id, as `POST /jobs/fetch_jobs` answers it.",
    "resume_id": "The resume's id.",
    "search_id": "The saved search's id, as `GET /jobs/searches` lists it.",
    "user_id": "The current user: `me`, or the own id.",
    "name": "The skill, in any spelling; one with a slash, as it is.",
    "limit": "How many items are answered at most.",
    "offset": "How many items are skipped first.",
    "category": "Only skills of this category.",
    "subcategory": "Only skills of this subcategory.",
    "difficulty": "Only projects of this difficulty.",
    "resource_type": "Only resources of this type.",
    "hours_per_week": "How many hours a week there are for learning.",
    "skills_limit": "How many skills are answered at most.",
    "locations_limit": "How many places are answered at most.",
}
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})


class BearerScheme(OpenApiAuthenticationExtension):
    """Describe the access token; drf-spectacular finds this by its class."""

    target_class = "rest_framework_simplejwt.authentication.JWTAuthentication"
    match_subclasses = True
    priority = 1
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ViewSchema(AutoSchema):
    """Describe a view by its class attributes (`ApiViewSet`), and an operation by the docstring of its method.

    The docstring's first line is the summary, the rest the description. `@extend_schema` is for what is left.
    """

    def get_operation_id(self) -> str:
        named = self._of_action("operation_id")
        if named:
            return str(named)
        # The path in words: GET of /jobs/saved is jobs_saved, PUT of it jobs_saved_put.
        words = "_".join(self._tokenize_path()).replace("-", "_").replace(".", "")
        action = getattr(self.view, "action", None)
        ending = self.method.lower() if self.method in ("PUT", "PATCH", "DELETE") else action
        return f"{words}_{ending}" if ending in ("put", "patch", "delete", "create", "retrieve") else words

    def map_parsers(self) -> list[Any]:
        # Generators write a client of its own kind for each media type, and some of them a broken one for several. The
        # view goes on reading all that its parsers do.
        parsers: list[Any] = super().map_parsers()
        return parsers[:1]

    def get_auth(self) -> list[Any]:
        # One without any requirement is as good as none.
        auth: list[Any] = super().get_auth()
        return auth if any(auth) else []

    def get_summary(self) -> str | None:
        return self._doc()[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]
        return self._doc()[1]

    def get_override_parameters(self) -> list[Any]:
        given = filter(None, [self._of_action("query_serializer_class")])
        return [*(self._of_action("path_parameters") or ()), *given, *self._describe_field_selection()]

    def _describe_field_selection(self) -> list[OpenApiParameter]:
        view: Any = self.view
        item = view.get_item_serializer() if getattr(view, "action", None) and hasattr(view, "item_list") else None
        if item is None:
            return []
        return [
            OpenApiParameter(
                FIELDS_PARAMETER,
                {"type": "array", "items": {"type": "string"}},
                style="form",
                explode=False,
                extensions={SELECTED_LIST: view.get_item_list()},
                description="The fields that the items of the list are to have, separated by commas; they lack the"
                f" others then. There are {', '.join(item.fields)}.",
            )
        ]

    def get_request_serializer(self) -> Any:
        return self._of_action("request_serializer_class")

    def get_response_serializers(self) -> Any:
        errors = dict.fromkeys(self._of_action("error_statuses") or ())
        media_type = self._of_action("media_type")
        if media_type:
            kind = OpenApiTypes.STR if media_type.startswith("text/") else OpenApiTypes.BINARY
            return {(200, media_type): OpenApiTypes.OBJECT if media_type == "application/json" else kind, **errors}
        serializer = self._of_action("serializer_class")
        success = self._of_action("success_status")
        if serializer is None and success is None and self.method != "DELETE":
            return super().get_response_serializers()
        by_method = 201 if self._is_create_operation() else 204 if serializer is None else 200
        success = success or by_method
        return dict.fromkeys([success] if isinstance(success, int) else success, serializer) | errors

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{type(cast(Any, self.view).paginator).__name__.removesuffix('Pagination')}Page"

    def _is_list_view(self, serializer: Any = None) -> bool:
        # Most lists are in an envelope that a serializer describes.
        is_paginated = getattr(self.view, "is_paginated", None)
        if is_paginated is None:
            return super()._is_list_view(serializer)
        return is_list_serializer(serializer) or bool(is_paginated())

    def _get_request_body(self, direction: Any = "request") -> Any:
        # drf-spectacular passes over the body of a DELETE even where a view declares one.
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)
        self.method = "POST"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, SchemaField):
            component = ResolvedComponent(field.schema_name, ResolvedComponent.SCHEMA, field.schema, field.schema_name)
            self.registry.register_on_missing(component)
            schema = append_meta(component.ref, self._get_serializer_field_meta(field, direction))
        if (
            isinstance(field, StrictCharField)
            and field.trim_whitespace
            and not field.allow_blank
            and direction == "request"
        ):
            # DRF's minimum of one character may be a space, which it trims and then refuses.
            schema.setdefault("pattern", r"\S")
        return schema

    def _get_parameters(self) -> Any:
        parameters = super()._get_parameters()
        for parameter in parameters:
            if parameter["name"] in _PARAMETERS:
                parameter.setdefault("description", _PARAMETERS[parameter["name"]])
        return parameters

    def _resolve_path_parameters(self, variables: Any) -> Any:
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            # Of a router's route, which says no more than that it is not empty.
            parameter["schema"].pop("pattern", None)
        return parameters

    def _of_action(self, name: str) -> Any:
        of_action = getattr(self.view, "of_action", None)
        return of_action(name) if of_action else None

    def _doc(self) -> tuple[str, str]:
        method = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        summary, _, description = cleandoc(getattr(method, "__doc__", None) or "").partition("\n")
        return summary, re.sub(r"(?<!\n)\n(?!\n)", " ", description.strip())


def list_undescribed_bases() -> list[type]:
    """Return the classes whose docstrings, for programmers, are no description of what derives from them."""
    return [*get_lib_doc_excludes(), SuccessSerializer]


def strip_trailing_slashes(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """drf-spectacular hook: a router's routes end in an optional slash."""
    return [(path.rstrip("/") or "/", *rest) for path, *rest in endpoints]


def document_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular hook: every operation names the errors it can answer, all of one shape.

    A view declares those that cannot be told from its path and body, as in `responses={..., 409: None}`.
    """
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["ErrorCodeEnum"] = _enumeration({code: sentence for code, (_, sentence) in ERROR_CODES.items()})
    schemas["FieldErrorCodeEnum"] = _enumeration(FIELD_CODES)
    schemas[ERROR_COMPONENT] = {
        "type": "object",
        "required": ["detail", "code"],
        "properties": {
            "detail": {"type": "string", "description": "One sentence that names the field and the rule."},
            "code": {"$ref": "#/components/schemas/ErrorCodeEnum"},
            "errors": {
                "type": "object",
                "description": "Of invalid input: each field's sentences.",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
            "error_codes": {
                "type": "object",
                "description": "Of invalid input: the code of each of these sentences, in their order.",
                "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/FieldErrorCodeEnum"}},
            },
        },
    }
    components["responses"] = {name: _response(description) for name, description in _RESPONSES.values()}
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            if method in METHODS:
                declared = _RESPONSES.keys() & operation["responses"].keys()
                for status in sorted({*declared, *_list_statuses(path, operation)}):
                    name = _RESPONSES[status][0]
                    if "content" not in operation["responses"].get(status, {}):
                        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
                operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _enumeration(meanings: Mapping[str, str]) -> dict[str, Any]:
    lines = "\n".join(f"- `{code}`: {meaning}" for code, meaning in meanings.items())
    return {"type": "string", "enum": list(meanings), "description": lines}


_RESPONSES = {
    "400": ("BadRequest", "The input is invalid."),
    "401": ("Unauthorized", "The token is missing, expired or not accepted."),
    "403": ("Forbidden", "This belongs to someone else."),
    "404": ("NotFound", "Not found."),
    "409": ("Conflict", "It was changed at the same time; read it again, then repeat the change."),
    "412": ("StaleVersion", "`If-Match` names another version than the stored one: read it again."),
    "413": ("BodyTooLarge", "The body is larger than accepted."),
    "415": ("UnsupportedMediaType", "The body's media type is not accepted."),
    "429": ("TooManyRequests", "Asked too often; Retry-After says in how many seconds to ask again."),
    "503": ("ServiceUnavailable", "A server this depends on is unavailable; Retry-After says when to try again."),
}


def _response(description: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{ERROR_COMPONENT}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _list_statuses(path: str, operation: dict[str, Any]) -> list[str]:
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
