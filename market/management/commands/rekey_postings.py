"""Give stored postings the keys that they are found by."""

from typing import Any

from django.core.management.base import CommandParser

from career_navigator.commands import SummaryCommand, progress_bar
from market.jobs.rekeying import are_keys_outdated, rekey_postings


class Command(SummaryCommand):
    help = "Gives postings that were stored by an older release the words and names that filters of jobs find them by."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-outdated", action="store_true", help="only where this release makes other keys")

    def summarize(self, **options: Any) -> dict[str, Any]:
        if options["if_outdated"] and not are_keys_outdated():
            return {"changed": 0}
        with progress_bar(label="reading", unit="posting") as bar:
            return {"changed": rekey_postings(on_posting=bar.update)}
