"""Command that renormalizes the skills of users and postings."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.documents import User
from accounts.migrations import clean_user_skills
from career_navigator.commands import SummaryCommand, create_progress_bar
from market.documents import JobPostingDocument
from market.refresh import refresh_stats
from market.stored_skills import update_stored_skills


class Command(SummaryCommand):
    """Apply the current vocabulary to stored skills, for example after skills were merged or added."""

    help = "Renormalize the skills of users and postings with the current vocabulary. Idempotent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="report what would change without changing anything")

    def summarize(self, **options: Any) -> dict[str, Any]:
        dry_run = options["dry_run"]
        with create_progress_bar(label="users", unit="user", total=User.objects.count()) as bar:
            users = clean_user_skills(dry_run=dry_run, now=timezone.now(), on_user=bar.update)
        seen = changed = 0
        total = JobPostingDocument.objects.count()
        with create_progress_bar(label="postings", unit="posting", total=total) as bar:
            for progress in update_stored_skills(dry_run=dry_run, now=timezone.now()):
                seen += progress.seen
                changed += progress.changed
                bar.update(progress.seen)
        days = 0 if dry_run else refresh_stats(now=timezone.now()).days
        return {
            "dry_run": dry_run,
            "users": users.seen,
            "users_changed": users.changed,
            "users_changed_meanwhile": users.changed_meanwhile,
            "postings": seen,
            "postings_changed": changed,
            "days_recomputed": days,
        }
