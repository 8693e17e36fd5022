"""Routes of the API: one router for the whole project, to which every app adds its viewsets."""

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
    """Route with and without a trailing slash, fixed words before parameters whatever the order of registration."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"

    def include(self, apps: Iterable[str]) -> None:
        """Add what the apps have registered with the `router` of their `urls.py`.

        All routes are then sorted together: `jobs/saved` of one app comes before `jobs/{job_id}` of another.
        """
        for app in apps:
            self.registry += import_string(f"{app}.urls.router").registry

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return sorted(super().get_urls(), key=_specificity)


def _specificity(route: URLPattern | URLResolver) -> list[tuple[bool, int]]:
    """Sort by segment: a fixed one first, then a parameter with a fixed end (`{id}.pdf`), last a parameter alone."""
    segments = describe_route(str(route.pattern)).split("/")
    return [("<" in segment, not segment.startswith("<") or segment.endswith(">")) for segment in segments]


def describe_route(route: str) -> str:
    """Return the pattern of a route as `path()` would have it: `jobs/<str:job_id>`."""
    words = _PARAMETER.sub(lambda found: f"<{'path' if found[2].startswith('.') else 'str'}:{found[1]}>", route)
    return words.removeprefix("^").removesuffix("$").removesuffix("/?").replace("\\.", ".")


class _EitherSlashPattern(RoutePattern):
    def match(self, path: str) -> Any:
        return super().match(path.removesuffix("/"))


def route(path: str, view: Callable[..., HttpResponseBase], *, name: str) -> URLPattern:
    """A URL pattern that answers with and without a trailing slash, for every method.

    `path` is written whole, without slashes at its ends ("jobs/<str:job_id>"); the patterns of an app are included
    under the empty prefix.
    """
    return URLPattern(_EitherSlashPattern(path, name=name, is_endpoint=True), view, {}, name)
