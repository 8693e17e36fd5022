"""Figures over the stored postings."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from career_navigator.commands import SummaryCommand
from ingestion.selectors import get_ingestion_stats


class Command(SummaryCommand):
    help = "Prints how many postings are stored, how many came lately, and the roles and places most seen."

    def summarize(self, **options: Any) -> dict[str, Any]:
        return asdict(get_ingestion_stats(now=timezone.now()))
