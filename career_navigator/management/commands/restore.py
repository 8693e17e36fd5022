"""Replace the whole database by a backup."""

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
    """Command that replaces the database by a backup."""

    help = (
        "Replaces all collections by those in a file that `backup` wrote, after verifying and loading the whole file. "
        "Restart the service afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete the documents that the database has now")

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            content = restore_backup(database=database(), path=path, replaces=options["replace"], now=timezone.now())
        except UnusableBackup as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        except NotEmpty as error:
            raise CommandError(f"{error}. Nothing was changed. Use --replace to delete them.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}. Nothing was changed.") from error
        # Responses were precomputed from the replaced data. If Redis is unavailable, the next scheduled refresh renders
        # new ones.
        if execute(("DEL", VERSION_KEY)) is not None:
            refresh_stats(now=timezone.now())
        return {
            "file": str(path),
            "created_at": content.created_at.isoformat(timespec="seconds"),
            "app_version": content.app_version,
            "collections": len(content.counts),
            "documents": sum(content.counts.values()),
        }
