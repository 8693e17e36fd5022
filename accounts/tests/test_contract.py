"""The endpoints keep to what /openapi.json says of them, whatever is sent; those of learning have a test beside it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from career_navigator.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# Whether the service is ready depends on a worker, which the tests do not have.
schema = schemathesis.openapi.from_wsgi("/openapi.json", application).exclude(
    path_regex="^/(health/ready|learning/|projects/)"
)


@pytest.fixture(autouse=True)
def _no_waiting(settings):
    """Nobody works the queue off here, so there is nothing to wait for."""
    settings.FETCH_JOBS_WAIT_SECONDS = 0


@schema.parametrize()
@settings(
    max_examples=settings().max_examples // 2,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_keeps_to_the_schema(case, ada):
    case.call_and_validate(headers={"Authorization": f"Bearer {ada.token}"}, checks=CHECKS)
