"""The error codes in the code, in ERROR_CODES and in the docs are the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver
from rest_framework import serializers
from rest_framework.exceptions import APIException

from accounts.resumes.files.sandbox import REASONS
from career_navigator.api import error_codes
from career_navigator.api.error_codes import ERROR_CODES, FIELD_CODES, get_field_code, rewrite_message

ROOT = Path(__file__).parents[2]
# Callables that take an error code, with the position or name of that argument.
CODE_ARGUMENTS = {
    **dict.fromkeys(("NotFound", "PermissionDenied", "AuthenticationFailed", "Conflict", "ValidationError"), 1),
    **dict.fromkeys(("build_problem", "BodyRejected"), 0),
}
# Codes of the password validators. The API returns `weak_password` instead.
PASSWORD_CODES = {"too_short", "too_long", "no_upper_case", "no_lower_case", "no_digit"}


def list_sources() -> Iterator[Path]:
    """Yield the modules that handle API requests."""
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if folder.is_relative_to(ROOT) and ".venv" not in folder.parts:
            yield from (
                path
                for path in folder.rglob("*.py")
                if not {"tests", "management", "document_admin", "admin_site"} & {*path.relative_to(ROOT).parts}
                and path.name not in ("admin.py", "models.py", "documents.py", "passwords.py")
            )


def list_written_codes() -> Iterator[tuple[str, str]]:
    for path in list_sources():
        text = path.read_text()
        yield from (("not_found_code", code) for code in re.findall(r'not_found_code\W+(?:str = )?"(\w+)"', text))
        for node in ast.walk(ast.parse(text)):
            name = getattr(getattr(node, "func", None), "id", None) or getattr(
                getattr(node, "func", None), "attr", None
            )
            if not isinstance(node, ast.Call) or name not in CODE_ARGUMENTS:
                continue
            given = [each.value for each in node.keywords if each.arg == "code"]
            given += node.args[CODE_ARGUMENTS[name] :][:1]
            for argument in given:
                constants = [each for each in ast.walk(argument) if isinstance(each, ast.Constant)]
                yield from ((name, each.value) for each in constants if isinstance(each.value, str))


def list_subclasses(parent: type[Any]) -> Iterator[type[Any]]:
    for child in parent.__subclasses__():
        yield child
        yield from list_subclasses(child)


def list_request_serializers() -> Iterator[Any]:
    for pattern in get_resolver().url_patterns:
        for route in getattr(pattern, "url_patterns", ()):
            view = getattr(route.callback, "cls", None)
            initkwargs = getattr(route.callback, "initkwargs", {})
            options = [initkwargs, *getattr(view, "action_options", {}).values(), vars(view) if view else {}]
            for option in options:
                for name in ("request_serializer_class", "query_serializer_class"):
                    serializer_class = option.get(name)
                    if serializer_class is not None:
                        yield serializer_class()


def list_fields(serializer: Any) -> Iterator[Any]:
    yield serializer
    for field in serializer.fields.values():
        yield field
        child = getattr(field, "child", None)
        if child is not None:
            yield child
        if isinstance(field, serializers.BaseSerializer):
            yield from list_fields(field)


def test_lists_every_code_that_is_written_down():
    found = set(list_written_codes())

    listed = {*ERROR_CODES, *FIELD_CODES, *PASSWORD_CODES}
    assert len(found) > 30
    assert {(name, code) for name, code in found if code not in listed} == set()


def test_lists_the_code_of_every_exception_of_the_api():
    ours = [each for each in list_subclasses(APIException) if not each.__module__.startswith("rest_framework")]

    assert len(ours) >= 4
    assert {each.__name__: each.default_code for each in ours if each.default_code not in ERROR_CODES} == {}


def test_lists_the_codes_of_all_field_errors():
    listed = {*FIELD_CODES, *error_codes._FIELD_CODES_BY_OTHER_NAME}
    unlisted = set()
    for serializer in list_request_serializers():
        for field in list_fields(serializer):
            codes = {*field.error_messages, *(getattr(each, "code", "invalid") for each in field.validators)}
            unlisted |= {(type(field).__name__, code) for code in codes - listed}

    assert unlisted == set()
    assert set(REASONS) <= {*listed}
    assert set(error_codes._FIELD_CODES_BY_OTHER_NAME.values()) <= set(FIELD_CODES)


def test_lists_no_code_that_nothing_raises():
    text = "\n".join(path.read_text() for path in list_sources() if path.name != "error_codes.py")

    # Default codes per status, including those for DRF's own errors.
    by_status = {*error_codes._CODES_BY_STATUS.values()}
    assert {code for code in ERROR_CODES if f'"{code}"' not in text} - by_status == set()


@pytest.mark.parametrize(
    ("heading", "listed"),
    [
        ("Error codes", {code: f"{status}" for code, (status, _) in ERROR_CODES.items()}),
        ("Field codes", dict(FIELD_CODES)),
    ],
)
def test_shows_every_code_in_the_docs(heading, listed):
    page = (ROOT / "docs" / "reference" / "error-codes.md").read_text()
    section = re.findall(rf"^## {heading}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)[0]

    assert dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", section, re.MULTILINE)) == listed


def test_lists_every_code_in_the_schema(client: Client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    assert schemas["ErrorCodeEnum"]["enum"] == list(ERROR_CODES)
    assert schemas["FieldErrorCodeEnum"]["enum"] == list(FIELD_CODES)
    assert schemas["Error"]["required"] == ["detail", "code"]
    assert schemas["Error"]["properties"]["code"] == {"$ref": "#/components/schemas/ErrorCodeEnum"}


@pytest.mark.parametrize("code", ["required", "not_a_dict", "none_of_ours", ""])
def test_maps_an_unlisted_field_code_to_a_listed_one(code):
    assert get_field_code(code) in FIELD_CODES


FRAMEWORK_WORDS = re.compile(
    r"dictionary|valid (?:integer|number|boolean|string)|Ensure|\bgot\b|Enter a|may not be|JSON parse|Unsupported|"
    r"credentials were|throttled|Not found|submitted|elements"
)


def test_overrides_the_messages_of_the_framework():
    """Check every message of every serializer field that reads a body or a query."""
    spoken = set()
    for serializer in list_request_serializers():
        for field in list_fields(serializer):
            messages = {*field.error_messages.values(), *(getattr(each, "message", "") for each in field.validators)}
            spoken |= {str(each) for each in messages}

    filled = {re.sub(r"\{\w+[^}]*\}|%\(\w+\)d", "3", each) for each in spoken}
    plain = {rewrite_message(each) for each in filled}
    assert len(plain) > 20
    assert {each for each in plain if FRAMEWORK_WORDS.search(each)} == set()
