"""The endpoints under /learning and /projects keep to what /openapi.json says of them, whatever is sent."""

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

schema = schemathesis.openapi.from_wsgi("/openapi.json", application).include(path_regex="^/(learning|projects)/")


@pytest.fixture
def jobs(post_jobs):
    post_jobs()


@schema.parametrize()
@settings(
    max_examples=settings().max_examples // 2,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_keeps_to_the_schema(case, newcomer, jobs):
    case.call_and_validate(headers={"Authorization": f"Bearer {newcomer.token}"}, checks=CHECKS)
