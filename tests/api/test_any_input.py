"""The endpoints under /auth handle arbitrary input without a server error."""

import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.users import API, REGISTRATION

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=8,
)
FIELDS = (
    *REGISTRATION,
    *("phone_number", "experience", "experience_years", "preferred_locations", "remote_preference"),
    *("professional_summary", "expected_salary", "expected_salary_currency"),
    *("refresh_token", "token", "new_password", "current_password", "username"),
)
pytestmark = pytest.mark.usefixtures("empty_servers")

# Arbitrary JSON, and bodies that are almost valid.
NEAR = st.fixed_dictionaries(
    {}, optional={name: JSON | st.text(max_size=300) | st.just(REGISTRATION.get(name)) for name in FIELDS}
)
BODIES = (NEAR | JSON).map(json.dumps).map(str.encode) | st.binary(max_size=200)
MEDIA_TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "application/json; charset=utf-7",
        "\x80",
    ]
)
OPERATIONS = (
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/login/form"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/password"),
    ("POST", "/auth/password/forgot"),
    ("POST", "/auth/password/reset"),
    ("GET", "/auth/me"),
    ("PUT", "/auth/me"),
    ("PATCH", "/auth/me"),
    ("DELETE", "/auth/me"),
    ("GET", "/auth/me/export"),
)
DOCUMENTED = {200, 201, 202, 204, 400, 401, 409, 413, 415}
# hypothesis warns that a fixture is created once for all examples. The examples share the account on purpose.
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _assert_documented(response):
    assert response.status_code in DOCUMENTED, response.content
    if response.status_code == 400:
        body = response.json()
        assert isinstance(body["detail"], str)
        assert all(isinstance(each, list) for each in body.get("errors", {}).values())
    if response.status_code == 401:
        assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@relaxed
@given(body=BODIES, media_type=MEDIA_TYPES)
def test_answers_any_body(ada, method, path, body, media_type):
    headers = {"Authorization": f"Bearer {ada.token}"}

    _assert_documented(ada.client.generic(method, path, body, media_type, headers=headers))


@relaxed
@given(body=NEAR)
def test_returns_every_profile_that_it_stores(ada, body):
    response = ada.put("/auth/me", body)

    _assert_documented(response)
    profile = ada.get("/auth/me")
    assert profile.status_code == 200
    if response.status_code == 200:
        # `ignored_fields` is the only difference between the two responses.
        assert profile.json() == {name: value for name, value in response.json().items() if name != "ignored_fields"}
        # A response is a valid request and changes nothing.
        assert ada.put("/auth/me", profile.json()).json() | {"updated_at": ""} == profile.json() | {"updated_at": ""}


@relaxed
@given(header=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=300))
def test_rejects_any_header_without_a_valid_token(mongo, header):
    for value in (header, f"Bearer {header}"):
        response = API().get("/auth/me", Authorization=value)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


@relaxed
@given(body=st.binary(max_size=200) | st.dictionaries(st.sampled_from(["username", "password", "x"]), st.binary()))
def test_answers_any_form(mongo, body):
    if isinstance(body, dict):
        body = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in body.items()).encode()

    _assert_documented(API().client.generic("POST", "/auth/login/form", body, "application/x-www-form-urlencoded"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path in dict.fromkeys(path for _, path in OPERATIONS)
        for method in ("TRACE", "PUT", "GET", "POST", "BREW")
        if (method, path) not in OPERATIONS
    ],
)
def test_rejects_a_method_that_a_path_does_not_support(ada, method, path):
    assert ada.send(method, path).status_code == 405
