"""Report body fields and query parameters that an endpoint does not define and therefore ignored.

Every response lists the names in the header `Ignored-Fields`. A response whose body is an object built for the request
also lists them in its field `ignored_fields`. Lists, files, 204 responses and prebuilt bodies have only the header.
Both are absent if nothing was ignored.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request

HEADER = "Ignored-Fields"
FIELD = "ignored_fields"
# Marks an operation with a prebuilt body in the OpenAPI document, until `document_ignored` removes the mark.
HEADER_ONLY = "x-ignored-fields-in-header-only"
# A request may contain megabytes of names, so the report is bounded.
MAX_NAMES = 50
MAX_NAME_LENGTH = 100
MAX_HEADER_LENGTH = 2_000


def list_ignored(names: Iterable[Any], known: Collection[str]) -> list[str]:
    """Return the unknown names, sorted, at most MAX_NAMES of them."""
    return sorted({str(name)[:MAX_NAME_LENGTH] for name in names if name not in known})[:MAX_NAMES]


def list_body_names(request: Request, *, is_declared: bool) -> list[Any]:
    """Return the field names in the body, and an empty list for a body that cannot be parsed.

    A body that the endpoint does not declare is parsed only if it is JSON.
    """
    if not is_declared and not str(request.content_type).startswith("application/json"):
        return []
    with suppress(APIException, RequestDataTooBig, SuspiciousOperation, UnreadablePostError):
        return list(request.data) if isinstance(request.data, Mapping) else []
    return []


def report_ignored(response: HttpResponseBase, names: list[str]) -> None:
    """Add the ignored names to a response that is not rendered yet."""
    if not names:
        return
    header = ""
    for name in names:
        # Names come from the client and may contain any character, so they are percent-encoded.
        longer = f"{header}, {quote(name, safe='')}" if header else quote(name, safe="")
        if len(longer) > MAX_HEADER_LENGTH:
            break
        header = longer
    response.headers[HEADER] = header
    data = getattr(response, "data", None)
    if isinstance(data, Mapping):
        response.data = {**data, FIELD: sorted({*data.get(FIELD, ()), *names})}  # type: ignore[attr-defined]


def document_ignored(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Document the header on every successful response, and the field on every object (drf-spectacular hook)."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components.setdefault("headers", {})[HEADER] = {
        "description": "Body fields and query parameters that this endpoint ignored: percent-encoded names, separated "
        "by commas.",
        "schema": {"type": "string"},
    }
    component_names = {"Error"}
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            is_header_only = operation.pop(HEADER_ONLY, False)
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    continue
                response.setdefault("headers", {})[HEADER] = {"$ref": f"#/components/headers/{HEADER}"}
                if is_header_only:
                    continue
                schema = response.get("content", {}).get("application/json", {}).get("schema", {})
                component_names.add(schema.get("$ref", "").rpartition("/")[2])
    for name in component_names & schemas.keys():
        if schemas[name].get("type") == "object":
            schemas[name].setdefault("properties", {}).setdefault(
                FIELD,
                {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Body fields and query parameters that this endpoint ignored. Absent if none were.",
                },
            )
    return result
