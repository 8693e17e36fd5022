"""Tests that the introduction of the OpenAPI document agrees with the code."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from career_navigator.api.error_codes import ERROR_CODES, FIELD_CODES
from career_navigator.api.openapi_introduction import INTRODUCTION
from career_navigator.compression import MIN_BYTES
from career_navigator.environment import Environment
from career_navigator.setting_values import Rate
from tests.fixtures.users import API

# The rows of the table of rate limits, in order.
LIMITS = (
    *("user", "address", "login_account", "login_address", "logins_account", "logins_address"),
    *("register_account", "register_address", "forgot_account", "forgot_address", "confirmation", "password"),
    *("activity", "fetch_jobs", "check_resume", "extract_address"),
)
SECONDS = {"minute": 60, "hour": 3600}


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/openapi.json").json()


def test_is_the_description_of_the_document(document: Any) -> None:
    assert document["info"]["description"] == INTRODUCTION.strip()


def test_mentions_only_existing_operations(document: Any) -> None:
    operations = set(re.findall(r"(GET|POST|PUT|PATCH|DELETE) (/[\w/]+)", INTRODUCTION))

    assert {path for method, path in operations if method.lower() not in document["paths"].get(path, {})} == set()


def test_mentions_only_existing_codes_and_schemas(document: Any) -> None:
    codes = set(re.findall(r"the code `(\w+)`", INTRODUCTION)) | {"validation"}
    schemas = set(re.findall(r"[Tt]he schema `(\w+)`", INTRODUCTION))

    assert codes <= set(ERROR_CODES)
    assert schemas == {"ErrorCodeEnum", "FieldErrorCodeEnum"}
    assert schemas <= set(document["components"]["schemas"])
    assert document["components"]["schemas"]["FieldErrorCodeEnum"]["enum"] == list(FIELD_CODES)


def test_shows_an_error_as_the_api_returns_it(empty_servers: None, api: API) -> None:
    example = json.loads(INTRODUCTION.partition("All errors have the same shape:\n\n```json\n")[2].partition("```")[0])

    response = api.post("/auth/register", {"full_name": "Ada", "password": "SecurePass123", "skills": ["Python", 5]})

    assert (response.status_code, response.json()) == (400, example)


def test_shows_the_default_limits() -> None:
    rows = re.findall(r"\| (\d+) per (minute|hour) \|", INTRODUCTION)

    rates = [Rate(int(count), SECONDS[unit]) for count, unit in rows]

    assert rates == [Environment.model_fields[f"throttle_{name}"].default for name in LIMITS]


def test_shows_the_default_grace_period_and_the_minimum_size_of_compressed_responses() -> None:
    grace = Environment.model_fields["jwt_refresh_grace_seconds"].default

    assert f"{grace} seconds by default" in INTRODUCTION
    assert f"at least {MIN_BYTES} bytes" in INTRODUCTION
