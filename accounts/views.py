"""The endpoints under /auth."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers as shapes
from accounts.auth_services import (
    NO_STORE,
    PAGE_HEADERS,
    Conflict,
    asks_for_a_page,
    begin_session,
    change_own_profile,
    log_in,
    queue_limited_confirmation,
    queue_message,
    register,
)
from accounts.authentication import RefreshRejected, end_session_by_token, refresh_session
from accounts.credentials import (
    ConfirmationRejected,
    ResetRejected,
    WrongPassword,
    change_password,
    check_confirmation,
    confirm_email_address,
    reset_password,
)
from accounts.documents import ConcurrentChange, User
from accounts.profile_parsing import normalize_email
from accounts.services import erase_user, export_user
from accounts.tasks import send_reset_message
from career_navigator.api.parsers import MultiPartParser
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.versions import IF_MATCH, build_etag
from career_navigator.api.viewsets import ApiViewSet, PublicViewSet
from career_navigator.throttling import check_limits, get_client_ip, rate_limited, record_hits


class OwnAccountViewSet(ApiViewSet):
    """Serve the current user's account, which may change or be erased while a request is on its way."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ConcurrentChange):
            exc = Conflict()
        elif isinstance(exc, User.DoesNotExist):
            exc = AuthenticationFailed("The token is not valid.", "token_invalid")
        return super().handle_exception(exc)

    def get_readable_fields(self) -> Mapping[str, Any]:
        return self.current_user.fields


class AuthViewSet(PublicViewSet):
    """Registering, sessions, and what is done by the links in messages."""

    action_options = {"confirmation_page": {"operation_id": "auth_email_confirm_page"}}

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.RegistrationSerializer,
        query_serializer_class=shapes.RegistrationQuery,
        serializer_class=shapes.RegisteredUserSerializer,
        success_status=status.HTTP_201_CREATED,
    )
    def register(self, request: Request) -> Response:
        """Register.

        Creates the account and, for target roles that nobody had before, queues the collection of their postings. A
        message with a link that confirms the address is sent where e-mail is set up.
        With `login=true` the account also begins a session, whose tokens are in the answer.
        """
        return answer_registration(self, email_field="email")

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.LoginSerializer,
        serializer_class=shapes.LoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login(self, request: Request) -> Response:
        """Log in with e-mail address and password.

        The access token goes into the `Authorization: Bearer` header of other requests; the refresh token is exchanged
        for a new pair at POST /auth/refresh before the access token expires. Wrong passwords are limited per account
        and per address.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        url_path="login/form",
        parser_classes=[FormParser, MultiPartParser],
        request_serializer_class=shapes.LoginFormSerializer,
        serializer_class=shapes.LoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login_form(self, request: Request) -> Response:
        """Log in with an OAuth2 password form.

        The same as POST /auth/login for clients that speak OAuth2: `username` is the e-mail address.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.RefreshTokenSerializer,
        serializer_class=shapes.TokenPairSerializer,
        error_statuses=(401,),
    )
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair.

        A refresh token works once, and for some seconds after that, since pages and tabs refresh at the same time: each
        use answers a pair of the same session. Using it later ends the session.
        """
        try:
            pair = refresh_session(**self.body, now=timezone.now())
        except RefreshRejected as error:
            raise AuthenticationFailed("The refresh token is not valid.", "refresh_token_invalid") from error
        return Response(self.get_serializer(pair).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.RefreshTokenSerializer,
        success_status=status.HTTP_204_NO_CONTENT,
    )
    def logout(self, request: Request) -> Response:
        """End the session of a refresh token.

        Neither its refresh tokens nor its access tokens are accepted any more; other sessions go on.
        """
        # Of a token that is not known there is no session left, which is what was asked for.
        end_session_by_token(**self.body, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(
        detail=False,
        methods=["post"],
        url_path="password/forgot",
        request_serializer_class=shapes.ForgottenPasswordSerializer,
        serializer_class=shapes.AcceptedSerializer,
        success_status=status.HTTP_202_ACCEPTED,
    )
    def forgot_password(self, request: Request) -> Response:
        """Ask for a message that sets a new password.

        Answers the same whether or not an account has the address.
        """
        email = self.body["email"]
        with rate_limited(("forgot_address", get_client_ip(request)), ("forgot_account", normalize_email(email))):
            queue_message(send_reset_message, email)
        sentence = "If an account has this address, a message with a link is on its way to it."
        return Response(self.get_serializer({"detail": sentence}).data, status=status.HTTP_202_ACCEPTED)

    @action(
        detail=False,
        methods=["post"],
        url_path="password/reset",
        request_serializer_class=shapes.PasswordResetSerializer,
        success_status=status.HTTP_204_NO_CONTENT,
    )
    def reset_password(self, request: Request) -> Response:
        """Set a new password by the token of such a message.

        The token works once, within an hour. Ends every session.
        """
        try:
            reset_password(**self.body, now=timezone.now())
        except ResetRejected as error:
            raise ValidationError({"token": ["This field is unknown, used or expired."]}, "token_invalid") from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(
        detail=False,
        url_path="email/confirm",
        query_serializer_class=shapes.ConfirmationQuery,
        media_type="text/html",
    )
    def confirmation_page(self, request: Request) -> HttpResponse:
        """Show a page with a button that confirms an e-mail address.

        Opening it confirms nothing, so programs that follow the links of mails do no harm.
        """
        # A program that only follows links confirms nothing.
        return self._confirmation_page(check_confirmation, confirmed=False)

    @confirmation_page.mapping.post
    def confirm_email(self, request: Request) -> HttpResponse:
        """Confirm an e-mail address by the token of a message.

        The token works once, within three days.
        """
        return self._confirmation_page(confirm_email_address, confirmed=True)

    def _confirmation_page(self, act: Callable[..., None], *, confirmed: bool) -> HttpResponse:
        state, status_code = "confirmed" if confirmed else "asked", 200
        try:
            act(token=self.query["token"], now=timezone.now())
        except ConfirmationRejected as error:
            if not asks_for_a_page(self.request):
                sentence = "This field is unknown, used or expired."
                raise ValidationError({"token": [sentence]}, "token_invalid") from error
            state, status_code = "rejected", 400
        page = render_to_string("accounts/confirm_email.html", {"state": state, "app_name": settings.APP_NAME})
        return HttpResponse(page, status=status_code, headers=PAGE_HEADERS)


_CHANGE = {
    "request_serializer_class": shapes.ProfileChangeSerializer,
    "serializer_class": shapes.SavedUserSerializer,
    "path_parameters": [IF_MATCH],
    "error_statuses": (409, 412),
}


class ProfileViewSet(OwnAccountViewSet):
    """The current user's own account."""

    action_options = {
        "me": {"serializer_class": shapes.UserSerializer, "has_prebuilt_body": True},
        "update_me": _CHANGE,
        "partial_update_me": _CHANGE,
        "erase_me": {"request_serializer_class": shapes.ErasureSerializer},
    }

    @action(detail=False)
    def me(self, request: Request) -> HttpResponse:
        """Return the current user's profile.

        The `ETag` names its version; send it as `If-Match` with a change to be told when the profile has changed since.
        """
        # The stored bytes: serializing the profile again would take longer than all the rest.
        headers = build_etag(self.current_user.updated_at)
        return HttpResponse(self.current_user.content, content_type="application/json", headers=headers)

    @me.mapping.put
    def update_me(self, request: Request) -> Response:
        """Change the profile fields that are given.

        Fields that are left out stay; null clears what may be empty. With the profile's `ETag` as `If-Match` nothing is
        changed where the profile has changed since. New target roles are collected in the background.
        """
        user = change_own_profile(request, self.body)
        return Response(self.get_serializer(user).data, headers=build_etag(user.updated_at))

    @me.mapping.patch
    def partial_update_me(self, request: Request) -> Response:
        """Change the profile fields that are given.

        Does what PUT /auth/me does, for clients that send PATCH for a part of an object.
        """
        return self.update_me(request)

    @me.mapping.delete
    def erase_me(self, request: Request) -> Response:
        """Erase the account and all that is the current user's.

        The body names the password. Resumes, saved jobs, applications, searches, progress and sessions go with the
        account; this cannot be undone.
        """
        given = self.body
        with _password_guess(self.current_user, field="password"):
            erase_user(user_id=self.current_user.pk, **given, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=False, url_path="me/export", serializer_class=shapes.ExportSerializer)
    def export(self, request: Request) -> Response:
        """Return all that is stored about the current user.

        One JSON document with a part for each kind of data: profile, sessions, applications, resumes, searches,
        progress and what else is stored. Secrets are left out.
        """
        exported = export_user(user_id=self.current_user.pk, now=timezone.now())
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="career-navigator.json"'}
        return Response(self.get_serializer(exported).data, headers=headers)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.PasswordChangeSerializer,
        serializer_class=shapes.TokenPairSerializer,
        error_statuses=(409,),
    )
    def password(self, request: Request) -> Response:
        """Change the password.

        Ends every session; the answer is the pair of a new one.
        """
        given = self.body
        with _password_guess(self.current_user, field="current_password"):
            pair = change_password(user_id=self.current_user.pk, **given, now=timezone.now())
        return Response(self.get_serializer(pair).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        url_path="email/send",
        serializer_class=shapes.AcceptedSerializer,
        success_status=status.HTTP_202_ACCEPTED,
    )
    def send_confirmation(self, request: Request) -> Response:
        """Have the message sent again that confirms the account's address.

        Nothing is sent where the address is confirmed.
        """
        sentence, user = "The address is confirmed already.", self.current_user
        if not user.fields["email_confirmed"]:
            queue_limited_confirmation(user_id=user.pk)
            sentence = "A message with a link is on its way to the account's address."
        return Response(self.get_serializer({"detail": sentence}).data, status=status.HTTP_202_ACCEPTED)


def answer_registration(view: ApiViewSet, *, email_field: str) -> Response:
    """Register the account that the body describes; answer it, and its tokens with `login=true`."""
    is_login = view.query["login"]  # before the account is there: it may be refused
    user = register(view.request, view.body, email_field=email_field)
    answer = view.get_serializer(user).data
    if is_login:
        answer |= shapes.TokenPairSerializer(begin_session(user)).data
    return Response(answer, status=status.HTTP_201_CREATED, headers=NO_STORE)


@contextmanager
def _password_guess(user: CurrentUser, *, field: str) -> Iterator[None]:
    """Limit wrong passwords from somebody who may have found a token. Raises Throttled and ValidationError.

    They count apart from logins: anyone who guesses there keeps nobody from changing their password here.
    """
    limit = ("password", user.id)
    check_limits(limit)
    try:
        yield
    except WrongPassword as error:
        record_hits(limit)
        raise ValidationError({field: ["This field is not the account's password."]}, "wrong_password") from error
