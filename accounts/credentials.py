"""Password policy and hashing, password changes and resets, and email confirmation."""

import logging
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail

from accounts.authentication import TokenPair, end_sessions, start_session
from accounts.documents import ConcurrentChange, EmailConfirmation, PasswordReset, User
from accounts.mails import CONFIRMATION, RESET, recorded_mail
from accounts.selectors import find_user_by_email
from career_navigator.observability.middleware import with_fresh_deadline

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 256
PASSWORD_HELP_TEXT = (
    f"{MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters "
    "with an upper-case letter, a lower-case letter and a digit."
)


def normalize_password(password: str) -> str:
    """Return the password in NFKC, because some keyboards send `ä` as one character and others as two (RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


class StrengthValidator:
    """A validator for the length and character classes of a password in NFKC. Error codes name the violated rule."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError for the first rule that the password breaks."""
        password = normalize_password(password)
        if len(password) < MIN_PASSWORD_LENGTH:
            raise ValidationError(f"This field must have at least {MIN_PASSWORD_LENGTH} characters.", "too_short")
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(f"This field must have at most {MAX_PASSWORD_LENGTH} characters.", "too_long")
        if not any(character.isupper() for character in password):
            raise ValidationError("This field must contain an upper-case letter.", "no_upper_case")
        if not any(character.islower() for character in password):
            raise ValidationError("This field must contain a lower-case letter.", "no_lower_case")
        if not any(character.isdigit() for character in password):
            raise ValidationError("This field must contain a digit.", "no_digit")

    def get_help_text(self) -> str:
        return PASSWORD_HELP_TEXT


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """A validator that rejects common passwords of staff. API users are not Django users and are exempt."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if user is not None:
            super().validate(password, user)


def hash_password(password: str) -> str:
    """Return the stored form of a password: algorithm, work factor, salt and hash."""
    return make_password(normalize_password(password))


def verify_password(password: str, hashed_password: str | None, *, rehash: Callable[[str], None] | None = None) -> bool:
    """Return whether the password matches the hash.

    The raw form is also tried, because earlier releases hashed passwords without normalizing them. If
    `hashed_password` is None, a dummy hash takes the same time, so that response times do not reveal whether an account
    exists. `rehash` is called with the password if the stored hash uses a lower work factor than new hashes, or the raw
    form.
    """
    normalized = normalize_password(password)
    for form in dict.fromkeys((normalized, password)):
        if hashed_password is None:
            make_password(form)
        elif check_password(form, hashed_password, setter=rehash):
            if form != normalized and rehash is not None:
                rehash(form)
            return True
    return False


logger = logging.getLogger(__name__)

CONFIRMATION_PATH = "/auth/email/confirm"


class WrongPassword(Exception):
    """Raised when a password does not match the account's."""


class ResetRejected(Exception):
    """Raised for a password reset token that is unknown, used or expired."""


class ConfirmationRejected(Exception):
    """Raised for an email confirmation token that is unknown, used or expired."""


def check_current_password(*, user_id: ObjectId, password: str) -> User:
    """Return the active user after checking the password.

    Raises:
        WrongPassword: the password does not match.
        DoesNotExist: there is no such active user.
    """
    user: User = User.objects.get(id=user_id, is_active=True)
    if not verify_password(password, user.hashed_password):
        raise WrongPassword("the password does not match the account's")
    return user


def change_password(*, user_id: ObjectId, current_password: str, new_password: str, now: datetime) -> TokenPair:
    """Set a new password, end every session, and start a new one.

    Raises:
        ValidationError: the new password violates the policy.
        WrongPassword: `current_password` does not match.
        ConcurrentChange: the password was changed concurrently.
        DoesNotExist: there is no such active user.
    """
    validate_password(new_password)
    user = check_current_password(user_id=user_id, password=current_password)
    hashed_password = hash_password(new_password)

    def store() -> TokenPair:
        _set_password(user, hashed_password, now)
        return start_session(user_id=user.pk, token_version=user.token_version, now=now)

    return with_fresh_deadline(store)


def send_reset_message(*, email: str, now: datetime) -> bool:
    """Send a password reset link to the account with this address. Return False if there is no such account."""
    user = find_user_by_email(email=email)
    if user is None:
        return False
    token = PasswordReset.issue(user_id=user.pk, now=now)
    link = settings.PASSWORD_RESET_URL.replace("{token}", token)
    text = (
        "Someone, probably you, has requested a password reset for your account. "
        f"Use this link within the next hour to set a new password. It works once:\n\n{link}\n\n"
        "If you did not request this, you can ignore this message. Your password does not change.\n"
    )
    _send(user, "password reset message", kind=RESET, subject="set a new password", text=text, now=now)
    return True


def reset_password(*, token: str, new_password: str, now: datetime) -> None:
    """Set a new password with the token of a reset message, and end every session.

    Raises:
        ValidationError: the new password violates the policy. The token remains valid.
        ResetRejected: the token is unknown, used or expired, or the account changed concurrently.
    """
    validate_password(new_password)
    if PasswordReset.find(token, now=now) is None:
        raise ResetRejected("the token is unknown, used or expired")
    # Hashing takes half a second. Do it before consuming the token, so that the token remains valid if hashing fails.
    hashed_password = hash_password(new_password)
    with_fresh_deadline(lambda: _use_reset_token(token, hashed_password, now))


def _use_reset_token(token: str, hashed_password: str, now: datetime) -> None:
    reset = PasswordReset.take(token, now=now)
    user = User.objects(id=reset.user, is_active=True).first() if reset is not None else None
    if user is None:
        raise ResetRejected("the token is unknown, used or expired")
    try:
        _set_password(user, hashed_password, now)
        # The token was sent by email, so the user has access to the address.
        User.confirm_email(user_id=user.pk, now=now)
    except ConcurrentChange as error:
        raise ResetRejected("the password was changed or the account erased concurrently") from error


def _set_password(user: User, hashed_password: str, now: datetime) -> None:
    user.change_password(hashed_password=hashed_password, now=now)
    PasswordReset.objects(user=user.pk).delete()
    end_sessions(user_id=user.pk)


def send_confirmation_message(*, user_id: ObjectId, now: datetime) -> bool:
    """Send a confirmation link to the user. Return False if the user does not exist or is already confirmed."""
    user = User.objects(id=user_id, is_active=True, email_confirmed=False).first()
    if user is None:
        return False
    token = EmailConfirmation.issue(user_id=user.pk, now=now)
    link = f"{settings.PUBLIC_URL}{CONFIRMATION_PATH}?{urlencode({'token': token})}"
    text = (
        "An account was registered with this email address. If you registered it, confirm the address within three "
        f"days to receive emails for your saved searches:\n\n{link}\n\n"
        "If you did not register it, you can ignore this message. Unconfirmed addresses do not receive these emails.\n"
    )
    subject = "confirm your email address"
    _send(user, "confirmation message", kind=CONFIRMATION, subject=subject, text=text, now=now)
    return True


def check_confirmation(*, token: str, now: datetime) -> None:
    """Raise ConfirmationRejected if the token is unknown, used or expired. The token is not consumed."""
    if EmailConfirmation.find(token, now=now) is None:
        raise ConfirmationRejected("the token is unknown, used or expired")


def confirm_email_address(*, token: str, now: datetime) -> None:
    """Confirm the address that the token was sent to.

    Raises:
        ConfirmationRejected: the token is unknown, used or expired, or its user is no longer active.
    """
    confirmation = EmailConfirmation.take(token, now=now)
    if confirmation is None or not User.confirm_email(user_id=confirmation.user, now=now):
        raise ConfirmationRejected("the token is unknown, used or expired")
    erase_confirmations(confirmation.user)


def export_confirmations(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the pending email confirmations of a user for the data export."""
    confirmations = EmailConfirmation.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"sent_at": each.issued_at, "expires_at": each.expires_at} for each in confirmations]


def erase_confirmations(user_id: ObjectId) -> None:
    """Delete the user's pending email confirmations."""
    EmailConfirmation.objects(user=user_id).delete()


def _send(user: User, description: str, *, kind: str, subject: str, text: str, now: datetime) -> None:
    if not settings.EMAIL_HOST and not settings.DEBUG:
        logger.error("EMAIL_HOST is not set: the %s to user %s is not sent", description, user.pk)
    with recorded_mail(user_id=user.pk, kind=kind, now=now):
        send_mail(
            subject=f"{settings.APP_NAME}: {subject}",
            # Omit the name, because the address may belong to someone who did not register the account.
            message=f"Hello,\n\n{text}",
            from_email=None,
            recipient_list=[user.email],
        )
