"""Deprecated alias of `refresh_stats`, available for one release."""

from typing import Any

from market.management.commands.refresh_stats import Command as RefreshStatsCommand


class Command(RefreshStatsCommand):
    """Run `refresh_stats` after printing a deprecation warning."""

    help = "Deprecated. Use refresh_stats."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "refresh_figures is deprecated and will be removed in the next release. Use refresh_stats instead."
        )
        super().handle(*args, **options)
