"""Import postings from a file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, progress_bar
from ingestion.imports import UnreadableFileError, import_postings


class Command(SummaryCommand):
    help = (
        "Imports postings in TheirStack's shape from JSON, JSONL or CSV, also gzipped. "
        "Bad rows are refused by line and the rest goes on; exits with 1 when no row could be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        size = path.stat().st_size if path.is_file() else None
        try:
            with progress_bar(label=path.name, unit="B", total=size) as bar:
                summary = import_postings(path=path, now=timezone.now, on_read=bar.update)
        except UnreadableFileError as error:
            raise CommandError(str(error)) from error
        # `asdict` would build the counter anew from pairs and so count those.
        report = asdict(summary) | {"refused": dict(summary.refused)}
        if not options["json"]:
            for problem in report.pop("problems"):
                self.stderr.write(f"{path.name}, {problem}")
        refused = sum(summary.refused.values())
        if refused and refused == summary.rows:
            raise CommandError(f"none of the {summary.rows} rows of {path.name} could be used")
        return report
