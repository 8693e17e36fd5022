"""GET /countries."""

import re

import pytest
from django.test import Client

CLIENT = Client(raise_request_exception=False)


def _find_codes(search):
    return [country["code"] for country in CLIENT.get("/countries", {"search": search}).json()["countries"]]


@pytest.mark.parametrize("path", ["/countries", "/countries/", "/countries?search=", "/countries?unknown=1"])
def test_lists_all_countries_by_name_without_authentication(redis, path):
    response = CLIENT.get(path)

    assert response.status_code == 200
    body = response.json()
    assert list(body)[:2] == ["messages", "countries"]
    assert body["messages"] == "success"
    codes = [country["code"] for country in body["countries"]]
    assert len(codes) == len(set(codes)) == 249
    assert all(re.fullmatch("[A-Z]{2}", code) for code in codes)
    assert {"code": "DE", "name": "Germany"} in body["countries"]
    names = [country["name"] for country in body["countries"]]
    assert names[:3] == ["Afghanistan", "Åland Islands", "Albania"]
    assert names[-1] == "Zimbabwe"


@pytest.mark.parametrize(
    ("search", "codes"),
    [
        ("den", ["DK"]),
        ("no", ["GB", "KP", "MK", "MP", "NF", "NO"]),
        ("deu", ["DE"]),
        ("germ", ["DE"]),
        (" Germany ", ["DE"]),
        ("uk", ["GB", "UA"]),
        ("usa", ["US"]),
        ("turkiye", ["TR"]),
        ("KOREA", ["KP", "KR"]),
        ("nowhere", []),
        ("...", []),
        (".*", []),
        ("$where", []),
    ],
)
def test_finds_countries_by_name_or_code(redis, search, codes):
    assert sorted(_find_codes(search)) == sorted(codes)


def test_responses_are_cacheable_for_a_day(redis):
    response = CLIENT.get("/countries")

    assert response["Cache-Control"] == "public, max-age=86400"
    again = CLIENT.get("/countries", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == response["ETag"]
    assert CLIENT.get("/countries", headers={"If-None-Match": '"another"'}).status_code == 200
    assert CLIENT.get("/countries", {"search": "de"})["ETag"] != response["ETag"]


@pytest.mark.parametrize("search", ["x" * 101, "a\x00b"])
def test_rejects_an_invalid_search(redis, search):
    response = CLIENT.get("/countries", {"search": search})

    assert response.status_code == 400
    assert response.json()["detail"].startswith("search")


def test_rejects_other_methods(redis):
    assert CLIENT.post("/countries").status_code == 405
