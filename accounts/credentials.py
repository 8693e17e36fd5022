"""Passwords: policy, hashing, changing and replacing one. And confirming an email address."""

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
    """Return the password in NFKC: one keyboard sends `ä` as one character, another as two (RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


class StrengthValidator:
    """Require a length and kinds of characters of a password's NFKC form. The code of the error names the rule."""

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
    """Reject common passwords of staff. Users of the API, who are no Django accounts, may have them."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if user is not None:
            super().validate(password, user)


def hash_password(password: str) -> str:
    """The password as stored: algorithm, work factor, salt and hash."""
    return make_password(normalize_password(password))


def verify_password(password: str, hashed_password: str | None, *, rehash: Callable[[str], None] | None = None) -> bool:
    """Whether the password is the one that was hashed.

    Also as it was typed, since releases before hashed it so. Takes as long without a hash to compare with, so that an
    answer's time does not tell whether there is an account. `rehash` is called with the password where its hash has a
    lower work factor than new ones get, or is not of the normalized form.
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
    """The given password is not the account's."""


class ResetRejected(Exception):
    """A reset token that is unknown, used or expired."""


class ConfirmationRejected(Exception):
    """A confirmation token that is unknown, used or expired."""


def check_current_password(*, user_id: ObjectId, password: str) -> User:
    """The user, whose password it is. Raises WrongPassword, and DoesNotExist when the user is gone."""
    user: User = User.objects.get(id=user_id, is_active=True)
    if not verify_password(password, user.hashed_password):
        raise WrongPassword("that is not the account's password")
    return user


def change_password(*, user_id: ObjectId, current_password: str, new_password: str, now: datetime) -> TokenPair:
    """Set a new password, end every session, and begin one for the current user.

    Raises ValidationError, WrongPassword, ConcurrentChange, and DoesNotExist when the user is gone.
    """
    validate_password(new_password)
    user = check_current_password(user_id=user_id, password=current_password)
    hashed_password = hash_password(new_password)

    def store() -> TokenPair:
        _set_password(user, hashed_password, now)
        return start_session(user_id=user.pk, token_version=user.token_version, now=now)

    return with_fresh_deadline(store)


def send_reset_message(*, email: str, now: datetime) -> bool:
    """Send a link that sets a new password to the account with that address; False when there is none."""
    user = find_user_by_email(email=email)
    if user is None:
        return False
    token = PasswordReset.issue(user_id=user.pk, now=now)
    link = settings.PASSWORD_RESET_URL.replace("{token}", token)
    text = (
        "someone, probably you, has asked to set a new password for your account. "
        f"This link does it, once, within the next hour:\n\n{link}\n\n"
        "If it was not you, there is nothing to do: your password stays as it is.\n"
    )
    _send(user, "the message for a forgotten password", kind=RESET, subject="set a new password", text=text, now=now)
    return True


def reset_password(*, token: str, new_password: str, now: datetime) -> None:
    """Set a new password by the token of a reset message, and end every session.

    Raises ValidationError, which leaves the token usable, and ResetRejected.
    """
    validate_password(new_password)
    if PasswordReset.find(token, now=now) is None:
        raise ResetRejected("the token is unknown, used or expired")
    # Half a second of work, done before the token is taken: what goes wrong in it leaves the token usable.
    hashed_password = hash_password(new_password)
    with_fresh_deadline(lambda: _use_reset_token(token, hashed_password, now))


def _use_reset_token(token: str, hashed_password: str, now: datetime) -> None:
    reset = PasswordReset.take(token, now=now)
    user = User.objects(id=reset.user, is_active=True).first() if reset is not None else None
    if user is None:
        raise ResetRejected("the token is unknown, used or expired")
    try:
        _set_password(user, hashed_password, now)
        # The token came by mail.
        User.confirm_email(user_id=user.pk, now=now)
    except ConcurrentChange as error:
        raise ResetRejected("the password was changed, or the account erased, at the same time") from error


def _set_password(user: User, hashed_password: str, now: datetime) -> None:
    user.change_password(hashed_password=hashed_password, now=now)
    PasswordReset.objects(user=user.pk).delete()
    end_sessions(user_id=user.pk)


def send_confirmation_message(*, user_id: ObjectId, now: datetime) -> bool:
    """Send a link that confirms the user's address; False where there is nothing to confirm, or no such user."""
    user = User.objects(id=user_id, is_active=True, email_confirmed=False).first()
    if user is None:
        return False
    token = EmailConfirmation.issue(user_id=user.pk, now=now)
    link = f"{settings.PUBLIC_URL}{CONFIRMATION_PATH}?{urlencode({'token': token})}"
    text = (
        "an account was registered with this e-mail address. If it is yours, confirm the address within three "
        f"days, so that the mails of your saved searches can be sent to it:\n\n{link}\n\n"
        "If it is not, there is nothing to do: without it no such mail is sent.\n"
    )
    what, subject = "the message that confirms the address", "confirm your e-mail address"
    _send(user, what, kind=CONFIRMATION, subject=subject, text=text, now=now)
    return True


def check_confirmation(*, token: str, now: datetime) -> None:
    """Raise ConfirmationRejected unless the token would confirm an address."""
    if EmailConfirmation.find(token, now=now) is None:
        raise ConfirmationRejected("the token is unknown, used or expired")


def confirm_email_address(*, token: str, now: datetime) -> None:
    """Confirm the address that the token was sent to. Raises ConfirmationRejected."""
    taken = EmailConfirmation.take(token, now=now)
    if taken is None or not User.confirm_email(user_id=taken.user, now=now):
        raise ConfirmationRejected("the token is unknown, used or expired")
    erase_confirmations(taken.user)


def export_confirmations(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the messages whose links still work."""
    sent = EmailConfirmation.objects(user=user_id).order_by("issued_at", "token_hash")
    return [{"sent_at": each.issued_at, "expires_at": each.expires_at} for each in sent]


def erase_confirmations(user_id: ObjectId) -> None:
    EmailConfirmation.objects(user=user_id).delete()


def _send(user: User, what: str, *, kind: str, subject: str, text: str, now: datetime) -> None:
    if not settings.EMAIL_HOST and not settings.DEBUG:
        logger.error("EMAIL_HOST is not set: %s of user %s is not sent", what, user.pk)
    with recorded_mail(user_id=user.pk, kind=kind, now=now):
        send_mail(
            subject=f"{settings.APP_NAME}: {subject}",
            # Without the name: the address may be of somebody who has never seen what was registered with it.
            message=f"Hello,\n\n{text}",
            from_email=None,
            recipient_list=[user.email],
        )
