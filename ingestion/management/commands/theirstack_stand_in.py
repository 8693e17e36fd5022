"""The former name of `fake_theirstack`, kept for one release."""

from ingestion.management.commands.fake_theirstack import Command as FakeTheirStackCommand


class Command(FakeTheirStackCommand):
    help = "Deprecated: use fake_theirstack."

    def handle(self, *args: object, **options: object) -> None:
        self.stderr.write("theirstack_stand_in is deprecated and will be removed: use fake_theirstack.")
        super().handle(*args, **options)
