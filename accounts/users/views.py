"""The endpoints under /users: the account, its fields by the job-search family's names."""

from typing import Any

import mongoengine
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.addresses import list_address_forms
from accounts.entrance import (
    UNKEPT,
    change_own_profile,
    log_in,
    profile_of,
    refuse_gone,
    register,
    show_pair,
    token_of,
)
from accounts.profile_fields import show_ignored_skills
from accounts.serializers import LoginSerializer
from accounts.support import erase_user_on_request
from accounts.users import serializers as shapes
from accounts.users.selectors import newest_resume_id
from career_navigator.api.current_user import CurrentUser
from career_navigator.api.serializers import read_body, success
from career_navigator.api.viewsets import PublicViewSet
from career_navigator.personal import PersonalViewSet, require_own

# How old a token may be that erases its user's account.
ERASURE_SECONDS = 5 * 60
_TOO_OLD = "Erasing an account needs a token of the last five minutes: log in or refresh, then repeat the request."


class UserEntranceViewSet(PublicViewSet):
    """Registering and logging in, as under /auth and under the same limits."""

    @extend_schema(
        operation_id="users_register",
        summary="Register, with the profile in the job-search family's names",
        request=shapes.UserRegistrationSerializer,
        responses={201: shapes.SavedUserIdSerializer},
        tags=["users"],
    )
    def register(self, request: Request) -> Response:
        given = read_body(shapes.UserRegistrationSerializer, request)
        first_role = given.pop("first_role", None)
        if first_role is not None:
            given["target_roles"] = [first_role]
        user = register(request, given, address_field="email_id")
        saved = success(user_id=str(user.pk), **show_ignored_skills(request.data))
        return Response(saved, status=201, headers=UNKEPT)

    @extend_schema(
        operation_id="users_login",
        summary="Log in; answers a token pair, as POST /auth/login does",
        request=LoginSerializer,
        responses={200: shapes.UserLoginAnswerSerializer, 401: None},
        tags=["users"],
    )
    def login(self, request: Request) -> Response:
        given = read_body(LoginSerializer, request)
        login = log_in(request, email=given["email"], password=given["password"])
        return Response(success(user_id=str(login.user.pk), **show_pair(login.pair)), headers=UNKEPT)


class UserViewSet(PersonalViewSet):
    """The caller's own account: another's id is answered 403, whether or not it is anybody's."""

    @extend_schema(
        operation_id="users_retrieve",
        summary="The caller's profile in the job-search family's names",
        responses={200: shapes.UserProfileSerializer, 403: None},
        tags=["users"],
    )
    def retrieve(self, request: Request, user_id: str) -> Response:
        require_own(request, user_id)
        return Response(_user_profile(profile_of(request)))

    @extend_schema(
        operation_id="users_update",
        summary="Change the profile fields that are given",
        description=(
            "Null clears what may be empty. Fields that are no input, such as `id`, `resume` and `joined_date`, are "
            "passed over, so that the profile can be sent back as it was answered."
        ),
        request=shapes.UserChangeSerializer,
        responses={200: shapes.SavedUserIdSerializer, 403: None, 409: None},
        tags=["users"],
    )
    def update(self, request: Request, user_id: str) -> Response:
        require_own(request, user_id)
        fields = read_body(shapes.UserChangeSerializer, request)
        address = fields.pop("email_id", None)
        if address is not None and profile_of(request).email not in list_address_forms(address):
            raise ValidationError({"email_id": ["This field cannot be changed."]})
        first_role = fields.pop("first_role", None)
        user = change_own_profile(request, fields, first_role=first_role)
        return Response(success(user_id=str(user.pk), **show_ignored_skills(request.data)))

    @extend_schema(
        operation_id="users_delete",
        summary="Erase the account and all that is the caller's",
        description=(
            "Takes no body. The token has to be issued within the last five minutes, by a login or POST /auth/refresh; "
            "DELETE /auth/me asks for the password instead."
        ),
        request=None,
        responses={200: shapes.UserIdSerializer, 403: None},
        tags=["users"],
    )
    def destroy(self, request: Request, user_id: str) -> Response:
        # The family's contract has no place for a password. A token that was found is mostly too old.
        require_own(request, user_id)
        now = timezone.now()
        if now.timestamp() - token_of(request).issued_at > ERASURE_SECONDS:
            raise PermissionDenied(_TOO_OLD)
        try:
            erase_user_on_request(user_id=profile_of(request).pk, now=now)
        except mongoengine.DoesNotExist as error:
            refuse_gone(error)
        return Response(success(user_id=profile_of(request).id))


def _user_profile(profile: CurrentUser) -> dict[str, Any]:
    fields = profile.fields
    same = (
        *("phone_number", "target_roles", "skills", "experience_years", "experience_level", "location"),
        *("preferred_locations", "remote_preference", "professional_summary", "email_confirmed"),
        *("expected_salary", "expected_salary_currency"),
    )
    return success(
        id=profile.id,
        user_name=profile.full_name,
        email_id=profile.email,
        desired_job_role=next(iter(profile.target_roles), None),
        # Whoever gave a number of years has no text.
        experience=profile.experience or profile.experience_years,
        resume=newest_resume_id(user_id=profile.pk),
        joined_date=fields["created_at"],
        **{name: fields[name] for name in same},
    )
