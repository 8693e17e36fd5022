"""The endpoints under /users, which serve the same account with other field names."""

from datetime import timedelta

import jwt
import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.authentication import issue_access_token
from accounts.documents import User
from career_navigator.setting_values import Rate
from tests.factories import ResumeFactory
from tests.fixtures.users import API, PASSWORD, Member

GRACE = {"user_name": "Grace Hopper", "email_id": "grace@example.org", "password": PASSWORD}


PROFILE = {
    "phone_number": "+1 (212) 555-0100",
    "desired_job_role": "Data Engineer",
    "skills": ["Python", "Spark"],
    "experience": "5 years of compilers",
    "preferred_locations": ["New York, NY", "Berlin"],
    "remote_preference": "hybrid",
    "professional_summary": "I find bugs.",
    "expected_salary": 120000,
}


UNKNOWN = "507f1f77bcf86cd799439011"


@pytest.fixture
def grace(api):
    """Return a user registered and logged in through /users only."""
    registered = api.post("/users/", GRACE | PROFILE)
    assert registered.status_code == 201, registered.content
    session = api.post("/users/login", {"email": GRACE["email_id"], "password": PASSWORD}).json()
    return Member(token=session["access_token"], id=session["user_id"])


def _profile(member):
    return member.get(f"/users/{member.id}").json()


def _put(member, **fields):
    response = member.put(f"/users/{member.id}", fields)
    assert response.status_code == 200, response.content
    assert response.json() == {"messages": "success", "user_id": member.id}
    return _profile(member)


def test_registers_and_returns_the_id(api):
    response = api.post("/users/", GRACE)

    assert response.status_code == 201
    assert response.json() == {"messages": "success", "user_id": str(User.objects.get().id)}
    assert response["Cache-Control"] == "private, no-store"


def test_logs_in_with_a_token_pair(api):
    user_id = api.post("/users", GRACE).json()["user_id"]

    response = api.post("/users/login/", {"email": "GRACE@example.org", "password": PASSWORD})

    assert response.status_code == 200
    body = response.json()
    assert (body["messages"], body["user_id"], body["token_type"]) == ("success", user_id, "bearer")
    assert set(body) == {"messages", "user_id", "access_token", "refresh_token", "token_type", "expires_in"}
    assert API(token=body["access_token"]).get("/auth/me").json()["id"] == user_id
    assert api.post("/auth/refresh", {"refresh_token": body["refresh_token"]}).status_code == 200


@pytest.mark.parametrize("given", [("ada@example.org", "Wrong-Pass-1"), ("nobody@example.org", PASSWORD)])
def test_does_not_distinguish_a_wrong_password_from_an_unknown_address(ada, api, given):
    response = api.post("/users/login", dict(zip(("email", "password"), given, strict=True)))

    assert response.status_code == 401
    assert response.json() == {
        "detail": "The email address or the password is wrong.",
        "code": "wrong_credentials",
    }


def test_returns_the_profile_with_job_search_names(grace):
    response = grace.get(f"/users/{grace.id}/")

    assert response.status_code == 200
    assert response["Cache-Control"] == "private"
    body = response.json()
    assert body == PROFILE | {
        "messages": "success",
        "id": grace.id,
        "user_name": "Grace Hopper",
        "email_id": "grace@example.org",
        "email_confirmed": False,
        "skills": ["python", "spark"],
        "target_roles": ["Data Engineer"],
        "experience_years": 5.0,
        "experience_level": None,
        "location": None,
        "expected_salary_currency": None,
        "languages": [],
        "resume": None,
        "joined_date": body["joined_date"],
    }
    assert body["joined_date"] == grace.get("/auth/me").json()["created_at"]


def test_serves_the_same_account_as_auth(ada, api):
    body = _profile(ada)

    assert (body["user_name"], body["email_id"]) == ("Ada Lovelace", "ada@example.org")
    assert (body["desired_job_role"], body["skills"]) == ("Software Engineer", ["python", "javascript"])
    assert api.post("/users/login", {"email": "ada@example.org", "password": PASSWORD}).json()["user_id"] == ada.id
    ada.put(f"/users/{ada.id}", {"user_name": "Ada King"})
    assert ada.get("/auth/me").json()["full_name"] == "Ada King"


def test_returns_the_id_of_the_newest_resume(ada):
    user = User.objects.get().id
    resumes = [
        ResumeFactory.create(user=user, version=version, status=status)
        for version, status in enumerate(("ready", "ready", "refused"), start=1)
    ]

    assert _profile(ada)["resume"] == str(resumes[1].pk)


def test_accepts_the_profile_it_returned(grace):
    before = _profile(grace)

    assert _put(grace, **before) == before


def test_changes_only_the_given_fields(grace):
    before = _profile(grace)

    assert _put(grace, professional_summary="Short.") == before | {"professional_summary": "Short."}
    assert _put(grace) == before | {"professional_summary": "Short."}


@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        ("skills", "Python, node.js ,", {"skills": ["python", "node.js"]}),
        ("skills", "Python, node.js\nSpark; Go", {"skills": ["python", "node.js", "spark", "go"]}),
        ("skills", None, {"skills": []}),
        ("preferred_locations", "Berlin, Remote", {"preferred_locations": ["Berlin", "Remote"]}),
        ("preferred_locations", "Austin, TX; Berlin", {"preferred_locations": ["Austin, TX", "Berlin"]}),
        ("desired_job_role", "Analyst", {"desired_job_role": "Analyst", "target_roles": ["Analyst"]}),
        ("desired_job_role", ["A", "B"], {"desired_job_role": "A", "target_roles": ["A", "B"]}),
        ("desired_job_role", "", {"desired_job_role": None, "target_roles": []}),
        ("desired_job_role", None, {"desired_job_role": None, "target_roles": []}),
        ("remote_preference", True, {"remote_preference": "remote"}),
        ("remote_preference", False, {"remote_preference": "any"}),
        ("remote_preference", "On-Site", {"remote_preference": "onsite"}),
        ("remote_preference", None, {"remote_preference": None}),
        ("experience", 7, {"experience": 7, "experience_years": 7}),
        ("experience", 0, {"experience": 0, "experience_years": 0}),
        ("experience", "18 months", {"experience": "18 months", "experience_years": 1.5}),
        ("experience", "Senior", {"experience": "Senior", "experience_years": 5}),
        ("experience", "900 years", {"experience": "900 years", "experience_years": 5}),
        ("experience", None, {"experience": None, "experience_years": None}),
        ("experience", "", {"experience": None, "experience_years": None}),
        ("expected_salary", 0, {"expected_salary": 0, "expected_salary_currency": None}),
        ("expected_salary", "$120,000", {"expected_salary": 120000, "expected_salary_currency": "USD"}),
        ("expected_salary", "90k EUR", {"expected_salary": 90000, "expected_salary_currency": "EUR"}),
        ("expected_salary", None, {"expected_salary": None, "expected_salary_currency": None}),
        ("expected_salary_currency", "eur", {"expected_salary": 120000, "expected_salary_currency": "EUR"}),
        ("phone_number", None, {"phone_number": None}),
        ("location", "Rome", {"location": "Rome"}),
        ("experience_level", "3rd Year", {"experience_level": "3rd Year"}),
    ],
)
def test_accepts_a_field_in_each_format(grace, field, given, shown):
    before = _profile(grace)

    assert _put(grace, **{field: given}) == before | shown


def test_a_role_as_text_replaces_the_first_role(grace, queued):
    _put(grace, desired_job_role=["Analyst", "Architect"])
    queued()

    after = _put(grace, desired_job_role="Data Scientist")

    assert after["target_roles"] == ["Data Scientist", "Architect"]
    assert queued() == [("ingestion.tasks.collect_for_user", [grace.id, ["Data Scientist"]])]


def test_queues_the_collection_of_roles_at_registration(grace, queued):
    assert queued() == [
        ("accounts.tasks.send_confirmation_message", [grace.id]),
        ("ingestion.tasks.collect_for_user", [grace.id, ["Data Engineer"]]),
    ]


INVALID = [
    ("user_name", None),
    ("user_name", " "),
    ("user_name", 5),
    ("phone_number", "call me"),
    ("desired_job_role", 5),
    ("desired_job_role", {"$gt": ""}),
    ("desired_job_role", "!!"),
    ("desired_job_role", ["Engineer"] * 21),
    ("desired_job_role", [None]),
    ("skills", 5),
    ("skills", {"$gt": ""}),
    ("skills", "---"),
    ("skills", ["Python", 7]),
    ("skills", "x," * 201),
    ("skills", "x" * 10_001),
    ("preferred_locations", True),
    ("preferred_locations", ["x" * 201]),
    ("remote_preference", "sometimes"),
    ("remote_preference", 1),
    ("experience", -1),
    ("experience", 71),
    ("experience", True),
    ("experience", ["5"]),
    ("experience", "x" * 2001),
    ("expected_salary", -1),
    ("expected_salary", 1e13),
    ("expected_salary", False),
    ("expected_salary", "much"),
    ("expected_salary", "100-120k"),
    ("expected_salary", "9" * 61),
    ("expected_salary", {"$gt": ""}),
    ("expected_salary_currency", "XYZ"),
    ("email_id", "not an address"),
    ("password", "weak"),
]


@pytest.mark.parametrize(("field", "value"), INVALID)
def test_names_the_invalid_field(grace, api, field, value):
    before = _profile(grace)

    changed = grace.put(f"/users/{grace.id}", {"location": "Rome", field: value})
    registered = api.post("/users/", GRACE | {"email_id": "new@example.org", field: value})

    for response in (changed, registered):
        assert response.status_code == 400, response.content
        body = response.json()
        assert body["detail"].startswith(field)
        assert all(name.split(".")[0] == field for name in body["errors"])
    assert _profile(grace) == before
    assert User.objects.count() == 1


@pytest.mark.parametrize("skills", ["python; ---, Go", ["Python", "---", "Go"]])
def test_drops_invalid_skills_and_saves_the_rest(grace, api, skills):
    changed = grace.put(f"/users/{grace.id}", {"skills": skills, "location": "Lisbon"})
    registered = api.post("/users/", GRACE | {"email_id": "new@example.org", "skills": skills})

    assert (changed.status_code, registered.status_code) == (200, 201)
    assert changed.json() == {"messages": "success", "user_id": grace.id, "ignored_skills": ["---"]}
    assert registered.json()["ignored_skills"] == ["---"]
    assert (_profile(grace)["skills"], _profile(grace)["location"]) == (["python", "go"], "Lisbon")


@pytest.mark.parametrize("path", ["/auth/me", "/users/{id}"])
@pytest.mark.parametrize(
    ("name", "most", "surplus"),
    [
        ("skills", 200, "'Value 200'"),
        ("roles", 20, "'Value 20'"),
        ("preferred_locations", 20, "'Value 20', 'Value 21', 'Value 22' and 2 more"),
    ],
)
def test_reports_how_many_values_exceed_the_limit_and_which(grace, path, name, most, surplus):
    field = {"/auth/me": "target_roles"}.get(path, "desired_job_role") if name == "roles" else name
    given = most + (5 if "more" in surplus else 1)

    response = grace.put(path.format(id=grace.id), {field: [f"Value {number}" for number in range(given)]})

    assert response.status_code == 400
    assert response.json()["errors"] == {
        field: [f"This field has {given} values, but at most {most} are allowed. Remove {surplus}."]
    }


@pytest.mark.parametrize("field", ["user_name", "email_id", "password"])
def test_names_a_required_field_that_is_missing(api, field):
    response = api.post("/users/", {name: value for name, value in GRACE.items() if name != field})

    assert response.status_code == 400
    assert response.json()["detail"] == f"{field} is required."


def test_rejects_an_address_that_is_registered(grace, api):
    response = api.post("/users/", GRACE)

    assert response.status_code == 400
    assert response.json()["detail"] == "email_id is already registered."


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"password": "Another-Pass-456"}, "password cannot be changed here. Use POST /auth/password."),
        ({"email_id": "eve@example.org"}, "email_id cannot be changed."),
        (
            {"expected_salary": "90k EUR", "expected_salary_currency": "USD"},
            "expected_salary_currency must match the currency in expected_salary.",
        ),
    ],
)
def test_explains_why_a_field_cannot_be_changed(grace, fields, detail):
    response = grace.put(f"/users/{grace.id}", {"location": "Rome", **fields})

    assert (response.status_code, response.json()["detail"]) == (400, detail)
    assert _profile(grace)["location"] is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_rejects_every_other_id_identically(ada, grace, method):
    other_ids = (ada.id, UNKNOWN, "x", "1" * 300, "$where", "{}")
    body = {"user_name": "Eve"} if method == "PUT" else None

    responses = [grace.send(method, f"/users/{user_id}", body) for user_id in other_ids]

    assert {(response.status_code, response.content) for response in responses} == {(403, responses[0].content)}
    assert API().send(method, f"/users/{ada.id}", body).status_code == 401
    assert _profile(ada)["user_name"] == "Ada Lovelace"


def test_erases_everything_without_a_body(grace, mongo, ada):
    response = grace.send("DELETE", f"/users/{grace.id}")

    assert (response.status_code, response.json()) == (200, {"messages": "success", "user_id": grace.id})
    assert grace.get(f"/users/{grace.id}").status_code == 401
    assert [user.email for user in User.objects] == ["ada@example.org"]
    assert mongo.refresh_tokens.count_documents({"user": {"$ne": User.objects.get().id}}) == 0


@pytest.mark.parametrize(("minutes", "status"), [(4, 200), (6, 403), (20, 403)])
def test_erases_only_with_a_token_of_the_last_five_minutes(grace, minutes, status):
    issued_at = timezone.now() - timedelta(minutes=minutes)
    member = API(token=issue_access_token(user_id=ObjectId(grace.id), now=issued_at))

    response = member.send("DELETE", f"/users/{grace.id}")

    assert (response.status_code, User.objects.count()) == (status, int(status == 403))
    if status == 403:
        assert "Log in or refresh" in response.json()["detail"]
        token = API().post("/users/login", {"email": GRACE["email_id"], "password": PASSWORD}).json()["access_token"]
        assert API(token=token).send("DELETE", f"/users/{grace.id}").status_code == 200


def test_does_not_erase_with_a_token_without_an_issue_time(grace, settings):
    claims = {"sub": grace.id, "exp": 4_000_000_000}
    member = API(token=jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm="HS256"))

    assert member.get(f"/users/{grace.id}").status_code == 200
    assert member.send("DELETE", f"/users/{grace.id}").status_code == 403


def test_shares_login_limits_with_auth(ada, api, settings, window_clock):
    settings.THROTTLES = settings.THROTTLES | {"login_account": Rate(2, 3600), "register_address": Rate(1, 3600)}
    wrong = {"email": "ada@example.org", "password": "Wrong-Pass-1"}

    logins = [api.post(path, wrong).status_code for path in ("/users/login", "/auth/login", "/users/login")]
    registrations = [api.post("/users/", GRACE | {"email_id": f"g{n}@example.org"}).status_code for n in range(2)]

    assert logins == [401, 401, 429]
    assert registrations == [201, 429]
