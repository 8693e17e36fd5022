"""The endpoints under /users: the account, its fields by the job-search family's names."""

from typing import cast

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access_tokens import AccessToken
from accounts.addresses import list_address_forms
from accounts.entrance import UNKEPT, OwnAccountViewSet, change_own_profile, log_in, register
from accounts.serializers import LoginSerializer
from accounts.support import erase_user_on_request
from accounts.users import serializers as shapes
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import PublicViewSet

# How old a token may be that erases its user's account.
ERASURE_SECONDS = 5 * 60
_TOO_OLD = "Erasing an account needs a token of the last five minutes: log in or refresh, then repeat the request."


class UserAuthViewSet(PublicViewSet):
    """Registering and logging in, as under /auth and under the same limits."""

    action_options = {
        "create": {
            "operation_id": "users_register",
            "request_serializer_class": shapes.UserRegistrationSerializer,
            "serializer_class": shapes.SavedUserIdSerializer,
        }
    }

    def create(self, request: Request) -> Response:
        """Register, with the profile in the job-search family's names."""
        user = register(request, self.body, address_field="email_id")
        return Response(self.get_serializer(user).data, status=201, headers=UNKEPT)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=LoginSerializer,
        serializer_class=shapes.UserLoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login(self, request: Request) -> Response:
        """Log in; answers a token pair, as POST /auth/login does."""
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=UNKEPT)


class UserViewSet(OwnAccountViewSet):
    """The current user's account: another's id is answered 403, whether or not it is anybody's."""

    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "user_id"
    action_options = {
        "retrieve": {"serializer_class": shapes.UserProfileSerializer},
        "update": {
            "operation_id": "users_update",
            "request_serializer_class": shapes.UserChangeSerializer,
            "serializer_class": shapes.SavedUserIdSerializer,
            "error_statuses": (409,),
        },
        "destroy": {"serializer_class": shapes.UserIdSerializer},
    }

    def retrieve(self, request: Request, user_id: str) -> Response:
        """Return the caller's profile in the job-search family's names."""
        return Response(self.get_serializer(self.current_user).data)

    def update(self, request: Request, user_id: str) -> Response:
        """Change the profile fields that are given.

        Null clears what may be empty. Fields that are no input, such as `id`, `resume` and `joined_date`, are passed
        over, so that the profile can be sent back as it was answered.
        """
        fields = dict(self.body)
        email = fields.pop("email_id", None)
        if email is not None and self.current_user.email not in list_address_forms(email):
            raise ValidationError({"email_id": ["This field cannot be changed."]})
        first_role = fields.pop("first_role", None)
        return Response(self.get_serializer(change_own_profile(request, fields, first_role=first_role)).data)

    def destroy(self, request: Request, user_id: str) -> Response:
        """Erase the account and all that is the caller's.

        Takes no body. The token has to be issued within the last five minutes, by a login or POST /auth/refresh;
        DELETE /auth/me asks for the password instead.
        """
        # The family's contract has no place for a password. A token that was found is mostly too old.
        now = timezone.now()
        if now.timestamp() - cast(AccessToken, request.auth).issued_at > ERASURE_SECONDS:
            raise PermissionDenied(_TOO_OLD)
        erase_user_on_request(user_id=self.current_user.pk, now=now)
        return Response(self.get_serializer(self.current_user).data)
