"""`?fields=` selects the fields of list items, on every endpoint that returns a list."""

import re

import pytest
from jsonschema import Draft202012Validator

from tests.api.inventory import OPERATIONS, build_request
from tests.fixtures.users import API

pytestmark = pytest.mark.usefixtures("shared_data")

# Operations that return a list, its name ("" if the response is the list), and two fields of an item.
LISTS = {
    "GET jobs/list_jobs": ("jobs", "id,job_title"),
    "POST jobs/relevant_jobs": ("jobs", "id,match_score"),
    "POST jobs/fetch_jobs": ("jobs", "id,company"),
    "GET jobs/fetch_jobs/<str:run_id>": ("jobs", "id,company"),
    "GET jobs/saved": ("applications", "stage,note"),
    "GET jobs/searches": ("searches", "id,name"),
    "GET jobs/searches/<str:search_id>/new": ("jobs", "id,url"),
    "GET resumes/user/<str:user_id>": ("resumes", "id,status"),
    "GET activity/user/<str:user_id>": ("activities", "id,action_type"),
    "GET skills": ("skills", "name,display_name"),
    "GET skills/roles": ("roles", "role,postings"),
    "GET learning/roadmap": ("skill_paths", "skill,stage"),
    "GET learning/resources": ("", "title,url"),
    "GET learning/resources/search": ("resources", "title,url"),
    "GET projects/recommendations": ("projects", "id,title"),
    "GET projects/skill-building": ("", "id,title"),
    "GET projects/search": ("projects", "id,title"),
    "GET projects/all": ("", "id,title"),
}


def with_fields(path, fields):
    return f"{path}{'&' if '?' in path else '?'}fields={fields}"


def list_items(response, name):
    return response.json()[name] if name else response.json()


@pytest.mark.parametrize("name", LISTS)
def test_returns_only_the_named_fields(name, attacker, own_names):
    (list_name, fields), (method, path, body) = LISTS[name], build_request(name, own_names)

    whole = attacker.send(method, path, body)
    cut = attacker.send(method, with_fields(path, fields), body)
    spaced = attacker.send(method, with_fields(path, fields.replace(",", "%20,&fields=")), body)

    names = fields.split(",")
    expected = [{key: item[key] for key in item if key in names} for item in list_items(whole, list_name)]
    assert cut.status_code == whole.status_code < 300, cut.content
    assert list_items(cut, list_name) == list_items(spaced, list_name) == expected
    assert all(set(item) == set(names) for item in expected)
    if list_name:
        assert cut.json().keys() == whole.json().keys()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("fields", ["nonsense", "id.x", "__class__", "title%00", "x" * 3000])
def test_names_an_unknown_field_and_the_existing_ones(name, fields, attacker, own_names):
    method, path, body = build_request(name, own_names)

    response = attacker.send(method, with_fields(path, f"{LISTS[name][1]},{fields}"), body)

    assert response.status_code == 400
    [sentence] = response.json()["errors"]["fields"]
    assert len(sentence) < 1000
    assert all(known in sentence for known in LISTS[name][1].split(","))


@pytest.mark.parametrize("fields", ["", ",", "%20"])
def test_returns_all_fields_when_no_field_is_named(fields, attacker):
    assert attacker.get(f"/projects/all?fields={fields}").json() == attacker.get("/projects/all").json()


def test_documents_the_parameter_only_for_lists():
    paths = API().get("/openapi.json").json()["paths"]

    described = {
        (path.strip("/"), method.upper())
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(each["name"] == "fields" for each in operation.get("parameters", ()))
    }

    names = {tuple(reversed(name.replace("<str:", "{").replace(">", "}").split(" ", 1))) for name in LISTS}
    assert described == names


def test_ignores_the_parameter_where_there_is_no_list(attacker, own_names):
    others = [name for name in OPERATIONS if name.startswith("GET ") and name not in LISTS]

    for name in others:
        method, path, body = build_request(name, own_names)
        plain, asked = attacker.send(method, path, body), attacker.send(method, with_fields(path, "nonsense"), body)
        assert asked.status_code == plain.status_code, name


def test_complies_with_the_schema_with_and_without_fields(attacker, own_names):
    document = API().get("/openapi.json").json()
    wrong = []
    for name, (_, fields) in LISTS.items():
        method, path, body = build_request(name, own_names)
        template = "/" + re.sub(r"<str:(\w+)>", r"{\1}", name.partition(" ")[2])
        good = document["paths"][template][method.lower()]["responses"]["200"]
        schema = good["content"]["application/json"]["schema"] | {"components": document["components"]}
        for asked in (path, with_fields(path, fields)):
            response = attacker.send(method, asked, body).json()
            wrong += [
                (name, asked, error.message[:300]) for error in Draft202012Validator(schema).iter_errors(response)
            ]

    assert not wrong
