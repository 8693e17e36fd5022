"""Collect the roles that users aim at."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand
from ingestion.runs import UnusableRequestError
from ingestion.selectors import run_report
from ingestion.services import (
    DEFAULT_FRESHNESS_DAYS,
    DEFAULT_JOBS_PER_ROLE,
    DEFAULT_MAX_AGE_DAYS,
    UnknownUserError,
    collect_jobs_for_all_users,
    collect_jobs_for_user,
    work_off,
)
from ingestion.theirstack import client_from_settings
from ingestion.theirstack_errors import TheirStackConfigurationError, TheirStackRetryableError


class Command(SummaryCommand):
    help = "Collects the roles users aim at (the default roles while nobody aims at any), the stale ones only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="ID", help="the roles of this user alone, fresh or not")
        parser.add_argument("--place", action="append", dest="places", help="may be repeated")
        parser.add_argument("--max-age-days", type=int, default=DEFAULT_MAX_AGE_DAYS, help="default: %(default)s")
        parser.add_argument(
            "--limit", type=int, default=DEFAULT_JOBS_PER_ROLE, help="jobs a role (default: %(default)s)"
        )
        parser.add_argument(
            "--fresh-days",
            type=int,
            default=DEFAULT_FRESHNESS_DAYS,
            help="skip what was collected within so many days (default: %(default)s)",
        )

    def summarize(self, **options: Any) -> dict[str, Any]:
        if options["fresh_days"] < 0:
            raise CommandError(f"--fresh-days must be at least 0, not {options['fresh_days']}")
        asked = {
            "max_age_days": options["max_age_days"],
            "jobs_per_role": options["limit"],
            "locations": options["places"],
            "trigger": "command",
            "now": timezone.now(),
        }
        try:
            client = client_from_settings()
            if options["user"]:
                run = collect_jobs_for_user(user_id=options["user"], **asked)
            else:
                run = collect_jobs_for_all_users(data_freshness_days=options["fresh_days"], **asked)
        except (TheirStackConfigurationError, UnusableRequestError, UnknownUserError) as error:
            raise CommandError(str(error)) from error
        try:
            with client:
                run = work_off(run=run, client=client, clock=timezone.now)
        except TheirStackRetryableError as error:
            raise CommandError(f"run {run.id} stays open: {error}") from error
        if run.status != "finished":
            raise CommandError(f"run {run.id} is {run.status}: {run.error or 'see the run'}")
        return run_report(run)
