"""Deprecated alias of `export_roadmaps`, to be removed in the next release."""

from typing import Any

from learning.management.commands.export_roadmaps import Command as ExportRoadmapsCommand


class Command(ExportRoadmapsCommand):
    """Deprecated alias of the `export_roadmaps` command."""

    help = "Deprecated. Use export_roadmaps instead."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "print_roadmaps is deprecated and will be removed in the next release. Use export_roadmaps instead."
        )
        super().handle(*args, **options)
