"""Tests of the compression of responses of at least 1 kB for clients that accept gzip."""

import gzip

import pytest
from django.utils import timezone

from career_navigator.cache import reset_caches
from career_navigator.compression import MIN_BYTES, accepts_gzip
from market.refresh import refresh_stats
from market.services import store_postings
from tests.factories import PostingFactory
from tests.fixtures.users import API, Member

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
# The second response comes from the response cache.
TRENDING = ["/market/trending?days=30", "/market/trending?days=30"]


@pytest.fixture
def market(empty_servers: None) -> None:
    now = timezone.now()
    skills = ("python", "docker", "sql", "go", "java", "react", "django", "flask", "kubernetes", "redis", "rust", "php")
    postings = PostingFactory.build_batch(20, date_posted=now.date(), technology_slugs=skills)
    store_postings(postings=postings, role="Software Engineer", now=now)
    refresh_stats(now=now)
    reset_caches()


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("path", [*TRENDING, "/openapi.json", "/countries", "/docs", "/jobs/list_jobs"])
def test_compresses_long_responses(ada: Member, path: str) -> None:
    for _ in range(2):
        plain, compressed = ada.get(path), ada.get(path, **GZIP)

        assert len(plain.content) >= MIN_BYTES
        assert "Content-Encoding" not in plain
        assert compressed["Content-Encoding"] == "gzip"
        assert len(compressed.content) < len(plain.content)
        # Each /docs page has another nonce.
        assert path == "/docs" or gzip.decompress(compressed.content) == plain.content
        assert int(compressed.get("Content-Length", len(compressed.content))) == len(compressed.content)
        assert compressed["Content-Type"] == plain["Content-Type"]
        assert "Accept-Encoding" in compressed["Vary"]
        assert "Accept-Encoding" in plain["Vary"]


@pytest.mark.parametrize("path", ["/health", "/auth/me", "/nowhere", "/countries?search=Iceland"])
def test_does_not_compress_short_responses(empty_servers: None, ada: Member, path: str) -> None:
    response = ada.get(path, **GZIP)

    assert len(response.content) < MIN_BYTES
    assert "Content-Encoding" not in response
    assert response.json()


def test_does_not_compress_formats_that_are_already_compressed(empty_servers: None, ada: Member) -> None:
    text = "Grace Hopper\ngrace@example.org\n\nSkills\nPython, Docker\n"
    resume_id = ada.post("/resumes/generate", {"source": "upload", "content": text}).json()["resume_id"]

    files = {ending: ada.get(f"/resumes/{resume_id}.{ending}", **GZIP) for ending in ("pdf", "docx", "html")}

    assert all(len(file.content) >= MIN_BYTES for file in files.values())
    assert {ending: file.get("Content-Encoding") for ending, file in files.items()} == {
        "pdf": None,
        "docx": None,
        "html": "gzip",
    }
    assert files["pdf"].content.startswith(b"%PDF")


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("path", ["/market/trending", "/countries"])
def test_returns_304_for_the_etag_of_the_plain_and_of_the_compressed_response(api: API, path: str) -> None:
    plain, compressed = api.get(path), api.get(path, **GZIP)

    assert compressed["ETag"] == f"W/{plain['ETag']}"
    for tag in (plain["ETag"], compressed["ETag"]):
        for headers in ({}, GZIP):
            response = api.get(path, **headers, **{"If-None-Match": tag})
            assert (response.status_code, response.content) == (304, b"")
            assert "Content-Encoding" not in response
            assert "Accept-Encoding" in response["Vary"]
    assert api.get(path, **GZIP, **{"If-None-Match": '"other"'}).status_code == 200


def test_accepts_the_weak_etag_of_a_compressed_profile_in_if_match(empty_servers: None, ada: Member) -> None:
    skills = [f"Skill number {number}" for number in range(100)]
    ada.put("/auth/me", {"skills": skills})
    tag = ada.get("/auth/me", **GZIP)["ETag"]

    changed = ada.send("PUT", "/auth/me", {"location": "London"}, **{"If-Match": tag})
    stale = ada.send("PUT", "/auth/me", {"location": "Paris"}, **{"If-Match": tag})

    assert tag.startswith('W/"')
    assert changed.status_code == 200
    assert stale.status_code in {409, 412}


def test_compressed_responses_vary_in_length(empty_servers: None, ada: Member) -> None:
    ada.put("/auth/me", {"skills": [f"Skill number {number}" for number in range(100)]})

    lengths = {len(ada.get("/auth/me", **GZIP).content) for _ in range(30)}

    assert len(lengths) > 1


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP, br", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip; q=1.0", True),
        ("*", True),
        ("br;q=1, *;q=0.1", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("*, gzip;q=0.0", False),
        ("*;q=0", False),
        ("gzip;q=many", False),
        ("gzipped", False),
    ],
)
def test_parses_the_weights_in_accept_encoding(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
