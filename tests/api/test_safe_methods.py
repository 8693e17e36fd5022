"""A GET writes nothing to MongoDB, except for the first question for a role without rows."""

import pytest

from tests.api.inventory import OPERATIONS, request_for

WRITES = {"insert", "update", "delete", "findAndModify", "bulkWrite"}
# It keeps what it computed for one person.
WRITING = {"GET jobs/<str:job_id>/match_score"}
EVERYBODYS = ("countries", "jobs/", "learning/", "market/", "projects/", "skills")
READS = [
    name for name in OPERATIONS if name.startswith(tuple(f"GET {path}" for path in EVERYBODYS)) and name not in WRITING
]
# What is asked for is made once for all tests: they show that nothing changes it.
pytestmark = pytest.mark.usefixtures("everybodys")


@pytest.mark.parametrize("name", READS)
def test_a_get_writes_nothing(name, victim, names, whole_commands):
    _, path, _ = request_for(name, names)

    answers = [victim.get(path) for _ in range(2)]

    # To unsubscribe takes the link of a mail.
    assert {answer.status_code for answer in answers} == {400 if "unsubscribe" in name else 200}
    assert [dict(each) for each in whole_commands if next(iter(each)) in WRITES] == []
