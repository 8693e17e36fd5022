"""Listing, deleting and confirming resumes, and applying with them."""

from typing import Any

import pytest
from bson import ObjectId
from django.test.client import MULTIPART_CONTENT

from accounts.documents import User
from accounts.resumes import services
from accounts.services import canonicalize_skills
from accounts.tests import resume_files as files
from accounts.tests.uploads import UNKNOWN_ID, build_unique_text, get_resume, send_text, upload
from tests.fixtures.users import PASSWORD

pytestmark = pytest.mark.usefixtures("tools_seeded", "no_wait")


def test_lists_newest_first_by_pages(ada):
    resume_ids = [send_text(ada, build_unique_text(number)).json()["resume_id"] for number in range(3)]

    page = ada.get(f"/resumes/user/{ada.id}?limit=2").json()
    rest = ada.get(f"/resumes/user/{ada.id}?limit=2&offset=2").json()

    assert page["messages"] == "success"
    assert [resume["id"] for resume in page["resumes"] + rest["resumes"]] == resume_ids[::-1]
    assert [resume["version"] for resume in page["resumes"]] == [3, 2]
    assert page["total"] == rest["total"] == 3


def test_deletes_a_resume(ada, mongo):
    resume_id = send_text(ada).json()["resume_id"]

    response = ada.delete(f"/resumes/{resume_id}", None)

    assert response.json() == {"messages": "success", "resume_id": resume_id}
    assert ada.get(f"/resumes/{resume_id}").status_code == 404
    assert ada.delete(f"/resumes/{resume_id}", None).status_code == 404
    assert mongo.resumes.count_documents({}) == 0


def test_deleting_a_resume_removes_it_from_applications(ada, job):
    other, deleted = (send_text(ada, build_unique_text(number)).json()["resume_id"] for number in range(2))
    applied = {"user_id": ada.id, "job_id": job}
    ada.post("/resumes/apply", applied | {"resume_id": deleted})

    ada.delete(f"/resumes/{other}", None)
    before = ada.get(f"/jobs/{job}/application").json()
    ada.delete(f"/resumes/{deleted}", None)

    after = ada.get(f"/jobs/{job}/application").json()
    assert before["application"]["resume_id"] == deleted
    assert after == before | {"application": before["application"] | {"resume_id": None}}


@pytest.mark.parametrize("resume_id", [UNKNOWN_ID, "x", "$ne", "{}"])
def test_returns_404_for_an_unknown_resume(ada, resume_id):
    assert ada.get(f"/resumes/{resume_id}").status_code == 404


def test_exports_resumes_and_erases_them_with_the_account(ada, mongo):
    send_text(ada)

    (exported,) = ada.get("/auth/me/export").json()["resumes"]
    assert exported["content"]["basics"]["name"] == "Ada Lovelace"
    ada.delete("/auth/me", {"password": PASSWORD})

    assert mongo.resumes.count_documents({}) == 0


def test_changes_the_profile_only_by_confirmed_values(ada):
    resume_id = send_text(ada).json()["resume_id"]
    before = ada.get("/auth/me").json()
    assert before["skills"] == ["python", "javascript"]

    response = ada.post(f"/resumes/{resume_id}/confirm", {"skills": ["Docker"], "fields": ["professional_summary"]})

    assert response.json() == {
        "messages": "success",
        "resume_id": resume_id,
        "skills": ["python", "javascript", "docker"],
        "filled": ["professional_summary"],
    }
    changed = {"skills": ["python", "javascript", "docker"], "professional_summary": "Engineer with a love of engines."}
    after = ada.get("/auth/me").json()
    assert after == before | changed | {"updated_at": after["updated_at"]}
    assert get_resume(ada, resume_id)["confirmed_at"] is not None


def test_keeps_a_skill_added_during_the_confirmation(ada, monkeypatch):
    resume_id = send_text(ada).json()["resume_id"]

    def meanwhile(names):
        ada.put("/auth/me", {"skills": ["Rust"]})
        return canonicalize_skills(names)

    monkeypatch.setattr(services, "canonicalize_skills", meanwhile)
    response = ada.post(f"/resumes/{resume_id}/confirm", {"skills": ["Docker"]})

    assert response.json()["skills"] == ada.get("/auth/me").json()["skills"] == ["rust", "docker"]


def test_fills_every_offered_field(ada):
    resume_id = send_text(ada).json()["resume_id"]
    offered = get_resume(ada, resume_id)["offered_fields"]

    ada.post(f"/resumes/{resume_id}/confirm", {"fields": list(offered)})

    profile = ada.get("/auth/me").json()
    # Offered roles are appended to the existing ones.
    assert profile["target_roles"] == ["Software Engineer", *offered["target_roles"]]
    assert {name: profile[name] for name in offered} == offered | {"target_roles": profile["target_roles"]}
    assert offered["experience"] == (
        "Senior Software Engineer, Analytical Engines Ltd (2019-01 to present)\n"
        "Software Engineer, Difference Inc. (2015-03 to 2018-12)"
    )


def test_offers_only_values_that_the_profile_accepts(ada):
    text = files.RESUME.replace("+44 20 7946 0958", "+1 415 555 2671 ext. 12").replace(
        "of engines.", "of engines. " * 600
    )
    resume_id = send_text(ada, text).json()["resume_id"]
    offered = get_resume(ada, resume_id)["offered_fields"]

    assert "phone_number" not in offered
    assert ada.put("/auth/me", offered).status_code == 200
    assert ada.post(f"/resumes/{resume_id}/confirm", {"fields": list(offered)}).status_code == 200


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({"skills": ["cobol"]}, "skills"),
        ({"skills": [{"$gt": ""}]}, "skills.0"),
        ({"fields": ["email"]}, "fields.0"),
        ({"fields": "phone_number"}, "fields"),
    ],
)
def test_rejects_the_confirmation_of_values_that_were_not_read(ada, selection, field):
    resume_id = send_text(ada).json()["resume_id"]

    response = ada.post(f"/resumes/{resume_id}/confirm", selection)

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert User.objects.get(id=ada.id).skills == ["python", "javascript"]


def test_rejects_the_confirmation_of_a_resume_in_progress(ada):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]

    assert ada.post(f"/resumes/{resume_id}/confirm", {"fields": ["full_name"]}).status_code == 409


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", MULTIPART_CONTENT])
def test_applies_with_a_resume_in_every_format(ada, job, mongo, media_type):
    resume_id = send_text(ada).json()["resume_id"]
    fields: Any = {"user_id": ada.id, "job_id": job, "resume_id": resume_id}
    headers = {"Authorization": f"Bearer {ada.token}"}
    if media_type.endswith("urlencoded"):
        fields = "&".join(f"{name}={value}" for name, value in fields.items())

    response = ada.client.post("/resumes/apply", fields, content_type=media_type, headers=headers)

    assert response.status_code == 200, response.content
    assert response.json()["messages"] == "success"
    line = mongo.activities.find_one({"_id": ObjectId(response.json()["activity_id"])})
    assert (line["metadata"]["stage"], line["metadata"]["resume_id"]) == ("applied", resume_id)
    application = mongo.applications.find_one()
    assert (application["stage"], str(application["resume"])) == ("applied", resume_id)


def test_applies_without_a_resume(ada, job):
    assert ada.post("/resumes/apply", {"user_id": ada.id, "job_id": job}).status_code == 200


def test_applying_does_not_reset_an_interview(ada, job):
    ada.put(f"/jobs/{job}/application", {"stage": "interview"})

    assert ada.post("/resumes/apply", {"user_id": ada.id, "job_id": job}).status_code == 409
    assert ada.get(f"/jobs/{job}/application").json()["application"]["stage"] == "interview"


def test_rejects_an_application_with_an_unknown_resume(ada, job):
    body = {"user_id": ada.id, "job_id": job}
    waiting = upload(ada, files.make_pdf()).json()["resume_id"]

    assert ada.post("/resumes/apply", body | {"resume_id": UNKNOWN_ID}).status_code == 404
    assert ada.post("/resumes/apply", body | {"resume_id": waiting}).status_code == 400
    assert ada.post("/resumes/apply", body | {"job_id": UNKNOWN_ID}).status_code == 404
    assert ada.post("/resumes/apply", body | {"job_id": "x"}).status_code == 404
