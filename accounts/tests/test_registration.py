"""POST /auth/register."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.documents import User
from tests.fixtures.users import API, PASSWORD, PROFILE, REGISTRATION


def test_returns_the_documented_user(api):
    response = api.post("/auth/register", REGISTRATION)

    assert response.status_code == 201
    body = response.json()
    user = User.objects.get(email="ada@example.org")
    assert body == PROFILE | {
        "id": str(user.id),
        "email_confirmed": False,
        "created_at": body["created_at"],
        "updated_at": body["created_at"],
    }
    assert body["created_at"].endswith("Z")
    assert response["Cache-Control"].startswith("private")


def test_stores_only_the_hash_of_the_password(api, mongo):
    api.post("/auth/register", REGISTRATION)

    stored = mongo.users.find_one()
    assert stored["hashed_password"].startswith("pbkdf2_sha256$")
    assert REGISTRATION["password"] not in str(stored)


def test_requires_only_address_password_and_name(api):
    response = api.post("/auth/register", {k: REGISTRATION[k] for k in ("email", "password", "full_name")})

    assert response.status_code == 201
    body = response.json()
    assert (body["skills"], body["target_roles"]) == ([], [])
    assert (body["experience_level"], body["location"]) == (None, None)


@pytest.mark.parametrize("roles", [["Software Engineer"], [], None])
def test_queues_the_collection_of_target_roles(api, queued, roles):
    registered = api.post("/auth/register", REGISTRATION | {"target_roles": roles}).json()

    assert queued() == [
        ("accounts.tasks.send_confirmation_message", [registered["id"]]),
        *[("ingestion.tasks.collect_for_user", [registered["id"], roles])] * bool(roles),
    ]


@pytest.mark.parametrize("written", ["ADA@Example.ORG", "  ada@example.org ", "ａda@example.org", "Ada@EXAMPLE.org"])
def test_recognizes_an_address_in_any_spelling(api, written):
    api.post("/auth/register", REGISTRATION)

    again = api.post("/auth/register", REGISTRATION | {"email": written})

    assert again.status_code == 400
    assert again.json() == {
        "detail": "email is already registered.",
        "code": "validation",
        "errors": {"email": ["This field is already registered."]},
        "error_codes": {"email": ["already_registered"]},
    }
    assert User.objects.count() == 1


def test_one_of_several_concurrent_registrations_succeeds(api):
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: API().post("/auth/register", REGISTRATION).status_code, range(8)))

    assert sorted(responses) == [201] + [400] * 7
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Short1a", "must have at least 8 characters."),
        ("nouppercase1", "must contain an upper-case letter."),
        ("NOLOWERCASE1", "must contain a lower-case letter."),
        ("NoDigitsHere", "must contain a digit."),
        ("Aa1" + "x" * 254, "must have at most 256 characters."),
    ],
)
def test_names_the_rule_that_a_password_breaks(api, password, sentence):
    response = api.post("/auth/register", REGISTRATION | {"password": password})

    assert response.status_code == 400
    assert response.json() == {
        "detail": f"password {sentence}",
        "code": "validation",
        "errors": {"password": [f"This field {sentence}"]},
        "error_codes": {"password": ["weak_password"]},
    }


@pytest.mark.parametrize("password", ["Aa1aaaa8", " Aa1 aaa ", "Übermut1", "Aa1" + "x" * 253])
def test_accepts_passwords_as_entered(api, password):
    registered = api.post("/auth/register", REGISTRATION | {"password": password})

    login = api.post("/auth/login", {"email": "ada@example.org", "password": password})

    assert (registered.status_code, login.status_code) == (201, 200)


@pytest.mark.parametrize("field", ["email", "password", "full_name"])
@pytest.mark.parametrize("value", [None, "", 7, True, [], {}, "a\x00b"])
def test_rejects_invalid_values_of_a_required_field(api, field, value):
    response = api.post("/auth/register", REGISTRATION | {field: value})

    assert response.status_code == 400
    body = response.json()
    assert list(body["errors"]) == [field]
    assert body["detail"].startswith(field)


@pytest.mark.parametrize("field", ["email", "password", "full_name"])
def test_names_a_required_field_that_is_missing(api, field):
    response = api.post("/auth/register", {k: v for k, v in REGISTRATION.items() if k != field})

    assert response.status_code == 400
    assert response.json()["detail"] == f"{field} is required."


@pytest.mark.parametrize(
    ("field", "value", "named_field"),
    [
        ("email", "not an address", "email"),
        ("email", "a" * 250 + "@example.org", "email"),
        ("full_name", "x" * 101, "full_name"),
        ("skills", "Python", "skills"),
        ("skills", [""], "skills.0"),
        ("skills", ["Python", 3], "skills.1"),
        ("skills", ["---"], "skills.0"),
        ("skills", ["x" * 101], "skills.0"),
        ("skills", ["x"] * 201, "skills"),
        ("target_roles", {"a": 1}, "target_roles"),
        ("target_roles", ["!!"], "target_roles.0"),
        ("target_roles", ["Engineer"] * 21, "target_roles"),
        ("experience_level", "Mid", "experience_level"),
        ("experience_level", "2nd year", "experience_level"),
        ("experience_level", 2, "experience_level"),
        ("experience_level", ["2nd Year"], "experience_level"),
        ("location", "x" * 201, "location"),
        ("location", 5, "location"),
    ],
)
def test_names_the_invalid_field(api, field, value, named_field):
    response = api.post("/auth/register", REGISTRATION | {field: value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [named_field]
    assert response.json()["detail"].startswith(named_field)
    assert User.objects.count() == 0


def test_names_the_documented_levels(api):
    response = api.post("/auth/register", REGISTRATION | {"experience_level": "Mid"})

    assert response.json()["detail"] == (
        "experience_level must be one of 12th Pass Out, 1st Year, 2nd Year, 3rd Year, 4th Year."
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'"text"', b"{", b"\xff", b"[" * 100_000])
def test_rejects_a_body_that_is_not_an_object(api, body):
    response = api.send("POST", "/auth/register", body)

    assert response.status_code == 400
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("level", ["12th Pass Out", "1st Year", "2nd Year", "3rd Year", "4th Year", None])
def test_accepts_the_documented_levels(api, level):
    response = api.post("/auth/register", REGISTRATION | {"experience_level": level})

    assert response.status_code == 201
    assert response.json()["experience_level"] == level


def test_canonicalizes_skills(api, vocabulary_seeded):
    written = ["Node.js", "nodeJS", "dot-net", "PYTHON", "Apache-NiFi", "Greenhouse", "日本語"]

    response = api.post("/auth/register", REGISTRATION | {"skills": written})

    assert response.json()["skills"] == ["nodejs", ".net", "python", "apache nifi", "日本語"]


def test_keeps_the_spelling_of_roles_and_removes_duplicates(api):
    written = ["Full-Stack Developer", "full stack  developer", "Data Scientist"]

    response = api.post("/auth/register", REGISTRATION | {"target_roles": written})

    assert response.json()["target_roles"] == ["Full-Stack Developer", "Data Scientist"]


def test_ignores_fields_that_users_cannot_set(api):
    response = api.post("/auth/register", REGISTRATION | {"is_active": False, "id": "1", "created_at": "2000-01-01"})

    assert response.status_code == 201
    assert User.objects.get().is_active
    assert response.json()["created_at"] > "2025"


@pytest.mark.parametrize("path", ["/auth/register", "/auth/register/"])
def test_accepts_a_trailing_slash(api, path):
    assert api.post(path, REGISTRATION).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/register", REGISTRATION),
        ("/users", {"email_id": "ada@example.org", "password": PASSWORD, "user_name": "Ada"}),
    ],
)
@pytest.mark.parametrize("login", ["true", "1"])
def test_returns_tokens_if_a_login_is_requested(api, settings, path, body, login):
    settings.JWT_ACCESS_TOKEN_EXPIRE_MINUTES = 7

    response = api.post(f"{path}?login={login}", body)

    body = response.json()
    assert (response.status_code, body["token_type"], body["expires_in"]) == (201, "bearer", 420)
    assert "ignored_fields" not in body
    assert "no-store" in response["Cache-Control"]
    assert API(token=body["access_token"]).get("/auth/me").json()["email"] == "ada@example.org"
    assert api.post("/auth/refresh", {"refresh_token": body["refresh_token"]}).json()["expires_in"] == 420


@pytest.mark.parametrize("query", ["", "?login=false"])
def test_returns_no_tokens_without_a_login(api, query):
    body = api.post(f"/auth/register{query}", REGISTRATION).json()

    assert not {"access_token", "refresh_token", "token_type", "expires_in"} & body.keys()


@pytest.mark.parametrize("login", ["", "maybe", "2"])
def test_rejects_an_invalid_login_parameter_before_registering(api, login):
    response = api.post(f"/auth/register?login={login}", REGISTRATION)

    assert (response.status_code, response.json()["detail"]) == (400, "login must be true or false.")
    assert User.objects.count() == 0
