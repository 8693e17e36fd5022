"""Views for the endpoints under /auth."""

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

from accounts import serializers
from accounts.auth_services import (
    NO_STORE,
    PAGE_HEADERS,
    Conflict,
    accepts_html,
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
    """A base for views of the current user's account. Maps concurrent changes to 409 and an erased user to 401."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ConcurrentChange):
            exc = Conflict()
        elif isinstance(exc, User.DoesNotExist):
            exc = AuthenticationFailed("The token is not valid.", "token_invalid")
        return super().handle_exception(exc)

    def get_readable_fields(self) -> Mapping[str, Any]:
        return self.current_user.fields


class AuthViewSet(PublicViewSet):
    """Registration, sessions, password resets and email confirmation."""

    action_options = {"confirmation_page": {"operation_id": "auth_email_confirm_page"}}

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.RegistrationSerializer,
        query_serializer_class=serializers.RegistrationQuery,
        serializer_class=serializers.RegisteredUserSerializer,
        success_status=status.HTTP_201_CREATED,
    )
    def register(self, request: Request) -> Response:
        """Register.

        Creates the account and queues the collection of postings for its target roles. If email is configured, a
        message with a confirmation link is sent to the address. With `login=true`, a session is also started and its
        tokens are in the response.
        """
        return register_and_respond(self, email_field="email")

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.LoginSerializer,
        serializer_class=serializers.LoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login(self, request: Request) -> Response:
        """Log in with email address and password.

        Send the access token in the `Authorization: Bearer` header of other requests. Exchange the refresh token for a
        new pair at POST /auth/refresh before the access token expires. Failed logins are limited per account and per
        client IP.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        url_path="login/form",
        parser_classes=[FormParser, MultiPartParser],
        request_serializer_class=serializers.LoginFormSerializer,
        serializer_class=serializers.LoginAnswerSerializer,
        error_statuses=(401,),
    )
    def login_form(self, request: Request) -> Response:
        """Log in with an OAuth2 password form.

        Equivalent to POST /auth/login, for OAuth2 clients. `username` is the email address.
        """
        return Response(self.get_serializer(log_in(request, **self.body)).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.RefreshTokenSerializer,
        serializer_class=serializers.TokenPairSerializer,
        error_statuses=(401,),
    )
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair.

        A refresh token works once, and for a few seconds after its first use, so that several tabs can refresh at the
        same time. Each use returns a pair of the same session. Using the token later ends the session.
        """
        try:
            pair = refresh_session(**self.body, now=timezone.now())
        except RefreshRejected as error:
            raise AuthenticationFailed("The refresh token is not valid.", "refresh_token_invalid") from error
        return Response(self.get_serializer(pair).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.RefreshTokenSerializer,
        success_status=status.HTTP_204_NO_CONTENT,
    )
    def logout(self, request: Request) -> Response:
        """End the session of a refresh token.

        All refresh tokens and access tokens of the session are revoked. Other sessions are not affected.
        """
        # An unknown token has no session left to end, so the request succeeds.
        end_session_by_token(**self.body, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(
        detail=False,
        methods=["post"],
        url_path="password/forgot",
        request_serializer_class=serializers.ForgottenPasswordSerializer,
        serializer_class=serializers.AcceptedSerializer,
        success_status=status.HTTP_202_ACCEPTED,
    )
    def forgot_password(self, request: Request) -> Response:
        """Request a password reset message.

        The response is the same whether or not an account has this address.
        """
        email = self.body["email"]
        with rate_limited(("forgot_address", get_client_ip(request)), ("forgot_account", normalize_email(email))):
            queue_message(send_reset_message, email)
        detail = "If an account has this address, a message with a link is on its way."
        return Response(self.get_serializer({"detail": detail}).data, status=status.HTTP_202_ACCEPTED)

    @action(
        detail=False,
        methods=["post"],
        url_path="password/reset",
        request_serializer_class=serializers.PasswordResetSerializer,
        success_status=status.HTTP_204_NO_CONTENT,
    )
    def reset_password(self, request: Request) -> Response:
        """Set a new password with the token of a password reset message.

        The token works once and expires after one hour. Every session of the user ends.
        """
        try:
            reset_password(**self.body, now=timezone.now())
        except ResetRejected as error:
            raise ValidationError({"token": ["This field is unknown, used or expired."]}, "token_invalid") from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(
        detail=False,
        url_path="email/confirm",
        query_serializer_class=serializers.ConfirmationQuery,
        media_type="text/html",
    )
    def confirmation_page(self, request: Request) -> HttpResponse:
        """Show a page with a button that confirms an email address.

        Opening the page does not confirm the address, because mail scanners follow links.
        """
        return self._render_confirmation_page(check_confirmation, confirmed=False)

    @confirmation_page.mapping.post
    def confirm_email(self, request: Request) -> HttpResponse:
        """Confirm an email address with the token of a confirmation message.

        The token works once and expires after three days.
        """
        return self._render_confirmation_page(confirm_email_address, confirmed=True)

    def _render_confirmation_page(self, use_token: Callable[..., None], *, confirmed: bool) -> HttpResponse:
        state, status_code = "confirmed" if confirmed else "asked", 200
        try:
            use_token(token=self.query["token"], now=timezone.now())
        except ConfirmationRejected as error:
            if not accepts_html(self.request):
                message = "This field is unknown, used or expired."
                raise ValidationError({"token": [message]}, "token_invalid") from error
            state, status_code = "rejected", 400
        page = render_to_string("accounts/confirm_email.html", {"state": state, "app_name": settings.APP_NAME})
        return HttpResponse(page, status=status_code, headers=PAGE_HEADERS)


_CHANGE = {
    "request_serializer_class": serializers.ProfileChangeSerializer,
    "serializer_class": serializers.SavedUserSerializer,
    "path_parameters": [IF_MATCH],
    "error_statuses": (409, 412),
}


class ProfileViewSet(OwnAccountViewSet):
    """The current user's account."""

    action_options = {
        "me": {"serializer_class": serializers.UserSerializer, "has_prebuilt_body": True},
        "update_me": _CHANGE,
        "partial_update_me": _CHANGE,
        "erase_me": {"request_serializer_class": serializers.ErasureSerializer},
    }

    @action(detail=False)
    def me(self, request: Request) -> HttpResponse:
        """Return the current user's profile.

        The `ETag` identifies the version of the profile. Send it as `If-Match` with a change to get 412 if the profile
        has changed since.
        """
        # Return the cached bytes, because serializing the profile again would take longer than the rest of the request.
        headers = build_etag(self.current_user.updated_at)
        return HttpResponse(self.current_user.content, content_type="application/json", headers=headers)

    @me.mapping.put
    def update_me(self, request: Request) -> Response:
        """Change the given profile fields.

        Omitted fields are not changed, and null clears an optional field. If `If-Match` has the `ETag` of an older
        version, nothing is changed and the response is 412. Postings for new target roles are collected in the
        background.
        """
        user = change_own_profile(request, self.body)
        return Response(self.get_serializer(user).data, headers=build_etag(user.updated_at))

    @me.mapping.patch
    def partial_update_me(self, request: Request) -> Response:
        """Change the given profile fields.

        Equivalent to PUT /auth/me, for clients that use PATCH for partial updates.
        """
        return self.update_me(request)

    @me.mapping.delete
    def erase_me(self, request: Request) -> Response:
        """Erase the account and all data of the current user.

        The body must contain the password. Resumes, saved jobs, applications, searches, progress and sessions are
        erased with the account. This cannot be undone.
        """
        fields = self.body
        with _limit_password_guesses(self.current_user, field="password"):
            erase_user(user_id=self.current_user.pk, **fields, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=False, url_path="me/export", serializer_class=serializers.ExportSerializer)
    def export(self, request: Request) -> Response:
        """Export all data stored about the current user.

        The response is one JSON document with an entry per kind of data, such as profile, sessions, applications,
        resumes, searches and progress. It does not contain secrets.
        """
        exported = export_user(user_id=self.current_user.pk, now=timezone.now())
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="career-navigator.json"'}
        return Response(self.get_serializer(exported).data, headers=headers)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.PasswordChangeSerializer,
        serializer_class=serializers.TokenPairSerializer,
        error_statuses=(409,),
    )
    def password(self, request: Request) -> Response:
        """Change the password.

        Ends every session, and returns the tokens of a new one.
        """
        fields = self.body
        with _limit_password_guesses(self.current_user, field="current_password"):
            pair = change_password(user_id=self.current_user.pk, **fields, now=timezone.now())
        return Response(self.get_serializer(pair).data, headers=NO_STORE)

    @action(
        detail=False,
        methods=["post"],
        url_path="email/send",
        serializer_class=serializers.AcceptedSerializer,
        success_status=status.HTTP_202_ACCEPTED,
    )
    def send_confirmation(self, request: Request) -> Response:
        """Send the email confirmation message again.

        Nothing is sent if the address is already confirmed.
        """
        detail, user = "The address is already confirmed.", self.current_user
        if not user.fields["email_confirmed"]:
            queue_limited_confirmation(user_id=user.pk)
            detail = "A message with a link is on its way to the account's address."
        return Response(self.get_serializer({"detail": detail}).data, status=status.HTTP_202_ACCEPTED)


def register_and_respond(view: ApiViewSet, *, email_field: str) -> Response:
    """Register an account from the request body. The response includes tokens if the query has `login=true`."""
    is_login = view.query["login"]  # validate the query before the account is created
    user = register(view.request, view.body, email_field=email_field)
    content = view.get_serializer(user).data
    if is_login:
        content |= serializers.TokenPairSerializer(begin_session(user)).data
    return Response(content, status=status.HTTP_201_CREATED, headers=NO_STORE)


@contextmanager
def _limit_password_guesses(user: CurrentUser, *, field: str) -> Iterator[None]:
    """Limit wrong passwords, so that someone with a stolen token cannot guess the password.

    The limit is separate from the login limit, so that failed logins by others do not block the user here.

    Raises:
        Throttled: there were too many wrong passwords.
        ValidationError: the password is wrong.
    """
    limit = ("password", user.id)
    check_limits(limit)
    try:
        yield
    except WrongPassword as error:
        record_hits(limit)
        raise ValidationError(
            {field: ["This field does not match the account's password."]}, "wrong_password"
        ) from error
