"""Tests of GET /learning/resources and GET /learning/resources/search."""

import time
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning.documents import LearningResourceDocument
from learning.selectors import get_resource_catalogue
from learning.services import seed_resources
from tests.fixtures.catalogues import RESOURCES, resource


@pytest.fixture
def list_resource_titles(newcomer):
    """Return a function that requests /learning/resources and returns the titles."""

    def get_titles(*skills, **parameters):
        response = newcomer.get(f"/learning/resources?{urlencode({'skills': skills, **parameters}, doseq=True)}")
        assert response.status_code == 200, response.content
        return [resource["title"] for resource in response.json()]

    return get_titles


@pytest.fixture
def search(newcomer):
    """Return a function that requests /learning/resources/search and returns the response body."""

    def get_results(query, **parameters):
        response = newcomer.get(f"/learning/resources/search?{urlencode({'query': query, **parameters})}")
        assert response.status_code == 200, response.content
        return response.json()

    return get_results


def list_titles(response):
    return [resource["title"] for resource in response["resources"]]


def test_lists_the_resources_of_each_skill_easiest_first(list_resource_titles):
    assert list_resource_titles("python", "Docker") == [
        "The Python Tutorial",
        "Programming for Everybody",
        "Thinking in Python",
        "Docker Docs",
        "Containers from Scratch",
    ]


def test_returns_every_field(newcomer):
    (response,) = newcomer.get("/learning/resources?skills=k8s").json()

    assert response == next(entry for entry in RESOURCES if entry["skill"] == "kubernetes")


def test_accepts_skills_in_any_spelling_without_duplicates(list_resource_titles):
    assert list_resource_titles("PY", "python", "Python 3") == list_resource_titles("python")


def test_does_not_confuse_similar_skills(list_resource_titles):
    assert list_resource_titles("apache kafka") == ["Event Streaming Manual"]
    assert list_resource_titles("apache") == ["HTTP Server Manual"]
    assert list_resource_titles("c") == ["The C Language"]
    assert list_resource_titles("pythn") == []
    assert list_resource_titles("greenhouse") == []


def test_filters_by_type(list_resource_titles):
    assert list_resource_titles("python", "docker", resource_type="Documentation") == [
        "The Python Tutorial",
        "Docker Docs",
    ]


def test_filters_by_search_terms_most_relevant_first(list_resource_titles):
    assert list_resource_titles("python", "docker", search="everybody") == ["Programming for Everybody"]
    assert list_resource_titles("python", search="gentle tutorial") == [
        "The Python Tutorial",
        "Programming for Everybody",
    ]
    assert list_resource_titles("docker", search="gentle") == []
    assert list_resource_titles("python", search="") == list_resource_titles("python")
    assert list_resource_titles("python", resource_type="Book", search="python") == ["Thinking in Python"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?", "skills"),
        ("?skills=", "skills.0"),
        (f"?skills={'x' * 101}", "skills.0"),
        ("?" + "&".join(["skills=a"] * 101), "skills"),
        ("?skills=python&resource_type=Song", "resource_type"),
        ("?skills=python&resource_type=", "resource_type"),
        (f"?skills=python&search={'x' * 201}", "search"),
        ("/search?", "query"),
        ("/search?query=", "query"),
        ("/search?query=%20", "query"),
        (f"/search?query={'x' * 201}", "query"),
        ("/search?query=a&limit=0", "limit"),
        ("/search?query=a&limit=101", "limit"),
        ("/search?query=a&offset=-1", "offset"),
        ("/search?query=a&resource_type=book", "resource_type"),
    ],
)
def test_rejects_invalid_parameters_by_name(newcomer, query, field):
    response = newcomer.get(f"/learning/resources{query}")

    assert response.status_code == 400
    assert field in response.json()["errors"]


def test_search_returns_the_documented_fields(search):
    response = search("docker", resource_type="Video", limit=5)

    assert response == {
        "resources": [next(entry for entry in RESOURCES if entry["title"] == "Containers from Scratch")],
        "total_found": 1,
        "search_query": "docker",
        "filters_applied": {"resource_type": "Video", "limit": 5, "offset": 0},
    }
    assert search("docker")["filters_applied"] == {"resource_type": None, "limit": 20, "offset": 0}


def test_ranks_skill_matches_before_title_and_description_matches(search):
    assert list_titles(search("python")) == [
        "Thinking in Python",
        "The Python Tutorial",
        "Programming for Everybody",
    ]
    assert list_titles(search("c#"))[0] == "Foundations of C#"
    assert list_titles(search("c"))[0] == "The C Language"


def test_finds_resources_by_an_alias(search):
    assert list_titles(search("K8s")) == ["Kubernetes Docs"]


@pytest.mark.parametrize("query", ["pyt tuto", "PYTH TUT", "tut", '-python "tutorial'])
def test_completes_prefixes_and_ignores_operators(search, query):
    assert list_titles(search(query))[0] == "The Python Tutorial"


def test_completes_whole_words_that_are_not_skills(search):
    now = timezone.now()
    others = [resource("sql", "Book", title) for title in ("Typescripts", "On Type", "Dockerfiles", "Typewriters")]
    seed_resources(entries=[*RESOURCES, *others], now=now)

    assert list_titles(search("type")) == ["On Type", "Typescripts", "Typewriters"]
    assert "Dockerfiles" not in list_titles(search("docker"))


def test_ranks_resources_with_more_of_the_words_first(search):
    assert list_titles(search("manual server"))[0] == "HTTP Server Manual"
    assert set(list_titles(search("manual server"))) == {"HTTP Server Manual", "Event Streaming Manual"}


def test_finds_inflected_forms_of_a_word(search):
    assert list_titles(search("language")) == list_titles(search("languages")) == ["The C Language"]


@pytest.mark.parametrize("query", ["zebra", "+++", '"', "-", "$where", "the"])
def test_finds_nothing_for_unknown_words(search, query):
    response = search(query)

    assert (response["resources"], response["total_found"]) == ([], 0)


def test_pages_have_no_gaps_or_duplicates(search):
    everything = list_titles(search("teaches well", limit=100))

    pages = [search("teaches well", limit=2, offset=offset) for offset in range(0, len(everything) + 2, 2)]

    assert len(everything) == 10
    assert [title for page in pages for title in list_titles(page)] == everything
    assert {page["total_found"] for page in pages} == {10}


def test_leaves_out_broken_resources(list_resource_titles, search, catalogue):
    LearningResourceDocument.objects(title="Docker Docs").get().update(broken_since=timezone.now())
    LearningResourceDocument.objects(title="Docker Docs").get().save()

    assert "Docker Docs" not in list_titles(search("docker"))
    time.sleep(0.85)
    assert list_resource_titles("docker") == ["Containers from Scratch"]


def test_serves_an_edit_within_a_second(list_resource_titles):
    assert "Docker Docs" in list_resource_titles("docker")
    resource = LearningResourceDocument.objects(title="Docker Docs").get()
    resource.title = "Docker Manual"
    resource.save()

    time.sleep(0.85)
    assert "Docker Manual" in list_resource_titles("docker")
    resource.delete()
    time.sleep(0.85)
    assert list_resource_titles("docker") == ["Containers from Scratch"]


def test_caches_the_catalogue(list_resource_titles):
    list_resource_titles("docker")

    assert get_resource_catalogue() is get_resource_catalogue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(max_size=60), skill=st.text(max_size=30), limit=st.integers(-5, 200), offset=st.integers(-5, 99999)
)
def test_no_query_causes_a_server_error(newcomer, query, skill, limit, offset):
    parameters = urlencode({"query": query, "search": query, "skills": skill, "limit": limit, "offset": offset})

    for path in ("/learning/resources/search", "/learning/resources", "/projects/search", "/projects/skill-building"):
        assert newcomer.get(f"{path}?{parameters}").status_code in (200, 400)
