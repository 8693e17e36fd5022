"""Every operation of the OpenAPI document has an example request and response that match its schema."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from career_navigator.api.openapi_examples import load_examples

# Binary responses have no readable example.
BINARY = {"resumes_pdf", "resumes_docx"}


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    response: dict[str, Any] = client.get("/openapi.json").json()
    return response


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [operation for methods in document["paths"].values() for operation in methods.values()]
    return {operation["operationId"]: operation for operation in found}


def list_contents(parts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in parts.values():
        yield from part.get("content", {}).values()


def make_strict(part: Any) -> Any:
    """Return the schema with `additionalProperties: false` on every object."""
    if isinstance(part, list):
        return [make_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    strict = {name: make_strict(each) for name, each in part.items()}
    return strict | ({"additionalProperties": False} if "properties" in part and part.get("type") == "object" else {})


def find_faults(document: dict[str, Any], schema: dict[str, Any], example: Any) -> list[str]:
    components = make_strict(document["components"])
    # Each app adds its own property to an export.
    components["schemas"]["Export"].pop("additionalProperties")
    root = make_strict(schema) | {"components": components}
    return [error.message for error in Draft202012Validator(root).iter_errors(example)]


def test_records_exactly_the_documented_operations(document: dict[str, Any]) -> None:
    assert set(load_examples()) == set(operations(document))


def test_shows_an_example_of_every_body(document: dict[str, Any]) -> None:
    missing = [
        name
        for name, operation in operations(document).items()
        if not all("example" in each for each in operation.get("requestBody", {}).get("content", {}).values())
    ]

    assert not missing


def test_describes_every_parameter(document: dict[str, Any]) -> None:
    silent = [
        (name, parameter["name"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]

    assert not silent


def test_shows_an_example_of_every_parameter_that_is_required(document: dict[str, Any]) -> None:
    missing = [
        (name, parameter["name"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", ())
        if parameter.get("required") and "example" not in parameter
    ]

    assert not missing


def test_shows_an_example_response_of_every_operation(document: dict[str, Any]) -> None:
    missing = [
        name
        for name, operation in operations(document).items()
        for good in [{status: each for status, each in operation["responses"].items() if status.startswith("2")}]
        if list(list_contents(good)) and not any("example" in each for each in list_contents(good))
    ]

    assert set(missing) == BINARY


def test_fills_the_forms_of_docs_pages_with_recorded_examples(document: dict[str, Any]) -> None:
    forms = {
        name: content
        for name, operation in operations(document).items()
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        if media_type != "application/json"
    }

    assert {"resumes_generate", "auth_login_form"} <= set(forms)
    for content in forms.values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        fields = (document["components"]["schemas"][name] if name else content["schema"])["properties"]
        shown = {field: schema["examples"] for field, schema in fields.items() if schema.get("format") != "binary"}
        assert shown == {field: [content["example"].get(field, "")] for field in shown}


def test_shows_no_user_id_where_the_current_user_is_meant(document: dict[str, Any]) -> None:
    shown = {
        (name, parameter["example"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "user_id" and parameter["in"] == "path"
    }

    assert len(shown) >= 5
    assert {example for _, example in shown} == {"me"}


def test_has_example_requests_that_match_the_schema(document: dict[str, Any]) -> None:
    wrong = {
        f"{name} {parameter['name']}": found
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", ())
        if "example" in parameter and (found := find_faults(document, parameter["schema"], parameter["example"]))
    }
    wrong |= {
        name: found
        for name, operation in operations(document).items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if (found := find_faults(document, content["schema"], content["example"]))
    }

    assert not wrong


def test_has_example_responses_that_match_the_schema(document: dict[str, Any]) -> None:
    """Run `make examples` after a change of a response."""
    wrong = {
        name: found
        for name, operation in operations(document).items()
        for content in list_contents(operation["responses"])
        if "example" in content and (found := find_faults(document, content["schema"], content["example"]))
    }

    assert not wrong


def test_shows_no_secret_and_no_real_person() -> None:
    text = str(load_examples())

    assert "example.com" in text
    assert {each.rpartition("@")[2] for each in re.findall(r"[\w.]+@[\w-]+\.[a-z.]+", text)} == {"example.com"}
    assert "eyJhbGciOiJIUzI1NiJ9.e30.an-access-token" in text
    assert text.count("eyJ") == text.count("eyJhbGciOiJIUzI1NiJ9.e30.an-access-token")
