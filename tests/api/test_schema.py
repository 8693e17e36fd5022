"""The OpenAPI document and its pages."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from career_navigator.api.versions import build_etag


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    response: dict[str, Any] = client.get("/openapi.json").json()
    return response


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]


def test_validates_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))


def test_documents_every_path_once(document: dict[str, Any]) -> None:
    assert {"/", "/health", "/health/ready", "/market/trending"} <= set(document["paths"])
    assert not [path for path in document["paths"] if path != "/" and path.endswith("/")]
    identities = [operation["operationId"] for _, operation in operations(document)]
    assert len(identities) == len(set(identities))


def test_documents_errors_of_one_shape(document: dict[str, Any]) -> None:
    trending = document["paths"]["/market/trending"]["get"]["responses"]

    assert trending["400"] == {"$ref": "#/components/responses/BadRequest"}
    assert document["components"]["responses"]["BadRequest"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }
    assert document["components"]["schemas"]["Error"]["required"] == ["detail", "code"]
    assert all("503" in operation["responses"] for _, operation in operations(document))


def test_documents_the_bounds_of_parameters(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/market/trending"]["get"]["parameters"]

    (days,) = [parameter["schema"] for parameter in parameters if parameter["name"] == "days"]
    assert days == {"type": "integer", "minimum": 1, "maximum": 365, "default": 30}


def get_parameter(document: dict[str, Any], path: str, method: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in document["paths"][path][method]["parameters"] if each["name"] == name]
    schema: dict[str, Any] = found["schema"]
    return schema


def test_documents_the_length_of_new_passwords(document: dict[str, Any]) -> None:
    fields = [
        (name, schema["properties"][field])
        for name, schema in document["components"]["schemas"].items()
        for field in ("password", "new_password")
        if field in schema.get("properties", {}) and "Login" not in name and "upper-case" in str(schema)
    ]

    assert len(fields) >= 3
    assert all((field["minLength"], field["maxLength"]) == (8, 256) for _, field in fields)


def test_documents_which_texts_must_not_be_blank(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    registration, criteria = schemas["RegistrationRequest"]["properties"], schemas["JobFilterRequest"]["properties"]
    texts = [registration["full_name"], *(registration[name]["items"] for name in ("skills", "preferred_locations"))]

    assert [text["pattern"] for text in [*texts, criteria["titles"]["items"]]] == [r"\S"] * 4
    # A password can consist of spaces, and a blank location clears the field.
    assert "pattern" not in {**registration["password"], **registration["location"]}


def test_documents_the_format_of_a_url(document: dict[str, Any]) -> None:
    pattern = document["components"]["schemas"]["SkillProgressChangeRequest"]["properties"]["evidence_url"]["pattern"]

    assert all(re.search(pattern, url) for url in ("https://example.org/a?b#c", "HTTP://[::1]:8000"))
    assert not any(re.search(pattern, url) for url in ("javascript:alert(1)", "https://", "https://a b", "//a"))


def test_documents_the_format_of_a_currency(document: dict[str, Any]) -> None:
    found = [
        schema["properties"][field]
        for name, schema in document["components"]["schemas"].items()
        for field in ("expected_salary_currency", "currency")
        if field in schema.get("properties", {}) and name.endswith("Request")
    ]
    # An optional currency is documented as `oneOf` with an empty string.
    fields = [field.get("oneOf", [field])[0] for field in found]

    assert len(fields) >= 3
    assert all(re.fullmatch(field["pattern"], "EUR") and not re.fullmatch(field["pattern"], "EURO") for field in fields)


@pytest.mark.parametrize(
    ("day", "accepted"), [("2000-01-01", True), ("2100-12-31", True), ("1999-12-31", False), ("2101-01-01", False)]
)
def test_documents_the_bounds_of_a_calendars_start(document: dict[str, Any], day: str, accepted: bool) -> None:
    schema = get_parameter(document, "/learning/roadmap.ics", "get", "start_date")

    assert schema["format"] == "date"
    assert bool(re.search(schema["pattern"], day)) is accepted


@pytest.mark.parametrize("method", ["put", "patch"])
def test_documents_the_format_of_if_match(document: dict[str, Any], method: str) -> None:
    pattern = get_parameter(document, "/auth/me", method, "If-Match")["pattern"]

    for moment in (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)):
        assert re.search(pattern, build_etag(moment)["ETag"])
    assert re.search(pattern, "*")
    assert not re.search(pattern, '"x"')


def test_documents_the_response_of_deleting_a_resume(document: dict[str, Any]) -> None:
    responses = document["paths"]["/resumes/{resume_id}"]["delete"]["responses"]

    assert [status for status in responses if status.startswith("2")] == ["200"]


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/redoc", "/redoc/"])
def test_serves_docs_pages_that_load_nothing_from_other_hosts(client: Client, path: str) -> None:
    response = client.get(path)

    page = response.content.decode()
    assert response.status_code == 200
    assert "/openapi.json" in page
    assert not re.search(r"https?://|src=\"//|href=\"//", page)
    assert re.search(r'src="/static/drf_spectacular_sidecar/', page)
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_bundles_the_assets_of_the_docs_pages(client: Client) -> None:
    from django.contrib.staticfiles import finders

    files = [
        name
        for path in ("/docs", "/redoc")
        for name in re.findall(r'(?:src|href)="/static/([^"]+)"', client.get(path).content.decode())
    ]

    assert len(files) >= 4
    assert all(finders.find(name) for name in files)


def test_describes_every_operation_and_every_tag(document: dict[str, Any]) -> None:
    descriptions = [operation.get("description") for _, operation in operations(document)]
    described = {tag["name"] for tag in document["tags"] if tag["description"]}

    assert all(descriptions)
    assert len(set(descriptions)) == len(descriptions)
    assert {tag for _, operation in operations(document) for tag in operation.get("tags", [None])} == described
