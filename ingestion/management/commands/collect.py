"""Collect postings for roles from TheirStack, in this process or by the workers."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from career_navigator.commands import SummaryCommand, create_progress_bar
from ingestion.documents import CollectionRunDocument
from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES
from ingestion.runs import UnusableRequestError, start_run
from ingestion.selectors import build_run_report
from ingestion.services import DEFAULT_MAX_AGE_DAYS, UnknownUserError, run_inline
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.errors import TheirStackConfigurationError, TheirStackRetryableError
from ingestion.tasks import queue_run


class Command(SummaryCommand):
    """Command that starts a collection run, and queues it or runs it inline."""

    help = "Collects job postings for roles in places from TheirStack. Exits with status 1 unless the run finishes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("roles", nargs="*", metavar="ROLE", help="default: the eight most common roles")
        parser.add_argument(
            "--place",
            action="append",
            dest="places",
            help=f"may be given several times; default: {', '.join(DEFAULT_PLACES)}",
        )
        parser.add_argument(
            "--max-age-days",
            type=int,
            default=DEFAULT_MAX_AGE_DAYS,
            help="maximum age of a job in days (default: %(default)s)",
        )
        parser.add_argument(
            "--limit",
            type=int,
            default=settings.MAX_JOBS_PER_SEARCH,
            help="maximum jobs per role, one credit each (default: MAX_JOBS_PER_SEARCH, %(default)s)",
        )
        parser.add_argument("--queue", action="store_true", help="queue the run for the workers and exit immediately")

    def summarize(self, **options: Any) -> dict[str, Any]:
        try:
            client = build_client()
            run = self.start_run(options)
        except (TheirStackConfigurationError, UnusableRequestError, UnknownUserError) as error:
            raise CommandError(str(error)) from error
        if options.get("queue"):
            queue_run(run=run)
            return build_run_report(run)
        try:
            with client, create_progress_bar(label="collecting", unit="role", total=len(run.roles)) as bar:
                run = run_inline(run=run, client=client, clock=timezone.now, on_progress=lambda run: _update(bar, run))
        except TheirStackRetryableError as error:
            raise CommandError(f"run {run.id} stays open and will be resumed: {error}") from error
        if run.status != "finished":
            raise CommandError(f"run {run.id} is {run.status}: {run.error or 'see its page in the admin'}")
        return build_run_report(run)

    def start_run(self, options: dict[str, Any]) -> CollectionRunDocument:
        """Record the run to collect. Raises UnusableRequestError and UnknownUserError."""
        return start_run(
            trigger="command",
            roles=options["roles"] or DEFAULT_ROLES,
            places=options["places"] or DEFAULT_PLACES,
            max_age_days=options["max_age_days"],
            per_role_limit=options["limit"],
            now=timezone.now(),
        )


def _update(bar: "tqdm[NoReturn]", run: CollectionRunDocument) -> None:
    bar.set_postfix(new=run.collected, credits=run.credits)
    bar.update()
