"""Answers sent before Django: the same bytes and headers, and only for the same question."""

import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from career_navigator.front import Front
from career_navigator.rendered import Rendered, RenderedAnswerMiddleware

KEY = "test:version"
Answer = tuple[str, dict[str, str], bytes]


class _Django:
    """The middleware around a view, as a WSGI application; counts what comes through to it."""

    def __init__(self, redis: Any) -> None:
        self.calls = 0
        self.views = 0
        self._redis = redis
        self._middleware = RenderedAnswerMiddleware(self._view)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        self.calls += 1
        response = self._middleware(WSGIRequest(environ))
        response["X-Request-ID"] = "of-django"
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response

    def _view(self, request: HttpRequest) -> HttpResponse:
        self.views += 1
        version = self._redis.get(KEY)
        response = HttpResponse(f"answer {self.views}", headers={"Cache-Control": "no-store"})
        return Rendered(version_key=KEY, version=version, expires_at=time.time() + 60).tag(response)


@pytest.fixture
def django(redis: Any) -> _Django:
    redis.set(KEY, "1")
    return _Django(redis)


@pytest.fixture
def ask(django: _Django) -> Callable[..., Answer]:
    front = Front(django)

    def ask(method: str = "GET", **meta: str) -> Answer:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/trending",
            "QUERY_STRING": "days=30",
            "HTTP_HOST": "localhost",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        } | meta
        sent: list[Any] = []
        body = b"".join(front(environ, lambda status, headers, exc_info=None: sent.extend((status, dict(headers)))))
        return sent[0], sent[1], body

    return ask


def test_sends_the_same_answer_again_without_asking_django(django: _Django, ask: Callable[..., Answer]) -> None:
    first, second = ask(), ask()

    assert django.calls == 1
    assert (second[0], second[2]) == (first[0], first[2])
    assert re.fullmatch(r"[0-9a-f]{16}", second[1].pop("X-Request-ID"))
    assert second[1] == {name: value for name, value in first[1].items() if name != "X-Request-ID"}


def test_takes_over_a_sane_id(ask: Callable[..., Answer]) -> None:
    ask()

    assert ask(HTTP_X_REQUEST_ID="edge-7f3a.19_b")[1]["X-Request-ID"] == "edge-7f3a.19_b"


def test_asks_django_again_as_soon_as_the_version_changes(ask: Callable[..., Answer], redis: Any) -> None:
    ask()
    redis.set(KEY, "2")

    assert [ask()[2], ask()[2]] == [b"answer 2", b"answer 2"]


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
def test_leaves_another_question_to_django(django: _Django, ask: Callable[..., Answer], other: dict[str, str]) -> None:
    ask()

    ask(**other)

    assert django.calls == 2
