"""Write the whole database to a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand
from career_navigator.db.backup import write_backup
from career_navigator.db.connection import database


class Command(SummaryCommand):
    help = (
        "Writes every collection of MongoDB, with its indexes, to a new file, while the service runs. What Redis holds "
        "(queued tasks, sessions of staff, counts of rate limits, caches) and the keys in VAR_DIR are not in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            content = write_backup(database=database(), path=path, now=timezone.now())
        except FileExistsError as error:
            raise CommandError(f"{path} exists already; choose another name, or delete it first") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        return {
            "file": str(path),
            "bytes": path.stat().st_size,
            "collections": len(content.counts),
            "documents": sum(content.counts.values()),
        }
