"""Log formatters, plain and JSON, that add request and task ids and hide secrets."""

import logging
import re
import time
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

import orjson
from django.conf import settings
from pythonjsonlogger.orjson import OrjsonFormatter

from career_navigator.redis_urls import list_passwords

request_id: ContextVar[str] = ContextVar("request_id", default="")
task_id: ContextVar[str] = ContextVar("task_id", default="")

# Hiding shorter secrets would hide ordinary words. In production the settings reject short secrets.
MIN_HIDDEN_LENGTH = 8


class ContextFilter(logging.Filter):
    """A filter that adds the current request id and task id to each record. Both are empty if there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.task_id = task_id.get()
        return True


class _SafeFormatter(logging.Formatter):
    """Base formatter that hides secrets and writes times as `2025-11-21T06:30:00.123Z`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._secrets = _list_secrets()
        self._second = -1
        self._second_text = ""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        # One regular expression for all secrets takes several times as long as one search per secret.
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, "(hidden)")
        return line

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        # strftime takes half the time of a line, so its result is reused for all lines of the same second.
        second = int(record.created)
        if second != self._second:
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._second_text}.{int(record.msecs):03d}Z"


class PlainFormatter(_SafeFormatter):
    """A formatter for lines such as `time INFO [id] logger: message`, followed by an indented traceback if any.

    Control characters are escaped, so that external text cannot forge log lines or control a terminal.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s [%(context)s] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.context = record.__dict__.get("request_id") or record.__dict__.get("task_id") or "-"
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        return _escape(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's name)
        return _indent(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 (logging's name)
        return _indent(super().formatStack(stack_info))


class JSONFormatter(_SafeFormatter, OrjsonFormatter):
    """A formatter that writes one JSON object per line, including the fields in `extra`."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=names)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = self.formatTime(record)
        super().add_fields(log_data, record, message_dict)
        for name in ("request_id", "task_id"):
            if not log_data.get(name):
                log_data.pop(name, None)


def _escape(line: str) -> str:
    # Unprintable characters include Unicode line separators and bidirectional control characters.
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _indent(trace: str) -> str:
    return "\n".join(f"    {_escape(line)}" for line in trace.split("\n"))


def _list_secrets() -> tuple[str, ...]:
    """Return all strings to hide, longest first."""
    # urlsplit cannot parse the port of a replica set URI, which has several hosts.
    mongodb_password = re.match(r"mongodb(?:\+srv)?://[^:/@]*:([^@]*)@", settings.MONGODB_URI)
    secrets = {
        settings.JWT_SECRET_KEY,
        settings.SECRET_KEY,
        settings.THEIR_STACK_API_KEY,
        settings.THEIR_STACK_WEBHOOK_SECRET,
        settings.METRICS_TOKEN,
        *list_passwords(settings.REDIS_URL),
        *list_passwords(settings.BROKER_ADDRESS),
        mongodb_password[1] if mongodb_password else "",
    }
    # Drivers show a URI's password decoded, and JSON escapes quotes and backslashes.
    forms = {form for secret in secrets for form in (secret, unquote(secret), orjson.dumps(secret)[1:-1].decode())}
    return tuple(sorted((form for form in forms if len(form) >= MIN_HIDDEN_LENGTH), key=len, reverse=True))
