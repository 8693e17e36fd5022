"""Deprecated alias of `renormalize_skills`, available for one more release."""

from typing import Any

from accounts.management.commands.renormalize_skills import Command as RenormalizeSkillsCommand


class Command(RenormalizeSkillsCommand):
    """The deprecated name of `renormalize_skills`."""

    help = "Deprecated. Use renormalize_skills instead."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "clean_skills_data is deprecated and will be removed in the next release. Use renormalize_skills instead."
        )
        super().handle(*args, **options)
