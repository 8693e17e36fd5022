"""The base of every endpoint that answers one person: it asks for a token, and nobody else may keep its answer."""

from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

CACHE_CONTROL = "private"


class Caller(Protocol):
    """What every app may know of the person who asks; `skills` are canonical, `target_roles` as they were written."""

    @property
    def id(self) -> str: ...
    @property
    def skills(self) -> list[str]: ...
    @property
    def target_roles(self) -> list[str]: ...
    @property
    def experience_level(self) -> str | None: ...
    @property
    def location(self) -> str | None: ...


def caller_of(request: Request) -> Caller:
    """Who asks, in a view of PersonalViewSet."""
    return cast(Caller, request.user)


class PersonalViewSet(ViewSet):
    """`caller_of(request)` is the caller; without an accepted token the answer is 401.

    The shared modules import no app, so the authentication class is named in the settings.
    """

    permission_classes = [IsAuthenticated]

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [import_string(settings.PERSONAL_AUTHENTICATION)()]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", CACHE_CONTROL)
        return finished
