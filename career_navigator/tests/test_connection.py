"""How MongoDB is written to."""

import pytest

from career_navigator.connection import database
from career_navigator.tests.elsewhere import NO_MONGODB, mongodb_at


@pytest.mark.parametrize(("option", "waits"), [("", True), ("?journal=true", True), ("?journal=false", False)])
def test_writes_wait_for_the_journal_unless_the_address_says_otherwise(option: str, waits: bool) -> None:
    with mongodb_at(NO_MONGODB + option):
        assert database().write_concern.document == {"j": waits}
