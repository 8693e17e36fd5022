"""Answers sent again as they are, from the process's memory, while what they were made of has not changed.

A view tags its response with the Redis key that holds the version of its data and the version it has read *before*
reading the data. A later GET of the same address is answered here, before the URL resolver, for as long as Redis
holds the same version. The tag is for answers that depend on the path and the query string alone.

`career_navigator.front` sends most of them before Django sees the request; this middleware serves the rest.
"""

import hashlib
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from redis.connection import Connection
from redis.exceptions import RedisError

from career_navigator.connection import quick_redis_client

MOST_KEPT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The tag: Redis key of the version, the version of this answer, and when it ends (seconds since 1970)."""

    version_key: str
    version: bytes
    expires_at: float

    def tag(self, response: HttpResponse) -> HttpResponse:
        response.rendered = self  # type: ignore[attr-defined]
        return response


@dataclass(frozen=True, slots=True)
class Kept:
    rendered: Rendered
    content: bytes
    headers: dict[str, str]
    etag: str
    match: ResolverMatch | None


class RenderedAnswerMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._kept: OrderedDict[tuple[str | None, str, str, str], Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._versions = VersionReader()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self._get_response(request)
        meta = request.META
        # Plain HTTP may be answered by a redirect, and a browser's origin gets headers of its own.
        key = (request.scheme, request.path_info, meta.get("QUERY_STRING", ""), meta.get("HTTP_ORIGIN", ""))
        kept = self._kept.get(key)
        if kept is not None and self._versions.stands(kept.rendered):
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
            request.resolver_match = kept.match
            return _answer(request, kept)
        response = self._get_response(request)
        rendered = getattr(response, "rendered", None)
        if rendered is None or not isinstance(response, HttpResponse):
            return response
        kept = _keep(request, response, rendered)
        with self._lock:
            self._kept[key] = kept
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return _answer(request, kept)


class VersionReader:
    """Reads a key over a connection of its own for each thread: 10 microseconds, where a client's GET takes 60.

    A client-side cache that Redis invalidates would be as fast and could answer with the old version for as long as
    a dead connection goes unnoticed; besides, redis-py refuses to keep one for Valkey.
    """

    def __init__(self) -> None:
        self._thread = threading.local()
        self._commands: dict[str, bytes] = {}

    def stands(self, rendered: Rendered) -> bool:
        """Whether an answer may still be sent: it has not ended, and Redis holds its version."""
        return time() < rendered.expires_at and self.read(rendered.version_key) == rendered.version

    def read(self, key: str) -> bytes | None:
        """The key's value; None when there is none or Redis is away."""
        connection = self._connection()
        command = self._commands.get(key)
        if command is None:
            command = self._commands[key] = b"".join(connection.pack_command("GET", key))
        try:
            if connection._sock is None:
                connection.connect()
            opened: Any = connection._sock
            opened.sendall(command)
            value = _read_bulk_string(opened)
        except (RedisError, OSError):
            # The next read connects anew, and reads no answer to this one's question.
            connection.disconnect()
            return None
        return value

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            pool = quick_redis_client().connection_pool
            connection = self._thread.connection = pool.connection_class(**pool.connection_kwargs)
        return connection


def _read_bulk_string(opened: socket.socket) -> bytes | None:
    """One answer of Redis to a GET. The client's parser takes as long as the socket itself, so it is left out.

    Raises OSError for a closed connection and for any other kind of answer, an error of Redis among them.
    """
    data = b""
    while True:
        received = opened.recv(4096)
        if not received:
            raise ConnectionError("Redis closed the connection")
        data += received
        head, end, rest = data.partition(b"\r\n")
        if not end:
            continue
        if head in (b"_", b"$-1"):
            return None
        if not head.startswith(b"$"):
            raise ConnectionError(f"Redis answered {head[:100]!r}")
        length = int(head[1:])
        if len(rest) >= length + 2:
            return rest[:length]


def _keep(request: HttpRequest, response: HttpResponse, rendered: Rendered) -> Kept:
    content = response.content
    etag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    return Kept(rendered, content, {**response.headers, "ETag": etag}, etag, request.resolver_match)


def _answer(request: HttpRequest, kept: Kept) -> HttpResponse:
    asked = request.META.get("HTTP_IF_NONE_MATCH")
    if asked and _names(asked, kept.etag):
        response = HttpResponse(status=304, headers=kept.headers)
        del response["Content-Type"]
        return response
    response = HttpResponse(kept.content, headers=kept.headers)
    response.kept = kept  # type: ignore[attr-defined]
    return response


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header holds the ETag, which no comma is part of; a weak one is as good (RFC 9110, 13.1.2)."""
    return any(part.strip().removeprefix("W/") in (etag, "*") for part in if_none_match.split(","))
