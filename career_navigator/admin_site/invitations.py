"""Staff invitations: an email with a single-use link for setting the account's password."""

import logging
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from career_navigator.celery import enqueue

logger = logging.getLogger(__name__)

VALID_DAYS = settings.PASSWORD_RESET_TIMEOUT // 86_400


class InvitationTokens(PasswordResetTokenGenerator):
    """Generator of expiring tokens. A password change, a login or a new email address invalidates a token."""

    key_salt = "career_navigator.admin_site.invitations"


tokens = InvitationTokens()


def send_invitation(*, user_id: str) -> None:
    """Send the link for setting the account's password.

    Sends nothing if the account was deleted, is not active staff, or has no email address.
    """
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=True).first()
    if user is None or not user.email:
        logger.warning("staff account %s was not invited: it was deleted, is inactive or has no email address", user_id)
        return
    if not settings.EMAIL_HOST and not settings.DEBUG:
        logger.error("EMAIL_HOST is not set: the invitation to staff account %r cannot be sent", user.get_username())
    key = urlsafe_base64_encode(force_bytes(user.pk))
    link = f"{settings.PUBLIC_URL}{reverse('admin:invitation', args=[key, tokens.make_token(user)])}"
    send_mail(
        subject=f"{settings.APP_NAME}: set the password of your staff account",
        message=(
            f"Hello,\n\nThe staff account {user.get_username()!r} was created for you. Use this link to set your "
            f"password. It works once and expires after {VALID_DAYS} days:\n\n{link}\n\n"
            "If you did not expect this message, you can ignore it.\n"
        ),
        from_email=None,
        recipient_list=[user.email],
    )


def invite(request: HttpRequest, user: User) -> bool:
    """Queue an account's invitation and return whether it was queued. Shows the user a message either way."""
    if not user.email:
        messages.error(request, f"{user.get_username()} was not invited: the account has no email address.")
    elif not (user.is_active and user.is_staff):
        messages.error(request, f"{user.get_username()} was not invited: the account is not active or not staff.")
    elif not enqueue("career_navigator.tasks.send_staff_invitation", str(user.pk)):
        messages.error(request, "The queue is unavailable. Try to send the invitation again later.")
    else:
        messages.success(
            request, f"The invitation to {user.email} is queued. Its link expires after {VALID_DAYS} days."
        )
        if not settings.EMAIL_HOST:
            outcome = "The message goes to the worker's log" if settings.DEBUG else "The message will not be sent"
            messages.warning(request, f"{outcome} because EMAIL_HOST is not set.")
        return True
    return False


class InvitationView(PasswordResetConfirmView):
    """The page behind an invitation link. It sets the password but does not log the user in."""

    template_name = "career_navigator/admin_site/invitation.html"
    form_class = SetPasswordForm  # type: ignore[assignment]
    token_generator = tokens
    success_url = reverse_lazy("admin:login")
    title = "Set your password"

    def get_user(self, uidb64: str) -> User | None:
        user = cast(User | None, super().get_user(uidb64))
        return user if user is not None and user.is_active and user.is_staff else None

    def form_valid(self, form: Any) -> HttpResponse:
        user, old_password = form.user, form.user.password
        user.set_password(form.cleaned_data["new_password1"])
        # The condition lets only one of two concurrent requests use the link.
        if not User.objects.filter(pk=user.pk, password=old_password).update(password=user.password):
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        response: HttpResponse = super().form_valid(form)
        logger.info("staff account %r: password set through an invitation", user.get_username())
        messages.success(self.request, "Your password is set. You can now log in.")
        return response
