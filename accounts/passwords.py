"""Which passwords are accepted, and hashing them by Django's hashers."""

from collections.abc import Callable

from django.contrib.auth.hashers import check_password, make_password

SHORTEST = 8
LONGEST = 256


class WeakPassword(ValueError):
    """A password that is not accepted. `reason`: too_short, too_long, no_upper_case, no_lower_case or no_digit."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_strength(password: str) -> None:
    """Raises WeakPassword."""
    if len(password) < SHORTEST:
        raise WeakPassword("too_short", f"must have at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise WeakPassword("too_long", f"must have at most {LONGEST} characters.")
    if not any(character.isupper() for character in password):
        raise WeakPassword("no_upper_case", "must contain an upper-case letter.")
    if not any(character.islower() for character in password):
        raise WeakPassword("no_lower_case", "must contain a lower-case letter.")
    if not any(character.isdigit() for character in password):
        raise WeakPassword("no_digit", "must contain a digit.")


def hash_password(password: str) -> str:
    """The password as stored: algorithm, work factor, salt and hash."""
    return make_password(password)


def verify_password(password: str, hashed_password: str | None, *, rehash: Callable[[str], None] | None = None) -> bool:
    """Whether the password is the one that was hashed.

    Takes as long without a hash to compare with, so that an answer's time does not tell whether there is an account.
    `rehash` is called with the password where its hash has a lower work factor than new ones get.
    """
    if hashed_password is None:
        make_password(password)
        return False
    return check_password(password, hashed_password, setter=rehash)
