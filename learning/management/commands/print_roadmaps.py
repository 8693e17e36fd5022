"""The former name of `export_roadmaps`, kept for one release."""

from typing import Any

from learning.management.commands.export_roadmaps import Command as ExportRoadmapsCommand


class Command(ExportRoadmapsCommand):
    help = "Deprecated: use export_roadmaps."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("print_roadmaps is deprecated and will be removed in the next release: use export_roadmaps.")
        super().handle(*args, **options)
