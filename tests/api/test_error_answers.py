"""The error codes that clients receive."""

from datetime import timedelta

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone

from accounts.authentication import issue_access_token
from career_navigator.setting_values import Rate
from tests.fixtures.users import API, PASSWORD, REGISTRATION
from tests.other_servers import NO_REDIS, redis_at

pytestmark = pytest.mark.usefixtures("empty_servers")

NOBODY = "65f000000000000000000000"
JOB = {"user_id": "<user_id>", "action_type": "view", "job_id": NOBODY}
ANSWERS = [
    ("GET", "/no/such/path", None, 404, "path_not_found"),
    ("POST", "/jobs", {}, 404, "path_not_found"),
    ("GET", f"/jobs/{NOBODY}", None, 404, "job_not_found"),
    ("GET", "/jobs/zxq", None, 404, "job_not_found"),
    ("GET", f"/jobs/{NOBODY}/match_score", None, 404, "job_not_found"),
    ("POST", f"/jobs/{NOBODY}/analyze", {}, 404, "job_not_found"),
    ("POST", f"/jobs/{NOBODY}/save", {}, 404, "job_not_found"),
    ("POST", "/jobs/zxq/save", {}, 404, "job_not_found"),
    ("DELETE", f"/jobs/{NOBODY}/save", None, 404, "application_not_found"),
    ("GET", f"/jobs/{NOBODY}/application", None, 404, "application_not_found"),
    ("PUT", f"/jobs/{NOBODY}/application", {"stage": "saved"}, 404, "job_not_found"),
    ("POST", "/activity/log", JOB, 404, "job_not_found"),
    ("POST", "/resumes/apply", {"user_id": "<user_id>", "job_id": NOBODY}, 404, "job_not_found"),
    (
        "POST",
        "/resumes/apply",
        {"user_id": "<user_id>", "job_id": NOBODY, "resume_id": NOBODY},
        404,
        "resume_not_found",
    ),
    ("POST", "/resumes/apply", {"user_id": "<user_id>", "job_id": NOBODY, "resume_id": "x"}, 404, "resume_not_found"),
    (
        "POST",
        "/resumes/generate",
        {"user_id": "<user_id>", "source": "generated", "job_id": NOBODY},
        404,
        "job_not_found",
    ),
    ("GET", f"/resumes/{NOBODY}", None, 404, "resume_not_found"),
    ("GET", f"/resumes/{NOBODY}.pdf", None, 404, "resume_not_found"),
    ("DELETE", f"/resumes/{NOBODY}", None, 404, "resume_not_found"),
    ("POST", f"/resumes/{NOBODY}/check", {}, 404, "resume_not_found"),
    ("POST", f"/resumes/{NOBODY}/confirm", {"skills": ["x"]}, 404, "resume_not_found"),
    ("GET", f"/jobs/searches/{NOBODY}", None, 404, "search_not_found"),
    ("GET", "/jobs/searches/x/new", None, 404, "search_not_found"),
    ("GET", f"/jobs/fetch_jobs/{NOBODY}", None, 404, "run_not_found"),
    ("GET", "/skills/no-such-skill", None, 404, "skill_not_found"),
    ("PUT", "/learning/progress/no-such-skill", {"status": "done"}, 404, "skill_not_found"),
    ("DELETE", "/learning/progress/python", None, 404, "progress_not_found"),
    ("PUT", "/projects/999999/progress", {"status": "finished"}, 404, "project_not_found"),
    ("DELETE", "/projects/1/progress", None, 404, "progress_not_found"),
    ("GET", f"/users/{NOBODY}", None, 403, "other_user"),
    ("PUT", "/jobs/relevant_jobs", {}, 405, "method_not_allowed"),
    ("BREW", "/auth/me", None, 405, "method_not_allowed"),
    ("POST", "/health", {}, 405, "method_not_allowed"),
    ("POST", "/docs", {}, 405, "method_not_allowed"),
    ("POST", "/jobs/relevant_jobs", b"{", 400, "malformed_body"),
    ("POST", "/jobs/relevant_jobs", b"[]", 400, "validation"),
    ("POST", "/jobs/relevant_jobs", b" " * 3_000_000, 413, "body_too_large"),
    ("GET", "/market/trending?days=0", None, 400, "validation"),
    ("GET", "/metrics", None, 404, "metrics_off"),
    ("POST", "/ingestion/webhooks/theirstack", {}, 404, "webhooks_off"),
    ("POST", "/auth/refresh", {"refresh_token": "x"}, 401, "refresh_token_invalid"),
    ("POST", "/auth/login", {"email": "ada@example.org", "password": "x"}, 401, "wrong_credentials"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), ANSWERS)
def test_returns_the_code_of_an_error(ada, method, path, body, status, code):
    if isinstance(body, dict):
        body = {name: ada.id if value == "<user_id>" else value for name, value in body.items()}

    response = ada.send(method, path, body)

    content = response.json()
    assert (response.status_code, content["code"]) == (status, code)
    assert content["detail"][0].isupper() or code == "validation"
    assert content["detail"].endswith(".")


@pytest.mark.parametrize(
    ("field", "body", "code"),
    [
        ("email", {"email": "ada@localhost"}, "not_public"),
        ("email", {"email": "ada"}, "invalid"),
        ("email", {"email": ["ada@example.org"]}, "invalid"),
        ("email", {"email": None}, "null"),
        ("email", {"email": " "}, "blank"),
        ("full_name", {"full_name": "A"}, "min_length"),
        ("full_name", {"full_name": "A" * 101}, "max_length"),
        ("full_name", {"full_name": "A\u0007a"}, "control_characters"),
        ("full_name", {"full_name": "A\u0000a"}, "control_characters"),
        ("password", {"password": "short"}, "weak_password"),
        ("skills", {"skills": "Python"}, "not_a_list"),
        ("skills.0", {"skills": [5]}, "invalid"),
        ("target_roles", {"target_roles": ["Nurse"] * 21}, "too_many"),
        ("experience_level", {"experience_level": "Mid"}, "invalid_choice"),
        ("experience_years", {"experience_years": 71}, "max_value"),
        ("experience_years", {"experience_years": -1}, "min_value"),
        ("experience_years", {"experience_years": "5"}, "invalid"),
    ],
)
def test_returns_the_code_of_each_field_error(api, field, body, code):
    response = api.post("/auth/register", REGISTRATION | {"email": "new@example.org"} | body)

    content = response.json()
    assert (response.status_code, content["code"]) == (400, "validation")
    assert content["error_codes"] == {field: [code]}
    assert content["errors"].keys() == content["error_codes"].keys()


def test_reports_every_missing_field(api):
    content = api.post("/auth/register", {}).json()

    assert content["error_codes"] == {key: ["required"] for key in ("full_name", "email", "password")}
    assert list(content["errors"]) == list(content["error_codes"])


def test_names_the_error_of_a_token_in_the_header(ada):
    old = issue_access_token(user_id=ObjectId(ada.id), now=timezone.now() - timedelta(days=8))
    responses = {token: API(token=token).get("/auth/me") for token in (None, old, "x", "")}

    content = {token: (response.json()["code"], response["WWW-Authenticate"]) for token, response in responses.items()}
    refused = 'Bearer error="invalid_token", error_description='
    assert content == {
        None: ("not_authenticated", "Bearer"),
        old: ("token_expired", f'{refused}"The token has expired."'),
        "x": ("token_invalid", f'{refused}"The token is not valid."'),
        "": ("token_invalid", f'{refused}"The token is not valid."'),
    }


def test_distinguishes_an_empty_profile_from_a_conflict(register, post_jobs):
    post_jobs()
    nobody = register(skills=[], target_roles=[], experience_level=None, location=None)
    job = nobody.get("/jobs/list_jobs").json()["jobs"][0]["id"]
    nobody.put("/auth/me", {"skills": [], "target_roles": []})

    assert nobody.get(f"/jobs/{job}/match_score").json()["code"] == "profile_empty"
    written = nobody.post("/resumes/generate", {"user_id": nobody.id, "source": "generated"})
    assert (written.status_code, written.json()["code"]) == (409, "profile_empty")


def test_returns_the_object_of_a_gap_analysis_without_jobs(ada):
    response = ada.get("/skills/gap-analysis?role=Software Engineer")

    assert response.status_code == 404
    assert response.json().keys() >= {"detail", "code"}
    assert response.json()["code"] == "role_without_jobs"
    assert response.json()["detail"].keys() == {"message", "suggestions", "alternatives"}


@pytest.mark.parametrize(("role", "code"), [("Nurse", "not_a_target_role"), (None, "no_target_roles")])
def test_distinguishes_another_role_from_having_no_target_role(register, role, code):
    member = register(target_roles=["Software Engineer"] if role else [])

    content = member.get(f"/skills/gap-analysis?role={role or 'Nurse'}").json()

    assert content["error_codes"] == {"role": [code]}


def test_reports_too_many_requests(ada, settings):
    settings.THROTTLES = settings.THROTTLES | {"user": Rate(count=1, seconds=10**9)}
    ada.get("/auth/me")

    response = ada.get("/auth/me")

    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert response.json()["detail"] == f"Too many requests. Try again in {response['Retry-After']} seconds."


def test_reports_that_a_message_cannot_be_queued(api):
    with redis_at(NO_REDIS):
        response = api.post("/auth/password/forgot", {"email": "ada@example.org"})

    assert (response.status_code, response.json()["code"]) == (503, "queue_unavailable")
    assert response["Retry-After"]


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("text/plain", 415, "unsupported_media_type"),
        ("", 415, "unsupported_media_type"),
        ("multipart/form-data", 415, "unsupported_media_type"),
    ],
)
def test_names_the_supported_media_types(ada, client: Client, content_type, status, code):
    headers = {"Authorization": f"Bearer {ada.token}"}

    response = client.generic("POST", "/jobs/relevant_jobs", b"x=1", content_type, headers=headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "Send application/json." in response.json()["detail"]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_reports_what_a_multipart_form_lacks(ada, client: Client, content_type):
    headers = {"Authorization": f"Bearer {ada.token}"}

    response = client.generic("POST", "/resumes/apply", b"x=1", content_type, headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")
    assert response.json()["detail"].startswith("The body is not a valid multipart form")


def test_reports_the_maximum_number_of_form_fields(client: Client):
    body = b"&".join(b"x=1" for _ in range(2_000))

    response = client.generic("POST", "/auth/login/form", body, "application/x-www-form-urlencoded")

    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
    assert "1000 fields" in response.json()["detail"]


def test_returns_a_code_for_a_wrong_current_password(ada):
    response = ada.post("/auth/password", {"current_password": "Wrong-Pass-1", "new_password": PASSWORD + "x"})

    assert response.json()["error_codes"] == {"current_password": ["wrong_password"]}
