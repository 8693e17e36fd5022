"""What settings may hold: how often something may happen, as in "10/minute", and RSA keys in PEM for RS256. Pure."""

import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 24 * 3600}
MIN_BITS = 2048
_WRITTEN = re.compile(r"([1-9]\d{0,8})/(" + "|".join(_SECONDS) + r")")


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` times in each window of `seconds`."""

    count: int
    seconds: int


def parse_rate(text: str) -> Rate | None:
    """ "10/minute" as a rate; None for "off". Raises ValueError with what is accepted."""
    written = text.strip().lower()
    if written == "off":
        return None
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError("accepted is a count and a time such as 10/minute (second, minute, hour, day), or off")
    return Rate(int(found[1]), _SECONDS[found[2]])


def new_private_key() -> str:
    """Make a private key."""
    key = generate_private_key(public_exponent=65537, key_size=MIN_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def check_private_key(pem: str) -> None:
    """Raise ValueError, with what is accepted, for what RS256 cannot sign with."""
    if "PRIVATE KEY" not in pem:
        raise ValueError("accepted for RS256 is a private RSA key in PEM")
    derive_public_key(pem)


def derive_public_key(pem: str) -> str:
    """Return the public key of a private or public one, always written the same.

    Raises ValueError, with what is accepted, for what RS256 cannot use.
    """
    try:
        if "PRIVATE KEY" in pem:
            key = load_pem_private_key(pem.encode(), password=None).public_key()
        else:
            key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("accepted for RS256 is an unencrypted RSA key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("accepted for RS256 is an RSA key in PEM")
    if key.key_size < MIN_BITS:
        raise ValueError(f"it has {key.key_size} bits; accepted for RS256 are at least {MIN_BITS}")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
