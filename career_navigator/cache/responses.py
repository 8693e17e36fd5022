"""The response cache: whole responses in the memory of a web process, valid until their data changes.

Use it for responses that depend only on the URL. A view passes the Redis key of its data's version, and the version it
read *before* reading the data. Later GETs of the same URL return the cached response, before URL resolution, while
Redis has the same version. The version is read at most ten times per second, because reading it takes half
as long as sending a cached response (0.1 ms). `career_navigator.rsgi` sends most cached responses before Django sees
the request.
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
# Seconds for which a version read from Redis is reused. A response can be stale by at most this long.
MAX_STALENESS = 0.1
# A response depends on the path and on these variables, which hold the query and decide HTTPS redirects, CORS and host
# checks.
_KEY_VARIABLES = ("wsgi.url_scheme", "QUERY_STRING", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_X_FORWARDED_PROTO")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The condition under which a cached response is fresh.

    The value of `version_key` in Redis is still `version`, and the Unix timestamp `expires_at` is in the future.
    """

    version_key: str
    version: bytes
    expires_at: float

    def is_current(self) -> bool:
        """Return whether a response with this condition may still be sent."""
        return time() < self.expires_at and _get_version(self.version_key) == self.version


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response with status 200. `compressed` is its gzipped content, or None if it is not compressible."""

    freshness: Freshness
    content: bytes
    headers: list[tuple[str, str]]
    etag: str
    match: ResolverMatch | None
    compressed: bytes | None

    def negotiate(self, environ: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bytes]:
        """Return the headers and the content, compressed if the request accepts gzip."""
        if self.compressed is None or not accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
            return [*self.headers, ("ETag", self.etag)], self.content
        # The ETag is weak, because it identifies both the plain and the compressed content.
        return [*self.headers, ("Content-Encoding", "gzip"), ("ETag", f"W/{self.etag}")], self.compressed


_responses: OrderedDict[Key, CachedResponse] = OrderedDict()
# By key: the version that was last read, and the time of that read.
_versions: dict[str, tuple[bytes | None, float]] = {}
_lock = threading.Lock()


def cache_response(response: HttpResponse, freshness: Freshness) -> HttpResponse:
    """Mark a view's response as cacheable while it is fresh."""
    response.freshness = freshness  # type: ignore[attr-defined]
    return response


def find_response(environ: Mapping[str, Any]) -> CachedResponse | None:
    """Return the fresh cached response to an unconditional GET, or None. This may block for the Redis timeout."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_IF_NONE_MATCH" in environ:
        return None
    return _find(_build_key(environ))


class ResponseCacheMiddleware:
    """Middleware that serves cached responses, including 304 responses, and stores responses marked as cacheable."""

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
        headers, content = cached.negotiate(request.META)
        tags = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
        # If-None-Match uses weak comparison (RFC 9110, section 13.1.2).
        if any(tag.removeprefix("W/") in (cached.etag, "*") for tag in tags):
            not_modified = HttpResponse(status=304, headers=dict(headers))
            del not_modified["Content-Type"], not_modified["Content-Encoding"]
            return not_modified
        return HttpResponse(content, headers=dict(headers))


def clear() -> None:
    """Remove all responses and versions."""
    with _lock:
        _responses.clear()
    _versions.clear()


def _get_version(key: str) -> bytes | None:
    entry = _versions.get(key)
    now = monotonic()
    if entry is None or now - entry[1] >= MAX_STALENESS:
        entry = _versions[key] = read(key), now
    return entry[0]


def _build_key(environ: Mapping[str, Any]) -> Key:
    return environ["PATH_INFO"], *(environ.get(name, "") for name in _KEY_VARIABLES)


def _find(key: Key) -> CachedResponse | None:
    cached = _responses.get(key)
    if cached is None or not cached.freshness.is_current():
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
        # Compressing once at the highest level pays off for many requests. Cached responses contain no user data, so
        # they need no protection against BREACH.
        compressed = gzip.compress(response.content, mtime=0)
    cached = CachedResponse(freshness, response.content, list(response.items()), etag, match, compressed)
    with _lock:
        _responses[key] = cached
        _responses.move_to_end(key)
        if len(_responses) > MAX_RESPONSES:
            _responses.popitem(last=False)
    return cached
