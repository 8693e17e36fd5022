"""Which passwords are accepted, and hashing them by Django's hashers."""

import unicodedata
from collections.abc import Callable

from django.contrib.auth.hashers import check_password, make_password

SHORTEST = 8
LONGEST = 256


class WeakPassword(ValueError):
    """A password that is not accepted. `reason`: too_short, too_long, no_upper_case, no_lower_case or no_digit."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def normalize_password(password: str) -> str:
    """Return the password in NFKC: one keyboard sends `ä` as one character, another as two (RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


def check_strength(password: str) -> None:
    """Raises WeakPassword."""
    password = normalize_password(password)
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
