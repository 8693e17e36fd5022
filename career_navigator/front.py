"""In front of Django: a kept answer goes out at once, which costs a third of the way through Django's handler.

Only a plain GET whose very same question was answered before is served here, with its id, its line in the log and its
place in the metrics; whatever else there is to decide, Django decides.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from django.http import HttpResponse

from career_navigator.observability.logging import request_id
from career_navigator.observability.middleware import identity_of, record_answer
from career_navigator.rendered import MOST_KEPT, Kept, VersionReader

Headers = list[tuple[str, str]]
# What an answer may depend on besides the path and the query: the redirect to HTTPS, CORS, the check of the host.
_DECIDING = ("QUERY_STRING", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_X_FORWARDED_PROTO")


class Front:
    """A WSGI application around Django's."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._answers: OrderedDict[tuple[str, ...], tuple[Kept, Headers]] = OrderedDict()
        self._lock = threading.Lock()
        self._versions = VersionReader()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        key = _key_of(environ)
        cached = self._find(environ, key) if key is not None else None
        if cached is None:
            return self._ask_django(environ, start_response, key)
        headers, content = cached
        start_response("200 OK", headers)
        return [content]

    def find_cached(self, environ: dict[str, Any]) -> tuple[Headers, bytes] | None:
        """Return the headers and the body of a kept answer, logged and counted; None where Django has to be asked.

        It waits for Redis, for no longer than its client's timeout.
        """
        key = _key_of(environ)
        return self._find(environ, key) if key is not None else None

    def _find(self, environ: dict[str, Any], key: tuple[str, ...]) -> tuple[Headers, bytes] | None:
        started = perf_counter()
        found = self._answers.get(key)
        if found is None or not self._versions.stands(found[0].rendered):
            return None
        kept, headers = found
        identity = identity_of(environ)
        token = request_id.set(identity)
        try:
            record_answer(
                method="GET",
                path=environ["PATH_INFO"],
                route=kept.match.route if kept.match else None,
                status=200,
                seconds=perf_counter() - started,
            )
        finally:
            request_id.reset(token)
        return [*headers, ("X-Request-ID", identity)], kept.content

    def _ask_django(
        self, environ: dict[str, Any], start_response: Callable[..., Any], key: tuple[str, ...] | None = None
    ) -> Iterable[bytes]:
        response = self._application(environ, start_response)
        if not isinstance(response, HttpResponse):
            return response
        kept: Kept | None = getattr(response, "kept", None)
        if key is not None and kept is not None and response.status_code == 200:
            headers = [(name, value) for name, value in response.items() if name != "X-Request-ID"]
            with self._lock:
                self._answers[key] = kept, headers
                self._answers.move_to_end(key)
                if len(self._answers) > MOST_KEPT:
                    self._answers.popitem(last=False)
        # As a list, which granian sends at once and with its length; anything else goes in chunks, item by item.
        body = [response.content]
        response.close()
        return body


def _key_of(environ: dict[str, Any]) -> tuple[str, ...] | None:
    """Return under which key a request's answer is kept; None where none is."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_IF_NONE_MATCH" in environ:
        return None
    return environ["wsgi.url_scheme"], environ["PATH_INFO"], *(environ.get(name, "") for name in _DECIDING)
