"""The user of a request, and what that user may ask for."""

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

# Stands for the current user's id in paths.
CURRENT_USER = "me"


@dataclass(frozen=True, kw_only=True)
class CurrentUser:
    """`request.user` of every authenticated request. `content` is the body that GET /auth/me answers.

    Access tokens of another `token_version`, and those of `ended_sessions`, are not accepted; of those that name no
    version, those that were issued before `tokens_from` (seconds since 1970).
    """

    pk: ObjectId
    content: bytes
    token_version: int
    tokens_from: float
    ended_sessions: frozenset[str]

    is_authenticated: ClassVar[bool] = True

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of the body, by name; times are text."""
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
        """Canonical names."""
        return list(self.fields["skills"])

    @property
    def target_roles(self) -> list[str]:
        """As they were written."""
        return list(self.fields["target_roles"])

    @property
    def updated_at(self) -> datetime:
        return datetime.fromisoformat(self.fields["updated_at"])

    @property
    def experience_level(self) -> str | None:
        return self._text("experience_level")

    @property
    def location(self) -> str | None:
        return self._text("location")

    @property
    def phone_number(self) -> str | None:
        return self._text("phone_number")

    @property
    def experience(self) -> str | None:
        return self._text("experience")

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
        return self._text("remote_preference")

    @property
    def professional_summary(self) -> str | None:
        return self._text("professional_summary")

    @property
    def expected_salary(self) -> float | None:
        """Yearly pay in `expected_salary_currency`."""
        salary: float | None = self.fields["expected_salary"]
        return salary

    @property
    def expected_salary_currency(self) -> str | None:
        """ISO 4217; None means USD."""
        return self._text("expected_salary_currency")

    def _text(self, name: str) -> str | None:
        text: str | None = self.fields[name]
        return text


class IsSelf(BasePermission):
    """Permit what names nobody but the current user: in the path, the query or the body, as `user_id`.

    It follows IsAuthenticated. Another's id is refused whether or not it is anybody's. The query and the body are
    looked at where the view's serializers have the field; a value that the field itself refuses is left to them.
    Null is as good as leaving it out, and `me` is the current user. Methods that no action serves are left
    to the view too, which answers 405, and OPTIONS shows nobody's data.
    """

    message = "This user's data is not yours."
    code = "other_user"

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action in (None, "metadata"):
            return True
        # Case does not matter in an id.
        return all(user_id.lower() == request.user.id for user_id in _named_users(request, view))  # type: ignore[union-attr]


def _named_users(request: Request, view: Any) -> Iterator[str]:
    if view.kwargs.get("user_id", CURRENT_USER) != CURRENT_USER:
        yield view.kwargs["user_id"]
    given = (
        (view.get_query_serializer_class(), lambda: request.query_params.dict()),
        (view.get_request_serializer_class(), lambda: request.data),
    )
    for serializer_class, read in given:
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
