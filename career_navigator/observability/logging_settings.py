"""Configuration of Python's logging."""

from typing import Any


def build_logging_settings(*, level: str, log_format: str) -> dict[str, Any]:
    """Return Django's setting `LOGGING`. `log_format` is `plain` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": "career_navigator.observability.logging.ContextFilter"}},
        "formatters": {
            "plain": {"()": "career_navigator.observability.logging.PlainFormatter"},
            "json": {"()": "career_navigator.observability.logging.JSONFormatter"},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["request"]},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            "pymongo": {"level": "WARNING"},
            "urllib3.connectionpool": {"level": "ERROR"},  # Retries of link checks are not worth a log line.
            # Both write parts of resumes to the log: the glyphs of each font, and the characters that a font lacks.
            "fontTools": {"level": "WARNING"},
            "fpdf": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},  # career_navigator/celery.py logs the end of each task.
        },
    }
