"""Write the whole database to a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand
from career_navigator.db.backup import write_backup
from career_navigator.db.connection import database


class Command(SummaryCommand):
    """Command that writes the whole database to a file."""

    help = (
        "Writes all MongoDB collections and their indexes to a new file. The service can keep running. The backup does "
        "not include Redis data (queued tasks, staff sessions, rate limits, caches) or the keys in VAR_DIR."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            content = write_backup(database=database(), path=path, now=timezone.now())
        except FileExistsError as error:
            raise CommandError(f"{path} already exists. Choose another name, or delete the file first.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        return {
            "file": str(path),
            "bytes": path.stat().st_size,
            "collections": len(content.counts),
            "documents": sum(content.counts.values()),
        }
