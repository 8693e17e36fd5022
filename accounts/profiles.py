"""The caller of a request: a user's profile, as it is answered."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import orjson
from bson import ObjectId

from accounts.documents import PROFILE_COPIES, User
from career_navigator.rendering import dump_json


@dataclass(frozen=True, kw_only=True)
class Profile:
    """`request.user` of the endpoints that ask for a token. `content` is what GET /auth/me answers.

    Access tokens that were issued before `tokens_from` (seconds since 1970) are not accepted.
    """

    pk: ObjectId
    content: bytes
    tokens_from: float

    is_authenticated: ClassVar[bool] = True

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What was answered, by name; times are text."""
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
    def remote_preference(self) -> str | None:
        return self._text("remote_preference")

    @property
    def professional_summary(self) -> str | None:
        return self._text("professional_summary")

    @property
    def expected_salary(self) -> float | None:
        """A year's pay."""
        salary: float | None = self.fields["expected_salary"]
        return salary

    @property
    def expected_salary_currency(self) -> str | None:
        """ISO 4217; USD is meant where there is none."""
        return self._text("expected_salary_currency")

    def _text(self, name: str) -> str | None:
        text: str | None = self.fields[name]
        return text


def load_profile(*, user_id: ObjectId) -> Profile | None:
    """An active user's profile as of now; None when there is no such user."""

    def load() -> bytes | None:
        user = User.objects(id=user_id, is_active=True).first()
        if user is None:
            return None
        tokens_from = user.password_changed_at.timestamp() if user.password_changed_at else 0.0
        return b"%r %b" % (tokens_from, dump_json(user.dict_exclude_password()))

    copy = PROFILE_COPIES.get(user_id=user_id, load=load)
    if copy is None:
        return None
    before, _, content = copy.partition(b" ")
    return Profile(pk=user_id, content=content, tokens_from=float(before))
