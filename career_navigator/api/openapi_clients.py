"""drf-spectacular hooks that adapt the OpenAPI document to client generators."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.module_loading import import_string
from drf_spectacular.settings import spectacular_settings

from career_navigator.api.openapi import SELECTED_LIST

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_NULL = "NullEnum"
_REFERENCE = "#/components/schemas/"


def share_enums(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Use one enum component for the same choices in requests, responses and query parameters.

    drf-spectacular shares enums only between component properties, not in nullable lists, and it adds a component for
    null.
    """
    schemas = result["components"]["schemas"]
    names = {frozenset(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    for name, path in spectacular_settings.ENUM_NAME_OVERRIDES.items():
        names.setdefault(frozenset(import_string(path)), name)
    schemas.pop(_NULL, None)
    for schema in _walk([each for each in schemas.values() if "enum" not in each] + [result["paths"]]):
        if schema.get("$ref") == _REFERENCE + _NULL:
            schema.clear()
            schema["type"] = "null"
        values: list[Any] = schema["enum"] if isinstance(schema.get("enum"), list) else []
        choices = [each for each in values if each is not None]
        if name := names.get(frozenset(choices)):
            schemas.setdefault(name, {"type": "string", "enum": choices})
            for key in ("enum", "type", "x-spec-enum-id"):
                schema.pop(key, None)
            reference = {"$ref": _REFERENCE + name}
            schema.update(reference if len(values) == len(choices) else {"oneOf": [reference, {"type": "null"}]})
    for schema in schemas.values():
        if any(not str(each)[:1].isalpha() for each in schema.get("enum", ())):
            # Generators need identifiers, and a choice such as "1st year" is not one.
            schema["x-enum-varnames"] = [_build_identifier(each) for each in schema["enum"]]
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def leave_null_out_of_forms(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Remove null from the types of form fields. Forms contain only text, so clients would send the string "None"."""
    for operation in _walk(result["paths"]):
        content = operation.get("requestBody", {}).get("content", {})
        for media_type in _FORMS:
            name = content.get(media_type, {}).get("schema", {}).get("$ref", "").removeprefix(_REFERENCE)
            for field in result["components"]["schemas"].get(name, {}).get("properties", {}).values():
                if isinstance(field.get("type"), list):
                    field["type"] = next(kind for kind in field["type"] if kind != "null")
    return result


def describe_selected_fields(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Make all fields of list items optional if the endpoint has the parameter `fields`.

    Otherwise generated clients fail to parse an item that lacks fields.
    """
    schemas = result["components"]["schemas"]
    for operation in [each for methods in result["paths"].values() for each in methods.values()]:
        for parameter in operation.get("parameters", ()):
            list_name = parameter.pop(SELECTED_LIST, None)
            if list_name is None:
                continue
            for status in [each for each in operation["responses"] if each.startswith("2")]:
                (content,) = operation["responses"][status]["content"].values()
                body = _resolve(content["schema"], schemas)
                _allow_partial_items((body["properties"][list_name] if list_name else body)["items"], schemas)
    return result


def _allow_partial_items(items: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "$ref" not in items:  # already changed, because two operations share this response
        return
    name = items.pop("$ref").removeprefix(_REFERENCE)
    partial = {key: value for key, value in schemas[name].items() if key != "required"}
    schemas[f"Selected{name}"] = partial | {"description": f"{name} with only the fields that `fields` selects."}
    items["anyOf"] = [{"$ref": _REFERENCE + name}, {"$ref": f"{_REFERENCE}Selected{name}"}]


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = schemas.get(schema.get("$ref", "").removeprefix(_REFERENCE), schema)
    return resolved


def _walk(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in `part`, parents first. Children are read after the caller has changed their parent."""
    if isinstance(part, dict):
        yield part
    for each in list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _walk(each)


def _build_identifier(choice: str) -> str:
    """Return an identifier for a choice. Words that begin with a digit go last: "1st year" becomes YEAR_1ST."""
    words = re.findall(r"[A-Za-z0-9]+", choice)
    words.sort(key=lambda word: word[0].isdigit())
    return "_".join(words).upper()
