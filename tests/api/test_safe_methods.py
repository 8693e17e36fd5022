"""GET requests write nothing to MongoDB, except the first request for a role without stats."""

import pytest

from tests.api.inventory import OPERATIONS, build_request

WRITES = {"insert", "update", "delete", "findAndModify", "bulkWrite"}
# Stores the score that it computes for a user.
WRITING = {"GET jobs/<str:job_id>/match_score"}
SHARED = ("countries", "jobs/", "learning/", "market/", "projects/", "skills")
READS = [
    name for name in OPERATIONS if name.startswith(tuple(f"GET {path}" for path in SHARED)) and name not in WRITING
]
# The data is created once for all tests, because no test may be able to change it.
pytestmark = pytest.mark.usefixtures("shared_data")


@pytest.mark.parametrize("name", READS)
def test_a_get_writes_nothing(name, victim, names, whole_commands):
    _, path, _ = build_request(name, names)

    responses = [victim.get(path) for _ in range(2)]

    # Unsubscribing needs a token from an email.
    assert {response.status_code for response in responses} == {400 if "unsubscribe" in name else 200}
    assert [dict(each) for each in whole_commands if next(iter(each)) in WRITES] == []
