"""The endpoints under /auth."""

from collections.abc import Callable
from typing import Any

import mongoengine
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers as shapes
from accounts.addresses import normalize_address
from accounts.confirmations import ConfirmationRefused, check_confirmation, confirm_address
from accounts.credentials import ResetRefused, WrongPassword, change_password, reset_password
from accounts.documents import ConcurrentChange, User
from accounts.entrance import (
    PAGE_HEADERS,
    UNKEPT,
    Conflict,
    OwnAccountViewSet,
    change_own_profile,
    log_in,
    profile_of,
    queue_confirmation,
    refuse_gone,
    register,
    show_pair,
    version_of,
)
from accounts.personal_data import erase_user, export_user
from accounts.profile_fields import list_ignored_skills
from accounts.sessions import RefreshRefused, end_session_of, refresh_session
from accounts.tasks import send_reset_message
from career_navigator.api.exceptions import QueueAway
from career_navigator.api.parsers import MultiPartParser
from career_navigator.api.serializers import read_body
from career_navigator.api.viewsets import PublicViewSet
from career_navigator.personal import PersonalViewSet
from career_navigator.queueing import enqueue
from career_navigator.throttling import Limit, check_limits, get_client_ip, hit_limits, record_hits

SEEN = OpenApiParameter(
    "If-Match",
    # As `version_of` writes it.
    type={
        "type": "string",
        "pattern": r'^(\*|"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}'
        r'(\.[0-9]{1,6})?Z")$',
    },
    location=OpenApiParameter.HEADER,
    description="The ETag of the profile that the change is made from: where it has changed since, the answer is 409.",
)
_PAGE = {(200, "text/html"): OpenApiResponse(OpenApiTypes.STR, description="A page for people.")}
_ENDED = OpenApiResponse(description="Done.")


class SessionViewSet(PublicViewSet):
    """Registering, and the sessions of those who have."""

    @extend_schema(
        operation_id="auth_register",
        summary="Register",
        request=shapes.RegistrationSerializer,
        responses={201: shapes.SavedUserSerializer},
        tags=["auth"],
    )
    def register(self, request: Request) -> Response:
        user = register(request, read_body(shapes.RegistrationSerializer, request), address_field="email")
        return Response(_show_saved(user, request), status=201, headers=UNKEPT)

    @extend_schema(
        operation_id="auth_login",
        summary="Log in with e-mail address and password",
        request=shapes.LoginSerializer,
        responses={200: shapes.LoginAnswerSerializer, 401: None},
        tags=["auth"],
    )
    def login(self, request: Request) -> Response:
        given = read_body(shapes.LoginSerializer, request)
        return _log_in(request, given["email"], given["password"])

    @extend_schema(
        operation_id="auth_refresh",
        summary="Exchange a refresh token for a new pair",
        description=(
            "A refresh token works once, and for some seconds after that, since pages and tabs refresh at the same "
            "time: each use answers a pair of the same session. Using it later ends the session."
        ),
        request=shapes.RefreshTokenSerializer,
        responses={200: shapes.TokenPairSerializer, 401: None},
        tags=["auth"],
    )
    def refresh(self, request: Request) -> Response:
        given = read_body(shapes.RefreshTokenSerializer, request)
        try:
            pair = refresh_session(refresh_token=given["refresh_token"], now=timezone.now())
        except RefreshRefused as error:
            raise AuthenticationFailed("The refresh token is not valid.") from error
        return Response(show_pair(pair), headers=UNKEPT)

    @extend_schema(
        operation_id="auth_logout",
        summary="End the session of a refresh token",
        description="Neither its refresh tokens nor its access tokens are accepted any more; other sessions go on.",
        request=shapes.RefreshTokenSerializer,
        responses={204: _ENDED},
        tags=["auth"],
    )
    def logout(self, request: Request) -> Response:
        """Of a token that is not known there is no session left, which is what was asked for."""
        given = read_body(shapes.RefreshTokenSerializer, request)
        end_session_of(refresh_token=given["refresh_token"], now=timezone.now())
        return Response(status=204)


class LoginFormViewSet(PublicViewSet):
    parser_classes = [FormParser, MultiPartParser]

    @extend_schema(
        operation_id="auth_login_form",
        summary="Log in with an OAuth2 password form",
        request=shapes.LoginFormSerializer,
        responses={200: shapes.LoginAnswerSerializer, 401: None},
        tags=["auth"],
    )
    def login(self, request: Request) -> Response:
        given = read_body(shapes.LoginFormSerializer, request)
        return _log_in(request, given["username"], given["password"])


class MeViewSet(OwnAccountViewSet):
    """The caller's own account."""

    @extend_schema(
        operation_id="auth_me", summary="The caller's profile", responses=shapes.UserSerializer, tags=["auth"]
    )
    def retrieve(self, request: Request) -> HttpResponse:
        # As it was stored: rendering it anew would take longer than all the rest.
        profile = profile_of(request)
        headers = {"ETag": f'"{profile.fields["updated_at"]}"'}
        return HttpResponse(profile.content, content_type="application/json", headers=headers)

    @extend_schema(
        operation_id="auth_me_put",
        summary="Change the profile fields that are given",
        request=shapes.ProfileChangeSerializer,
        parameters=[SEEN],
        responses={200: shapes.SavedUserSerializer, 409: None},
        tags=["auth"],
    )
    def update(self, request: Request) -> Response:
        user = change_own_profile(request, read_body(shapes.ProfileChangeSerializer, request))
        return Response(_show_saved(user, request), headers=version_of(user.updated_at))

    @extend_schema(
        operation_id="auth_me_patch",
        summary="Change the profile fields that are given",
        request=shapes.ProfileChangeSerializer,
        parameters=[SEEN],
        responses={200: shapes.SavedUserSerializer, 409: None},
        tags=["auth"],
    )
    def partial_update(self, request: Request) -> Response:
        return self.update(request)

    @extend_schema(
        operation_id="auth_me_delete",
        summary="Erase the account and all that is the caller's",
        request=shapes.ErasureSerializer,
        responses={204: _ENDED},
        tags=["auth"],
    )
    def destroy(self, request: Request) -> Response:
        given = read_body(shapes.ErasureSerializer, request)
        guesses = _password_guesses(request)
        check_limits(guesses)
        try:
            erase_user(user_id=profile_of(request).pk, password=given["password"], now=timezone.now())
        except WrongPassword as error:
            record_hits(guesses)
            raise ValidationError({"password": ["This field is not the account's password."]}) from error
        except mongoengine.DoesNotExist as error:
            refuse_gone(error)
        return Response(status=204)

    @extend_schema(
        operation_id="auth_me_export",
        summary="All that is stored about the caller",
        responses=shapes.ExportSerializer,
        tags=["auth"],
    )
    def export(self, request: Request) -> Response:
        try:
            exported = export_user(user_id=profile_of(request).pk, now=timezone.now())
        except mongoengine.DoesNotExist as error:
            refuse_gone(error)
        headers = {**UNKEPT, "Content-Disposition": 'attachment; filename="career-navigator.json"'}
        return Response(exported, headers=headers)


class PasswordViewSet(PersonalViewSet):
    @extend_schema(
        operation_id="auth_password",
        summary="Change the password",
        description="Ends every session; the answer is the pair of a new one.",
        request=shapes.PasswordChangeSerializer,
        responses={200: shapes.TokenPairSerializer, 409: None},
        tags=["auth"],
    )
    def change(self, request: Request) -> Response:
        given = read_body(shapes.PasswordChangeSerializer, request)
        guesses = _password_guesses(request)
        check_limits(guesses)
        try:
            pair = change_password(user_id=profile_of(request).pk, **given, now=timezone.now())
        except WrongPassword as error:
            record_hits(guesses)
            raise ValidationError({"current_password": ["This field is not the account's password."]}) from error
        except ConcurrentChange as error:
            raise Conflict from error
        except mongoengine.DoesNotExist as error:
            refuse_gone(error)
        return Response(show_pair(pair), headers=UNKEPT)


class ForgottenPasswordViewSet(PublicViewSet):
    @extend_schema(
        operation_id="auth_password_forgot",
        summary="Ask for a message that sets a new password",
        description="Answers the same whether or not an account has the address.",
        request=shapes.ForgottenPasswordSerializer,
        responses={202: shapes.AcceptedSerializer},
        tags=["auth"],
    )
    def forgot(self, request: Request) -> Response:
        given = read_body(shapes.ForgottenPasswordSerializer, request)
        email = normalize_address(given["email"])
        hit_limits(("forgot_address", get_client_ip(request)), ("forgot_account", email))
        if not enqueue(send_reset_message, given["email"]):
            raise QueueAway("Messages cannot be sent just now; try again shortly.")
        sentence = "If an account has this address, a message with a link is on its way to it."
        return Response({"detail": sentence}, status=202)

    @extend_schema(
        operation_id="auth_password_reset",
        summary="Set a new password by the token of such a message",
        description="The token works once, within an hour. Ends every session.",
        request=shapes.PasswordResetSerializer,
        responses={204: _ENDED},
        tags=["auth"],
    )
    def reset(self, request: Request) -> Response:
        given = read_body(shapes.PasswordResetSerializer, request)
        try:
            reset_password(**given, now=timezone.now())
        except ResetRefused as error:
            raise ValidationError({"token": ["This field is unknown, used or expired."]}) from error
        return Response(status=204)


def _show_saved(user: User, request: Request) -> dict[str, Any]:
    """The profile, and what of the skills given was left out."""
    ignored = list_ignored_skills(request.data)
    return user.dict_exclude_password() | ({"ignored_skills": ignored} if ignored else {})


class EmailMessageViewSet(PersonalViewSet):
    @extend_schema(
        operation_id="auth_email_send",
        summary="Have the message sent again that confirms the account's address",
        description="Nothing is sent where the address is confirmed.",
        request=None,
        responses={202: shapes.AcceptedSerializer},
        tags=["auth"],
    )
    def send(self, request: Request) -> Response:
        profile = profile_of(request)
        if profile.fields["email_confirmed"]:
            return Response({"detail": "The address is confirmed already."}, status=202)
        hit_limits(("confirmation", profile.id))
        queue_confirmation(user_id=profile.pk)
        return Response({"detail": "A message with a link is on its way to the account's address."}, status=202)


class EmailConfirmationViewSet(PublicViewSet):
    """Where the links of the messages lead. A program that only follows links confirms nothing."""

    @extend_schema(
        operation_id="auth_email_confirm_page",
        summary="A page with a button that confirms an e-mail address",
        description="Changes nothing by itself.",
        parameters=[shapes.ConfirmationQuery],
        responses=_PAGE,
        tags=["auth"],
    )
    def page(self, request: Request) -> HttpResponse:
        return _confirm(request, check_confirmation, confirmed=False)

    @extend_schema(
        operation_id="auth_email_confirm",
        summary="Confirm an e-mail address by the token of a message",
        description="The token works once, within three days.",
        parameters=[shapes.ConfirmationQuery],
        request=None,
        responses=_PAGE,
        tags=["auth"],
    )
    def confirm(self, request: Request) -> HttpResponse:
        return _confirm(request, confirm_address, confirmed=True)


def _confirm(request: Request, act: Callable[..., None], *, confirmed: bool) -> HttpResponse:
    try:
        act(token=shapes.ConfirmationQuery.read(request)["token"], now=timezone.now())
    except ConfirmationRefused as error:
        raise ValidationError({"token": ["This field is unknown, used or expired."]}) from error
    context = {"confirmed": confirmed, "app_name": settings.APP_NAME}
    return HttpResponse(render_to_string("accounts/confirm_email.html", context), headers=PAGE_HEADERS)


def _log_in(request: Request, email: str, password: str) -> Response:
    login = log_in(request, email=email, password=password)
    return Response(show_pair(login) | {"user": login.user.dict_exclude_password()}, headers=UNKEPT)


def _password_guesses(request: Request) -> Limit:
    """Return the limit of wrong passwords from someone who may have found a token.

    They count apart from logins: whoever guesses there keeps nobody from changing their password here.
    """
    return "password", profile_of(request).id
