"""The endpoints keep to what /openapi.json says of them, whatever is sent; those of learning have a test beside it."""

import pytest

from accounts.tests.contract import CHECKS, for_each_operation, schema_of


@pytest.fixture(autouse=True)
def _no_waiting(settings):
    """Nobody works the queue off here, so there is nothing to wait for."""
    settings.FETCH_JOBS_WAIT_SECONDS = 0


@pytest.fixture
def operation(request):
    return schema_of(request.param)


# Whether the service is ready depends on a worker, which the tests do not have.
@for_each_operation(if_path=lambda path: not path.startswith(("/health/ready", "/learning/", "/projects/")))
def test_keeps_to_the_schema(case, ada):
    case.call_and_validate(headers={"Authorization": f"Bearer {ada.token}"}, checks=CHECKS)
