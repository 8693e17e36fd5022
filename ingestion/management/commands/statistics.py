"""The former name of `ingestion_stats`, kept for one release."""

from typing import Any

from ingestion.management.commands.ingestion_stats import Command as IngestionStatsCommand


class Command(IngestionStatsCommand):
    """Deprecated name of `ingestion_stats`."""

    help = "Deprecated: use ingestion_stats."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "statistics is deprecated and will be removed in the next release. Use ingestion_stats instead."
        )
        super().handle(*args, **options)
