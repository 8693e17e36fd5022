"""What several tests of whole installs share."""

from collections.abc import Iterator

import pytest

from tests.installation.running import WEBHOOK_SECRET, Run


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run with servers, web, worker and demonstration data of its own, ready."""
    run = Run(
        tmp_path_factory.mktemp("demonstration").resolve() / "var",
        THEIR_STACK_CREDIT_BUDGET="6000",
        THEIR_STACK_WEBHOOK_SECRET=WEBHOOK_SECRET,
    )
    try:
        yield run.wait_until_ready()
    finally:
        run.clean_up()
