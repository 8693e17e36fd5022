"""The environment variables of the project, with types, defaults and bounds.

Variables of the process take precedence over the file `.env`. An invalid value aborts startup with an error that shows
the variable, its value and the accepted values. Only `settings.py` reads the environment.
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
from career_navigator.setting_values import (
    Rate,
    check_private_key,
    derive_public_key,
    generate_private_key_pem,
    parse_rate,
)

logger = logging.getLogger(__name__)

BASE_DIR = Path(__file__).resolve().parent.parent

MIN_SECRET_BYTES = 32

THEIRSTACK = "theirstack"
# Each is a package in `ingestion/sources`.
BOARD_SOURCES = ("greenhouse", "lever", "ashby", "recruitee", "personio", "arbeitnow", "himalayas", "jobicy")

# Secrets from published documents. Anyone who knows the documents could sign tokens.
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
        prefixes = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"must be a URL that starts with {' or '.join(prefixes.rsplit(', ', 1))}")
    return value


def _check_time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone such as UTC or Europe/Berlin")
    return value


def _check_mongodb_uri(value: str) -> str:
    # Parsing a `mongodb+srv` URI queries DNS, which must not happen at import.
    if _check_scheme(value, "mongodb", "mongodb+srv").startswith("mongodb://"):
        try:
            parse_uri(value)
        except (PyMongoError, ValueError) as error:
            raise ValueError(f"must be a URI such as mongodb://host:port/database ({error})") from error
    return value


def _check_listening_host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError as error:
        if not re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value):
            raise ValueError(
                "must be an IP address or host name of this machine without a port, such as 127.0.0.1, or 0.0.0.0 to "
                "listen on all addresses"
            ) from error
    return value


def _check_redis_url(value: str, info: ValidationInfo) -> str:
    brokers = ("amqp", "amqps") if info.field_name == "celery_broker_url" else ()
    check_redis_url(_check_scheme(value, "redis", "rediss", "sentinel", *brokers))
    return value


def _check_reset_url(value: str) -> str:
    if value.count("{token}") != 1 or "{" in value.replace("{token}", ""):
        raise ValueError("must be a URL that contains the placeholder {token} exactly once")
    return _check_scheme(value, "http", "https")


def _check_source(name: str) -> str:
    if name not in (THEIRSTACK, *BOARD_SOURCES):
        raise ValueError(f"must be comma-separated names of sources: {', '.join((THEIRSTACK, *BOARD_SOURCES))}")
    return name


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters, as TheirStack requires")
    return value


def _check_origin(origin: str) -> str:
    parts = urlsplit(origin)
    # The last three schemes are used by apps in a web view.
    if (
        parts.scheme not in {"http", "https", "capacitor", "ionic", "tauri"}
        or not parts.netloc
        or parts.path.strip("/")
    ):
        raise ValueError(
            f"must be comma-separated origins such as https://app.example.org, but {origin!r} is not an origin"
        )
    return origin.rstrip("/")


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split_commas)]
Origins = Annotated[list[Annotated[str, AfterValidator(_check_origin)]], NoDecode, BeforeValidator(_split_commas)]
HttpUrl = Annotated[str, AfterValidator(lambda value: _check_scheme(value, "http", "https").rstrip("/"))]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
Sources = Annotated[list[Annotated[str, AfterValidator(_check_source)]], NoDecode, BeforeValidator(_split_commas)]
RateOrOff = Annotated[Rate | None, NoDecode, BeforeValidator(_read_rate)]
CommaSeparatedSecrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split_commas)]


class Environment(BaseSettings):
    """All environment variables. Their names in the environment are in upper case."""

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

    # Email
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
    throttle_check_resume: RateOrOff = Rate(60, 60)
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
    sources: Sources | None = None
    source_contact: str = ""
    source_base_url: HttpUrl | None = None
    job_collection_schedule: str = "0 2 * * *"
    max_jobs_per_search: int = Field(100, ge=1, le=500)
    job_data_retention_days: int = Field(90, ge=1, le=3650)
    collection_lease_seconds: int = Field(180, ge=5, le=3600)
    fetch_jobs_wait_seconds: float = Field(20, ge=0, le=25)

    @field_validator("jwt_secret_key", "jwt_former_keys")
    @classmethod
    def _check_signing_keys(cls, value: Any, info: ValidationInfo) -> Any:
        values = value if isinstance(value, list) else [value]
        # A PEM key has several lines, and an environment variable encodes the line breaks as \\n.
        keys = [key.get_secret_value().replace("\\n", "\n") for key in values]
        if info.data.get("jwt_algorithm") == "RS256":
            for key in filter(None, keys):
                derive_public_key(key) if info.field_name == "jwt_former_keys" else check_private_key(key)
        decoded = [SecretStr(key) for key in keys]
        return decoded if isinstance(value, list) else decoded[0]

    @model_validator(mode="after")
    def _check_together(self) -> "Environment":
        if self.email_use_tls and self.email_use_ssl:
            raise ValueError("EMAIL_USE_TLS and EMAIL_USE_SSL are both True. Set at most one of them to True")
        host = f"[{self.host}]" if ":" in self.host else self.host
        if "host" in self.model_fields_set and host not in {*self.allowed_hosts, "0.0.0.0", "[::]"}:  # noqa: S104
            self.allowed_hosts = [*self.allowed_hosts, host]
        if self.debug:
            return self
        if "allowed_origins" not in self.model_fields_set:
            self.allowed_origins = []  # the default origins are for development
        secret = self.jwt_secret_key.get_secret_value()
        if secret in PUBLISHED_SECRETS or len(secret.encode()) < MIN_SECRET_BYTES:
            raise ValueError(
                "JWT_SECRET_KEY is missing, too short, or from a published document. Production (DEBUG is False) "
                f"requires a private value of at least {MIN_SECRET_BYTES} bytes"
            )
        return self


# These replace pydantic messages that say what is wrong, but not what is accepted.
_MESSAGES = {
    "bool_parsing": "must be True or False",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
}


def parse_collection_schedule(expression: str) -> crontab:
    """Parse a cron expression with five fields. If it is invalid, log an error and return 02:00 daily."""
    fields = expression.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"{len(fields)} fields instead of 5")
        return crontab.from_string(" ".join(fields))
    except (ValueError, ParseException) as error:
        logger.error(
            "JOB_COLLECTION_SCHEDULE=%r is not a cron expression (%s). Collecting daily at 02:00", expression, error
        )
        return crontab(minute="0", hour="2")


def read_environment() -> Environment:
    """Read the environment variables.

    Raises:
        ImproperlyConfigured: Variables are invalid. The message shows each one with its value and the accepted values.
    """
    try:
        return Environment()
    except ValidationError as error:
        raise ImproperlyConfigured("\n".join(map(_describe, error.errors()))) from None


def _describe(problem: Any) -> str:
    message: str = _MESSAGES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if not problem["loc"]:
        return message
    name = problem["loc"][0]
    value = repr(problem["input"])
    if "SecretStr" in str(Environment.model_fields[name]):
        value = "(hidden)"
    # A URL may contain a password before the last @.
    value = re.sub(r"(?<=://).*@", "(hidden)@", value)
    value = re.sub(r"(?<=sentinel_password=)[^&']*", "(hidden)", value)
    return f"{name.upper()}={value} is invalid: {message}"


def read_running_services(var_dir: Path) -> dict[str, str]:
    """Return the URLs of the servers started by `manage.py run` with this VAR_DIR, or an empty dictionary."""
    try:
        services: dict[str, str] = json.loads((var_dir / "services.json").read_text())
    except FileNotFoundError:
        return {}
    return services


def get_development_secret(var_dir: Path, *, algorithm: str) -> str:
    """Return the signing key of a development install, which is generated once and stored in VAR_DIR with mode 600.

    Raises:
        ImproperlyConfigured: VAR_DIR is not writable.
    """
    is_rsa = algorithm == "RS256"
    path = var_dir / ("jwt-private-key.pem" if is_rsa else "jwt-secret-key")
    try:
        if not path.exists():
            var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Linking a complete temporary file fails if the key exists. So processes that start at the same time read
            # the same key, and no process reads a partial key.
            with NamedTemporaryFile("w", dir=var_dir, prefix=".jwt-key-") as file:
                file.write(generate_private_key_pem() if is_rsa else secrets.token_urlsafe(48))
                file.flush()
                with suppress(FileExistsError):
                    os.link(file.name, path)
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"VAR_DIR={str(var_dir)!r} is invalid: must be a directory that this user can write to, but writing {path} "
            f"failed ({error.strerror})"
        ) from error
