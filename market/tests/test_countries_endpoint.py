"""GET /countries."""

import re

import pytest
from django.test import Client

CLIENT = Client(raise_request_exception=False)


def _found(search):
    return [country["code"] for country in CLIENT.get("/countries", {"search": search}).json()["countries"]]


@pytest.mark.parametrize("path", ["/countries", "/countries/", "/countries?search=", "/countries?unknown=1"])
def test_lists_every_country_by_name_to_everybody(redis, path):
    answer = CLIENT.get(path)

    assert answer.status_code == 200
    body = answer.json()
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
    assert sorted(_found(search)) == sorted(codes)


def test_lets_everybody_keep_the_answer_for_a_day(redis):
    answer = CLIENT.get("/countries")

    assert answer["Cache-Control"] == "public, max-age=86400"
    again = CLIENT.get("/countries", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == answer["ETag"]
    assert CLIENT.get("/countries", headers={"If-None-Match": '"another"'}).status_code == 200
    assert CLIENT.get("/countries", {"search": "de"})["ETag"] != answer["ETag"]


@pytest.mark.parametrize("search", ["x" * 101, "a\x00b"])
def test_refuses_a_search_that_none_can_be(redis, search):
    answer = CLIENT.get("/countries", {"search": search})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("search")


def test_takes_no_other_method(redis):
    assert CLIENT.post("/countries").status_code == 405
