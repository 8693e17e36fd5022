"""Tests of the response cache, which returns the same body and headers until the data version changes."""

import io
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from career_navigator.cache import client, reset_caches, responses
from career_navigator.cache.responses import Freshness, ResponseCacheMiddleware, cache_response, find_response
from tests.other_servers import NO_REDIS

KEY = "test:version"
requests = RequestFactory()


class _View:
    """A view that counts its calls and marks its response as cacheable for the version in Redis."""

    def __init__(self, redis: Any, *, seconds: float = 60) -> None:
        self.calls = 0
        self._redis = redis
        self._seconds = seconds

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        response = HttpResponse(
            f"answer {self.calls}", "application/json", headers={"Cache-Control": "no-cache, no-store"}
        )
        version = self._redis.get(KEY)
        if version is None:
            return response
        freshness = Freshness(version_key=KEY, version=version, expires_at=time.time() + self._seconds)
        return cache_response(response, freshness)


@pytest.fixture
def view(redis: Any) -> _View:
    redis.set(KEY, "1")
    return _View(redis)


@pytest.fixture
def get(view: _View) -> Callable[..., Any]:
    middleware = ResponseCacheMiddleware(view)
    return lambda path="/trending?days=30", method="get", **headers: middleware(
        getattr(requests, method)(path, headers=headers)
    )


def test_returns_the_cached_response_with_the_same_headers(view: _View, get: Callable[..., Any]) -> None:
    first, second = get(), get()

    assert view.calls == 1
    assert (second.content, dict(second.items())) == (first.content, dict(first.items()))
    assert second["Cache-Control"] == "no-cache, no-store"


def test_calls_the_view_again_after_the_version_changed(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()

    responses = []
    for version in range(2, 20):
        redis.set(KEY, str(version))
        responses.append(get().content.decode())

    assert responses == [f"answer {version}" for version in range(2, 20)]


def test_calls_the_view_again_if_there_is_no_version(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()
    redis.delete(KEY)

    get()
    get()

    assert view.calls == 3


def test_calls_the_view_again_after_the_response_expired(redis: Any) -> None:
    redis.set(KEY, "1")
    view = _View(redis, seconds=-1)
    middleware = ResponseCacheMiddleware(view)

    middleware(requests.get("/"))
    middleware(requests.get("/"))

    assert view.calls == 2


def test_caches_each_query_path_scheme_and_origin_separately(view: _View) -> None:
    middleware: Any = ResponseCacheMiddleware(view)
    distinct = [
        requests.get("/trending?days=30"),
        requests.get("/trending?days=31"),
        requests.get("/trending/?days=30"),
        requests.get("/trending?days=30", secure=True),
        requests.get("/trending?days=30", headers={"Origin": "http://localhost:3000"}),
    ]

    responses = [[middleware(request).content for request in distinct] for _ in range(2)]

    assert view.calls == len(distinct) == len(set(responses[0]))
    assert responses[0] == responses[1]


def test_returns_cors_headers_per_origin(client: Any, mongo: Any, redis: Any) -> None:
    call_command("refresh_stats", stdout=StringIO())
    allowed = [
        client.get("/market/trending", headers={"Origin": origin}).get("Access-Control-Allow-Origin")
        for origin in (
            "http://localhost:3000",
            "https://evil.example",
            "http://localhost:3000",
            "http://127.0.0.1:3000",
        )
    ]

    assert "ETag" in client.get("/market/trending")
    assert allowed == ["http://localhost:3000", None, "http://localhost:3000", "http://127.0.0.1:3000"]


def test_returns_304_if_the_etag_matches(view: _View, get: Callable[..., Any]) -> None:
    etag = get()["ETag"]

    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = get(If_None_Match=header)
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
        assert response["Cache-Control"] == "no-cache, no-store"
    assert get(If_None_Match='"other"').status_code == 200
    assert view.calls == 1


def test_caches_head_like_get_and_passes_other_methods_to_the_view(view: _View, get: Callable[..., Any]) -> None:
    first = get()

    head, post = get(method="head"), get(method="post")

    assert head["ETag"] == first["ETag"]
    assert post.content == b"answer 2"


def test_does_not_cache_unmarked_responses(redis: Any) -> None:
    view = _View(redis)
    middleware = ResponseCacheMiddleware(view)

    responses = [middleware(requests.get("/")) for _ in range(2)]

    assert view.calls == 2
    assert "ETag" not in responses[0]


def test_evicts_the_least_recently_used_response(
    view: _View, get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "MAX_RESPONSES", 2)

    for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
        get(path)

    assert view.calls == 4


def test_calls_the_view_while_redis_is_unavailable_and_recovers(
    view: _View, get: Callable[..., Any], settings: Any
) -> None:
    get()
    address = settings.REDIS_URL

    settings.REDIS_URL = NO_REDIS
    client.reset()
    responses = [get() for _ in range(2)]
    settings.REDIS_URL = address
    client.reset()

    assert [response.status_code for response in responses] == [200, 200]
    assert get().content == responses[1].content


def test_recovers_from_a_connection_closed_by_redis(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()
    get()
    redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    responses = [get().status_code for _ in range(3)]
    calls_before = view.calls
    get()

    assert responses == [200, 200, 200]
    assert view.calls == calls_before


@pytest.fixture
def find(view: _View) -> Callable[..., Any]:
    """Return a function that looks up a request after `/trending?days=30` was cached."""
    middleware = ResponseCacheMiddleware(view)

    def build(method: str = "GET", **meta: str) -> dict[str, Any]:
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/trending",
            "QUERY_STRING": "days=30",
            "HTTP_HOST": "localhost",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        } | meta

    assert find_response(build()) is None
    middleware(WSGIRequest(build()))
    return lambda **changes: find_response(build(**changes))


def test_finds_the_response_of_the_view(view: _View, find: Callable[..., Any]) -> None:
    cached = find()

    assert view.calls == 1
    assert cached.content == b"answer 1"
    assert dict(cached.headers) | {"ETag": cached.etag} == {
        "Content-Type": "application/json",
        "Cache-Control": "no-cache, no-store",
        "ETag": cached.etag,
    }


def test_finds_nothing_after_the_version_changed(find: Callable[..., Any], redis: Any) -> None:
    redis.set(KEY, "2")

    assert find() is None


@pytest.mark.parametrize(
    "other",
    [
        {"PATH_INFO": "/trending/"},
        {"QUERY_STRING": "days=31"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_ORIGIN": "http://localhost:3000"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"wsgi.url_scheme": "https"},
        {"HTTP_IF_NONE_MATCH": '"x"'},
        {"method": "HEAD"},
        {"method": "POST"},
    ],
)
def test_finds_nothing_for_a_different_request(find: Callable[..., Any], other: dict[str, str]) -> None:
    assert find(**other) is None


def test_finds_nothing_after_a_reset(find: Callable[..., Any]) -> None:
    reset_caches()

    assert find() is None


def test_reads_the_version_again_after_the_maximum_staleness(
    view: _View, get: Callable[..., Any], redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "MAX_STALENESS", 60)
    get(), get()
    redis.set(KEY, "2")
    assert get().content == b"answer 1"

    monkeypatch.setattr(responses, "MAX_STALENESS", 0)

    assert get().content == b"answer 2"
