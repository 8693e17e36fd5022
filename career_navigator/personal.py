"""The base of every endpoint that answers one person: it asks for a token, and nobody else may keep its answer."""

from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from career_navigator.api import read_body
from career_navigator.throttles import Spending, address_of, spend

CACHE_CONTROL = "private"


class Caller(Protocol):
    """What every app may know of the person who asks; `skills` are canonical, `target_roles` as they were written.

    `expected_salary` is a year's pay in `expected_salary_currency`, which is USD where none is given.
    """

    @property
    def id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def full_name(self) -> str: ...
    @property
    def skills(self) -> list[str]: ...
    @property
    def target_roles(self) -> list[str]: ...
    @property
    def experience_level(self) -> str | None: ...
    @property
    def location(self) -> str | None: ...
    @property
    def phone_number(self) -> str | None: ...
    @property
    def experience(self) -> str | None: ...
    @property
    def experience_years(self) -> float | None: ...
    @property
    def preferred_locations(self) -> list[str]: ...
    @property
    def remote_preference(self) -> str | None: ...
    @property
    def professional_summary(self) -> str | None: ...
    @property
    def expected_salary(self) -> float | None: ...
    @property
    def expected_salary_currency(self) -> str | None: ...


def caller_of(request: Request) -> Caller:
    """Who asks, in a view of PersonalViewSet."""
    return cast(Caller, request.user)


def require_own(request: Request, user_id: str) -> None:
    """Raise PermissionDenied unless the id is the caller's, whether or not it is anybody's or an id at all."""
    # Case is of no account in an id.
    if user_id.lower() != caller_of(request).id:
        raise PermissionDenied("This user's data is not yours.")


def read_own_body(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body without its `user_id`, which has to be the caller's.

    Raises ValidationError and PermissionDenied.
    """
    given = read_body(shape, request)
    if "user_id" in given:
        require_own(request, given.pop("user_id"))
    return given


class PersonalViewSet(ViewSet):
    """`caller_of(request)` is the caller; without an accepted token the answer is 401.

    The shared modules import no app, so the authentication class is named in the settings.
    """

    permission_classes = [IsAuthenticated]

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [import_string(settings.PERSONAL_AUTHENTICATION)()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count also requests without an accepted token: DRF throttles after it authenticates."""
        try:
            super().initial(request, *args, **kwargs)
        except (AuthenticationFailed, NotAuthenticated):
            spend(Spending(limit="address", name=address_of(request)))
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", CACHE_CONTROL)
        return finished
