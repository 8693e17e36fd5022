"""Environment variables: names, defaults and error messages."""

import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values
from pydantic import SecretStr

from career_navigator.environment import (
    BASE_DIR,
    PUBLISHED_SECRETS,
    Environment,
    get_development_secret,
    read_environment,
    read_running_services,
)
from career_navigator.setting_values import (
    Rate,
    check_private_key,
    derive_public_key,
    generate_private_key_pem,
    parse_rate,
)

NAMES = {name.upper() for name in Environment.model_fields}
EXAMPLE = BASE_DIR / ".env.example"
PRIVATE = generate_private_key_pem()


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setitem(Environment.model_config, "env_file", None)


def test_needs_no_variables() -> None:
    environment = read_environment()

    assert environment.app_name == "Career Navigator API"
    assert environment.allowed_origins == ["http://localhost:3000", "http://127.0.0.1:3000"]
    assert environment.mongodb_uri is None
    assert environment.jwt_access_token_expire_minutes == 30
    assert environment.job_collection_schedule == "0 2 * * *"


def test_example_file_lists_every_variable() -> None:
    assert set(dotenv_values(EXAMPLE)) == NAMES


def test_example_file_shows_the_defaults() -> None:
    assert Environment(_env_file=EXAMPLE) == Environment()


def test_example_file_comments_every_variable() -> None:
    lines = EXAMPLE.read_text().splitlines()

    uncommented = [line for above, line in pairwise(lines) if "=" in line and above[:2] != "# "]

    assert [line for line in uncommented if not line.startswith("#")] == []


def test_reads_lists_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://app.example.org, http://localhost:5173/, capacitor://localhost,")
    monkeypatch.setenv("ALLOWED_HOSTS", "api.example.org,10.0.0.1")

    environment = read_environment()

    assert environment.allowed_origins == ["https://app.example.org", "http://localhost:5173", "capacitor://localhost"]
    assert environment.allowed_hosts == ["api.example.org", "10.0.0.1"]


def test_treats_an_empty_value_as_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("MONGODB_URI", "")

    environment = read_environment()

    assert (environment.port, environment.mongodb_uri) == (8000, None)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("PORT", "eighty", "must be a whole number"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("DEBUG", "perhaps", "must be True or False"),
        ("EMBEDDED_MONGODB_CACHE_GB", "much", "must be a number"),
        ("LOG_FORMAT", "xml", "'plain' or 'json'"),
        ("JWT_ALGORITHM", "none", "'HS256'"),
        ("TIME_ZONE", "Mars/Base", "IANA time zone"),
        ("MONGODB_URI", "localhost:27017", "mongodb://"),
        ("REDIS_URL", "http://localhost", "redis://"),
        ("REDIS_URL", "amqp://localhost", "redis://, rediss:// or sentinel://"),
        ("REDIS_URL", "redis://localhost:port/0", "redis://host:6379/0"),
        ("REDIS_URL", "redis://localhost/zero", "redis://host:6379/0"),
        ("REDIS_URL", "REDIS://localhost", "redis://host:6379/0"),
        ("REDIS_URL", "sentinel://host1:port/0", "sentinel://host1:26379,host2:26379/0?master_name=mymaster"),
        ("REDIS_URL", "sentinel://host1,:26379/0", "a host is missing"),
        ("REDIS_URL", "sentinel://host1/zero", "a database number"),
        (
            "REDIS_URL",
            "sentinel://host1/0?master=x",
            "no options other than master_name, sentinel_password, sentinel_username",
        ),
        ("CELERY_BROKER_URL", "sqs://", "redis://, rediss://, sentinel://, amqp:// or amqps://"),
        ("CELERY_BROKER_URL", "redis://localhost/zero", "redis://host:6379/0"),
        ("CELERY_BROKER_URL", "amqp://localhost:port//", "amqp://user:password@host:5672/vhost"),
        ("THEIR_STACK_BASE_URL", "api.theirstack.com", "https://"),
        ("THEIR_STACK_TIMEOUT", "0", "greater than 0"),
        ("MAX_JOBS_PER_SEARCH", "0", "greater than or equal to 1"),
        ("ALLOWED_ORIGINS", "localhost:3000", "https://app.example.org"),
        ("ALLOWED_ORIGINS", "https://app.example.org/path", "https://app.example.org"),
    ],
)
def test_names_the_variable_its_value_and_the_accepted_values(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()

    assert name in str(caught.value)
    assert value in str(caught.value)
    assert accepted in str(caught.value)


def test_names_every_invalid_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("secret", [None, "short", "x" * 31, *sorted(PUBLISHED_SECRETS)])
def test_rejects_an_unsafe_key_in_production(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    monkeypatch.setenv("DEBUG", "False")
    if secret is not None:
        monkeypatch.setenv("JWT_SECRET_KEY", secret)

    with pytest.raises(ImproperlyConfigured, match="JWT_SECRET_KEY"):
        read_environment()


def test_accepts_a_long_key_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "False")
    monkeypatch.setenv("JWT_SECRET_KEY", "k" * 32)

    assert read_environment().debug is False


def test_hides_a_rejected_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIR_STACK_WEBHOOK_SECRET", "tooshort")

    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()

    assert "tooshort" not in str(caught.value)
    assert "at least 16 characters" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URI", "mongodb://ann:pass-word@db.example.org:99999/x"),
        ("MONGODB_URI", "http://ann:pass@word@db.example.org"),
        ("REDIS_URL", "https://:pass-word@cache.example.org"),
        ("REDIS_URL", "sentinel://:pass-word@cache.example.org/0?sentinel_password=pass-too&nothing=1"),
        # A slash or a question mark in a password must be written as %2F or %3F.
        ("REDIS_URL", "redis://:pass/word@cache.example.org/0"),
        ("REDIS_URL", "redis://ann/pass:word@cache.example.org/0"),
        ("REDIS_URL", "sentinel://:pass/word@cache.example.org/0"),
        ("REDIS_URL", "sentinel://ann/pass:word@cache.example.org/0"),
        ("REDIS_URL", "sentinel://:x?pass-word@cache.example.org/0"),
        ("CELERY_BROKER_URL", "amqp://ann:pass/word@queue.example.org"),
        ("CELERY_BROKER_URL", "pulsar://ann:pass-word@queue.example.org"),
    ],
)
def test_hides_the_password_of_a_rejected_url(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()

    assert "pass" not in re.sub("sentinel_password|user:password", "", str(caught.value))
    assert "example.org" in str(caught.value)
    assert "is invalid: must " in str(caught.value)


def test_hides_secrets_in_its_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIR_STACK_API_KEY", "key-of-theirstack")

    assert "key-of-theirstack" not in repr(read_environment())


@pytest.mark.parametrize(("algorithm", "name"), [("HS256", "jwt-secret-key"), ("RS256", "jwt-private-key.pem")])
def test_concurrent_processes_create_one_development_key(tmp_path: Path, algorithm: str, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: get_development_secret(tmp_path / "var", algorithm=algorithm), range(32)))

    (key,) = keys
    path = tmp_path / "var" / name
    assert len(key) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_names_var_dir_if_it_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ImproperlyConfigured, match=r"VAR_DIR=.*file/var.*must be a directory"):
        get_development_secret(tmp_path / "file" / "var", algorithm="HS256")


def test_finds_no_servers_if_none_were_started(tmp_path: Path) -> None:
    assert read_running_services(tmp_path) == {}


def test_stops_a_command_with_one_plain_message() -> None:
    environment: dict[str, Any] = {**os.environ, "PORT": "none"}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "PORT='none' is invalid" in done.stderr


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


NO_RATES = ("10/", "10", "0/minute", "-1/minute", "10/week", "ten/minute", "10 / minute", "1.5/hour")
NO_RESET_PAGES = ("https://app.example.org/reset", "ftp://x/{token}", "https://x/{token}{token}", "{token}")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("THROTTLE_USER", rate, r"THROTTLE_USER=.* must be a count per second") for rate in NO_RATES]
    + [("JWT_ALGORITHM", algorithm, "JWT_ALGORITHM") for algorithm in ("none", "hs256", "ES256", "HS1")]
    + [("PASSWORD_RESET_URL", address, "PASSWORD_RESET_URL") for address in NO_RESET_PAGES]
    + [("EMAIL_USE_SSL", "True", "EMAIL_USE_TLS and EMAIL_USE_SSL")],
)
def test_names_an_invalid_setting(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=message):
        read_environment()


def test_reads_former_keys(monkeypatch):
    monkeypatch.setenv("JWT_FORMER_KEYS", f"{'a' * 40}, {'b' * 40}")

    keys = read_environment().jwt_former_keys

    assert [key.get_secret_value() for key in keys] == ["a" * 40, "b" * 40]


@pytest.mark.parametrize("escaped", [True, False])
def test_reads_pem_keys_with_their_line_breaks_written_out(monkeypatch, escaped):
    monkeypatch.setenv("JWT_ALGORITHM", "RS256")
    monkeypatch.setenv("JWT_SECRET_KEY", PRIVATE.replace("\n", "\\n") if escaped else PRIVATE)
    monkeypatch.setenv("JWT_FORMER_KEYS", derive_public_key(PRIVATE).replace("\n", "\\n"))

    environment = read_environment()

    assert environment.jwt_secret_key == SecretStr(PRIVATE)
    assert environment.jwt_former_keys == [SecretStr(derive_public_key(PRIVATE))]


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_FORMER_KEYS"])
def test_rejects_a_key_that_rs256_cannot_use_without_showing_it(monkeypatch, name):
    monkeypatch.setenv("JWT_ALGORITHM", "RS256")
    monkeypatch.setenv(name, "a-secret-of-more-than-thirty-two-bytes")

    with pytest.raises(ImproperlyConfigured, match=f"{name}.*RS256") as refused:
        read_environment()

    assert "a-secret-of" not in str(refused.value)


def test_rejects_small_rsa_keys_and_other_key_types():
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    def pem(key):
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(ValueError, match="at least 2048 bits for RS256, but the key has 1024 bits"):
        check_private_key(pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)))  # noqa: S505 - a weak key that must be rejected
    with pytest.raises(ValueError, match="must be an RSA key"):
        check_private_key(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ValueError, match="must be a private RSA key"):
        check_private_key(derive_public_key(PRIVATE))
