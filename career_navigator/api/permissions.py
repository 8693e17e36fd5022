"""The authenticated user of a request, and the permission that limits users to their own data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import orjson
from bson import ObjectId
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

# Alias of the current user's id in paths, queries and bodies.
CURRENT_USER = "me"


@dataclass(frozen=True, kw_only=True)
class CurrentUser:
    """The `request.user` of an authenticated request. `content` is the response body of GET /auth/me.

    An access token is rejected if its token version differs from `token_version`, or if its session is in
    `ended_sessions`. A token without a version is rejected if it was issued before `tokens_from`, a Unix timestamp.
    """

    pk: ObjectId
    content: bytes
    token_version: int
    tokens_from: float
    ended_sessions: frozenset[str]

    is_authenticated: ClassVar[bool] = True

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of `content` by name. Times are strings."""
        fields: dict[str, Any] = orjson.loads(self.content)
        return fields

    @property
    def id(self) -> str:
        return str(self.pk)

    @property
    def email(self) -> str:
        return str(self.fields["email"])

    @property
    def full_name(self) -> str:
        return str(self.fields["full_name"])

    @property
    def skills(self) -> list[str]:
        """Canonical names of the user's skills."""
        return list(self.fields["skills"])

    @property
    def target_roles(self) -> list[str]:
        """Target roles in the user's spelling."""
        return list(self.fields["target_roles"])

    @property
    def updated_at(self) -> datetime:
        return datetime.fromisoformat(self.fields["updated_at"])

    @property
    def experience_level(self) -> str | None:
        return self._get_text("experience_level")

    @property
    def location(self) -> str | None:
        return self._get_text("location")

    @property
    def phone_number(self) -> str | None:
        return self._get_text("phone_number")

    @property
    def experience(self) -> str | None:
        return self._get_text("experience")

    @property
    def experience_years(self) -> float | None:
        years: float | None = self.fields["experience_years"]
        return years

    @property
    def preferred_locations(self) -> list[str]:
        return list(self.fields["preferred_locations"])

    @property
    def languages(self) -> list[str]:
        return list(self.fields["languages"])

    @property
    def remote_preference(self) -> str | None:
        return self._get_text("remote_preference")

    @property
    def professional_summary(self) -> str | None:
        return self._get_text("professional_summary")

    @property
    def expected_salary(self) -> float | None:
        """Expected salary per year, in `expected_salary_currency`."""
        salary: float | None = self.fields["expected_salary"]
        return salary

    @property
    def expected_salary_currency(self) -> str | None:
        """ISO 4217 code of the expected salary. None means USD."""
        return self._get_text("expected_salary_currency")

    def _get_text(self, name: str) -> str | None:
        text: str | None = self.fields[name]
        return text


class IsSelf(BasePermission):
    """Permission that requires each `user_id` in the path, query and body to be the current user's.

    List it after IsAuthenticated. The query and the body are checked only if the view's serializer has a `user_id`
    field. `me` means the current user, and null means that the field is absent. Another id is rejected whether or not
    such a user exists. An invalid value is left to the serializer, which returns 400. Methods without an action are
    allowed, so that the view returns 405. OPTIONS is allowed, because its response contains no user data.
    """

    message = "You do not have access to this user."
    code = "other_user"

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action in (None, "metadata"):
            return True
        # An ObjectId in hexadecimal is case-insensitive.
        return all(user_id.lower() == request.user.id for user_id in _find_user_ids(request, view))  # type: ignore[union-attr]


def _find_user_ids(request: Request, view: Any) -> Iterator[str]:
    if view.kwargs.get("user_id", CURRENT_USER) != CURRENT_USER:
        yield view.kwargs["user_id"]
    sources = (
        (view.get_query_serializer_class(), request.query_params.dict),
        (view.get_request_serializer_class(), lambda: request.data),
    )
    for serializer_class, read in sources:
        field = getattr(serializer_class, "_declared_fields", {}).get("user_id")
        if field is None:
            continue
        values = read()
        if not isinstance(values, Mapping) or "user_id" not in values:
            continue
        try:
            user_id = field.run_validation(values["user_id"])
        except ValidationError:
            continue
        if user_id not in (None, CURRENT_USER):
            yield user_id
