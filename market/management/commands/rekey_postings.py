"""Give stored postings the keys that they are found by."""

from typing import Any

from career_navigator.commands import SummaryCommand, progress_bar
from market.jobs.rekeying import rekey_postings


class Command(SummaryCommand):
    help = "Gives postings that were stored by an older release the words and names that filters of jobs find them by."

    def summarize(self, **options: Any) -> dict[str, Any]:
        with progress_bar(label="reading", unit="posting") as bar:
            return {"changed": rekey_postings(on_posting=bar.update)}
