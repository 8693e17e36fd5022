"""The OpenAPI document suits client generators: one body per operation, named enums, no untyped values."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

# Objects with arbitrary fields, sent by the client or by TheirStack.
FREE = {
    "Activity/properties/metadata",
    "SelectedActivity/properties/metadata",
    "ActivityInRequest/properties/metadata",
    "SaveJobRequest/properties/activity_metadata",
    "WebhookEventRequest/properties/payload",
}


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    response: dict[str, Any] = client.get("/openapi.json").json()
    return response


def list_objects(part: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object with its path. Examples are skipped because they are not schemas."""
    if isinstance(part, dict):
        part = {key: each for key, each in part.items() if key != "example"}
        yield at, part
    for key, each in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from list_objects(each, f"{at}/{key}")


def is_body(at: str, part: dict[str, Any]) -> bool:
    return isinstance(part.get("content"), dict) and not at.endswith("/properties")


def get_schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def test_is_of_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert not [at for at, part in list_objects(document) if "nullable" in part]


def test_names_one_media_type_for_each_body(document: dict[str, Any]) -> None:
    bodies = {at: list(part["content"]) for at, part in list_objects(document) if is_body(at, part)}

    assert len(bodies) > 100
    assert not {at: media_types for at, media_types in bodies.items() if len(media_types) != 1}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/resumes/generate", "multipart/form-data"),
        ("/resumes/apply", "application/json"),
        ("/auth/login", "application/json"),
        ("/auth/login/form", "application/x-www-form-urlencoded"),
        ("/users/login", "application/json"),
    ],
)
def test_names_the_media_type_of_a_request(document: dict[str, Any], path: str, media_type: str) -> None:
    assert list(document["paths"][path]["post"]["requestBody"]["content"]) == [media_type]


def test_allows_no_null_in_a_form_body(document: dict[str, Any]) -> None:
    names = [
        content["schema"]["$ref"].rpartition("/")[2]
        for _, part in list_objects(document["paths"])
        for media_type, content in part.get("content", {}).items()
        if "form" in media_type and "$ref" in content["schema"]
    ]

    assert len(names) >= 2
    assert not [
        at
        for name in names
        for at, part in list_objects(get_schema(document, name))
        if part.get("type") == "null" or "null" in part.get("type", ())
    ]


def test_names_every_enum_once(document: dict[str, Any]) -> None:
    named = {name: schema for name, schema in document["components"]["schemas"].items() if "enum" in schema}
    inline = [at for at, part in list_objects(document) if isinstance(part.get("enum"), list) and at.count("/") > 3]

    assert not inline
    choices = [frozenset(schema["enum"]) for schema in named.values()]
    assert len(choices) == len(set(choices))
    assert not [name for name, schema in named.items() if not {None, ""}.isdisjoint(schema["enum"])]


def test_shares_enums_between_requests_responses_and_query_parameters(document: dict[str, Any]) -> None:
    uses: dict[str, set[str]] = {}
    for at, part in list_objects(document):
        if str(part.get("$ref")).endswith("Enum"):
            kind = "query" if "/parameters/" in at else "request" if "Request/" in at else "response"
            uses.setdefault(part["$ref"].rpartition("/")[2], set()).add(kind)

    assert {
        name: sorted(uses[name]) for name in ("LevelEnum", "StageEnum", "ExperienceLevelEnum", "SeniorityEnum")
    } == {
        "LevelEnum": ["query", "response"],
        "StageEnum": ["query", "request", "response"],
        "ExperienceLevelEnum": ["request", "response"],
        "SeniorityEnum": ["request", "response"],
    }


def test_has_no_generated_names(document: dict[str, Any]) -> None:
    names = [*document["components"]["schemas"], *(name for at, part in list_objects(document) for name in part)]

    assert not [name for name in names if re.search("NullEnum|NameEnum|RequestRequest|VALUE_|Blank", name)]


def test_names_enum_values_that_are_not_identifiers(document: dict[str, Any]) -> None:
    levels = get_schema(document, "ExperienceLevelEnum")

    assert dict(zip(levels["x-enum-varnames"], levels["enum"], strict=True)) == {
        "PASS_OUT_12TH": "12th Pass Out",
        "YEAR_1ST": "1st Year",
        "YEAR_2ND": "2nd Year",
        "YEAR_3RD": "3rd Year",
        "YEAR_4TH": "4th Year",
    }
    assert not [
        at
        for at, part in list_objects(document["components"]["schemas"])
        if isinstance(part.get("enum"), list)
        and not all(re.match("[A-Za-z]", name) for name in part.get("x-enum-varnames", part["enum"]))
    ]


def test_types_everything_except_free_objects(document: dict[str, Any]) -> None:
    typed = {"$ref", "type", "oneOf", "allOf", "anyOf", "enum", "const"}
    fields = {
        f"{at}/{key}/{name}".removeprefix("/"): schema
        for at, part in list_objects(document["components"]["schemas"])
        for key in ("properties", "items", "additionalProperties")
        if isinstance(part.get(key), dict) and not at.endswith("/properties")
        for name, schema in (part[key] if key == "properties" else {"": part[key]}).items()
    }
    untyped = {at.rstrip("/") for at, schema in fields.items() if not typed & set(schema)}
    free = {
        at.rstrip("/")
        for at, schema in fields.items()
        if "object" in schema.get("type", ())
        and "properties" not in schema
        and schema.get("additionalProperties") in (None, {}, True)
    }

    assert len(fields) > 500
    assert {at.removesuffix("/additionalProperties") for at in untyped} | free == FREE


@pytest.mark.parametrize("name", ["Resume", "ResumeDetail"])
def test_types_the_content_of_a_resume(document: dict[str, Any], name: str) -> None:
    content = get_schema(document, name)["properties"]["content"]
    download = document["paths"]["/resumes/{resume_id}.json"]["get"]["responses"]["200"]["content"]

    reference = {"$ref": "#/components/schemas/JSONResume"}
    assert content["allOf"] == [reference]
    assert download["application/json"]["schema"] == reference
    assert {"basics", "work", "education", "skills", "projects"} <= set(
        get_schema(document, "JSONResume")["properties"]
    )


def test_types_the_parsed_resume_and_its_offers(document: dict[str, Any]) -> None:
    from accounts.resumes.services import FIELDS

    detail = get_schema(document, "ResumeDetail")["properties"]
    assert detail["parsed"] == {"$ref": "#/components/schemas/ParsedResume"}
    assert detail["offered_fields"] == {"$ref": "#/components/schemas/OfferedFields"}
    assert list(get_schema(document, "OfferedFields")["properties"]) == list(FIELDS)
    assert "required" not in get_schema(document, "OfferedFields")
