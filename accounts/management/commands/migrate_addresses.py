"""Give stored e-mail addresses the form in which they are compared."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.migrations import migrate_addresses
from career_navigator.commands import SummaryCommand


class Command(SummaryCommand):
    help = "Stores the domains of users' e-mail addresses in A-labels. Safe to repeat; `prepare` does it too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def summarize(self, **options: Any) -> dict[str, Any]:
        done = migrate_addresses(dry_run=options["dry_run"])
        return {
            "dry_run": options["dry_run"],
            "addresses_in_another_form": done.seen,
            "migrated": done.migrated,
            "left_alone_as_taken": done.taken,
        }
