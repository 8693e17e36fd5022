"""The endpoints under /learning and /projects keep to what /openapi.json says of them, whatever is sent."""

import pytest

from accounts.tests.contract import CHECKS, schema, thoroughness


@pytest.fixture
def jobs(post_jobs):
    post_jobs()


@schema.include(path_regex="^/(learning|projects)/").parametrize()
@thoroughness
def test_keeps_to_the_schema(case, newcomer, jobs):
    case.call_and_validate(headers={"Authorization": f"Bearer {newcomer.token}"}, checks=CHECKS)
