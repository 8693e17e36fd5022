"""Print stats about the stored postings."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from career_navigator.commands import SummaryCommand
from ingestion.selectors import get_ingestion_stats


class Command(SummaryCommand):
    """Command that prints the number of postings and the most frequent roles and places."""

    help = "Prints how many postings are stored and how many are recent, and the most frequent roles and places."

    def summarize(self, **options: Any) -> dict[str, Any]:
        return asdict(get_ingestion_stats(now=timezone.now()))
