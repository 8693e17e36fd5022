"""Shared parts of management commands: summaries as text or JSON, progress bars and one-line error messages."""

import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import orjson
import redis.exceptions
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from kombu.exceptions import OperationalError
from pymongo.errors import ConnectionFailure
from tqdm import tqdm


class SummaryCommand(BaseCommand):
    """Base class for commands that print a summary, which `summarize` returns.

    The summary is printed line by line, or as a JSON object with `--json`. A command that raises `CommandError` exits
    with status 1.
    """

    # System checks load every view and admin page, which takes 1.5 seconds. `manage.py check` runs them.
    requires_system_checks: tuple[str, ...] = ()

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(*args, **kwargs)
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = self.summarize(**options)
        except ConnectionFailure as error:
            raise CommandError(
                f"MongoDB is unavailable at {_strip_password(settings.MONGODB_URI)}. "
                "Start `make run` in another terminal, or set MONGODB_URI."
            ) from error
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise CommandError(
                f"Redis is unavailable at {_strip_password(settings.REDIS_URL)}. "
                "Start `make run` in another terminal, or set REDIS_URL."
            ) from error
        except OperationalError as error:
            raise CommandError(
                f"The task broker is unavailable at {_strip_password(settings.BROKER_ADDRESS)}. "
                "Start `make run` in another terminal, or set CELERY_BROKER_URL."
            ) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write("\n".join(_format_lines(summary)))

    def summarize(self, **options: Any) -> dict[str, Any]:
        """Run the command and return the summary to print."""
        raise NotImplementedError


def create_progress_bar(*, label: str, unit: str, total: int | None = None) -> "tqdm[NoReturn]":
    """Return a progress bar on standard error, which is disabled if that is not a terminal. Call its `update`."""
    return tqdm(desc=label, unit=unit, total=total, disable=not sys.stderr.isatty(), leave=False)


def _format_lines(summary: dict[str, Any], indent: str = "") -> Iterable[str]:
    for key, value in summary.items():
        label = str(key).replace("_", " ")
        if isinstance(value, dict) and value:
            yield f"{indent}{label}:"
            yield from _format_lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{label}:"
            for row in value:
                yield indent + "  " + ", ".join(f"{name} {each}" for name, each in row.items())
        else:
            yield f"{indent}{label}: {'none' if value in (None, [], {}) else value}"


def _strip_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    # The query string of a Sentinel URL can contain a second password.
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
