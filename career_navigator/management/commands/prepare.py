"""Deprecated alias of the command `bootstrap`."""

from typing import Any

from career_navigator.management.commands.bootstrap import Command as Bootstrap


class Command(Bootstrap):
    """Deprecated alias of `bootstrap`."""

    help = "Deprecated alias of `bootstrap`. The next release will remove it."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("prepare is deprecated and will be removed in the next release. Use bootstrap instead.")
        super().handle(*args, **options)
