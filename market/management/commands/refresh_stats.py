"""Management command that brings the market's daily stats up to date."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, create_progress_bar
from market.refresh import check_stats, refresh_stats


class Command(SummaryCommand):
    """Refresh the daily stats. With `--check`, repair differences first and fail if there were any."""

    help = "Recompute the stats of days whose postings changed, and render the trending responses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="First compare all stats and posting roles with the postings, and repair differences. Exits with 1 if"
            " there were any.",
        )

    def summarize(self, **options: Any) -> dict[str, Any]:
        check = None
        if options["check"]:
            with create_progress_bar(label="checking", unit="day") as bar:
                check = check_stats(on_day=bar.update)
        summary = asdict(refresh_stats(now=timezone.now()))
        if check:
            if check.differing:
                days = ", ".join(day.isoformat() for day in check.differing)
                roles = f" {check.postings} postings had wrong roles." if check.postings else ""
                raise CommandError(f"Repaired stats that differed from their postings on {days}.{roles}")
            summary["days_checked"] = check.days
        return summary
