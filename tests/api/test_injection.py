"""What people send is a value, whatever it looks like: never an operator, a regular expression or a program."""

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
from tests.api.inventory import OPERATIONS, request_for, schema_fields
from tests.fixtures.user_data import shows_marker, stored_about
from tests.fixtures.users import API

# The victim's data is there all the time, to be found by who can.
pytestmark = pytest.mark.usefixtures("names")

WORDS = ("$where", ".*", "^", "(a+)+$")
OBJECTS = ({"$gt": ""}, {"$where": "sleep(1000)"})
VALUES = (*WORDS, *OBJECTS, list(WORDS), list(OBJECTS))
# Each alone in every field, where all fields at once are refused for one of them.
ALONE = (WORDS[0], WORDS[-1], OBJECTS[0], list(WORDS))
QUERIES = (*WORDS, '{"$gt": ""}')
READS = [name for name in OPERATIONS if name.startswith("GET ")]
# For a role that nobody knows these fall back on the caller's own skills, of which there may be more.
FALLING_BACK = ("learning/roadmap", "projects/recommendations")
# What they would be sent to MongoDB as.
OPERATORS = {"$where", "$function", "$accumulator"}


@pytest.fixture(scope="module")
def fields(everybodys):
    return schema_fields(API().get("/openapi.json").json())


def changed(body: Any, field: tuple[str, ...], value: Any) -> Any:
    """A body with one field replaced; a value of None leaves it out."""
    name, *inner = field
    given = dict(body or {})
    if inner:
        given[name] = changed(given.get(name), tuple(inner), value)
    elif value is None:
        given.pop(name, None)
    else:
        given[name] = value
    return given


def injected(value: Any) -> Iterator[Any]:
    """The parts of a command that are what was sent, as anything but a value."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in OPERATORS or (key == "$gt" and each == "") or (key == "$regex" and each in WORDS):
                yield {key: each}
            yield from injected(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from injected(each)
    elif isinstance(value, Regex | re.Pattern) and any(word in value.pattern for word in WORDS):
        yield value


def get_size(value: Any) -> int:
    """How many values there are in an answer."""
    if isinstance(value, dict):
        return sum(map(get_size, value.values()))
    return sum(map(get_size, value)) if isinstance(value, list) else 1


def assert_harmless(answers, commands):
    assert [(sent, answer.status_code) for sent, answer in answers if answer.status_code >= 500] == []
    assert [sent for sent, answer in answers if shows_marker(answer)] == []
    assert list(injected(commands)) == []


@pytest.fixture(autouse=True)
def _accepted_token(attacker):
    """Changing the password, which one of the tries may do, ends every token from before."""
    user = User.objects.get(id=attacker.id)
    attacker.token = issue_access_token(user_id=user.pk, token_version=user.token_version, now=timezone.now())


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in READS])
def test_takes_what_is_in_a_body_for_values(name, fields, victim, attacker, own_names, whole_commands):
    method, path, body = request_for(name, own_names)
    of_body = fields.get(name, ([], []))[1]
    bodies = [changed(body, field, value) for field in of_body for value in ALONE]
    if bodies:
        bodies += [{field[0]: value for field in of_body} | {"user_id": own_names["user_id"]} for value in VALUES]
        bodies += [{"$gt": ""}, (body or {}) | {"$where": "sleep(1000)", "$or": [{}]}, list(OBJECTS)]
    stored = stored_about(victim)

    answers = [(each, attacker.send(method, path, each)) for each in bodies]

    assert_harmless(answers, whole_commands)
    assert stored_about(victim) == stored


@pytest.mark.parametrize("name", OPERATIONS)
def test_takes_what_is_in_a_query_for_values(name, fields, attacker, own_names, whole_commands):
    method, path, body = request_for(name, own_names)
    path, _, usual = path.partition("?")
    queries = [
        f"{usual}&{parameter}={quote(value)}" for parameter in fields.get(name, ([], []))[0] for value in QUERIES
    ]
    queries += [f"{usual}&{parameter}[$ne]=x" for parameter in fields.get(name, ([], []))[0]]

    answers = [(each, attacker.send(method, f"{path}?{each}", body)) for each in queries]

    assert_harmless(answers, whole_commands)


@pytest.mark.parametrize("name", [name for name in READS if not name.partition(" ")[2].startswith(FALLING_BACK)])
def test_finds_no_more_for_a_pattern_than_without(name, fields, attacker, own_names):
    _, path, _ = request_for(name, own_names)
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
            answer = attacker.post("/jobs/relevant_jobs", changed({}, field, value))
            assert answer.status_code in {200, 400, 403}
            assert answer.status_code != 200 or answer.json()["total"] <= most
            # No posting has such a skill, title or company.
            assert field[0] in {"text", "skills_none", "exclude_companies"} or not answer.json().get("total")


OTHERS_ID = "65f000000000000000000001"
# What is stored under these names is not the client's to set.
NOT_TO_BE_SET = {
    **dict.fromkeys(("id", "_id", "user", "activity", "first_activity"), OTHERS_ID),
    **dict.fromkeys(("created_at", "updated_at", "since", "expires_at", "confirmed_at"), "2001-01-01T00:00:00Z"),
    **dict.fromkeys(("hashed_password", "set__hashed_password", "requested_by", "unset__user"), "stolen"),
    **dict.fromkeys(("is_active", "is_staff", "is_superuser"), False),
    "reached": {"offer": "2001-01-01"},
    "version": 99,
}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith(("POST ", "PUT ", "PATCH "))])
def test_sets_nothing_that_is_not_to_be_set(name, attacker, own_names):
    method, path, body = request_for(name, own_names)

    answer = attacker.send(method, path, NOT_TO_BE_SET | (body or {}))

    assert answer.status_code < 500
    rows = str([list(database()[each].find()) for each in database().list_collection_names()])
    signs = (OTHERS_ID, "datetime(2001", "2001-01-01", "stolen", "'is_active': False", "'version': 99")
    assert [sign for sign in signs if sign in rows] == []
