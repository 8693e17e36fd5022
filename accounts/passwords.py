"""The password policy of users and staff, and hashing users' passwords with Django's hashers."""

import unicodedata
from collections.abc import Callable

from django.contrib.auth import password_validation
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError

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
