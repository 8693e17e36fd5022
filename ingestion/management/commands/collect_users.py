"""The former name of `collect_for_users`, kept for one release."""

from typing import Any

from ingestion.management.commands.collect_for_users import Command as CollectForUsersCommand


class Command(CollectForUsersCommand):
    """Deprecated name of `collect_for_users`."""

    help = "Deprecated: use collect_for_users."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(
            "collect_users is deprecated and will be removed in the next release. Use collect_for_users instead."
        )
        super().handle(*args, **options)
