"""What endpoints of one person share until they are viewsets of `career_navigator.api`."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from career_navigator.api.current_user import CurrentUser
from career_navigator.api.permissions import IsSelf
from career_navigator.api.serializers import read_body
from career_navigator.api.viewsets import ApiViewSet


def caller_of(request: Request) -> CurrentUser:
    """Who asks, in a view of PersonalViewSet."""
    return cast(CurrentUser, request.user)


def require_own(request: Request, user_id: str) -> None:
    """Raise PermissionDenied unless the id is the caller's, whether or not it is anybody's or an id at all."""
    # Case is of no account in an id.
    if user_id.lower() != caller_of(request).id:
        raise PermissionDenied(IsSelf.message)


def read_own_body(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body without its `user_id`, which has to be the caller's.

    Raises ValidationError and PermissionDenied.
    """
    given = read_body(shape, request)
    if "user_id" in given:
        require_own(request, given.pop("user_id"))
    return given


class PersonalViewSet(ApiViewSet):
    """`caller_of(request)` is the caller; without an accepted token the answer is 401."""
