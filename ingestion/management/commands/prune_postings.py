"""Delete postings past retention."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, create_progress_bar
from ingestion.services import prune_postings


class Command(SummaryCommand):
    """Command that deletes postings older than the retention period."""

    help = "Deletes postings past retention, one whole day at a time. The daily stats of these days stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.JOB_DATA_RETENTION_DAYS,
            help="days to keep, including today (default: JOB_DATA_RETENTION_DAYS, %(default)s)",
        )

    def summarize(self, **options: Any) -> dict[str, Any]:
        if options["days"] < 1:
            raise CommandError(f"--days must be at least 1, not {options['days']}")
        with create_progress_bar(label="deleting", unit="day") as bar:
            deleted = prune_postings(days_to_keep=options["days"], now=timezone.now(), on_day=bar.update)
        return {"deleted": deleted, "days_kept": options["days"]}
