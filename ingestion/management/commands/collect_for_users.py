"""Collect postings for the users' target roles."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from ingestion.documents import CollectionRunDocument
from ingestion.management.commands.collect import Command as CollectCommand
from ingestion.services import (
    DEFAULT_FRESHNESS_DAYS,
    DEFAULT_JOBS_PER_ROLE,
    DEFAULT_MAX_AGE_DAYS,
    collect_jobs_for_all_users,
    collect_jobs_for_user,
)


class Command(CollectCommand):
    """Command that starts a collection run for the target roles of all users or of one user."""

    help = "Collects the users' target roles that are not fresh, or the default roles if no user has a target role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="ID", help="collect only this user's roles, even if they are fresh")
        parser.add_argument("--place", action="append", dest="places", help="may be given several times")
        parser.add_argument("--max-age-days", type=int, default=DEFAULT_MAX_AGE_DAYS, help="default: %(default)s")
        parser.add_argument(
            "--limit", type=int, default=DEFAULT_JOBS_PER_ROLE, help="maximum jobs per role (default: %(default)s)"
        )
        parser.add_argument(
            "--fresh-days",
            type=int,
            default=DEFAULT_FRESHNESS_DAYS,
            help="skip roles that were collected within this many days (default: %(default)s)",
        )

    def start_run(self, options: dict[str, Any]) -> CollectionRunDocument:
        if options["fresh_days"] < 0:
            raise CommandError(f"--fresh-days must be at least 0, not {options['fresh_days']}")
        options_of_run = {
            "max_age_days": options["max_age_days"],
            "jobs_per_role": options["limit"],
            "locations": options["places"],
            "trigger": "command",
            "now": timezone.now(),
        }
        if options["user"]:
            return collect_jobs_for_user(user_id=options["user"], **options_of_run)
        return collect_jobs_for_all_users(data_freshness_days=options["fresh_days"], **options_of_run)
