"""Put a backup in place of the whole database."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.cache.client import execute
from career_navigator.commands import SummaryCommand
from career_navigator.db.backup import NotEmpty, UnusableBackup, restore_backup
from career_navigator.db.connection import database
from market.refresh import refresh_stats
from market.selectors import VERSION_KEY


class Command(SummaryCommand):
    help = (
        "Checks a file that `backup` wrote, stores it beside the present collections, and then puts it in their place. "
        "Restart the service afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete what the database holds now")

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            content = restore_backup(database=database(), path=path, replaces=options["replace"], now=timezone.now())
        except UnusableBackup as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        except NotEmpty as error:
            raise CommandError(f"{error}. Nothing was changed; --replace deletes all of it first.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from error
        # Answers that were rendered from what is gone. Without Redis there are none, and the schedule renders new ones.
        if execute(("DEL", VERSION_KEY)) is not None:
            refresh_stats(now=timezone.now())
        return {
            "file": str(path),
            "created_at": content.created_at.isoformat(timespec="seconds"),
            "app_version": content.app_version,
            "collections": len(content.counts),
            "documents": sum(content.counts.values()),
        }
