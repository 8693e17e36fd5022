"""Name what of a request was not looked at: fields of its body, and query parameters, that an endpoint does not have.

They stand in `ignored_fields` of an answer that is an object, and in the header `Ignored-Fields` of every answer, which
lists, files, 204 and answers that are sent from a cache have alone. Neither is there where nothing was ignored.
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
# What is named comes from the request, which may hold megabytes of names.
MAX_NAMES = 50
MAX_NAME_LENGTH = 100
MAX_HEADER_LENGTH = 2_000
# Their answers are stored or rendered ahead, so they have the header alone.
_ANSWERED_FROM_BYTES = frozenset({"auth_me", "market_trending"})


def list_ignored(given: Iterable[Any], known: Collection[str]) -> list[str]:
    """Return the names among `given` that are not known, in their order in the alphabet."""
    return sorted({str(name)[:MAX_NAME_LENGTH] for name in given if name not in known})[:MAX_NAMES]


def list_body_names(request: Request, *, is_declared: bool) -> list[Any]:
    """Return the names in the body. One that the endpoint does not declare is read where it is JSON, and may be bad."""
    if not is_declared and not str(request.content_type).startswith("application/json"):
        return []
    with suppress(APIException, RequestDataTooBig, SuspiciousOperation, UnreadablePostError):
        return list(request.data) if isinstance(request.data, Mapping) else []
    return []


def report_ignored(response: HttpResponseBase, names: list[str]) -> None:
    """Name them in the response, which is not rendered yet."""
    if not names:
        return
    header = ""
    for name in names:
        # Percent-encoded, since a name may hold anything.
        longer = f"{header}, {quote(name, safe='')}" if header else quote(name, safe="")
        if len(longer) > MAX_HEADER_LENGTH:
            break
        header = longer
    response.headers[HEADER] = header
    data = getattr(response, "data", None)
    if isinstance(data, Mapping):
        response.data = {**data, FIELD: sorted({*data.get(FIELD, ()), *names})}  # type: ignore[attr-defined]


def document_ignored(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular hook: every answer that is an object may have the field, and every answer the header."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components.setdefault("headers", {})[HEADER] = {
        "description": "The names in the body and the query that mean nothing here, percent-encoded, with commas.",
        "schema": {"type": "string"},
    }
    named = {"Error"}
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    continue
                response.setdefault("headers", {})[HEADER] = {"$ref": f"#/components/headers/{HEADER}"}
                if operation["operationId"] in _ANSWERED_FROM_BYTES:
                    continue
                schema = response.get("content", {}).get("application/json", {}).get("schema", {})
                named.add(schema.get("$ref", "").rpartition("/")[2])
    for name in named & schemas.keys():
        if schemas[name].get("type") == "object":
            schemas[name].setdefault("properties", {}).setdefault(
                FIELD,
                {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "The names in the body and the query that mean nothing here; if there are any.",
                },
            )
    return result
