"""Inviting staff: a mail with a link at which they set the password of their account, once."""

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
    """Tokens that a new password, a login or another address voids, and that expire."""

    key_salt = "career_navigator.admin_site.invitations"


tokens = InvitationTokens()


def send_invitation(*, user_id: str) -> None:
    """Send the link that sets the account's password; nothing where the account is gone, inactive or has no address."""
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=True).first()
    if user is None or not user.email:
        logger.warning("staff account %s is not invited: it is gone, inactive or without an address", user_id)
        return
    if not settings.EMAIL_HOST and not settings.DEBUG:
        logger.error("EMAIL_HOST is not set: the invitation of staff account %r is not sent", user.get_username())
    key = urlsafe_base64_encode(force_bytes(user.pk))
    link = f"{settings.PUBLIC_URL}{reverse('admin:invitation', args=[key, tokens.make_token(user)])}"
    send_mail(
        subject=f"{settings.APP_NAME}: set the password of your staff account",
        message=(
            f"Hello,\n\nyou have the staff account {user.get_username()!r}. This link sets its password, once, within "
            f"{VALID_DAYS} days:\n\n{link}\n\nIf you did not expect this message, there is nothing to do.\n"
        ),
        from_email=None,
        recipient_list=[user.email],
    )


def invite(request: HttpRequest, user: User) -> bool:
    """Queue the invitation of an account and show a message that says so, or why there is none."""
    if not user.email:
        messages.error(request, f"{user.get_username()} is not invited: the account has no e-mail address.")
    elif not (user.is_active and user.is_staff):
        messages.error(request, f"{user.get_username()} is not invited: the account is not active or not staff.")
    elif not enqueue("career_navigator.tasks.send_staff_invitation", str(user.pk)):
        messages.error(request, "The queue does not answer. Send the invitation again when it is back.")
    else:
        messages.success(
            request, f"The invitation to {user.email} is on its way; its link works for {VALID_DAYS} days."
        )
        if not settings.EMAIL_HOST:
            where = "The worker's log has the message instead" if settings.DEBUG else "No message is sent"
            messages.warning(request, f"{where}: EMAIL_HOST is not set.")
        return True
    return False


class InvitationView(PasswordResetConfirmView):
    """The page that the link leads to. Anyone who sets a password there logs in with it afterwards."""

    template_name = "career_navigator/admin_site/invitation.html"
    form_class = SetPasswordForm  # type: ignore[assignment]
    token_generator = tokens
    success_url = reverse_lazy("admin:login")
    title = "Set your password"

    def get_user(self, uidb64: str) -> User | None:
        user = cast(User | None, super().get_user(uidb64))
        return user if user is not None and user.is_active and user.is_staff else None

    def form_valid(self, form: Any) -> HttpResponse:
        user, before = form.user, form.user.password
        user.set_password(form.cleaned_data["new_password1"])
        # Of two who use the link at once, one does.
        if not User.objects.filter(pk=user.pk, password=before).update(password=user.password):
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        response: HttpResponse = super().form_valid(form)
        logger.info("staff account %r: password set by an invitation", user.get_username())
        messages.success(self.request, "Your password is set. Log in with it.")
        return response
