"""User input is always treated as a value, never as an operator, a regular expression or code."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from bson.regex import Regex
from django.utils import timezone

from accounts.authentication import issue_access_token
from accounts.documents import User
from career_navigator.db.connection import database
from tests.api.inventory import OPERATIONS, build_request, list_schema_fields
from tests.fixtures.user_data import contains_marker, export_user_data
from tests.fixtures.users import API

# The victim's data exists in every test, so that an injection could find it.
pytestmark = pytest.mark.usefixtures("names")

WORDS = ("$where", ".*", "^", "(a+)+$")
OBJECTS = ({"$gt": ""}, {"$where": "sleep(1000)"})
VALUES = (*WORDS, *OBJECTS, list(WORDS), list(OBJECTS))
# Values tried in one field at a time, because a body with several invalid fields is rejected for the first.
ALONE = (WORDS[0], WORDS[-1], OBJECTS[0], list(WORDS))
QUERIES = (*WORDS, '{"$gt": ""}')
READS = [name for name in OPERATIONS if name.startswith("GET ")]
# For an unknown role these operations fall back to the user's own skills, which can return more items.
FALLING_BACK = ("learning/roadmap", "projects/recommendations")
# Operators that must not reach MongoDB.
OPERATORS = {"$where", "$function", "$accumulator"}


@pytest.fixture(scope="module")
def fields(shared_data):
    return list_schema_fields(API().get("/openapi.json").json())


def replace_field(body: Any, field: tuple[str, ...], value: Any) -> Any:
    """Return a copy of the body with one field replaced, or removed if the value is None."""
    name, *inner = field
    copy = dict(body or {})
    if inner:
        copy[name] = replace_field(copy.get(name), tuple(inner), value)
    elif value is None:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def find_injections(value: Any) -> Iterator[Any]:
    """Yield the parts of a MongoDB command in which user input is an operator or a pattern."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in OPERATORS or (key == "$gt" and each == "") or (key == "$regex" and each in WORDS):
                yield {key: each}
            yield from find_injections(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from find_injections(each)
    elif isinstance(value, Regex | re.Pattern) and any(word in value.pattern for word in WORDS):
        yield value


def get_size(value: Any) -> int:
    """Return the number of values in a response."""
    if isinstance(value, dict):
        return sum(map(get_size, value.values()))
    return sum(map(get_size, value)) if isinstance(value, list) else 1


def assert_harmless(responses, commands):
    assert [(sent, response.status_code) for sent, response in responses if response.status_code >= 500] == []
    assert [sent for sent, response in responses if contains_marker(response)] == []
    assert list(find_injections(commands)) == []


@pytest.fixture(autouse=True)
def _accepted_token(attacker):
    """Issue a new token, because one of the requests can change the password and so revoke earlier tokens."""
    user = User.objects.get(id=attacker.id)
    attacker.token = issue_access_token(user_id=user.pk, token_version=user.token_version, now=timezone.now())


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in READS])
def test_treats_body_fields_as_values(name, fields, victim, attacker, own_names, whole_commands):
    method, path, body = build_request(name, own_names)
    of_body = fields.get(name, ([], []))[1]
    bodies = [replace_field(body, field, value) for field in of_body for value in ALONE]
    if bodies:
        bodies += [{field[0]: value for field in of_body} | {"user_id": own_names["user_id"]} for value in VALUES]
        bodies += [{"$gt": ""}, (body or {}) | {"$where": "sleep(1000)", "$or": [{}]}, list(OBJECTS)]
    stored = export_user_data(victim)

    responses = [(each, attacker.send(method, path, each)) for each in bodies]

    assert_harmless(responses, whole_commands)
    assert export_user_data(victim) == stored


@pytest.mark.parametrize("name", OPERATIONS)
def test_treats_query_parameters_as_values(name, fields, attacker, own_names, whole_commands):
    method, path, body = build_request(name, own_names)
    path, _, usual = path.partition("?")
    queries = [
        f"{usual}&{parameter}={quote(value)}" for parameter in fields.get(name, ([], []))[0] for value in QUERIES
    ]
    queries += [f"{usual}&{parameter}[$ne]=x" for parameter in fields.get(name, ([], []))[0]]

    responses = [(each, attacker.send(method, f"{path}?{each}", body)) for each in queries]

    assert_harmless(responses, whole_commands)


@pytest.mark.parametrize("name", [name for name in READS if not name.partition(" ")[2].startswith(FALLING_BACK)])
def test_finds_no_more_for_a_pattern_than_without(name, fields, attacker, own_names):
    _, path, _ = build_request(name, own_names)
    path, _, usual = path.partition("?")
    for parameter in fields.get(name, ([], []))[0]:
        others = "&".join(each for each in usual.split("&") if not each.startswith(f"{parameter}="))
        without = attacker.get(f"{path}?{others}")
        if without.status_code != 200:
            without = attacker.get(f"{path}?{usual}")
        found = [attacker.get(f"{path}?{others}&{parameter}={quote(value)}") for value in WORDS]

        if "json" in without["Content-Type"]:
            most = get_size(without.json())
            assert [each.content for each in found if each.status_code == 200 and get_size(each.json()) > most] == []


def test_finds_no_more_jobs_for_a_pattern_than_without(fields, attacker):
    most = attacker.post("/jobs/relevant_jobs", {}).json()["total"]

    for field in fields["POST jobs/relevant_jobs"][1]:
        for value in (*WORDS, list(WORDS)):
            response = attacker.post("/jobs/relevant_jobs", replace_field({}, field, value))
            assert response.status_code in {200, 400, 403}
            assert response.status_code != 200 or response.json()["total"] <= most
            # No posting has this skill, title or company.
            assert field[0] in {"text", "skills_none", "exclude_companies"} or not response.json().get("total")


OTHERS_ID = "65f000000000000000000001"
# Stored fields that a client must not be able to set.
NOT_TO_BE_SET = {
    **dict.fromkeys(("id", "_id", "user", "activity", "first_activity"), OTHERS_ID),
    **dict.fromkeys(("created_at", "updated_at", "since", "expires_at", "confirmed_at"), "2001-01-01T00:00:00Z"),
    **dict.fromkeys(("hashed_password", "set__hashed_password", "requested_by", "unset__user"), "stolen"),
    **dict.fromkeys(("is_active", "is_staff", "is_superuser"), False),
    "reached": {"offer": "2001-01-01"},
    "version": 99,
}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith(("POST ", "PUT ", "PATCH "))])
def test_sets_no_protected_field(name, attacker, own_names):
    method, path, body = build_request(name, own_names)

    response = attacker.send(method, path, NOT_TO_BE_SET | (body or {}))

    assert response.status_code < 500
    rows = str([list(database()[each].find()) for each in database().list_collection_names()])
    signs = (OTHERS_ID, "datetime(2001", "2001-01-01", "stolen", "'is_active': False", "'version': 99")
    assert [sign for sign in signs if sign in rows] == []
