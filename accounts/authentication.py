"""The bearer token of a request, and the user it was issued to."""

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.access_tokens import AccessToken, TokenRefused, read_access_token
from accounts.profiles import accepts_token, load_profile
from career_navigator.api.current_user import CurrentUser

SCHEME = b"bearer"
_SENTENCES = {"expired": "The token has expired.", "invalid": "The token is not valid."}


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`. A token that was ended is refused like a forged one."""

    def __init__(self) -> None:
        """Do without a model of users: they are documents."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def get_raw_token(self, header: bytes) -> bytes | None:
        scheme, _, token = header.strip().partition(b" ")
        return token.strip() if scheme.lower() == SCHEME else None

    def get_validated_token(self, raw_token: bytes) -> AccessToken:  # type: ignore[override]
        try:
            return read_access_token(raw_token.decode("latin-1"))
        except TokenRefused as error:
            raise AuthenticationFailed(_SENTENCES[error.reason]) from error

    def get_user(self, validated_token: AccessToken) -> CurrentUser:  # type: ignore[override]
        user = load_profile(user_id=validated_token.user_id)
        if user is None or not accepts_token(user=user, token=validated_token):
            raise AuthenticationFailed(_SENTENCES["invalid"])
        return user
