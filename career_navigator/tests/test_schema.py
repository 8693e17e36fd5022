"""The OpenAPI document and its pages."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]


def test_validates_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))


def test_documents_every_address_once(document: dict[str, Any]) -> None:
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
    assert document["components"]["schemas"]["Error"]["required"] == ["detail"]
    assert all("503" in operation["responses"] for _, operation in operations(document))


def test_states_the_bounds_of_parameters(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/market/trending"]["get"]["parameters"]

    (days,) = [parameter["schema"] for parameter in parameters if parameter["name"] == "days"]
    assert days == {"type": "integer", "minimum": 1, "maximum": 365, "default": 30}


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/redoc", "/redoc/"])
def test_shows_pages_that_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    answer = client.get(path)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "/openapi.json" in page
    assert not re.search(r"https?://|src=\"//|href=\"//", page)
    assert re.search(r'src="/static/drf_spectacular_sidecar/', page)
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_bundles_what_the_pages_load(client: Client) -> None:
    from django.contrib.staticfiles import finders

    files = [
        name
        for path in ("/docs", "/redoc")
        for name in re.findall(r'(?:src|href)="/static/([^"]+)"', client.get(path).content.decode())
    ]

    assert len(files) >= 4
    assert all(finders.find(name) for name in files)
