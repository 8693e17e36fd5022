"""The endpoints under /users, where the account's fields have the job-search family's names."""

from collections.abc import Mapping
from typing import Any, cast

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers as shapes
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
from accounts.views import OwnAccountViewSet, answer_registration
from career_navigator.api.permissions import IsSelf
from career_navigator.api.versions import IF_MATCH, build_etag
from career_navigator.api.viewsets import PublicViewSet

# How old a token may be that erases its user's account.
ERASURE_SECONDS = 5 * 60
_TOO_OLD = "Erasing an account needs a token of the last five minutes: log in or refresh, then repeat the request."


class UserAuthViewSet(PublicViewSet):
    """Registering and logging in, as under /auth and under the same limits."""

    action_options = {
        "create": {
            "operation_id": "users_register",
            "request_serializer_class": UserRegistrationSerializer,
            "query_serializer_class": shapes.RegistrationQuery,
            "serializer_class": RegisteredUserIdSerializer,
        }
    }

    def create(self, request: Request) -> Response:
        """Register, with the profile in the job-search family's names.

        Does what POST /auth/register does, under the same limits. Lists may be given as text with commas.
        With `login=true` the account also begins a session, whose tokens are in the answer.
        """
        return answer_registration(self, email_field="email_id")

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.LoginSerializer,
        serializer_class=UserLoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login(self, request: Request) -> Response:
        """Log in; answers a token pair, as POST /auth/login does.

        Beside the tokens it answers the `user_id` that other paths of this family take.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)


class UserViewSet(OwnAccountViewSet):
    """The current user's account: another's id is answered 403, whether or not it is anybody's."""

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
        """Return the current user's profile in the job-search family's names.

        The same account as GET /auth/me shows. `resume` is the id of the newest resume.
        """
        return Response(self.get_serializer(self.current_user).data, headers=build_etag(self.current_user.updated_at))

    def update(self, request: Request, user_id: str) -> Response:
        """Change the profile fields that are given.

        Null clears what may be empty. Fields that are no input, such as `id`, `resume` and `joined_date`, are passed
        over, so that the profile can be sent back as it was answered.
        """
        fields = dict(self.body)
        email = fields.pop("email_id", None)
        if email is not None and self.current_user.email not in list_email_forms(email):
            raise ValidationError({"email_id": ["This field cannot be changed."]}, "read_only")
        first_role = fields.pop("first_role", None)
        user = change_own_profile(request, fields, first_role=first_role)
        return Response(self.get_serializer(user).data, headers=build_etag(user.updated_at))

    def destroy(self, request: Request, user_id: str) -> Response:
        """Erase the account and all that is the current user's.

        Takes no body. The token has to be issued within the last five minutes, by a login or POST /auth/refresh;
        DELETE /auth/me asks for the password instead.
        """
        # The family's contract has no place for a password. A token that was found is mostly too old.
        now = timezone.now()
        if now.timestamp() - cast(AccessToken, request.auth).issued_at > ERASURE_SECONDS:
            raise PermissionDenied(_TOO_OLD, "token_too_old")
        erase_user_on_request(user_id=self.current_user.pk, now=now)
        return Response(self.get_serializer(self.current_user).data)
