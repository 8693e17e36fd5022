"""Login at /auth/login and /auth/login/form."""

from collections import Counter

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts.documents import User
from tests.fixtures.users import API, PASSWORD, REGISTRATION, refresh

CREDENTIALS = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def hash_counter(monkeypatch):
    """Count how often a password is hashed."""
    counter: Counter[str] = Counter()
    encode = PBKDF2PasswordHasher.encode

    def counted(self, *args, **kwargs):
        counter["runs"] += 1
        return encode(self, *args, **kwargs)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    return counter


def test_returns_tokens_and_the_user(ada, api):
    response = api.post("/auth/login", CREDENTIALS)

    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert body["token_type"] == "bearer"
    assert body["user"] == API(token=body["access_token"]).get("/auth/me").json()
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_accepts_an_oauth2_password_form(ada, api, kind):
    fields = {"grant_type": "password", "username": "ADA@example.org", "password": PASSWORD, "scope": ""}
    if kind.startswith("multipart"):
        parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        body = "".join(parts) + "--b--\r\n"
    else:
        body = "&".join(f"{name}={value}" for name, value in fields.items())

    response = api.client.generic("POST", "/auth/login/form", body, kind)

    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    assert response.json()["user"]["email"] == "ada@example.org"


def test_rejects_json_instead_of_a_form(api):
    assert api.post("/auth/login/form", {"username": "a", "password": "b"}).status_code == 415


@pytest.mark.parametrize("body", [b"", b"username=a", b"password=b", b"username=&password=", b"%ff=%ff&=&&"])
def test_names_the_missing_fields_of_a_form(api, body):
    response = api.client.generic("POST", "/auth/login/form", body, "application/x-www-form-urlencoded")

    assert response.status_code == 400
    assert response.json()["errors"]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ada@example.org", "password": "Wrong-Pass-123"},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "ada@example.org", "password": PASSWORD + " "},
    ],
)
def test_rejects_a_wrong_address_and_a_wrong_password_identically(ada, api, body):
    response = api.post("/auth/login", body)

    assert response.status_code == 401
    assert response.json() == {
        "detail": "The email address or the password is wrong.",
        "code": "wrong_credentials",
    }
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "ada@example.org"}, "password"),
        ({"email": "ada", "password": "x"}, "email"),
        ({"email": None, "password": "x"}, "email"),
        ({"email": ["a"], "password": "x"}, "email"),
        ({"email": "ada@example.org", "password": 8}, "password"),
    ],
)
def test_names_the_invalid_field(api, body, field):
    response = api.post("/auth/login", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]


@pytest.mark.parametrize("path", ["/auth/login", "/users/login"])
@pytest.mark.parametrize("value", [{"$gt": ""}, {"$where": "1"}, [{"$gt": ""}]])
def test_rejects_mongodb_operators_as_credentials(ada, api, path, value):
    responses = [api.post(path, CREDENTIALS | {field: value}) for field in CREDENTIALS]

    assert [response.status_code for response in responses] == [400, 400]


def test_hashes_as_often_for_an_unknown_address_as_for_a_wrong_password(ada, api, hash_counter):
    api.post("/auth/login", CREDENTIALS | {"password": "Wrong-Pass-123"})
    wrong_password = hash_counter.pop("runs")

    api.post("/auth/login", CREDENTIALS | {"email": "nobody@example.org"})

    assert hash_counter["runs"] == wrong_password == 1


def test_rehashes_at_login_if_the_work_factor_has_increased(ada, api, monkeypatch):
    updated_at = User.objects.get().updated_at
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 20)

    response = api.post("/auth/login", CREDENTIALS)

    assert response.status_code == 200
    user = User.objects.get()
    assert user.hashed_password.startswith("pbkdf2_sha256$20$")
    assert user.updated_at == updated_at
    assert api.post("/auth/login", CREDENTIALS).status_code == 200


def test_rejects_the_login_of_an_inactive_user(ada, api):
    user = User.objects.get()
    user.is_active = False
    user.save()

    assert api.post("/auth/login", CREDENTIALS).status_code == 401
    assert ada.get("/auth/me").status_code == 401
    assert refresh(ada.refresh_token).status_code == 401


def test_a_reactivated_user_can_log_in_but_old_tokens_stay_revoked(ada, api):
    for is_active in (False, True):
        user = User.objects.get()
        user.is_active = is_active
        user.save()

    assert ada.get("/auth/me").status_code == 401
    assert refresh(ada.refresh_token).status_code == 401
    token = api.post("/auth/login", CREDENTIALS).json()["access_token"]
    assert API(token=token).get("/auth/me").status_code == 200


def test_registers_without_logging_in(api):
    assert "access_token" not in api.post("/auth/register", REGISTRATION).json()
