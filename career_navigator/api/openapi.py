"""Generate the OpenAPI description of views from their class attributes and docstrings.

Every view imports this module, so the views that serve the document are in `career_navigator.views`.
"""

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
from career_navigator.api.ignored import HEADER_ONLY
from career_navigator.api.serializers import FIELDS_PARAMETER, SuccessSerializer

ERROR_COMPONENT = "Error"
# Set on the parameter `fields` for the hook `describe_selected_fields`: the name of the list in the response, or "" if
# the response itself is the list.
SELECTED_LIST = "x-selected-list"
# Descriptions by parameter name, for endpoints that provide none.
_PARAMETERS = {
    "job_id": "The job's id, as returned in lists of jobs.",
    "run_id": "The run's id, as returned by `POST /jobs/fetch_jobs`.",
    "resume_id": "The resume's id.",
    "search_id": "The saved search's id, as returned by `GET /jobs/searches`.",
    "user_id": "The current user: `me`, or your own id.",
    "name": "The skill's name in any spelling. It may contain slashes.",
    "limit": "Maximum number of items to return.",
    "offset": "Number of items to skip.",
    "category": "Return only skills of this category.",
    "subcategory": "Return only skills of this subcategory.",
    "difficulty": "Return only projects of this difficulty.",
    "resource_type": "Return only resources of this type.",
    "hours_per_week": "Hours per week available for learning.",
    "skills_limit": "Maximum number of skills to return.",
    "locations_limit": "Maximum number of places to return.",
}
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})


class BearerScheme(OpenApiAuthenticationExtension):
    """The description of the access token. drf-spectacular finds it by `target_class`."""

    target_class = "rest_framework_simplejwt.authentication.JWTAuthentication"
    match_subclasses = True
    priority = 1
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ViewSchema(AutoSchema):
    """A schema generator that reads the class attributes of `ApiViewSet` and the docstrings of its actions.

    The first line of a docstring is the operation's summary, and the rest is its description. Use `@extend_schema` for
    anything else.
    """

    def get_operation_id(self) -> str:
        operation_id = self._get_action_option("operation_id")
        if operation_id:
            return str(operation_id)
        # Derived from the path: GET /jobs/saved is jobs_saved, and PUT /jobs/saved is jobs_saved_put.
        words = "_".join(self._tokenize_path()).replace("-", "_").replace(".", "")
        action = getattr(self.view, "action", None)
        ending = self.method.lower() if self.method in ("PUT", "PATCH", "DELETE") else action
        return f"{words}_{ending}" if ending in ("put", "patch", "delete", "create", "retrieve") else words

    def get_extensions(self) -> dict[str, Any]:
        return {HEADER_ONLY: True} if self._get_action_option("has_prebuilt_body") else {}

    def map_parsers(self) -> list[Any]:
        # Client generators write one method per media type, and some write broken code if there are several. So the
        # document lists only the first media type. The view still accepts all of them.
        parsers: list[Any] = super().map_parsers()
        return parsers[:1]

    def get_auth(self) -> list[Any]:
        # Drop a list that contains only empty requirements.
        auth: list[Any] = super().get_auth()
        return auth if any(auth) else []

    def get_summary(self) -> str | None:
        return self._doc()[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]
        return self._doc()[1]

    def get_override_parameters(self) -> list[Any]:
        query = filter(None, [self._get_action_option("query_serializer_class")])
        return [*(self._get_action_option("path_parameters") or ()), *query, *self._describe_field_selection()]

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
                description="Fields to return for each item of the list, separated by commas. Defaults to all fields. "
                f"Available fields: {', '.join(item.fields)}.",
            )
        ]

    def get_request_serializer(self) -> Any:
        return self._get_action_option("request_serializer_class")

    def get_response_serializers(self) -> Any:
        errors = dict.fromkeys(self._get_action_option("error_statuses") or ())
        media_type = self._get_action_option("media_type")
        if media_type:
            kind = OpenApiTypes.STR if media_type.startswith("text/") else OpenApiTypes.BINARY
            return {(200, media_type): OpenApiTypes.OBJECT if media_type == "application/json" else kind, **errors}
        serializer = self._get_action_option("serializer_class")
        success = self._get_action_option("success_status")
        if serializer is None and success is None and self.method != "DELETE":
            return super().get_response_serializers()
        default = 201 if self._is_create_operation() else 204 if serializer is None else 200
        success = success or default
        return dict.fromkeys([success] if isinstance(success, int) else success, serializer) | errors

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{type(cast(Any, self.view).paginator).__name__.removesuffix('Pagination')}Page"

    def _is_list_view(self, serializer: Any = None) -> bool:
        # drf-spectacular takes every `list` action for a bare list, but most serializers here describe an envelope.
        is_paginated = getattr(self.view, "is_paginated", None)
        if is_paginated is None:
            return super()._is_list_view(serializer)
        return is_list_serializer(serializer) or bool(is_paginated())

    def _get_request_body(self, direction: Any = "request") -> Any:
        # drf-spectacular omits the request body of a DELETE operation even if the view declares one.
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if isinstance(field, SchemaField):
            component = ResolvedComponent(field.schema_name, ResolvedComponent.SCHEMA, field.schema, field.schema_name)
            self.registry.register_on_missing(component)
            schema = append_meta(component.ref, self._get_serializer_field_meta(field, direction))  # type: ignore[no-untyped-call]
        if (
            isinstance(field, StrictCharField)
            and field.trim_whitespace
            and not field.allow_blank
            and direction == "request"
        ):
            # minLength 1 alone would allow a single space, which DRF trims and then rejects as blank.
            schema.setdefault("pattern", r"\S")
        return schema

    def _get_parameters(self) -> Any:
        parameters = super()._get_parameters()
        for parameter in parameters:
            if parameter["name"] in _PARAMETERS:
                parameter.setdefault("description", _PARAMETERS[parameter["name"]])
        return parameters

    def _resolve_path_parameters(self, variables: Any) -> Any:
        parameters = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            # The router's pattern says only that the parameter is not empty.
            parameter["schema"].pop("pattern", None)
        return parameters

    def _get_action_option(self, name: str) -> Any:
        get_action_option = getattr(self.view, "get_action_option", None)
        return get_action_option(name) if get_action_option else None

    def _doc(self) -> tuple[str, str]:
        method = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        summary, _, description = cleandoc(getattr(method, "__doc__", None) or "").partition("\n")
        return summary, re.sub(r"(?<!\n)\n(?!\n)", " ", description.strip())


def list_undescribed_bases() -> list[type]:
    """Return the base classes whose docstrings must not become descriptions of their subclasses."""
    return [*get_lib_doc_excludes(), SuccessSerializer]


def strip_trailing_slashes(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """Strip the router's optional trailing slash from each path (drf-spectacular hook)."""
    return [(path.rstrip("/") or "/", *rest) for path, *rest in endpoints]


def document_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Document the possible errors of every operation (drf-spectacular hook).

    Most statuses follow from the path, the parameters and the body. A view declares the others in `error_statuses`, or
    with `responses={..., 409: None}`.
    """
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["ErrorCodeEnum"] = _build_enum({code: meaning for code, (_, meaning) in ERROR_CODES.items()})
    schemas["FieldErrorCodeEnum"] = _build_enum(FIELD_CODES)
    schemas[ERROR_COMPONENT] = {
        "type": "object",
        "required": ["detail", "code"],
        "properties": {
            "detail": {"type": "string", "description": "A message for people. For invalid input, it names a field."},
            "code": {"$ref": "#/components/schemas/ErrorCodeEnum"},
            "errors": {
                "type": "object",
                "description": "For invalid input: the messages for each field.",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
            "error_codes": {
                "type": "object",
                "description": "For invalid input: the code of each message in `errors`, in the same order.",
                "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/FieldErrorCodeEnum"}},
            },
        },
    }
    components["responses"] = {name: _build_response(description) for name, description in _RESPONSES.values()}
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


def _build_enum(meanings: Mapping[str, str]) -> dict[str, Any]:
    lines = "\n".join(f"- `{code}`: {meaning}" for code, meaning in meanings.items())
    return {"type": "string", "enum": list(meanings), "description": lines}


_RESPONSES = {
    "400": ("BadRequest", "The input is invalid."),
    "401": ("Unauthorized", "The access token is missing, expired or invalid."),
    "403": ("Forbidden", "You do not have access to this resource."),
    "404": ("NotFound", "Not found."),
    "409": ("Conflict", "The request conflicts with the stored data. `code` names the conflict."),
    "412": ("StaleVersion", "`If-Match` does not match the stored version. Read the resource again."),
    "413": ("BodyTooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "The body's media type is not accepted."),
    "429": ("TooManyRequests", "Too many requests. `Retry-After` is the number of seconds to wait."),
    "503": ("ServiceUnavailable", "A server that this service depends on is unavailable. Try again later."),
}


def _build_response(description: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{ERROR_COMPONENT}"}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _list_statuses(path: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["429", "503"]
    if operation.get("parameters") or "requestBody" in operation:
        statuses.append("400")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    # drf-spectacular adds an empty requirement if the token is optional.
    if any(operation.get("security", [])):
        statuses += ["401", "403"]
    if "{" in path:
        statuses.append("404")
    return statuses
