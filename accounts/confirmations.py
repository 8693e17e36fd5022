"""Confirming that the e-mail address of an account is its owner's: digests go to confirmed addresses alone."""

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from django.conf import settings
from django.core.mail import send_mail

from accounts.documents import EmailConfirmation, User

logger = logging.getLogger(__name__)

PATH = "/auth/email/confirm"


class ConfirmationRefused(Exception):
    """A confirmation token that is unknown, used or expired."""

    reason = "confirmation_refused"


def send_confirmation_message(*, user_id: ObjectId, now: datetime) -> bool:
    """Send a link that confirms the user's address; False where there is nothing to confirm, or no such user."""
    user = User.objects(id=user_id, is_active=True, email_confirmed=False).first()
    if user is None:
        return False
    token = EmailConfirmation.issue(user_id=user.pk, now=now)
    if not settings.EMAIL_HOST and not settings.DEBUG:
        logger.error("EMAIL_HOST is not set: the message that confirms the address of user %s is not sent", user.pk)
    link = f"{settings.PUBLIC_URL}{PATH}?{urlencode({'token': token})}"
    send_mail(
        subject=f"{settings.APP_NAME}: confirm your e-mail address",
        message=(
            # Without the name: the address may be of somebody who has never seen what was registered with it.
            "Hello,\n\n"
            "an account was registered with this e-mail address. If it is yours, confirm the address within three "
            f"days, so that the mails of your saved searches can be sent to it:\n\n{link}\n\n"
            "If it is not, there is nothing to do: without it no such mail is sent.\n"
        ),
        from_email=None,
        recipient_list=[user.email],
    )
    return True


def check_confirmation(*, token: str, now: datetime) -> None:
    """Raise ConfirmationRefused unless the token would confirm an address."""
    if EmailConfirmation.find(token, now=now) is None:
        raise ConfirmationRefused("the token is unknown, used or expired")


def confirm_address(*, token: str, now: datetime) -> None:
    """Confirm the address that the token was sent to. Raises ConfirmationRefused."""
    taken = EmailConfirmation.take(token, now=now)
    if taken is None or not User.confirm_email(user_id=taken.user, now=now):
        raise ConfirmationRefused("the token is unknown, used or expired")
    erase_confirmations(taken.user)


def export_confirmations(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the messages whose links still work."""
    sent = EmailConfirmation.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"sent_at": each.issued_at, "expires_at": each.expires_at} for each in sent]


def erase_confirmations(user_id: ObjectId) -> None:
    EmailConfirmation.objects(user=user_id).delete()
