"""The former name of `renormalize_skills`, kept for one release."""

from typing import Any

from accounts.management.commands.renormalize_skills import Command as RenormalizeSkillsCommand


class Command(RenormalizeSkillsCommand):
    help = "Deprecated: use renormalize_skills."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "clean_skills_data is deprecated and will be removed in the next release: use renormalize_skills."
        )
        super().handle(*args, **options)
