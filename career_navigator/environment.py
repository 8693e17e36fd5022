"""The environment the project runs in: every variable it reads, typed, with its default and bounds.

Values come from the process's environment, then from `.env`. A value that does not fit stops the start with the
variable's name, the value and what is accepted. `settings.py` is the only caller.
"""

import json
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from pydantic import (
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

from career_navigator.rates import Rate, RateOrOff
from career_navigator.redis_addresses import check_address
from career_navigator.signing_keys import InvalidSigningKey, check_private_key, check_public_key, new_private_key

BASE_DIR = Path(__file__).resolve().parent.parent

SHORTEST_SECRET_BYTES = 32

# Secrets that stand in published documents; whoever reads those could sign tokens.
PUBLISHED_SECRETS = frozenset(
    {
        "your-super-secret-key-change-in-production",
        "your-super-secret-jwt-key-here-change-in-production",
        "change-me-to-at-least-thirty-two-random-bytes",
    }
)


def _split_commas(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


_SECRET_ENDINGS = ("_KEY", "_KEYS", "_SECRET", "_TOKEN", "_PASSWORD")

CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split_commas)]
CommaSeparatedSecrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split_commas)]


class Environment(BaseSettings):
    """Every variable, by the name it has in the environment (in upper case)."""

    model_config = SettingsConfigDict(
        env_file=BASE_DIR / ".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    # Application
    app_name: str = "Career Navigator API"
    app_version: str = "1.0.0"
    debug: bool = True
    allowed_origins: CommaSeparated = ["http://localhost:3000", "http://127.0.0.1:3000"]
    allowed_hosts: CommaSeparated = ["localhost", "127.0.0.1", "[::1]"]
    https_only: bool | None = None
    trust_proxy_headers: bool = False
    port: int = Field(8000, ge=1, le=65535)
    web_workers: int = Field(1, ge=1, le=64)
    web_threads: int | None = Field(None, ge=4, le=64)
    request_body_timeout_seconds: float = Field(10, gt=0, le=300)
    worker_processes: int = Field(2, ge=1, le=64)
    var_dir: Path = Path("var")
    time_zone: str = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["plain", "json"] = "plain"
    metrics_token: SecretStr = SecretStr("")

    # Servers
    mongodb_uri: str | None = None
    redis_url: str | None = None
    celery_broker_url: str | None = None
    embedded_mongodb_cache_gb: float = Field(0.5, ge=0.25, le=64)

    # Tokens
    jwt_secret_key: SecretStr = SecretStr("")
    jwt_algorithm: Literal["HS256", "HS512", "RS256"] = "HS256"
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
    public_url: str = "http://localhost:8000"
    password_reset_url: str = "http://localhost:3000/reset-password?token={token}"  # noqa: S105 - no password

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
    their_stack_base_url: str = "https://api.theirstack.com"
    their_stack_timeout: float = Field(30, gt=0, le=300)
    their_stack_max_retries: int = Field(3, ge=0, le=10)
    their_stack_rate_limit: int = Field(300, ge=1, le=10_000)
    their_stack_credit_budget: int | None = Field(None, ge=0)
    their_stack_webhook_secret: SecretStr = SecretStr("")

    # Collection
    job_collection_schedule: str = "0 2 * * *"
    max_jobs_per_search: int = Field(100, ge=1, le=500)
    job_data_retention_days: int = Field(90, ge=1, le=3650)
    collection_lease_seconds: int = Field(180, ge=5, le=3600)
    fetch_jobs_wait_seconds: float = Field(20, ge=0, le=25)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("var_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value if value.is_absolute() else BASE_DIR / value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import available_timezones

        if value not in available_timezones():
            raise ValueError("accepted is an IANA time zone such as UTC or Europe/Berlin")
        return value

    @field_validator("mongodb_uri")
    @classmethod
    def _mongodb_address(cls, value: str | None) -> str | None:
        _with_scheme(value, "mongodb", "mongodb+srv")
        # A `mongodb+srv` address is resolved when it is used: looking it up here would be work at import.
        if value is not None and value.startswith("mongodb://"):
            try:
                parse_uri(value)
            except (PyMongoError, ValueError) as error:
                raise ValueError(f"{error}; accepted is mongodb://host:port/database") from error
        return value

    @field_validator("redis_url", "celery_broker_url")
    @classmethod
    def _redis_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        brokers = ("amqp", "amqps") if info.field_name == "celery_broker_url" else ()
        _with_scheme(value, "redis", "rediss", "sentinel", *brokers)
        if value is not None:
            check_address(value)
        return value

    @field_validator("their_stack_base_url", "public_url")
    @classmethod
    def _http_scheme(cls, value: str) -> str:
        return (_with_scheme(value, "http", "https") or "").rstrip("/")

    @field_validator("password_reset_url")
    @classmethod
    def _reset_url(cls, value: str) -> str:
        if value.count("{token}") != 1 or "{" in value.replace("{token}", ""):
            raise ValueError("accepted is an address with {token} in it once, where the token goes")
        return _with_scheme(value, "http", "https") or ""

    @field_validator("jwt_secret_key", "jwt_former_keys")
    @classmethod
    def _line_breaks(cls, value: Any) -> Any:
        # A PEM key has several lines, which a variable holds as \\n.
        if isinstance(value, list):
            return [_with_line_breaks(each) for each in value]
        return _with_line_breaks(value)

    @field_validator("their_stack_webhook_secret")
    @classmethod
    def _long_webhook_secret(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 16:
            raise ValueError("accepted is a secret of at least 16 characters, as TheirStack asks")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
                raise ValueError(
                    f"{origin!r} is no origin; accepted are comma-separated origins such as https://app.example.org"
                )
        return [origin.rstrip("/") for origin in value]

    @model_validator(mode="after")
    def _one_encryption(self) -> "Environment":
        if self.email_use_tls and self.email_use_ssl:
            raise ValueError("EMAIL_USE_TLS and EMAIL_USE_SSL are both True; accepted is one of them at most")
        return self

    @model_validator(mode="after")
    def _keys_of_the_algorithm(self) -> "Environment":
        if self.jwt_algorithm != "RS256":
            return self
        try:
            if self.jwt_secret_key.get_secret_value():
                check_private_key(self.jwt_secret_key.get_secret_value())
        except InvalidSigningKey as error:
            raise ValueError(f"JWT_SECRET_KEY is not accepted for RS256: {error}") from error
        try:
            for key in self.jwt_former_keys:
                check_public_key(key.get_secret_value())
        except InvalidSigningKey as error:
            raise ValueError(f"JWT_FORMER_KEYS are not accepted for RS256: {error}") from error
        return self

    @model_validator(mode="after")
    def _no_local_origins_in_production(self) -> "Environment":
        if not self.debug and "allowed_origins" not in self.model_fields_set:
            self.allowed_origins = []
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> "Environment":
        if self.debug:
            return self
        secret = self.jwt_secret_key.get_secret_value()
        accepted = f"accepted in production is a private value of at least {SHORTEST_SECRET_BYTES} bytes"
        if not secret:
            raise ValueError(f"JWT_SECRET_KEY is missing; {accepted} (DEBUG is False)")
        if secret in PUBLISHED_SECRETS:
            raise ValueError(f"JWT_SECRET_KEY is an example from a published document; {accepted}")
        if len(secret.encode()) < SHORTEST_SECRET_BYTES:
            raise ValueError(f"JWT_SECRET_KEY has {len(secret.encode())} bytes; {accepted}")
        return self


def _with_line_breaks(key: SecretStr) -> SecretStr:
    return SecretStr(key.get_secret_value().replace("\\n", "\n"))


def _with_scheme(value: str | None, *schemes: str) -> str | None:
    if value is not None and value.partition("://")[0].lower() not in schemes:
        names = [f"{scheme}://" for scheme in schemes]
        accepted = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        raise ValueError(f"accepted is an address that begins with {accepted}")
    return value


# In place of sentences of pydantic's that say what is wrong, not what would be right.
_ACCEPTED = {
    "bool_parsing": "accepted is True or False",
    "int_parsing": "accepted is a whole number",
    "float_parsing": "accepted is a number",
}


def read_environment() -> Environment:
    """The environment, or ImproperlyConfigured naming each variable at fault, its value and what is accepted."""
    try:
        return Environment()
    except ValidationError as error:
        raise ImproperlyConfigured("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Any) -> str:
    name = str(problem["loc"][0]).upper() if problem["loc"] else ""
    message = _ACCEPTED.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if not name:
        return message
    secret = isinstance(problem["input"], SecretStr) or name.endswith(
        ("_KEY", "_KEYS", "_SECRET", "_TOKEN", "_PASSWORD")
    )
    # An address may hold a password before its last @.
    value = "(hidden)" if secret else re.sub(r"(?<=://).*@", "(hidden)@", repr(problem["input"]))
    value = re.sub(r"(?<=sentinel_password=)[^&']*", "(hidden)", value)
    return f"{name}={value} is not accepted: {message}"


def read_running_services(var_dir: Path) -> dict[str, str]:
    """Addresses of the servers that `manage.py run` has started on this VAR_DIR; empty when none run."""
    try:
        services: dict[str, str] = json.loads((var_dir / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return services


def development_secret(var_dir: Path, *, algorithm: str) -> str:
    """The signing key of a development install: made once, kept in VAR_DIR with mode 600.

    Raises ImproperlyConfigured where VAR_DIR cannot be written to.
    """
    asymmetric = algorithm == "RS256"
    path = var_dir / ("jwt-private-key.pem" if asymmetric else "jwt-secret-key")
    try:
        return _kept_secret(path, new_private_key if asymmetric else lambda: secrets.token_urlsafe(48))
    except OSError as error:
        raise ImproperlyConfigured(
            f"VAR_DIR={str(var_dir)!r} is not accepted: {path} cannot be kept there ({error.strerror}); "
            "accepted is a directory that this user may write to"
        ) from error


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked, which fails when the file exists: of two processes that start at once both read the
        # same key, and neither reads half of one.
        with NamedTemporaryFile("w", dir=path.parent, prefix=".jwt-key-") as file:
            file.write(make())
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()
