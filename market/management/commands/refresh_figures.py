"""The former name of `refresh_stats`, kept for one release."""

from typing import Any

from market.management.commands.refresh_stats import Command as RefreshStatsCommand


class Command(RefreshStatsCommand):
    help = "Deprecated: use refresh_stats."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("refresh_figures is deprecated and will be removed in the next release: use refresh_stats.")
        super().handle(*args, **options)
