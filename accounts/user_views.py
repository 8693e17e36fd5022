"""Views for the endpoints under /users, the job-search names for the account endpoints under /auth."""

from collections.abc import Mapping
from typing import Any, cast

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers
from accounts.auth_services import (
    NO_STORE,
    change_own_profile,
    log_in,
)
from accounts.authentication import AccessToken
from accounts.profile_parsing import list_email_forms
from accounts.services import erase_user_on_request
from accounts.user_serializers import (
    RegisteredUserIdSerializer,
    SavedUserIdSerializer,
    UserChangeSerializer,
    UserIdSerializer,
    UserLoginAnswerSerializer,
    UserProfileSerializer,
    UserRegistrationSerializer,
)
from accounts.views import OwnAccountViewSet, register_and_respond
from career_navigator.api.permissions import IsSelf
from career_navigator.api.versions import IF_MATCH, build_etag
from career_navigator.api.viewsets import PublicViewSet

# Maximum age in seconds of a token that authorizes erasing the account.
MAX_ERASURE_TOKEN_AGE = 5 * 60
_LOGIN_TOO_OLD = (
    "Erasing an account requires a token issued in the last five minutes. Log in or refresh, then repeat the request."
)


class UserAuthViewSet(PublicViewSet):
    """Registration and login. Equivalent to the endpoints under /auth, with shared rate limits."""

    action_options = {
        "create": {
            "operation_id": "users_register",
            "request_serializer_class": UserRegistrationSerializer,
            "query_serializer_class": serializers.RegistrationQuery,
            "serializer_class": RegisteredUserIdSerializer,
        }
    }

    def create(self, request: Request) -> Response:
        """Register, with job-search field names.

        Equivalent to POST /auth/register, with shared rate limits. Lists can be given as text with commas. With
        `login=true`, a session is also started and its tokens are in the response.
        """
        return register_and_respond(self, email_field="email_id")

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.LoginSerializer,
        serializer_class=UserLoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login(self, request: Request) -> Response:
        """Log in and return a token pair, as POST /auth/login does.

        The response also has the `user_id` for the other endpoints under /users.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)


class UserViewSet(OwnAccountViewSet):
    """The current user's account. Returns 403 for any other id, whether or not such a user exists."""

    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "user_id"
    action_options = {
        "retrieve": {"serializer_class": UserProfileSerializer},
        "update": {
            "operation_id": "users_update",
            "request_serializer_class": UserChangeSerializer,
            "serializer_class": SavedUserIdSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (409, 412),
        },
        "destroy": {"serializer_class": UserIdSerializer},
    }

    def get_readable_fields(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], UserProfileSerializer(self.current_user).data)

    def retrieve(self, request: Request, user_id: str) -> Response:
        """Return the current user's profile, with job-search field names.

        The profile is the same as in GET /auth/me. `resume` is the id of the newest resume.
        """
        return Response(self.get_serializer(self.current_user).data, headers=build_etag(self.current_user.updated_at))

    def update(self, request: Request, user_id: str) -> Response:
        """Change the given profile fields.

        Null clears an optional field. Read-only fields such as `id`, `resume` and `joined_date` are ignored, so that a
        client can send back the profile it received.
        """
        fields = dict(self.body)
        email = fields.pop("email_id", None)
        if email is not None and self.current_user.email not in list_email_forms(email):
            raise ValidationError({"email_id": ["This field cannot be changed."]}, "read_only")
        first_role = fields.pop("first_role", None)
        user = change_own_profile(request, fields, first_role=first_role)
        return Response(self.get_serializer(user).data, headers=build_etag(user.updated_at))

    def destroy(self, request: Request, user_id: str) -> Response:
        """Erase the account and all data of the current user.

        Takes no body. The token must have been issued in the last five minutes, by a login or POST /auth/refresh.
        DELETE /auth/me requires the password instead.
        """
        # This endpoint accepts no password. A leaked token is usually too old to erase the account.
        now = timezone.now()
        if now.timestamp() - cast(AccessToken, request.auth).issued_at > MAX_ERASURE_TOKEN_AGE:
            raise PermissionDenied(_LOGIN_TOO_OLD, "token_too_old")
        erase_user_on_request(user_id=self.current_user.pk, now=now)
        return Response(self.get_serializer(self.current_user).data)
