"""RSA keys in PEM, as RS256 needs them."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

SMALLEST_BITS = 2048


class InvalidSigningKey(ValueError):
    """A key that RS256 cannot use. `reason` is stable: `not_rsa` or `too_small`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def new_private_key() -> str:
    """A new private key."""
    key = generate_private_key(public_exponent=65537, key_size=SMALLEST_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def check_private_key(pem: str) -> None:
    """Raises InvalidSigningKey."""
    _load_private(pem)


def check_public_key(pem: str) -> None:
    """Raises InvalidSigningKey for what is neither a public nor a private key."""
    public_key_of(pem)


def public_key_of(pem: str) -> str:
    """The public key of a private or public one, always written the same. Raises InvalidSigningKey."""
    key = _load_private(pem).public_key() if "PRIVATE KEY" in pem else _load_public(pem)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _load_private(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidSigningKey("not_rsa", "accepted is an unencrypted private RSA key in PEM") from error
    if not isinstance(key, RSAPrivateKey):
        raise InvalidSigningKey("not_rsa", "accepted is a private RSA key in PEM")
    _check_size(key.key_size)
    return key


def _load_public(pem: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidSigningKey("not_rsa", "accepted is an RSA key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidSigningKey("not_rsa", "accepted is an RSA key in PEM")
    _check_size(key.key_size)
    return key


def _check_size(bits: int) -> None:
    if bits < SMALLEST_BITS:
        raise InvalidSigningKey("too_small", f"it has {bits} bits; accepted are at least {SMALLEST_BITS}")
