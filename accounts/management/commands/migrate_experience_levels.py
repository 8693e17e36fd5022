"""Map older experience levels to the documented ones."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.documents import User
from accounts.experience import LEVELS
from accounts.migrations import migrate_experience_levels
from career_navigator.commands import SummaryCommand, progress_bar


class Command(SummaryCommand):
    help = f"Maps users' older experience levels to {', '.join(LEVELS)}. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def summarize(self, **options: Any) -> dict[str, Any]:
        with progress_bar(label="users", unit="user", total=User.objects.count()) as bar:
            done = migrate_experience_levels(dry_run=options["dry_run"], now=timezone.now(), on_user=bar.update)
        return {
            "dry_run": options["dry_run"],
            "users_with_an_older_level": done.seen,
            "migrated": dict(sorted(done.migrated.items())),
            "left_alone_as_unknown": dict(sorted(done.unknown.items())),
            "changed_meanwhile": done.changed_meanwhile,
        }
