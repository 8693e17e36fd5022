"""Reading the user of a request, as GET /auth/me answers it."""

from bson import ObjectId

from accounts.access_tokens import CLOCK_LEEWAY_SECONDS, AccessToken
from accounts.documents import PROFILE_CACHE, User
from career_navigator.api.current_user import CurrentUser
from career_navigator.api.renderers import dump_json


def accepts_token(*, user: CurrentUser, token: AccessToken) -> bool:
    """Return whether the token was not ended: by a logout, a new password, a deactivation."""
    if token.session in user.ended_sessions:
        return False
    if token.version is None:
        # By time alone, a token of a host whose clock is ahead seems to be from after the end.
        return not user.tokens_from or token.issued_at >= user.tokens_from + CLOCK_LEEWAY_SECONDS
    return token.version == user.token_version


def load_profile(*, user_id: ObjectId) -> CurrentUser | None:
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

    copy = PROFILE_CACHE.get(user_id=user_id, load=load)
    if copy is None:
        return None
    version, tokens_from, sessions, content = copy.split(b" ", 3)
    return CurrentUser(
        pk=user_id,
        content=content,
        token_version=int(version),
        tokens_from=float(tokens_from),
        ended_sessions=frozenset() if sessions == b"-" else frozenset(sessions.decode().split(",")),
    )
