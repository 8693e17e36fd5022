"""Responses name the fields and parameters of a request that were ignored."""

from urllib.parse import unquote

import pytest
from django.test import Client

from career_navigator.api.ignored import FIELD, HEADER, MAX_HEADER_LENGTH, MAX_NAMES
from tests.api.inventory import OPEN, OPERATIONS, TOKEN, build_request
from tests.fixtures.user_data import create_user_data, register_with_word
from tests.fixtures.users import API, PASSWORD, REGISTRATION

LAST = ("POST auth/password", "DELETE auth/me")
# Operations that are not tried here. Most need a token from an email.
ELSEWHERE = {"POST auth/password/reset", "GET metrics", "GET docs", "GET redoc", "DELETE users/<str:user_id>"}
OPTIONS_OF = [name for name, operation in OPERATIONS.items() if operation.needs in (OPEN, TOKEN)]
HTML = ("unsubscribe", "email/confirm")


def test_names_what_every_operation_ignores(shared_data):
    """Send all requests in one test, because some delete what others create."""
    member = register_with_word("Ignored")
    names = shared_data | create_user_data(member, shared_data, "Ignored")
    wrong, seen = {}, 0
    tried = [
        name
        for name, operation in OPERATIONS.items()
        if operation.needs in (OPEN, TOKEN)
        and name not in ELSEWHERE | {*LAST}
        and not any(each in name for each in HTML)
    ]
    for name in sorted(tried, key=lambda name: name.startswith("DELETE")) + list(LAST):
        method, path, body = build_request(name, names)
        expected = {"no-parameter"}
        if method != "GET" and name != "POST auth/login/form":
            body, expected = (body or {}) | {"no_field": 1}, expected | {"no_field"}
        response = member.send(method, f"{path}{'&' if '?' in path else '?'}no-parameter=1", body)
        if response.status_code >= 300 and response.status_code != 400:
            continue
        if name == "POST auth/password":
            member.token = response.json()["access_token"]
        seen += 1
        named = {unquote(each) for each in response.get(HEADER, "").split(", ")}
        content = response.json() if response.content and response["Content-Type"] == "application/json" else None
        if name in ("GET auth/me", "GET market/trending", "GET openapi.json") or name.endswith(".json"):
            content = None
        if named != expected or (isinstance(content, dict) and not expected <= {*content.get(FIELD, ())}):
            wrong[name] = (response.status_code, named, response.content[:300])

    assert wrong == {}
    assert seen > 60


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW", "HEAD"])
def test_handles_unknown_parameters_for_every_method(shared_data, method):
    member = register_with_word(f"Asking{method}")
    names = shared_data | dict.fromkeys(("resume_id", "search_id", "run_id"), "0" * 24) | {"user_id": member.id}
    paths = {build_request(name, names)[1].partition("?")[0] for name in OPTIONS_OF}

    statuses = {path: member.send(method, f"{path}?no-parameter=1&limit=1").status_code for path in paths}

    assert {path: status for path, status in statuses.items() if status == 500} == {}


@pytest.mark.usefixtures("empty_servers")
class TestIgnored:
    def test_omits_the_field_when_nothing_is_ignored(self, ada, api):
        for response in (ada.get("/auth/me"), ada.put("/auth/me", {"location": "London"}), api.get("/?")):
            assert FIELD not in response.json()
            assert HEADER not in response.headers

    def test_names_a_misspelt_field_of_a_rejected_request(self, api):
        given = dict(REGISTRATION, fullname="Ada")
        del given["full_name"]

        response = api.post("/auth/register", given)

        assert response.status_code == 400
        assert (response.json()["detail"], response.json()[FIELD]) == ("full_name is required.", ["fullname"])

    def test_names_fields_and_parameters_together_once_and_in_order(self, ada):
        response = ada.put("/auth/me?b=1&a=2&b=3", {"b": 1, "c": 2, "location": "London"})

        assert response.json()[FIELD] == ["a", "b", "c"]
        assert response[HEADER] == "a, b, c"

    def test_names_ignored_fields_of_a_search(self, ada):
        assert ada.post("/jobs/relevant_jobs", {"text": "x"}).json()[FIELD] == []
        assert ada.post("/jobs/relevant_jobs?y=1", {"text": "x", "colour": "red"}).json()[FIELD] == ["colour", "y"]

    @pytest.mark.parametrize("path", ["/market/trending", "/market/trending/"])
    def test_names_them_in_the_header_of_a_cached_response(self, api, path):
        first, second = (api.get(f"{path}?days=30&wait=1") for _ in range(2))
        plain = api.get(f"{path}?days=30")

        assert first[HEADER] == second[HEADER] == "wait"
        assert HEADER not in plain.headers

    def test_names_them_in_the_header_of_a_profile(self, ada):
        assert ada.get("/auth/me?expand=all")[HEADER] == "expand"

    @pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", "ключ", "a, b", '"', "x" * 5_000, ""])
    def test_writes_any_name_into_the_header(self, ada, name):
        response = ada.put("/auth/me", {name: 1, "location": "London"})

        assert response.status_code == 200
        assert [unquote(each) for each in response[HEADER].split(", ")] == [name[:100]]
        assert response[HEADER].isascii()
        assert response.json()[FIELD] == [name[:100]]

    def test_bounds_the_list_of_names(self, ada):
        response = ada.put("/auth/me", {f"{number:05}{'ж' * 90}": 1 for number in range(1_000)})

        assert len(response.json()[FIELD]) == MAX_NAMES
        assert len(response[HEADER]) <= MAX_HEADER_LENGTH

    def test_does_not_inspect_a_body_that_the_operation_does_not_read(self, ada):
        assert ada.send("POST", "/auth/email/send", b"{").status_code == 202
        assert ada.send("POST", "/auth/email/send", b"[1]").json().keys() == {"detail"}
        assert ada.post("/auth/email/send", {"to": "x"}).json()[FIELD] == ["to"]

    @pytest.mark.parametrize("path", ["/auth/me", "/users/{}"])
    def test_names_nothing_when_a_profile_is_sent_back_unchanged(self, ada, path):
        path = path.format(ada.id)
        profile = ada.get(path).json()

        assert FIELD not in ada.put(path, profile).json()
        changed = dict.fromkeys(("id", "created_at", "joined_date", "resume"), "x")
        assert {"id"} < {*ada.put(path, changed).json()[FIELD]}

    def test_names_an_email_that_it_does_not_change(self, ada):
        assert ada.put("/auth/me", {"email": "ada@example.net"}).json()[FIELD] == ["email"]

    def test_names_the_fields_of_a_form(self, ada, client: Client):
        form = {"username": "ada@example.org", "password": PASSWORD, "scope": "all"}

        assert client.post("/auth/login/form", form).json()[FIELD] == ["scope"]

    def test_exposes_the_header_to_other_origins(self, settings):
        settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]

        response = API().get("/health?x=1", Origin="https://app.example.org")

        assert {"Ignored-Fields", "WWW-Authenticate"} <= {*response["Access-Control-Expose-Headers"].split(", ")}


def test_documents_the_field_and_the_header_in_the_schema(client: Client):
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]

    lists = document["paths"]["/learning/resources"]["get"]["responses"]["200"]
    saved = document["paths"]["/auth/me"]["put"]["responses"]["200"]
    assert HEADER in lists["headers"]
    name = saved["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert schemas[name]["properties"][FIELD]["items"] == {"type": "string"}
    assert FIELD not in schemas[name].get("required", ())
    assert FIELD in schemas["Error"]["properties"]
    assert {FIELD} & {*schemas["User"]["properties"], *schemas["Trending"]["properties"]} == set()
