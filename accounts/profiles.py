"""The caller of a request: a user's profile, as it is answered."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import orjson
from bson import ObjectId

from accounts.access_tokens import CLOCK_LEEWAY_SECONDS, AccessToken
from accounts.documents import PROFILE_COPIES, User
from career_navigator.rendering import dump_json


@dataclass(frozen=True, kw_only=True)
class Profile:
    """`request.user` of the endpoints that ask for a token. `content` is what GET /auth/me answers.

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
        """What was answered, by name; times are text."""
        fields: dict[str, Any] = orjson.loads(self.content)
        return fields

    def accepts(self, token: AccessToken) -> bool:
        """Return whether the token was not ended: by a logout, a new password, a deactivation."""
        if token.session in self.ended_sessions:
            return False
        if token.version is None:
            # By time alone, a token of a host whose clock is ahead seems to be from after the end.
            return not self.tokens_from or token.issued_at >= self.tokens_from + CLOCK_LEEWAY_SECONDS
        return token.version == self.token_version

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
        ends = [moment.timestamp() for moment in (user.password_changed_at, user.tokens_ended_at) if moment]
        sessions = ",".join(ended["family"] for ended in user.ended_sessions)
        return b"%d %r %b %b" % (
            user.token_version,
            max(ends, default=0.0),
            sessions.encode() or b"-",
            dump_json(user.dict_exclude_password()),
        )

    copy = PROFILE_COPIES.get(user_id=user_id, load=load)
    if copy is None:
        return None
    version, tokens_from, sessions, content = copy.split(b" ", 3)
    return Profile(
        pk=user_id,
        content=content,
        token_version=int(version),
        tokens_from=float(tokens_from),
        ended_sessions=frozenset() if sessions == b"-" else frozenset(sessions.decode().split(",")),
    )
