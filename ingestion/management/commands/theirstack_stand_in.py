"""The former name of `fake_theirstack`, kept for one release."""

from ingestion.management.commands.fake_theirstack import Command as FakeTheirStackCommand


class Command(FakeTheirStackCommand):
    """Deprecated name of `fake_theirstack`."""

    help = "Deprecated: use fake_theirstack."

    def handle(self, *args: object, **options: object) -> None:
        self.stderr.write(
            "theirstack_stand_in is deprecated and will be removed in the next release. Use fake_theirstack instead."
        )
        super().handle(*args, **options)
