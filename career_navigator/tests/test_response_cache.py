"""Responses sent again from the process's memory: the same bytes and headers, while their version is current."""

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
    """Counts its calls; its answer is of the version that Redis held before."""

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


def test_sends_the_same_answer_again_with_the_same_headers(view: _View, get: Callable[..., Any]) -> None:
    first, second = get(), get()

    assert view.calls == 1
    assert (second.content, dict(second.items())) == (first.content, dict(first.items()))
    assert second["Cache-Control"] == "no-cache, no-store"


def test_asks_the_view_again_as_soon_as_the_version_changes(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()

    answers = []
    for version in range(2, 20):
        redis.set(KEY, str(version))
        answers.append(get().content.decode())

    assert answers == [f"answer {version}" for version in range(2, 20)]


def test_asks_the_view_again_when_the_version_is_gone(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()
    redis.delete(KEY)

    get()
    get()

    assert view.calls == 3


def test_asks_the_view_again_when_the_answer_has_ended(redis: Any) -> None:
    redis.set(KEY, "1")
    view = _View(redis, seconds=-1)
    middleware = ResponseCacheMiddleware(view)

    middleware(requests.get("/"))
    middleware(requests.get("/"))

    assert view.calls == 2


def test_keeps_queries_paths_schemes_and_origins_apart(view: _View) -> None:
    middleware = ResponseCacheMiddleware(view)
    asked = [
        requests.get("/trending?days=30"),
        requests.get("/trending?days=31"),
        requests.get("/trending/?days=30"),
        requests.get("/trending?days=30", secure=True),
        requests.get("/trending?days=30", headers={"Origin": "http://localhost:3000"}),
    ]

    answers = [[middleware(request).content for request in asked] for _ in range(2)]

    assert view.calls == len(asked) == len(set(answers[0]))
    assert answers[0] == answers[1]


def test_gives_each_origin_its_own_headers(client: Any, mongo: Any, redis: Any) -> None:
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


def test_answers_304_to_who_has_the_answer(view: _View, get: Callable[..., Any]) -> None:
    etag = get()["ETag"]

    for asked in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = get(If_None_Match=asked)
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
        assert answer["Cache-Control"] == "no-cache, no-store"
    assert get(If_None_Match='"other"').status_code == 200
    assert view.calls == 1


def test_answers_head_like_get_and_leaves_other_methods_to_the_view(view: _View, get: Callable[..., Any]) -> None:
    first = get()

    head, post = get(method="head"), get(method="post")

    assert head["ETag"] == first["ETag"]
    assert post.content == b"answer 2"


def test_leaves_untagged_answers_alone(redis: Any) -> None:
    view = _View(redis)
    middleware = ResponseCacheMiddleware(view)

    answers = [middleware(requests.get("/")) for _ in range(2)]

    assert view.calls == 2
    assert "ETag" not in answers[0]


def test_drops_the_answer_unused_longest(view: _View, get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_RESPONSES", 2)

    for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
        get(path)

    assert view.calls == 4


def test_goes_on_to_the_view_while_redis_is_unavailable_and_recovers(
    view: _View, get: Callable[..., Any], settings: Any
) -> None:
    get()
    address = settings.REDIS_URL

    settings.REDIS_URL = NO_REDIS
    client.reset()
    answers = [get() for _ in range(2)]
    settings.REDIS_URL = address
    client.reset()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert get().content == answers[1].content


def test_survives_a_connection_that_redis_has_closed(view: _View, get: Callable[..., Any], redis: Any) -> None:
    get()
    get()
    redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    answers = [get().status_code for _ in range(3)]
    calls_before = view.calls
    get()

    assert answers == [200, 200, 200]
    assert view.calls == calls_before


@pytest.fixture
def find(view: _View) -> Callable[..., Any]:
    """What the server finds for a request once Django has answered one for `/trending?days=30`."""
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


def test_gives_the_server_the_answer_that_django_gave(view: _View, find: Callable[..., Any]) -> None:
    found = find()

    assert view.calls == 1
    assert found.content == b"answer 1"
    assert dict(found.headers) | {"ETag": found.etag} == {
        "Content-Type": "application/json",
        "Cache-Control": "no-cache, no-store",
        "ETag": found.etag,
    }


def test_gives_the_server_nothing_as_soon_as_the_version_changes(find: Callable[..., Any], redis: Any) -> None:
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
def test_leaves_another_question_to_django(find: Callable[..., Any], other: dict[str, str]) -> None:
    assert find(**other) is None


def test_drops_every_answer_on_a_reset(find: Callable[..., Any]) -> None:
    reset_caches()

    assert find() is None


def test_serves_a_new_version_once_the_one_that_was_read_may_be_stale(
    view: _View, get: Callable[..., Any], redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "MAX_STALENESS", 60)
    get(), get()
    redis.set(KEY, "2")
    assert get().content == b"answer 1"

    monkeypatch.setattr(responses, "MAX_STALENESS", 0)

    assert get().content == b"answer 2"
