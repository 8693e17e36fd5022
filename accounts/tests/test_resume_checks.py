"""POST /resumes/{resume_id}/check: readability for applicant-tracking systems, and a posting's keywords."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from accounts.resumes.services import store_resume
from accounts.tests.resume_files import RESUME
from accounts.tests.uploads import UNKNOWN_ID, send_text
from career_navigator.setting_values import Rate
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import PostingFactory

SKILLS = ("Python", "Docker", "Kubernetes", "PostgreSQL", "SQL", "Terraform")
ADVERT = """We require Python and SQL.
You know Kubernetes and Terraform.
Nice to have: Docker.
"""


@pytest.fixture(autouse=True)
def _seed_skills(mongo):
    implied = {"PostgreSQL": ["sql"]}
    entries = [
        {"name": name.lower(), "display_name": name, "category": "Databases", "implies": implied.get(name, [])}
        for name in SKILLS
    ]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


def check(member, resume_id, **body):
    return member.post(f"/resumes/{resume_id}/check", body)


def list_codes(response):
    return [issue["code"] for issue in response.json()["readability"]["issues"]]


def list_names(keywords):
    return [keyword["name"] for keyword in keywords]


def test_finds_no_issue_in_a_resume_that_was_read_in_full(ada):
    resume_id = send_text(ada).json()["resume_id"]

    response = check(ada, resume_id)

    assert response.status_code == 200
    assert response.json() == {
        "messages": "success",
        "resume_id": resume_id,
        "readability": {"verdict": "good", "issues": []},
        "keywords": None,
    }


def test_names_what_the_parser_did_not_find(ada):
    text = "I am a person who writes many long sentences about nothing in particular.\nAnd another one of these."
    resume_id = send_text(ada, text).json()["resume_id"]

    response = check(ada, resume_id)

    assert response.json()["readability"]["verdict"] == "poor"
    assert {"missing_email", "missing_phone", "no_positions", "no_skills_section"} <= set(list_codes(response))
    issue = next(issue for issue in response.json()["readability"]["issues"] if issue["code"] == "missing_email")
    assert issue == {
        "code": "missing_email",
        "severity": "high",
        "message": "No email address was found. Write it as text below your name.",
        "count": 1,
        "examples": [],
    }


def test_sorts_the_keywords_of_a_text_by_their_evidence(ada):
    resume_id = send_text(ada, RESUME.replace("Built the engine", "Moved PostgreSQL and the engine")).json()[
        "resume_id"
    ]

    keywords = check(ada, resume_id, text=ADVERT).json()["keywords"]

    assert set(list_names(keywords["present"])) == {"python", "sql", "docker"}
    assert list_names(keywords["claimed_without_evidence"]) == ["kubernetes"]
    assert list_names(keywords["missing"]) == ["terraform"]
    assert keywords["coverage"] == 0.75
    by_name = {keyword["name"]: keyword for keyword in keywords["present"]}
    assert by_name["sql"]["through"] == "postgresql"
    assert by_name["python"]["through"] is None
    assert by_name["python"]["found_in"] == ["experience", "skills"]
    assert not by_name["docker"]["is_required"]
    assert keywords["missing"][0] == {
        "name": "terraform",
        "display_name": "Terraform",
        "is_required": True,
        "through": None,
        "found_in": [],
        "quote": None,
    }


def test_compares_the_resume_with_a_stored_job(ada, mongo, now):
    posting = PostingFactory.build(technology_slugs=("python", "terraform"), date_posted=now.date())
    store_postings(postings=[posting], now=now)
    job_id = str(mongo.job_postings.find_one()["_id"])
    resume_id = send_text(ada).json()["resume_id"]

    keywords = check(ada, resume_id, job_id=job_id).json()["keywords"]

    assert list_names(keywords["present"]) == ["python"]
    assert list_names(keywords["missing"]) == ["terraform"]
    assert keywords["coverage"] == 0.5


def test_reads_a_generated_resume_as_a_system_would(ada):
    ada.put("/auth/me", {"skills": ["Python"], "phone_number": "+44 20 7946 0958", "professional_summary": "Engineer."})
    resume_id = ada.post("/resumes/generate", {"user_id": ada.id, "source": "generated"}).json()["resume_id"]

    response = check(ada, resume_id, text=ADVERT)

    assert list_codes(response) == ["no_positions", "no_education"]
    keywords = response.json()["keywords"]
    assert list_names(keywords["claimed_without_evidence"]) == ["python"]
    assert "kubernetes" in list_names(keywords["missing"])


@pytest.mark.parametrize(("refusal", "code"), [("no_text", "missing_text_layer"), ("encrypted", "unreadable_file")])
def test_tells_why_a_rejected_file_is_unreadable(ada, now, refusal, code):
    resume = store_resume(
        user_id=ObjectId(ada.id),
        source="upload",
        job_id=None,
        status="refused",
        refusal=refusal,
        expires_at=now + timedelta(days=1),
        now=now,
    )

    response = check(ada, str(resume.pk), text=ADVERT)

    assert response.json()["readability"]["verdict"] == "unreadable"
    assert list_codes(response) == [code]
    assert response.json()["keywords"] is None


def test_returns_409_while_the_file_is_processed(ada, now):
    resume = store_resume(user_id=ObjectId(ada.id), source="upload", job_id=None, status="processing", now=now)

    response = check(ada, str(resume.pk))

    assert (response.status_code, response.json()["code"]) == (409, "resume_processing")


def test_checks_a_resume_that_an_earlier_release_stored(ada, now):
    parsed = {"contact": {"name": None, "email": None, "phone": None, "links": []}, "skills": [], "experience": []}
    resume = store_resume(
        user_id=ObjectId(ada.id), source="upload", job_id=None, status="ready", parsed=parsed, now=now
    )

    response = check(ada, str(resume.pk), text=ADVERT)

    assert response.json()["readability"]["verdict"] == "poor"
    assert len(response.json()["keywords"]["missing"]) == 5


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"job_id": UNKNOWN_ID, "text": "Python"}, "text", "contradiction"),
        ({"text": "a" * 100_001}, "text", "invalid"),
        ({"text": 1}, "text", "invalid"),
        ({"job_id": ["x"]}, "job_id", "invalid"),
    ],
)
def test_rejects_an_invalid_posting(ada, body, field, code):
    resume_id = send_text(ada).json()["resume_id"]

    response = check(ada, resume_id, **body)

    assert response.status_code == 400
    assert response.json()["error_codes"] == {field: [code]}


@pytest.mark.parametrize("job_id", [UNKNOWN_ID, "x", "$ne"])
def test_returns_404_for_an_unknown_job(ada, job_id):
    resume_id = send_text(ada).json()["resume_id"]

    response = check(ada, resume_id, job_id=job_id)

    assert (response.status_code, response.json()["code"]) == (404, "job_not_found")


@pytest.mark.parametrize("resume_id", [UNKNOWN_ID, "x"])
def test_returns_404_for_an_unknown_resume(ada, resume_id):
    response = check(ada, resume_id)

    assert (response.status_code, response.json()["code"]) == (404, "resume_not_found")


def test_hides_the_resumes_of_other_users(ada, register):
    resume_id = send_text(ada).json()["resume_id"]

    response = check(register(email="grace@example.org"), resume_id)

    assert (response.status_code, response.json()["code"]) == (404, "resume_not_found")


def test_requires_an_access_token(ada, client):
    resume_id = send_text(ada).json()["resume_id"]

    assert client.post(f"/resumes/{resume_id}/check", {}, "application/json").status_code == 401


def test_limits_the_rate_of_checks_per_user(ada, settings):
    settings.THROTTLES = settings.THROTTLES | {"check_resume": Rate(2, 60)}
    resume_id = send_text(ada).json()["resume_id"]

    statuses = [check(ada, resume_id).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_changes_nothing(ada, mongo):
    resume_id = send_text(ada).json()["resume_id"]
    stored = mongo.resumes.find_one()

    check(ada, resume_id, text=ADVERT)

    assert mongo.resumes.find_one() == stored
