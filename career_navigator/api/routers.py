"""The router of the API, which combines the viewsets of all apps."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern
from django.utils.module_loading import import_string
from rest_framework.routers import SimpleRouter

_PARAMETER = re.compile(r"\(\?P<(\w+)>([^)]*)\)")


class OptionalSlashRouter(SimpleRouter):
    """A router that accepts paths with and without a trailing slash.

    Fixed segments are matched before parameters, whatever the order of registration.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"

    def include(self, apps: Iterable[str]) -> None:
        """Add the viewsets registered with the `router` in each app's `urls.py`.

        The routes of all apps are sorted together, so `jobs/saved` of one app precedes `jobs/{job_id}` of another.
        """
        for app in apps:
            self.registry += import_string(f"{app}.urls.router").registry

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return sorted(super().get_urls(), key=_build_sort_key)


def _build_sort_key(route: URLPattern | URLResolver) -> list[tuple[bool, int]]:
    """Return a key that orders segments: fixed, then parameter with a suffix (`{id}.pdf`), then plain parameter."""
    segments = describe_route(str(route.pattern)).split("/")
    return [("<" in segment, not segment.startswith("<") or segment.endswith(">")) for segment in segments]


def describe_route(route: str) -> str:
    """Return a route's regular expression in the syntax of `path()`, such as `jobs/<str:job_id>`."""
    text = _PARAMETER.sub(lambda match: f"<{'path' if match[2].startswith('.') else 'str'}:{match[1]}>", route)
    return text.removeprefix("^").removesuffix("$").removesuffix("/?").replace("\\.", ".")


class _EitherSlashPattern(RoutePattern):
    def match(self, path: str) -> Any:
        return super().match(path.removesuffix("/"))


def route(path: str, view: Callable[..., HttpResponseBase], *, name: str) -> URLPattern:
    """Return a URL pattern that matches `path` with and without a trailing slash.

    `path` is the full path without leading and trailing slashes, such as "jobs/<str:job_id>".
    """
    return URLPattern(_EitherSlashPattern(path, name=name, is_endpoint=True), view, {}, name)
