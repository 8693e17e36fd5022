"""The environment the project runs in: every variable it reads, typed, with its default and bounds.

Values come from the process's environment, then from `.env`. A value that does not fit stops the start with the
variable's name, the value and what is accepted. `settings.py` is the only one that reads it.
"""

import json
import logging
import os
import re
import secrets
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from celery.schedules import ParseException, crontab
from django.core.exceptions import ImproperlyConfigured
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from career_navigator import __version__
from career_navigator.redis_urls import check_redis_url
from career_navigator.setting_values import Rate, check_private_key, derive_public_key, new_private_key, parse_rate

logger = logging.getLogger(__name__)

BASE_DIR = Path(__file__).resolve().parent.parent

MIN_SECRET_BYTES = 32

# Secrets that are in published documents; anyone who reads those could sign tokens.
PUBLISHED_SECRETS = frozenset(
    {
        "your-super-secret-key-change-in-production",
        "your-super-secret-jwt-key-here-change-in-production",
        "change-me-to-at-least-thirty-two-random-bytes",
    }
)


def _read_rate(value: Any) -> Any:
    return parse_rate(value) if isinstance(value, str) else value


def _split_commas(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_scheme(value: str, *schemes: str) -> str:
    if value.partition("://")[0].lower() not in schemes:
        accepted = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"accepted is an address that begins with {' or '.join(accepted.rsplit(', ', 1))}")
    return value


def _check_time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("accepted is an IANA time zone such as UTC or Europe/Berlin")
    return value


def _check_mongodb_uri(value: str) -> str:
    # A `mongodb+srv` address is resolved when it is used: looking it up here would be work at import.
    if _check_scheme(value, "mongodb", "mongodb+srv").startswith("mongodb://"):
        try:
            parse_uri(value)
        except (PyMongoError, ValueError) as error:
            raise ValueError(f"{error}; accepted is mongodb://host:port/database") from error
    return value


def _check_listening_host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError as error:
        if not re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value):
            raise ValueError(
                "accepted is an address or a name of this machine without a port, such as 127.0.0.1, or 0.0.0.0 for all"
            ) from error
    return value


def _check_redis_url(value: str, info: ValidationInfo) -> str:
    brokers = ("amqp", "amqps") if info.field_name == "celery_broker_url" else ()
    check_redis_url(_check_scheme(value, "redis", "rediss", "sentinel", *brokers))
    return value


def _check_reset_url(value: str) -> str:
    if value.count("{token}") != 1 or "{" in value.replace("{token}", ""):
        raise ValueError("accepted is an address with {token} in it once, where the token goes")
    return _check_scheme(value, "http", "https")


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < 16:
        raise ValueError("accepted is a secret of at least 16 characters, as TheirStack asks")
    return value


def _check_origin(origin: str) -> str:
    parts = urlsplit(origin)
    # The last three are of apps in a web view.
    if (
        parts.scheme not in {"http", "https", "capacitor", "ionic", "tauri"}
        or not parts.netloc
        or parts.path.strip("/")
    ):
        raise ValueError(
            f"{origin!r} is no origin; accepted are comma-separated origins such as https://app.example.org"
        )
    return origin.rstrip("/")


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split_commas)]
Origins = Annotated[list[Annotated[str, AfterValidator(_check_origin)]], NoDecode, BeforeValidator(_split_commas)]
HttpUrl = Annotated[str, AfterValidator(lambda value: _check_scheme(value, "http", "https").rstrip("/"))]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
RateOrOff = Annotated[Rate | None, NoDecode, BeforeValidator(_read_rate)]
CommaSeparatedSecrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split_commas)]


class Environment(BaseSettings):
    """Every variable, by the name it has in the environment (in upper case)."""

    model_config = SettingsConfigDict(
        env_file=BASE_DIR / ".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    # Application
    app_name: str = "Career Navigator API"
    app_version: str = __version__
    debug: bool = True
    allowed_origins: Origins = ["http://localhost:3000", "http://127.0.0.1:3000"]
    allowed_hosts: CommaSeparated = ["localhost", "127.0.0.1", "[::1]"]
    https_only: bool | None = None
    trust_proxy_headers: bool = False
    host: Annotated[str, AfterValidator(_check_listening_host)] = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    web_workers: int = Field(1, ge=1, le=64)
    web_threads: int | None = Field(None, ge=4, le=64)
    request_body_timeout_seconds: float = Field(10, gt=0, le=300)
    worker_processes: int = Field(2, ge=1, le=64)
    var_dir: Annotated[Path, AfterValidator(lambda path: BASE_DIR / path)] = Path("var")
    time_zone: Annotated[str, AfterValidator(_check_time_zone)] = "UTC"
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)] = "INFO"
    log_format: Literal["plain", "json"] = "plain"
    metrics_token: SecretStr = SecretStr("")

    # Servers
    mongodb_uri: Annotated[str, AfterValidator(_check_mongodb_uri)] | None = None
    redis_url: RedisUrl | None = None
    celery_broker_url: RedisUrl | None = None
    embedded_mongodb_cache_gb: float = Field(0.5, ge=0.25, le=64)

    # Tokens
    jwt_algorithm: Literal["HS256", "HS512", "RS256"] = "HS256"
    jwt_secret_key: SecretStr = SecretStr("")
    jwt_former_keys: CommaSeparatedSecrets = []
    jwt_access_token_expire_minutes: int = Field(30, ge=1, le=7 * 24 * 60)
    jwt_refresh_token_expire_days: int = Field(30, ge=1, le=365)
    jwt_refresh_grace_seconds: int = Field(20, ge=0, le=300)
    django_secret_key: SecretStr = SecretStr("")

    # Staff
    admin_require_totp: bool = False

    # E-mail
    email_host: str = ""
    email_port: int = Field(587, ge=1, le=65535)
    email_host_user: str = ""
    email_host_password: SecretStr = SecretStr("")
    email_use_tls: bool = True
    email_use_ssl: bool = False
    default_from_email: str = "Career Navigator <no-reply@localhost>"
    public_url: HttpUrl | None = None
    password_reset_url: Annotated[str, AfterValidator(_check_reset_url)] = (
        "http://localhost:3000/reset-password?token={token}"  # noqa: S105 - no password
    )

    # Throttles
    throttle_login_account: RateOrOff = Rate(10, 60)
    throttle_login_address: RateOrOff = Rate(60, 60)
    throttle_logins_account: RateOrOff = Rate(60, 60)
    throttle_logins_address: RateOrOff = Rate(300, 60)
    throttle_register_account: RateOrOff = Rate(10, 60)
    throttle_register_address: RateOrOff = Rate(60, 60)
    throttle_forgot_account: RateOrOff = Rate(5, 3600)
    throttle_forgot_address: RateOrOff = Rate(30, 3600)
    throttle_confirmation: RateOrOff = Rate(5, 3600)
    throttle_password: RateOrOff = Rate(10, 60)
    throttle_activity: RateOrOff = Rate(2_000, 3600)
    throttle_fetch_jobs: RateOrOff = Rate(10, 3600)
    throttle_target_roles: RateOrOff = Rate(200, 24 * 3600)
    throttle_extract_address: RateOrOff = Rate(60, 60)
    throttle_user: RateOrOff = Rate(6_000, 60)
    throttle_address: RateOrOff = Rate(12_000, 60)

    # TheirStack
    their_stack_api_key: SecretStr = SecretStr("")
    their_stack_base_url: HttpUrl = "https://api.theirstack.com"
    their_stack_timeout: float = Field(30, gt=0, le=300)
    their_stack_max_retries: int = Field(3, ge=0, le=10)
    their_stack_rate_limit: int = Field(300, ge=1, le=10_000)
    their_stack_credit_budget: int | None = Field(None, ge=0)
    their_stack_webhook_secret: Annotated[SecretStr, AfterValidator(_check_webhook_secret)] = SecretStr("")

    # Collection
    job_collection_schedule: str = "0 2 * * *"
    max_jobs_per_search: int = Field(100, ge=1, le=500)
    job_data_retention_days: int = Field(90, ge=1, le=3650)
    collection_lease_seconds: int = Field(180, ge=5, le=3600)
    fetch_jobs_wait_seconds: float = Field(20, ge=0, le=25)

    @field_validator("jwt_secret_key", "jwt_former_keys")
    @classmethod
    def _check_signing_keys(cls, value: Any, info: ValidationInfo) -> Any:
        given = value if isinstance(value, list) else [value]
        # A PEM key has several lines, which a variable holds as \\n.
        keys = [key.get_secret_value().replace("\\n", "\n") for key in given]
        if info.data.get("jwt_algorithm") == "RS256":
            for key in filter(None, keys):
                derive_public_key(key) if info.field_name == "jwt_former_keys" else check_private_key(key)
        read = [SecretStr(key) for key in keys]
        return read if isinstance(value, list) else read[0]

    @model_validator(mode="after")
    def _check_together(self) -> "Environment":
        if self.email_use_tls and self.email_use_ssl:
            raise ValueError("EMAIL_USE_TLS and EMAIL_USE_SSL are both True; accepted is one of them at most")
        own_name = f"[{self.host}]" if ":" in self.host else self.host
        if "host" in self.model_fields_set and own_name not in {*self.allowed_hosts, "0.0.0.0", "[::]"}:  # noqa: S104
            self.allowed_hosts = [*self.allowed_hosts, own_name]
        if self.debug:
            return self
        if "allowed_origins" not in self.model_fields_set:
            self.allowed_origins = []  # those by default are of development
        secret = self.jwt_secret_key.get_secret_value()
        if secret in PUBLISHED_SECRETS or len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(
                "JWT_SECRET_KEY is missing, too short, or from a published document; accepted in production "
                f"(DEBUG is False) is a private value of at least {MIN_SECRET_BYTES} bytes"
            )
        return self


# In place of sentences of pydantic's that say what is wrong, not what would be right.
_ACCEPTED = {
    "bool_parsing": "accepted is True or False",
    "int_parsing": "accepted is a whole number",
    "float_parsing": "accepted is a number",
}


def parse_collection_schedule(expression: str) -> crontab:
    """Parse a cron expression of five fields; log an error and return 02:00 daily for anything else."""
    fields = expression.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"{len(fields)} fields instead of 5")
        return crontab.from_string(" ".join(fields))
    except (ValueError, ParseException) as error:
        logger.error(
            "JOB_COLLECTION_SCHEDULE=%r is no cron expression (%s); collecting daily at 02:00", expression, error
        )
        return crontab(minute="0", hour="2")


def read_environment() -> Environment:
    """Read the environment. Raises ImproperlyConfigured with each variable at fault, its value and what is accepted."""
    try:
        return Environment()
    except ValidationError as error:
        raise ImproperlyConfigured("\n".join(map(_describe, error.errors()))) from None


def _describe(problem: Any) -> str:
    message = _ACCEPTED.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if not problem["loc"]:
        return message
    name = problem["loc"][0]
    value = repr(problem["input"])
    if "SecretStr" in str(Environment.model_fields[name]):
        value = "(hidden)"
    # An address may hold a password before its last @.
    value = re.sub(r"(?<=://).*@", "(hidden)@", value)
    value = re.sub(r"(?<=sentinel_password=)[^&']*", "(hidden)", value)
    return f"{name.upper()}={value} is not accepted: {message}"


def read_running_services(var_dir: Path) -> dict[str, str]:
    """Read the addresses of the servers that `manage.py run` has started on this VAR_DIR; empty when none run."""
    try:
        services: dict[str, str] = json.loads((var_dir / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return services


def get_development_secret(var_dir: Path, *, algorithm: str) -> str:
    """Return the signing key of a development install: made once, kept in VAR_DIR with mode 600.

    Raises ImproperlyConfigured where VAR_DIR cannot be written to.
    """
    is_rsa = algorithm == "RS256"
    path = var_dir / ("jwt-private-key.pem" if is_rsa else "jwt-secret-key")
    try:
        if not path.exists():
            var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Written aside and linked, which fails when the file exists: of two processes that start at once both read
            # the same key, and neither reads half of one.
            with NamedTemporaryFile("w", dir=var_dir, prefix=".jwt-key-") as file:
                file.write(new_private_key() if is_rsa else secrets.token_urlsafe(48))
                file.flush()
                with suppress(FileExistsError):
                    os.link(file.name, path)
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"VAR_DIR={str(var_dir)!r} is not accepted: {path} cannot be kept there ({error.strerror}); "
            "accepted is a directory that this user may write to"
        ) from error
