"""Responses sent again as they are, from the process's memory, until what they were made of changes.

A view names the Redis key that holds the version of its data and the version it has read *before* reading the data. A
later GET of the same URL gets the same response, before Django's URL resolver, while Redis holds the same version. The
version is read ten times a second at most: of a request that takes 0.1 ms that would be half. For responses that depend
on the URL alone. `career_navigator.rsgi` sends most of them before Django sees the request.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic, time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from career_navigator.cache.client import read
from career_navigator.compression import accepts_gzip, is_compressible

MAX_RESPONSES = 512
# For how many seconds a version that was read is taken for the present one: later a new one is served.
MAX_STALENESS = 0.1
# What a response may depend on besides the path: also the redirect to HTTPS, CORS and the check of the host.
_KEY_VARIABLES = ("wsgi.url_scheme", "QUERY_STRING", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_X_FORWARDED_PROTO")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long a response may be sent again: while Redis holds `version`, until `expires_at` (seconds since 1970)."""

    version_key: str
    version: bytes
    expires_at: float

    def holds(self) -> bool:
        return time() < self.expires_at and _get_version(self.version_key) == self.version


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response with status 200, and its compressed form where it has one."""

    freshness: Freshness
    content: bytes
    headers: list[tuple[str, str]]
    etag: str
    match: ResolverMatch | None
    compressed: bytes | None

    def choose_form(self, environ: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bytes]:
        """Return the headers and the content for a request, compressed where its client takes that."""
        if self.compressed is None or not accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
            return [*self.headers, ("ETag", self.etag)], self.content
        # The tag is weak, since it stands for both forms.
        return [*self.headers, ("Content-Encoding", "gzip"), ("ETag", f"W/{self.etag}")], self.compressed


_responses: OrderedDict[Key, CachedResponse] = OrderedDict()
# The version under each key, and when it was read.
_versions: dict[str, tuple[bytes | None, float]] = {}
_lock = threading.Lock()


def cache_response(response: HttpResponse, freshness: Freshness) -> HttpResponse:
    """Let a view's response be sent again."""
    response.freshness = freshness  # type: ignore[attr-defined]
    return response


def find_response(environ: Mapping[str, Any]) -> CachedResponse | None:
    """Return the fresh response to a GET without conditions. It waits for Redis, for no longer than its timeout."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_IF_NONE_MATCH" in environ:
        return None
    return _find(_build_key(environ))


class ResponseCacheMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self._get_response(request)
        key = _build_key(request.META)
        cached = _find(key)
        if cached is None:
            response = self._get_response(request)
            freshness = getattr(response, "freshness", None)
            if freshness is None or not isinstance(response, HttpResponse):
                return response
            cached = _store(key, response, freshness, request.resolver_match)
        request.resolver_match = cached.match
        headers, content = cached.choose_form(request.META)
        tags = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
        # A weak one is as good (RFC 9110, 13.1.2).
        if any(tag.removeprefix("W/") in (cached.etag, "*") for tag in tags):
            not_modified = HttpResponse(status=304, headers=dict(headers))
            del not_modified["Content-Type"], not_modified["Content-Encoding"]
            return not_modified
        return HttpResponse(content, headers=dict(headers))


def clear() -> None:
    """Drop every response, and what was read of versions."""
    with _lock:
        _responses.clear()
    _versions.clear()


def _get_version(key: str) -> bytes | None:
    found = _versions.get(key)
    now = monotonic()
    if found is None or now - found[1] >= MAX_STALENESS:
        found = _versions[key] = read(key), now
    return found[0]


def _build_key(environ: Mapping[str, Any]) -> Key:
    return environ["PATH_INFO"], *(environ.get(name, "") for name in _KEY_VARIABLES)


def _find(key: Key) -> CachedResponse | None:
    cached = _responses.get(key)
    if cached is None or not cached.freshness.holds():
        return None
    with _lock:
        if key in _responses:
            _responses.move_to_end(key)
    return cached


def _store(key: Key, response: HttpResponse, freshness: Freshness, match: ResolverMatch | None) -> CachedResponse:
    etag = f'"{hashlib.blake2b(response.content, digest_size=16).hexdigest()}"'
    compressed = None
    if is_compressible(response):
        patch_vary_headers(response, ("Accept-Encoding",))
        # Once for all who ask, so it may take long; of the market alone, so there is no secret in it.
        compressed = gzip.compress(response.content, mtime=0)
    cached = CachedResponse(freshness, response.content, list(response.items()), etag, match, compressed)
    with _lock:
        _responses[key] = cached
        _responses.move_to_end(key)
        if len(_responses) > MAX_RESPONSES:
            _responses.popitem(last=False)
    return cached
