"""Access to every route and method without a token, with an invalid token, and with another user's token."""

import logging
import re
from datetime import timedelta
from urllib.parse import quote

import jwt
import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.authentication import issue_access_token
from career_navigator.db.connection import database
from tests.api.inventory import (
    OPEN,
    OPERATIONS,
    SIGNATURE,
    TOKEN,
    build_request,
    list_routed_operations,
    list_schema_fields,
)
from tests.fixtures.user_data import MARKER, contains_marker, create_user_data, export_user_data, register_with_word
from tests.fixtures.users import API, PASSWORD

# Placeholders for ids that belong to one user, and the status of a request by another user.
OWNED = {"user_id": 403, "resume_id": 404, "search_id": 404, "run_id": 404}
MALFORMED = {
    "word": "zxq",
    "NUL": "\0",
    "NUL in an id": "65f0000000000000000000\0\0",
    "slash": "a/b",
    "10 kB": "a" * 10_000,
    "digits of another script": "１" * 24,
    "way up": "..",
    "way far up": "../../etc/passwd",
    "spaces": " " * 24,
    "new line": "65f000000000000000000001\n",
    "operator": '{"$gt": ""}',
    "percent": "%00%2e",
}
SENTENCES = dict.fromkeys(("forged", "unsigned", "of nobody"), "The token is not valid.") | {
    "expired": "The token has expired."
}
# The victim's data is created once for all tests, because no test may be able to change it.
pytestmark = pytest.mark.usefixtures("shared_data")


@pytest.fixture
def stranger(register):
    return register(email=f"{ObjectId()}@example.org", full_name="Stranger", location="Paris", target_roles=[])


def list_operations(*needs):
    return [name for name, operation in OPERATIONS.items() if operation.needs in needs]


def with_slash(path):
    path, mark, query = path.partition("?")
    return f"{path}/{mark}{query}"


def with_and_without_slash(path):
    return (path, with_slash(path)) if path != "/" else (path,)


def test_knows_every_route_and_method():
    assert set(list_routed_operations()) == set(OPERATIONS)


def test_sends_every_id_that_the_schema_has():
    schema = API().get("/openapi.json").json()

    unsent = {
        (name, field)
        for name, (query, body) in list_schema_fields(schema).items()
        for field in OWNED
        if (field in query or (field,) in body) and field not in OPERATIONS[name].names(name)
    }

    assert unsent == set()


@pytest.fixture(scope="module")
def refused_tokens(victim):
    """Return invalid tokens of the victim, and a valid one of a deleted user."""
    long_ago = timezone.now() - timedelta(days=400)
    return {
        "none": None,
        "forged": jwt.encode({"sub": victim.id, "exp": 4_000_000_000}, "x" * 64, algorithm="HS256"),
        "unsigned": jwt.encode({"sub": victim.id, "exp": 4_000_000_000}, "", algorithm="none"),
        "expired": issue_access_token(user_id=ObjectId(victim.id), now=long_ago),
        "of nobody": issue_access_token(user_id=ObjectId(), now=timezone.now()),
    }


@pytest.mark.parametrize("name", list_operations(TOKEN))
def test_asks_for_a_token(name, refused_tokens, names):
    method, path, body = build_request(name, names)
    tries = [(label, method, path) for label in refused_tokens]
    tries += [("none", method, with_slash(path)), ("none", "OPTIONS", path)]
    if method == "GET":
        tries.append(("none", "HEAD", path))

    responses = {each: API(token=refused_tokens[each[0]]).send(*each[1:], body) for each in tries}

    wrong = {key: response.status_code for key, response in responses.items() if response.status_code != 401}
    assert wrong == {}
    assert {(key[0], response["WWW-Authenticate"]) for key, response in responses.items()} == {
        ("none", "Bearer"),
        *((label, f'Bearer error="invalid_token", error_description="{SENTENCES[label]}"') for label in SENTENCES),
    }


@pytest.mark.parametrize("name", list_operations(OPEN))
def test_is_open(name, names, settings):
    settings.DEBUG = True  # metrics are served without a token only in development
    method, path, body = build_request(name, names)

    responses = [API().send(method, address, body) for address in with_and_without_slash(path)]

    # Operations that take a token in the body reject it with 400 or 401.
    assert {response.status_code for response in responses} <= {200, 201, 202, 204, 400, 401, 409, 415, 503}
    if name not in {"POST auth/login", "POST auth/refresh", "POST users/login"}:
        assert 401 not in {response.status_code for response in responses}
    assert not any(contains_marker(response) for response in responses)


@pytest.mark.parametrize("name", list_operations(SIGNATURE))
def test_asks_for_a_signature(name, ada):
    method, path, body = build_request(name, {})

    assert {
        member.send(method, each, body).status_code for member in (API(), ada) for each in with_and_without_slash(path)
    } == {403}


@pytest.mark.parametrize("name", list_operations(TOKEN))
def test_gives_nothing_of_one_user_to_another(name, victim, stranger, names):
    owned = OWNED.keys() & OPERATIONS[name].names(name)
    stored, nobody = export_user_data(victim), str(ObjectId())

    for owned_name in owned:
        shown = set()
        for other in (names[owned_name], names[owned_name].upper(), nobody, "zxq"):
            method, path, body = build_request(name, names | {"user_id": stranger.id, owned_name: other})
            for address in with_and_without_slash(path) if other == names[owned_name] else [path]:
                response = stranger.send(method, address, body)
                assert response.status_code == OWNED[owned_name], (address, response.content)
                shown.add(response.content)
        # All responses are equal, so an attacker cannot learn which ids exist.
        assert len(shown) == 1
    if not owned - {"user_id"}:
        response = stranger.send(*build_request(name, names | {"user_id": stranger.id}))
        assert response.status_code < 500
        assert not contains_marker(response), response.content

    assert export_user_data(victim) == stored


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "<" in name])
def test_rejects_malformed_ids(name, names, stranger):
    method, _, route = name.partition(" ")
    _, _, body = build_request(name, names | {"user_id": stranger.id})

    responses = {
        (label, slash): stranger.send(method, re.sub("<.*>", quote(value, safe=""), f"/{route}") + slash, body)
        for label, value in MALFORMED.items()
        for slash in (("", "/") if label == "word" else ("",))
    }

    wrong = {key: response.status_code for key, response in responses.items() if response.status_code not in {403, 404}}
    assert wrong == {}
    assert {
        key: response.content for key, response in responses.items() if set(response.json()) != {"detail", "code"}
    } == {}


def test_logs_no_user_input(shared_data, caplog):
    caplog.set_level(logging.DEBUG)
    word = f"Logged{MARKER}"

    member = register_with_word(word)
    own = shared_data | create_user_data(member, shared_data, word)
    for name in OPERATIONS:
        if name.startswith("GET "):
            member.send(*build_request(name, own))
    member.post("/jobs/relevant_jobs", {"text": word, "titles": [word]})
    member.post("/skills/extract", {"text": word})
    API().get(f"/learning/resources/search?query={word}")
    API().post("/auth/login", {"email": f"{word}@example.org", "password": word})
    API().post("/auth/register", {"email": word, "password": word, "full_name": word})
    API().post("/auth/password/forgot", {"email": f"{word}@example.org"})
    API(token=word).get("/auth/me")

    assert len(caplog.records) > 50
    assert [line for line in caplog.text.splitlines() if MARKER.lower() in line.lower()] == []


def test_erases_all_data_of_a_user(shared_data):
    word = f"Erased{MARKER}"
    member = register_with_word(word)
    create_user_data(member, shared_data, word)

    assert member.delete("/auth/me", {"password": PASSWORD}).status_code == 204

    # A role that the user requested stays known, and so does the cost of collecting it, but not who requested it.
    anonymous = {"known_roles", "collected_roles", "collection_runs"}
    collections = {name: list(database()[name].find()) for name in database().list_collection_names()}
    assert [name for name, rows in collections.items() if member.id in str(rows)] == []
    assert {name for name, rows in collections.items() if word.lower() in str(rows).lower()} <= anonymous


def test_accepts_every_request_of_the_owner(names, victim, stranger):
    """Show that the tests above fail for lack of access and not because a request is invalid. Must run last."""
    last = ["POST auth/password", "DELETE auth/me", "DELETE users/<str:user_id>"]
    begun = [name for name in list_operations(TOKEN) if name not in last]

    assert contains_marker(victim.get("/auth/me/export"))
    rejected, cacheable = {}, set()
    for name in sorted(begun, key=lambda name: name.startswith("DELETE")) + last:
        owner = stranger if name.startswith("DELETE users") else victim
        response = owner.send(*build_request(name, names | {"user_id": owner.id}))
        if response.status_code >= 300:
            rejected[name] = (response.status_code, response.content)
        elif name == "POST auth/password":
            # A password change revokes all earlier tokens.
            owner.token = response.json()["access_token"]
        if not {"private", "no-store"} & set(re.split(r"[,\s]+", response.get("Cache-Control", ""))):
            cacheable.add(name)

    assert rejected == {}
    assert cacheable == set()
