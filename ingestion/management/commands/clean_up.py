"""The former name of `prune_postings`, kept for one release."""

from typing import Any

from ingestion.management.commands.prune_postings import Command as PrunePostingsCommand


class Command(PrunePostingsCommand):
    """Deprecated name of `prune_postings`."""

    help = "Deprecated: use prune_postings."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("clean_up is deprecated and will be removed in the next release. Use prune_postings instead.")
        super().handle(*args, **options)
