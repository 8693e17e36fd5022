"""What looks like an operator of the database, in each field of a body and each parameter of a query, is only data."""

import pytest

from accounts.tests.conftest import API, REGISTRATION
from accounts.tests.operations import OPERATIONS, schema_fields
from market.services import store_postings
from market.tests.factories import PostingFactory

# It stands in what is stored of Ada, and in nothing that others send.
MARK = "Quetzalcoatl"
UNKNOWN = "507f1f77bcf86cd799439011"
VALUES = ({"$gt": ""}, {"$where": "1"}, [{"$gt": ""}])
KEYS = ("$where", "$or", "user.$id", "__raw__")
IN_A_QUERY = ("{name}=%7B%22%24gt%22%3A%22%22%7D", "{name}%5B%24gt%5D=", "{name}__ne=1")


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.FETCH_JOBS_WAIT_SECONDS = 0
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES)


@pytest.fixture
def ada(register):
    member = register(full_name=f"Ada {MARK}", professional_summary=MARK, location=MARK)
    search = member.post("/jobs/searches", {"name": MARK, "filter": {"text": MARK}})
    logged = member.post("/activity/log", {"user_id": member.id, "action_type": "view", "metadata": {"of": MARK}})
    assert (search.status_code, logged.status_code) == (201, 201)
    return member


@pytest.fixture
def eve(ada, register):
    return register(email="eve@example.org", full_name="Eve")


@pytest.fixture
def names(eve, mongo, now):
    store_postings(postings=[PostingFactory(date_posted=now.date())], now=now)
    job = str(mongo.job_postings.find_one()["_id"])
    ids = {"user_id": eve.id, "job_id": job, "other_job_id": job, "skill": "python", "name": "python"}
    return dict.fromkeys(("resume_id", "search_id", "run_id", "project_id"), UNKNOWN) | ids


@pytest.fixture(scope="module")
def documented():
    """The parameters, and the fields of the body, of each operation."""
    schema = API().get("/openapi.json").json()
    return {name: (query, body) for name, query, body in schema_fields(schema)}


def _stored_of(member):
    return {name: each for name, each in member.get("/auth/me/export").json().items() if name != "exported_at"}


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.body])
def test_takes_no_operator_in_a_body(name, ada, eve, names, documented):
    method, _, route = name.partition(" ")
    path, body = OPERATIONS[name].filled(route, names)
    before = _stored_of(ada)

    for field in {*body, *documented[name][1]}:
        for value in VALUES:
            answer = eve.send(method, path, body | {field: value})
            # A filter passes over the names that it does not know, and says which.
            passed_over = field == "filter" and answer.json().get("ignored_fields") == [*value]
            assert 400 <= answer.status_code < 500 or passed_over, (field, value, answer.content)
            assert MARK not in answer.content.decode()
    for key in KEYS:
        answer = eve.send(method, path, body | {key: [{}]})
        assert answer.status_code < 500, (key, answer.content)
        assert MARK not in answer.content.decode()

    assert _stored_of(ada) == before


@pytest.mark.parametrize(
    "name", [name for name in OPERATIONS if name.startswith("GET ") and name != "GET health/ready"]
)
def test_takes_no_operator_in_a_query(name, ada, eve, names, documented):
    path = OPERATIONS[name].filled(name.removeprefix("GET "), names)[0].partition("?")[0]
    parameters = documented[name][0] if name in documented else []

    for parameter in {*parameters, "$where", "user_id"}:
        for text in IN_A_QUERY:
            answer = eve.get(f"{path}?{text.format(name=parameter)}")
            assert answer.status_code < 500, (parameter, text, answer.content)
            assert MARK not in answer.content.decode(errors="replace")


@pytest.mark.parametrize("path", ["/auth/login", "/users/login"])
@pytest.mark.parametrize("value", VALUES)
def test_logs_nobody_in_by_an_operator(ada, api, path, value):
    right = {"email": REGISTRATION["email"], "password": REGISTRATION["password"]}

    answers = [api.post(path, right | {field: value}) for field in right]

    assert [answer.status_code for answer in answers] == [400, 400]
