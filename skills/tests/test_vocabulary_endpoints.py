"""Tests of GET /skills, GET /skills/{name}, POST /skills/normalize and POST /skills/extract."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from career_navigator.setting_values import Rate
from market.refresh import refresh_stats
from market.services import store_postings
from skills.documents import UnknownSlugDocument
from skills.services import seed_skills
from skills.vocabulary import CATEGORIES
from tests.factories import PostingFactory

ENTRIES: list[dict[str, Any]] = [
    {
        "name": "nodejs",
        "display_name": "Node.js",
        "category": "Frameworks/Libraries",
        "subcategory": "Web Backend",
        "aliases": ["node"],
        "slugs": ["node-js"],
        "prerequisites": ["javascript"],
        "related": ["express"],
    },
    {"name": "javascript", "display_name": "JavaScript", "category": "Programming Languages", "aliases": ["js"]},
    {"name": "java", "display_name": "Java", "category": "Programming Languages"},
    {"name": "jenkins", "display_name": "Jenkins"},
    {"name": "ci/cd", "display_name": "CI/CD", "aliases": ["continuous integration"]},
    {"name": "c++", "display_name": "C++", "category": "Programming Languages"},
    {"name": "teamwork", "display_name": "Teamwork", "category": "Soft Skills"},
    {"name": "greenhouse", "display_name": "Greenhouse", "is_skill": False},
]
ANYTHING = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _servers(empty_servers):
    seed_skills(entries=ENTRIES, now=timezone.now())


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def get(client, path, **parameters) -> dict[str, Any]:
    response = client.get(path, parameters)
    assert response.status_code == 200, response.content
    return orjson.loads(response.content)


def post(client, path, body, status=200) -> dict[str, Any]:
    response = client.post(path, orjson.dumps(body), content_type="application/json")
    assert response.status_code == status, response.content
    return orjson.loads(response.content)


def store(*slug_lists, days_ago=0):
    now = timezone.now()
    day = now.date() - timedelta(days=days_ago)
    postings = [PostingFactory.build(technology_slugs=tuple(slugs.split()), date_posted=day) for slugs in slug_lists]
    store_postings(postings=postings, now=now)
    refresh_stats(now=now)


def list_names(response):
    return [skill["name"] for skill in response["skills"]]


def test_lists_skills_by_name_without_entries_that_are_not_skills(client):
    response = get(client, "/skills")

    assert list_names(response) == ["c++", "ci/cd", "java", "javascript", "jenkins", "nodejs", "teamwork"]
    assert (response["total"], response["limit"], response["offset"]) == (7, 20, 0)
    assert response["skills"][5] == {
        "name": "nodejs",
        "display_name": "Node.js",
        "category": "Frameworks/Libraries",
        "subcategory": "Web Backend",
        "aliases": ["node"],
        "prerequisites": ["javascript"],
        "kind": "technology",
        "implies": [],
        "external_ids": [],
    }


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"query": "ja"}, ["java", "javascript"]),
        ({"query": "java"}, ["java", "javascript"]),
        ({"query": "JS"}, ["javascript"]),
        ({"query": "node"}, ["nodejs"]),
        ({"query": "Node.J"}, ["nodejs"]),
        ({"query": "contin"}, ["ci/cd"]),
        ({"query": "c+"}, ["c++", "ci/cd"]),
        ({"query": "c++"}, ["c++"]),
        ({"query": "integration"}, ["ci/cd"]),
        ({"category": "soft skills"}, ["teamwork"]),
        ({"query": "ava"}, []),
        ({"query": "!!"}, []),
        ({"query": "green"}, []),
        ({"query": ""}, ["c++", "ci/cd", "java", "javascript", "jenkins", "nodejs", "teamwork"]),
        ({"category": "Soft Skills"}, ["teamwork"]),
        ({"category": "Programming Languages", "query": "j"}, ["java", "javascript"]),
        ({"subcategory": "web backend"}, ["nodejs"]),
        ({"limit": 2, "offset": 1}, ["ci/cd", "java"]),
        ({"offset": 7}, []),
        ({"unknown": "ignored", "query": "team"}, ["teamwork"]),
    ],
)
def test_searches_by_prefix_alias_and_category(client, parameters, found):
    assert list_names(get(client, "/skills", **parameters)) == found


def test_total_counts_skills_on_all_pages(client):
    assert get(client, "/skills", query="j", limit=1)["total"] == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"limit": 0}, "limit must be between 1 and 100."),
        ({"limit": "many"}, "limit must be between 1 and 100."),
        ({"offset": -1}, "offset must be between 0 and 10000."),
        ({"category": "Cooking"}, f"category must be one of {', '.join(CATEGORIES)}."),
        ({"query": "x" * 101}, "query must have at most 100 characters."),
    ],
)
def test_rejects_invalid_parameters_by_name(client, parameters, message):
    response = client.get("/skills", parameters)

    assert response.status_code == 400
    assert response.json()["detail"] == message


@pytest.mark.parametrize("spelling", ["nodejs", "Node.js", "NODE-JS", "node", "nodejs/"])
def test_returns_a_skill_in_any_spelling(client, spelling):
    response = get(client, f"/skills/{spelling}")

    assert response["name"] == "nodejs"
    assert response["prerequisites"] == ["javascript"]
    assert response["see_also"] == ["express"]
    assert response["related_skills"] == []
    assert response["market"] == {
        "count": 0,
        "total_postings": 0,
        "percentage": 0.0,
        "confidence_interval": {"low": 0.0, "high": 100.0},
        "previous_percentage": None,
        "change_in_points": None,
        "growth_percentage": None,
        "change_interval": None,
        "trend": None,
        "distinct_jobs": 0,
        "employers": None,
        "top_employer_share": None,
        "warning": None,
        "approximate_before": None,
        "window_days": 30,
    }


@pytest.mark.parametrize(
    ("path", "name"), [("ci/cd", "ci/cd"), ("ci%2Fcd", "ci/cd"), ("c%2B%2B", "c++"), ("C++", "c++")]
)
def test_returns_skills_with_symbols_in_their_names(client, path, name):
    assert get(client, f"/skills/{path}")["name"] == name


@pytest.mark.parametrize("name", ["astrology", "greenhouse", "%00", "!!", "x" * 3000, "%F0%9F%90%8D"])
def test_returns_404_for_an_unknown_skill(client, name):
    response = client.get(f"/skills/{name}")

    assert (response.status_code, response.json()) == (
        404,
        {"detail": "This skill does not exist.", "code": "skill_not_found"},
    )


def test_returns_the_market_share_of_a_skill_and_its_growth(client):
    store(*["java"] * 10, *["jenkins"] * 10, days_ago=30)
    store(*["java"] * 15, *["jenkins"] * 5)

    market = get(client, "/skills/java")["market"]
    assert market["distinct_jobs"] == market["total_postings"] == 20
    assert {name: market[name] for name in ("count", "percentage", "previous_percentage")} == {
        "count": 15,
        "percentage": 75.0,
        "previous_percentage": 50.0,
    }
    assert (market["change_in_points"], market["growth_percentage"], market["window_days"]) == (25.0, 50.0, 30)
    assert market["trend"] == "unclear"
    assert market["change_interval"]["low"] < 0
    assert market["change_interval"]["high"] > 25
    assert get(client, "/skills/teamwork")["market"]["percentage"] == 0.0


def test_relates_skills_that_are_often_required_together(client):
    store(*["java jenkins"] * 4, *["node-js javascript jenkins"] * 6, *["javascript"] * 2, "java c++")

    related = get(client, "/skills/nodejs")["related_skills"]

    assert [(skill["skill"], skill["percentage"], skill["market_percentage"]) for skill in related] == [
        ("javascript", 100.0, 61.5),
        ("jenkins", 100.0, 76.9),
    ]
    # A single posting is not enough evidence.
    assert get(client, "/skills/c++")["related_skills"] == []


def test_market_share_changes_with_new_postings(client):
    store("java", "jenkins")
    first = get(client, "/skills/java")["market"]["percentage"]

    store("java", "java")

    assert (first, get(client, "/skills/java")["market"]["percentage"]) == (50.0, 75.0)


def test_returns_a_skill_that_only_postings_contain(client):
    store("apache-nifi java")

    response = get(client, "/skills/apache-nifi")

    assert (response["name"], response["market"]["count"]) == ("apache nifi", 1)
    assert UnknownSlugDocument.objects.get(slug="apache-nifi").count == 1


def test_normalizes_names_and_lists_unrecognized_names(client):
    response = post(
        client, "/skills/normalize", {"skills": ["NodeJS", "astrology", "node-js", "Java 11", "", "Greenhouse"]}
    )

    assert response == {
        "skills": ["nodejs", "java"],
        "recognized": [
            {"given": "NodeJS", "skill": "nodejs", "display_name": "Node.js"},
            {"given": "node-js", "skill": "nodejs", "display_name": "Node.js"},
            {"given": "Java 11", "skill": "java", "display_name": "Java"},
        ],
        "not_skills": ["Greenhouse"],
        "unrecognized": ["astrology"],
    }


@pytest.mark.parametrize(
    "body",
    [{}, [], {"skills": "java"}, {"skills": None}, {"skills": [1]}, {"skills": ["x" * 101]}, {"skills": ["a"] * 501}],
)
def test_rejects_a_body_without_a_list_of_names(client, body):
    assert "skills" in post(client, "/skills/normalize", body, status=400)["detail"] or body == []


def test_extracts_skills_by_category_with_their_positions(client):
    text = "Émigrés write JavaScript and Node.js; javascript daily. Teamwork matters."

    response = post(client, "/skills/extract", {"text": text})

    assert list(response["skills"]) == ["Programming Languages", "Frameworks/Libraries", "Soft Skills"]
    (javascript,) = response["skills"]["Programming Languages"]
    assert (javascript["skill"], javascript["display_name"]) == ("javascript", "JavaScript")
    assert [text[span["start"] : span["end"]] for span in javascript["spans"]] == ["JavaScript", "javascript"]
    assert response["total"] == 3
    assert set(response["skills"]) <= set(CATEGORIES)


def test_extracts_nothing_from_an_empty_text(client):
    assert post(client, "/skills/extract", {"text": ""}) == {"skills": {}, "total": 0}


@pytest.mark.parametrize(("text", "status"), [("é" * 50_000, 200), ("é" * 50_001, 400), ("a" * 100_001, 400)])
def test_accepts_texts_of_up_to_100_kilobytes(client, text, status):
    response = post(client, "/skills/extract", {"text": text}, status=status)

    assert status == 200 or response["detail"] == "text must be at most 100000 bytes long."


@pytest.mark.parametrize("body", [{}, {"text": None}, {"text": 5}, {"text": ["java"]}, "java"])
def test_rejects_a_body_without_text(client, body):
    post(client, "/skills/extract", body, status=400)


@pytest.mark.parametrize("path", ["/skills", "/skills/java", "/skills/roles"])
def test_trailing_slash_is_optional(client, path):
    assert client.get(path).content == client.get(f"{path}/").content


@pytest.mark.usefixtures("window_clock")
def test_limits_the_rate_of_extraction_per_client_ip(client, settings):
    settings.THROTTLES = settings.THROTTLES | {"extract_address": Rate(2, 60)}

    statuses = [_extract_from(client, "192.0.2.1").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert int(_extract_from(client, "192.0.2.1")["Retry-After"]) <= 60
    assert _extract_from(client, "192.0.2.2").status_code == 200
    assert client.get("/skills", REMOTE_ADDR="192.0.2.1").status_code == 200


def _extract_from(client, client_ip):
    return client.post("/skills/extract", {"text": "Go"}, "application/json", REMOTE_ADDR=client_ip)


@pytest.mark.parametrize("path", ["/skills/normalize", "/skills/extract"])
def test_accepts_post_with_a_trailing_slash_and_rejects_other_methods(client, path):
    body = b'{"skills": [], "text": ""}'

    assert client.post(f"{path}/", body, content_type="application/json").status_code == 200
    assert client.get(path).status_code == 405
    assert client.post("/skills", body, content_type="application/json").status_code == 405


def test_ignores_invalid_tokens(client):
    assert client.get("/skills", headers={"Authorization": "Bearer nonsense"}).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
VALUES = st.text(max_size=40) | st.integers().map(str) | st.floats().map(str)
TEXT_WITHOUT_SURROGATES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@ANYTHING
@given(parameters=st.dictionaries(st.sampled_from(["query", "category", "subcategory", "limit", "offset"]), VALUES))
def test_no_search_causes_a_server_error(client, parameters):
    plain = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}

    assert client.get("/skills", plain).status_code in {200, 400}


@ANYTHING
@given(name=TEXT_WITHOUT_SURROGATES)
def test_no_name_causes_a_server_error(client, name):
    path = f"/skills/{name.replace('%', '%25').replace('?', '%3F').replace('#', '%23')}"

    # Some names match another endpoint or no endpoint.
    assert client.get(path).status_code in {200, 400, 401, 404, 405}


@ANYTHING
@given(
    body=JSON
    | st.fixed_dictionaries({"skills": st.lists(st.text(max_size=120) | JSON, max_size=5)})
    | st.fixed_dictionaries({"text": st.text() | JSON})
)
def test_no_body_causes_a_server_error(client, body):
    content = orjson.dumps(body) if _is_serializable(body) else str(body).encode("utf-8", "surrogatepass")
    for path in ("/skills/normalize", "/skills/extract"):
        assert client.post(path, content, content_type="application/json").status_code in {200, 400}


def _is_serializable(body: Any) -> bool:
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True
