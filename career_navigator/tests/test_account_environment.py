"""The environment of accounts: keys, e-mail, throttles."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr

from career_navigator.environment import Environment, read_environment
from career_navigator.rates import Rate, parse_rate
from career_navigator.signing_keys import check_private_key, new_private_key, public_key_of

PRIVATE = new_private_key()


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Environment.model_config, "env_file", None)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/minute", Rate(10, 60)),
        (" 1/Second ", Rate(1, 1)),
        ("5/hour", Rate(5, 3600)),
        ("1000/day", Rate(1000, 86400)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_reads_rates(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "0/minute", "-1/minute", "10/week", "ten/minute", "10 / minute", "1.5/hour"]
)
def test_refuses_what_is_no_rate_by_name(monkeypatch, text):
    monkeypatch.setenv("THROTTLE_USER", text or "10/")

    with pytest.raises(ImproperlyConfigured, match=r"THROTTLE_USER=.* accepted is a count and a time"):
        read_environment()


def test_reads_former_keys(monkeypatch):
    monkeypatch.setenv("JWT_FORMER_KEYS", f"{'a' * 40}, {'b' * 40}")

    keys = read_environment().jwt_former_keys

    assert [key.get_secret_value() for key in keys] == ["a" * 40, "b" * 40]


@pytest.mark.parametrize("escaped", [True, False])
def test_reads_pem_keys_with_their_line_breaks_written_out(monkeypatch, escaped):
    monkeypatch.setenv("JWT_ALGORITHM", "RS256")
    monkeypatch.setenv("JWT_SECRET_KEY", PRIVATE.replace("\n", "\\n") if escaped else PRIVATE)
    monkeypatch.setenv("JWT_FORMER_KEYS", public_key_of(PRIVATE).replace("\n", "\\n"))

    environment = read_environment()

    assert environment.jwt_secret_key == SecretStr(PRIVATE)
    assert environment.jwt_former_keys == [SecretStr(public_key_of(PRIVATE))]


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_FORMER_KEYS"])
def test_refuses_a_key_that_rs256_cannot_use_without_showing_it(monkeypatch, name):
    monkeypatch.setenv("JWT_ALGORITHM", "RS256")
    monkeypatch.setenv(name, "a-secret-of-more-than-thirty-two-bytes")

    with pytest.raises(ImproperlyConfigured, match=f"{name}.*RS256") as refused:
        read_environment()

    assert "a-secret-of" not in str(refused.value)


@pytest.mark.parametrize("algorithm", ["none", "hs256", "ES256", "HS1"])
def test_accepts_the_three_algorithms_alone(monkeypatch, algorithm):
    monkeypatch.setenv("JWT_ALGORITHM", algorithm)

    with pytest.raises(ImproperlyConfigured, match="JWT_ALGORITHM"):
        read_environment()


def test_refuses_small_rsa_keys_and_other_kinds():
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    def pem(key):
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(ValueError, match="1024 bits; accepted for RS256 are at least 2048"):
        check_private_key(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))  # noqa: S505 - this is what is refused
    with pytest.raises(ValueError, match="accepted for RS256 is an RSA key"):
        check_private_key(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ValueError, match="accepted for RS256 is a private RSA key"):
        check_private_key(public_key_of(PRIVATE))


@pytest.mark.parametrize(
    "address", ["https://app.example.org/reset", "ftp://x/{token}", "https://x/{token}{token}", "{token}"]
)
def test_refuses_a_reset_page_without_a_place_for_the_token(monkeypatch, address):
    monkeypatch.setenv("PASSWORD_RESET_URL", address)

    with pytest.raises(ImproperlyConfigured, match="PASSWORD_RESET_URL"):
        read_environment()


def test_refuses_two_kinds_of_encryption_at_once(monkeypatch):
    monkeypatch.setenv("EMAIL_USE_SSL", "True")

    with pytest.raises(ImproperlyConfigured, match="EMAIL_USE_TLS and EMAIL_USE_SSL"):
        read_environment()
