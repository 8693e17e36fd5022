"""What every command of ours shares: a summary for people or as JSON, a progress bar, failures in one line."""

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
    """A command that returns what it did as a mapping, from `summarize`.

    Prints it line by line, or as one JSON object with `--json`. Exits with 1 where it raises `CommandError`.
    """

    # They load every view and page of the admin, a second and a half; `manage.py check` runs them.
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
                f"MongoDB does not answer at {_without_password(settings.MONGODB_URI)}. "
                "Start `make run` in another terminal, or set MONGODB_URI."
            ) from error
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise CommandError(
                f"Redis does not answer at {_without_password(settings.REDIS_URL)}. "
                "Start `make run` in another terminal, or set REDIS_URL."
            ) from error
        except OperationalError as error:
            raise CommandError(
                f"The broker of the tasks does not answer at {_without_password(settings.BROKER_ADDRESS)}. "
                "Start `make run` in another terminal, or set CELERY_BROKER_URL."
            ) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write("\n".join(_lines(summary)))

    def summarize(self, **options: Any) -> dict[str, Any]:
        """Do the work and return the figures to print."""
        raise NotImplementedError


def progress_bar(*, label: str, unit: str, total: int | None = None) -> "tqdm[NoReturn]":
    """A progress bar on standard error, where that is a terminal; call its `update`."""
    return tqdm(desc=label, unit=unit, total=total, disable=not sys.stderr.isatty(), leave=False)


def _lines(summary: dict[str, Any], indent: str = "") -> Iterable[str]:
    for key, value in summary.items():
        label = str(key).replace("_", " ")
        if isinstance(value, dict) and value:
            yield f"{indent}{label}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{label}:"
            for row in value:
                yield indent + "  " + ", ".join(f"{name} {each}" for name, each in row.items())
        else:
            yield f"{indent}{label}: {'none' if value in (None, [], {}) else value}"


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    # Sentinel's address may name a second password behind the `?`.
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
