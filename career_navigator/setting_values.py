"""Parsers of setting values: rates such as "10/minute", and RSA keys in PEM format for RS256. Pure."""

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
_RATE = re.compile(r"([1-9]\d{0,8})/(" + "|".join(_SECONDS) + r")")


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit of `count` hits per window of `seconds`."""

    count: int
    seconds: int


def parse_rate(text: str) -> Rate | None:
    """Parse a rate such as "10/minute". Return None for "off".

    Raises:
        ValueError: The text is neither. The message states the accepted format.
    """
    normalized = text.strip().lower()
    if normalized == "off":
        return None
    match = _RATE.fullmatch(normalized)
    if match is None:
        raise ValueError("must be a count per second, minute, hour or day, such as 10/minute, or off")
    return Rate(int(match[1]), _SECONDS[match[2]])


def generate_private_key_pem() -> str:
    """Generate an RSA private key and return it in PEM format."""
    key = generate_private_key(public_exponent=65537, key_size=MIN_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def check_private_key(pem: str) -> None:
    """Check that RS256 can sign with the key.

    Raises:
        ValueError: The key is not usable. The message states what is accepted.
    """
    if "PRIVATE KEY" not in pem:
        raise ValueError("must be a private RSA key in PEM format for RS256")
    derive_public_key(pem)


def derive_public_key(pem: str) -> str:
    """Return the public key of a private or public key, in one canonical PEM encoding.

    Raises:
        ValueError: RS256 cannot use the key. The message states what is accepted.
    """
    try:
        if "PRIVATE KEY" in pem:
            key = load_pem_private_key(pem.encode(), password=None).public_key()
        else:
            key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("must be an unencrypted RSA key in PEM format for RS256") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("must be an RSA key in PEM format for RS256")
    if key.key_size < MIN_BITS:
        raise ValueError(f"must have at least {MIN_BITS} bits for RS256, but the key has {key.key_size} bits")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
