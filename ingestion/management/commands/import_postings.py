"""Import postings from a JSON, JSONL or CSV file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, create_progress_bar
from ingestion.import_columns import suggest_column
from ingestion.imports import UnreadableFileError, UnreadColumn, import_postings


class Command(SummaryCommand):
    """Command that imports a file of postings and reports its problems by line."""

    help = (
        "Imports postings from a JSON, JSONL or CSV file, which may be gzipped. docs/reference/import-columns.md lists "
        "the columns. Rejected rows are reported by line. Exits with status 1 if no row could be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="store nothing and report what would be stored")

    def summarize(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        size = path.stat().st_size if path.is_file() else None
        try:
            with create_progress_bar(label=path.name, unit="B", total=size) as bar:
                summary = import_postings(path=path, now=timezone.now, on_read=bar.update, dry_run=options["dry_run"])
        except UnreadableFileError as error:
            raise CommandError(str(error)) from error
        # `asdict` rebuilds a Counter from its items, and so would count the items instead.
        counters = {"refused": dict(summary.refused), "unread_values_by_column": dict(summary.unread_values_by_column)}
        report = asdict(summary) | counters
        if not options["json"]:
            for problem in report.pop("problems"):
                self.stderr.write(f"{path.name}, {problem}")
            for name, column in summary.unread_columns.items():
                self.stderr.write(f"{path.name}, {_describe(name, column)}")
            report["unread_columns"] = {name: column.rows for name, column in summary.unread_columns.items()}
        rejected = sum(summary.refused.values())
        if rejected and rejected == summary.rows:
            raise CommandError(f"none of the {summary.rows} rows of {path.name} could be used")
        return report


def _describe(name: str, column: UnreadColumn) -> str:
    nearest = suggest_column(name)
    hint = f"; did you mean {nearest}?" if nearest else ""
    rows = "1 row" if column.rows == 1 else f"{column.rows} rows"
    return f"line {column.first_line}: the column {name} is ignored ({rows}){hint}"
