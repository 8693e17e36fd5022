"""Who is calling: the bearer token of a request, read into the caller's profile."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.access_tokens import AccessToken, TokenRefused, read_access_token
from accounts.profiles import Profile, load_profile

SCHEME = "bearer"
_SENTENCES = {"expired": "The token has expired.", "invalid": "The token is not valid."}


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. Ended ones are refused like forged ones."""

    def authenticate(self, request: Request) -> tuple[Profile, AccessToken] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != SCHEME:
            return None
        try:
            accepted = read_access_token(token.strip())
        except TokenRefused as error:
            raise AuthenticationFailed(_SENTENCES[error.reason]) from error
        profile = load_profile(user_id=accepted.user_id)
        if profile is None or not profile.accepts(accepted):
            raise AuthenticationFailed(_SENTENCES["invalid"])
        return profile, accepted

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema describes it; drf-spectacular finds this by its class."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
