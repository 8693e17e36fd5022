"""Store fictional postings, for trying the application without TheirStack."""

from itertools import islice
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, create_progress_bar
from ingestion.imports import BATCH_SIZE, ImportSummary
from ingestion.sources.theirstack.fake.job_sources import MAX_SEED, build_jobs
from ingestion.sources.theirstack.transform import transform_job
from market.posting import GENERATED
from market.refresh import refresh_stats
from market.services import store_postings


class Command(SummaryCommand):
    """Command that generates fictional postings and stores them like collected ones."""

    help = "Stores N fictional postings, marked by their source. The same seed generates the same postings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int, metavar="N")
        parser.add_argument("--days", type=int, default=120, help="spread postings over N days (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=1, help=f"random seed, 0 to {MAX_SEED} (default: %(default)s)")

    def summarize(self, **options: Any) -> dict[str, Any]:
        count, days, seed = options["count"], options["days"], options["seed"]
        if count < 1 or days < 1 or not 0 <= seed <= MAX_SEED:
            raise CommandError(f"N and --days must be at least 1, and --seed must be from 0 to {MAX_SEED}")
        jobs = build_jobs(count=count, seed=seed, today=timezone.now().date(), days=days)
        total = ImportSummary()
        with create_progress_bar(label="generating", unit="posting", total=count) as bar:
            while batch := [transform_job(job, source=GENERATED) for job in islice(jobs, BATCH_SIZE)]:
                total.add(store_postings(postings=batch, now=timezone.now()))
                bar.update(len(batch))
        refresh_stats(now=timezone.now())
        return {
            "collected": total.collected,
            "updated": total.updated,
            "unchanged": total.unchanged,
            "refused": dict(total.refused),
        }
