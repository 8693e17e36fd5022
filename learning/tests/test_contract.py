"""The endpoints under /learning and /projects keep to what /openapi.json says of them, whatever is sent."""

import pytest

from accounts.tests.contract import CHECKS, for_each_operation, schema_of


@pytest.fixture
def jobs(post_jobs):
    post_jobs()


@pytest.fixture
def operation(request):
    return schema_of(request.param)


@for_each_operation(if_path=lambda path: path.startswith(("/learning/", "/projects/")))
def test_keeps_to_the_schema(case, newcomer, jobs):
    case.call_and_validate(headers={"Authorization": f"Bearer {newcomer.token}"}, checks=CHECKS)
