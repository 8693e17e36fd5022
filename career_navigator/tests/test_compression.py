"""Answers over 1 kB come compressed to who takes that, and as they are to who does not."""

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
# The second one is sent from the response cache.
TRENDING = ["/market/trending?days=30", "/market/trending?days=30"]


@pytest.fixture
def market(servers_emptied: None) -> None:
    now = timezone.now()
    skills = ("python", "docker", "sql", "go", "java", "react", "django", "flask", "kubernetes", "redis", "rust", "php")
    postings = PostingFactory.build_batch(20, date_posted=now.date(), technology_slugs=skills)
    store_postings(postings=postings, role="Software Engineer", now=now)
    refresh_stats(now=now)
    reset_caches()


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("path", [*TRENDING, "/openapi.json", "/countries", "/docs", "/jobs/list_jobs"])
def test_compresses_long_answers(ada: Member, path: str) -> None:
    for _ in range(2):
        plain, packed = ada.get(path), ada.get(path, **GZIP)

        assert len(plain.content) >= MIN_BYTES
        assert "Content-Encoding" not in plain
        assert packed["Content-Encoding"] == "gzip"
        assert len(packed.content) < len(plain.content)
        # A page differs by its nonce.
        assert path == "/docs" or gzip.decompress(packed.content) == plain.content
        assert int(packed.get("Content-Length", len(packed.content))) == len(packed.content)
        assert packed["Content-Type"] == plain["Content-Type"]
        assert "Accept-Encoding" in packed["Vary"]
        assert "Accept-Encoding" in plain["Vary"]


@pytest.mark.parametrize("path", ["/health", "/auth/me", "/nowhere", "/countries?search=Iceland"])
def test_leaves_short_answers_alone(servers_emptied: None, ada: Member, path: str) -> None:
    answer = ada.get(path, **GZIP)

    assert len(answer.content) < MIN_BYTES
    assert "Content-Encoding" not in answer
    assert answer.json()


def test_compresses_no_file_that_is_compressed_already(servers_emptied: None, ada: Member) -> None:
    text = "Grace Hopper\ngrace@example.org\n\nSkills\nPython, Docker\n"
    made = ada.post("/resumes/generate", {"source": "upload", "content": text}).json()["resume_id"]

    files = {ending: ada.get(f"/resumes/{made}.{ending}", **GZIP) for ending in ("pdf", "docx", "html")}

    assert all(len(file.content) >= MIN_BYTES for file in files.values())
    assert {ending: file.get("Content-Encoding") for ending, file in files.items()} == {
        "pdf": None,
        "docx": None,
        "html": "gzip",
    }
    assert files["pdf"].content.startswith(b"%PDF")


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("path", ["/market/trending", "/countries"])
def test_answers_304_to_the_tag_of_either_form(api: API, path: str) -> None:
    plain, packed = api.get(path), api.get(path, **GZIP)

    assert packed["ETag"] == f"W/{plain['ETag']}"
    for tag in (plain["ETag"], packed["ETag"]):
        for headers in ({}, GZIP):
            answer = api.get(path, **headers, **{"If-None-Match": tag})
            assert (answer.status_code, answer.content) == (304, b"")
            assert "Content-Encoding" not in answer
            assert "Accept-Encoding" in answer["Vary"]
    assert api.get(path, **GZIP, **{"If-None-Match": '"other"'}).status_code == 200


def test_takes_the_weak_tag_of_a_compressed_profile(servers_emptied: None, ada: Member) -> None:
    skills = [f"Skill number {number}" for number in range(100)]
    ada.put("/auth/me", {"skills": skills})
    tag = ada.get("/auth/me", **GZIP)["ETag"]

    changed = ada.send("PUT", "/auth/me", {"location": "London"}, **{"If-Match": tag})
    stale = ada.send("PUT", "/auth/me", {"location": "Paris"}, **{"If-Match": tag})

    assert tag.startswith('W/"')
    assert changed.status_code == 200
    assert stale.status_code in {409, 412}


def test_two_answers_with_a_secret_differ_in_length(servers_emptied: None, ada: Member) -> None:
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
def test_reads_the_weights_of_encodings(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
