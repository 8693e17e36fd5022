"""The earlier name of `bootstrap`."""

from typing import Any

from career_navigator.management.commands.bootstrap import Command as Bootstrap


class Command(Bootstrap):
    help = "Deprecated, and gone with the next release: use `bootstrap`."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("`prepare` is called `bootstrap` now; the old name goes with the next release.")
        super().handle(*args, **options)
